#include "answers.h"

#include <event2/event.h>
#include <stdlib.h>
#include <uthash.h>

#include "mem.h"
#include "store_guard.h"

struct told { /* of one group, since the last flush */
	UT_hash_handle hh;
	char *group;
	struct store_answers answers;
};

struct answers {
	struct engine *engine;
	struct told *by_group;
	struct event *flush;
};

static void
forget_all(struct answers *answers)
{
	struct told *told, *next;

	HASH_ITER (hh, answers->by_group, told, next) {
		HASH_DEL(answers->by_group, told);
		free(told->group);
		free(told);
	}
}

static void
on_flush(evutil_socket_t fd, short what, void *arg)
{
	struct answers *answers = arg;
	struct store_async *store = answers->engine->store;
	struct store_batch *batch = store_async_batch(store);
	struct told *told, *next;

	(void)fd;
	(void)what;
	HASH_ITER (hh, answers->by_group, told, next) {
		store_put_answers(batch, told->group, &told->answers);
		if (batch->count < STORE_BATCH_MAX)
			continue;
		store_async_send(store);
		batch = store_async_batch(store);
	}
	store_async_send(store);
	forget_all(answers);
}

struct answers *
answers_new(struct engine *engine)
{
	struct answers *answers = mem_alloc(sizeof(*answers));

	answers->engine = engine;
	answers->flush = evtimer_new(engine->base, on_flush, answers);
	return answers;
}

void
answers_free(struct answers **answers)
{
	struct answers *old = *answers;

	*answers = NULL;
	if (old == NULL)
		return;
	forget_all(old);
	event_free(old->flush);
	free(old);
}

static struct store_answers *
of_group(struct answers *answers, const char *group)
{
	struct timeval soon = { 0, ANSWERS_FLUSH_MS * 1000 };
	struct told *told;

	HASH_FIND_STR(answers->by_group, group, told);
	if (told == NULL) {
		if (answers->by_group == NULL)
			evtimer_add(answers->flush, &soon);
		told = mem_alloc(sizeof(*told));
		told->group = mem_dup(group);
		HASH_ADD_KEYPTR(hh, answers->by_group, told->group, strlen(told->group), told);
	}
	return &told->answers;
}

void
answers_admit(struct answers *answers, const char *group)
{
	of_group(answers, group)->tried++;
}

void
answers_count(struct answers *answers, const char *group, int64_t delivered, int64_t refused)
{
	int64_t ratio = answers->engine->settings->guard.ratio;
	int64_t adds = refused * 1000 - delivered * 1000 * ratio / (100 - ratio);
	struct store_answers *told;

	if (delivered + refused == 0)
		return;
	told = of_group(answers, group);
	told->tried += delivered + refused;
	told->outcomes = true;
	told->sum_milli += adds;
	told->tail_milli = told->tail_milli + adds > 0 ? told->tail_milli + adds : 0;
}
