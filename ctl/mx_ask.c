#include "mx_ask.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#include "mem.h"

struct question {
	struct event_base *base;
	struct mx_asked *asked;
};

static void
on_answer(void *arg, const struct mx_answer *answer)
{
	struct question *question = arg;
	struct mx_asked *asked = question->asked;

	asked->state = answer->state;
	asked->ttl_s = answer->ttl_s;
	snprintf(asked->words, sizeof(asked->words), "%s", answer->words);
	if (answer->set != NULL)
		asked->set = mx_set_new(answer->set->hosts, answer->set->count);
	event_base_loopbreak(question->base);
}

void
mx_ask(const struct settings *settings, const char *domain, struct mx_asked *asked)
{
	struct question question = { event_base_new(), asked };
	struct mx *mx = NULL;
	struct mx_answer answer;
	struct err err;

	*asked = (struct mx_asked){ .state = MX_FAILED, .words = "no event loop" };
	if (question.base == NULL)
		return;
	mx = mx_new(question.base, &settings->dns_servers, settings->dns_timeout_ms, &err);
	if (mx == NULL) {
		snprintf(asked->words, sizeof(asked->words), "%.*s", MX_WORDS_SIZE - 1, err.text);
	} else if (mx_cached(mx, domain, &answer)) { /* an address literal */
		on_answer(&question, &answer);
	} else if (mx_start(mx, domain, on_answer, &question) != NULL) {
		event_base_dispatch(question.base);
	}
	mx_free(&mx);
	event_base_free(question.base);
}

/* -- many of them ------------------------------------------------------------------------------ */

struct mx_asker {
	struct event_base *base;
	struct mx *mx;
	size_t waiting;
};

/* One that is waited for. */
struct wait {
	struct mx_asker *asker;
	struct mx_wanted *wanted;
};

struct mx_asker *
mx_asker_new(const struct settings *settings, struct err *err)
{
	struct mx_asker *asker = mem_alloc(sizeof(*asker));

	asker->base = event_base_new();
	if (asker->base == NULL)
		err_set(err, "no event loop");
	else
		asker->mx =
		    mx_new(asker->base, &settings->dns_servers, settings->dns_timeout_ms, err);
	if (asker->mx == NULL)
		mx_asker_free(&asker);
	return asker;
}

void
mx_asker_free(struct mx_asker **asker)
{
	struct mx_asker *old = *asker;

	*asker = NULL;
	if (old == NULL)
		return;
	mx_free(&old->mx);
	if (old->base != NULL)
		event_base_free(old->base);
	free(old);
}

static void
on_one(void *arg, const struct mx_answer *answer)
{
	struct wait *wait = arg;

	wait->wanted->state = answer->state;
	wait->asker->waiting--;
	free(wait);
}

void
mx_asker_ask(struct mx_asker *asker, struct mx_wanted *wanted, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct mx_answer answer;
		struct wait *wait;

		wanted[i].state = MX_FAILED;
		if (*wanted[i].domain == '\0')
			continue;
		if (mx_cached(asker->mx, wanted[i].domain, &answer)) {
			wanted[i].state = answer.state;
			continue;
		}
		wait = mem_alloc(sizeof(*wait));
		*wait = (struct wait){ asker, &wanted[i] };
		if (mx_start(asker->mx, wanted[i].domain, on_one, wait) == NULL) {
			free(wait);
			continue;
		}
		asker->waiting++;
		while (asker->waiting >= MX_ASK_AT_ONCE)
			event_base_loop(asker->base, EVLOOP_ONCE);
	}
	while (asker->waiting > 0)
		event_base_loop(asker->base, EVLOOP_ONCE);
}
