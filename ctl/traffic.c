#include "traffic.h"

#include <stdlib.h>
#include <string.h>

/* -- reading ----------------------------------------------------------------------------------- */

/* What is read of every group used within a week, to find those that matter. */
enum { GLANCE_COMMANDS = 4, GLANCES = STORE_BATCH_MAX / GLANCE_COMMANDS };

struct glance_fields { /* of one row, as Redis has them */
	struct store_fields connections, queue;
	struct store_backoff backoff;
	struct str paused;
};

static void
put_glance(struct ctl *ctl, struct arena *arena, const struct use *use,
    struct glance_fields *fields)
{
	*fields = (struct glance_fields){ .connections.arena = arena, .queue.arena = arena };
	store_put_connections(&ctl->batch, use->group, use->ip, &fields->connections);
	store_put_queue_read(&ctl->batch, use->group, use->ip, &fields->queue);
	store_put_backoff_read(&ctl->batch, use->group, use->ip, &fields->backoff);
	store_put_pause_read(&ctl->batch, use->group, &fields->paused);
}

static void
set_traffic(struct ctl *ctl, struct use *use, const struct glance_fields *fields, int64_t now_s,
    struct traffic *traffic)
{
	use->open = store_open_total(&fields->connections, now_s);
	*traffic = (struct traffic){
		.use = use,
		.queue = store_queue_total(&fields->queue, now_s),
		.backoff = fields->backoff,
		.is_paused = fields->paused.len > 0,
		.paused = arena_dup(&ctl->arena, span_of(str_text(&fields->paused))),
	};
}

/* Up to GLANCES rows in one go. */
static int
glance(struct ctl *ctl, struct use *uses, size_t count, const struct ctl_time *now,
    struct traffic *traffic, struct err *err)
{
	struct glance_fields fields[GLANCES];
	struct arena arena;
	int rc;

	arena_init(&arena);
	for (size_t i = 0; i < count; i++)
		put_glance(ctl, &arena, &uses[i], &fields[i]);
	rc = ctl_store_run(ctl, err);
	for (size_t i = 0; i < count; i++) {
		if (rc == 0)
			set_traffic(ctl, &uses[i], &fields[i], now->s, &traffic[i]);
		str_free(&fields[i].paused);
	}
	arena_clear(&arena);
	return rc;
}

static bool
is_busy(const struct traffic *traffic)
{
	return traffic->use->open > 0 || traffic->queue.open > 0 || traffic->queue.waiting > 0 ||
	       traffic->queue.queued > 0 || traffic->backoff.any || traffic->is_paused;
}

/* Messages held in look-ups stand in the queue too, but for those whose group was not known when
 * they were let in. */
static int64_t
to_be_sent(const struct store_queue *queue)
{
	return queue->queued > queue->waiting ? queue->queued : queue->waiting;
}

static int
by_amount(const void *a, const void *b)
{
	const struct traffic *x = a, *y = b;
	int64_t keys[][2] = {
		{ to_be_sent(&x->queue), to_be_sent(&y->queue) },
		{ x->use->open, y->use->open },
	};
	int names;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i][0] != keys[i][1])
			return keys[i][0] > keys[i][1] ? -1 : 1;
	names = strcmp(x->use->group, y->use->group);
	return names != 0 ? names : strcmp(x->use->ip, y->use->ip);
}

/* Adds those of up to GLANCES rows that matter; their rows go to the front of uses. */
static int
add_busy(struct ctl *ctl, struct uses *uses, size_t at, const struct ctl_time *now,
    struct traffics *traffics, struct err *err)
{
	size_t count = uses->count - at < GLANCES ? uses->count - at : GLANCES;
	struct traffic seen[GLANCES];

	if (glance(ctl, uses->items + at, count, now, seen, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (!is_busy(&seen[i]))
			continue;
		uses->items[traffics->count] = *seen[i].use;
		seen[i].use = &uses->items[traffics->count];
		traffics->items[traffics->count++] = seen[i];
	}
	return 0;
}

int
traffic_list(struct ctl *ctl, const struct nodes *nodes, const struct ctl_time *now,
    struct traffics *traffics, struct err *err)
{
	struct uses uses;

	*traffics = (struct traffics){ 0 };
	if (uses_list(ctl, nodes, 0, &uses, err) != 0)
		return -1;
	traffics->items = arena_alloc(&ctl->arena, (uses.count + 1) * sizeof(*traffics->items));
	for (size_t i = 0; i < uses.count; i += GLANCES)
		if (add_busy(ctl, &uses, i, now, traffics, err) != 0)
			return -1;
	uses.count = traffics->count;
	if (uses_read(ctl, &uses, now, err) != 0)
		return -1;
	if (traffics->count > 1)
		qsort(traffics->items, traffics->count, sizeof(*traffics->items), by_amount);
	return 0;
}

int
traffic_read(struct ctl *ctl, struct use *use, const struct ctl_time *now, struct traffic *traffic,
    struct err *err)
{
	struct uses uses = { use, 1 };

	if (glance(ctl, use, 1, now, traffic, err) != 0)
		return -1;
	return uses_read(ctl, &uses, now, err);
}

/* -- what follows from it ---------------------------------------------------------------------- */

int64_t
traffic_connections(const struct traffic *traffic)
{
	int64_t rule = use_connections(traffic->use);
	int64_t backoff = traffic->backoff.connections;

	return rule == 0 || (backoff > 0 && backoff < rule) ? backoff : rule;
}

bool
traffic_is_suspended(const struct store_backoff *backoff)
{
	return strcmp(backoff->action, backoff_action_names[BACKOFF_SUSPEND]) == 0;
}

double
traffic_per_minute(const struct traffic *traffic)
{
	double backoff = (double)traffic->backoff.per_hour / 60, rate = traffic->queue.per_minute;

	return backoff > 0 && (rate < 0 || backoff < rate) ? backoff : rate;
}

int64_t
traffic_drain_ms(const struct traffic *traffic)
{
	int64_t count = to_be_sent(&traffic->queue);
	int64_t begins_ms = traffic_is_suspended(&traffic->backoff) ? traffic->backoff.hold_ms : 0;
	double rate = traffic_per_minute(traffic);

	if (count == 0)
		return 0;
	if (traffic->is_paused || rate <= 0)
		return -1;
	return begins_ms + (int64_t)((double)count * 60000 / rate);
}
