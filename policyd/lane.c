#include "lane.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "clock.h"
#include "mem.h"

struct lane_place {
	UT_hash_handle hh;
	struct lanes *lanes;
	struct lane lane;
	char *key; /* "ip group" */
	const char *name;
	char *ip;
};

enum { OVER_MS = 1000 };

struct lanes {
	struct groups *groups;
	struct paces *paces;
	struct lane_place *by_key;
};

struct lanes *
lanes_new(struct groups *groups, struct paces *paces)
{
	struct lanes *lanes = mem_alloc(sizeof(*lanes));

	lanes->groups = groups;
	lanes->paces = paces;
	return lanes;
}

static void
free_place(struct lane_place *place)
{
	HASH_DEL(place->lanes->by_key, place);
	group_release(&place->lane.group);
	mx_rules_release(&place->lane.rules);
	ledger_clear(&place->lane.ledger);
	free(place->key);
	free(place->ip);
	free(place);
}

void
lanes_free(struct lanes **lanes)
{
	struct lanes *old = *lanes;
	struct lane_place *place, *next;

	*lanes = NULL;
	if (old == NULL)
		return;
	HASH_ITER (hh, old->by_key, place, next)
		free_place(place);
	free(old);
}

static struct lane_place *
new_place(struct lanes *lanes, const struct str *key, const char *group, const char *ip)
{
	struct lane_place *place = mem_alloc(sizeof(*place));

	place->lanes = lanes;
	place->key = mem_dup_bytes(key->data, key->len);
	place->name = place->key + strlen(ip) + 1;
	place->ip = mem_dup(ip);
	place->lane.place = place;
	place->lane.group = groups_get(lanes->groups, group, ip);
	TAILQ_INIT(&place->lane.for_slot);
	TAILQ_INIT(&place->lane.for_message);
	HASH_ADD_KEYPTR(hh, lanes->by_key, place->key, key->len, place);
	return place;
}

static void
follow_limits(struct lane *lane)
{
	lane->limits = *paces_limits(lane->place->lanes->paces, lane->rules, lane->rule,
	    lane_name(lane), lane_ip(lane));
	ledger_follow(&lane->ledger, lane->limits.limits, lane->limits.limit_count);
	lane->full_until_ms = 0;
	lane_note_room(lane);
	lane->proven = -1;
	if (lane->frozen_ms != 0)
		lane_freeze(lane);
}

static void
follow(struct lane *lane, struct mx_rules *rules, const struct mx_rule *rule)
{
	mx_rules_release(&lane->rules);
	lane->rules = mx_rules_hold(rules);
	lane->rule = rule;
	follow_limits(lane);
}

void
lanes_follow(struct lanes *lanes)
{
	struct lane_place *place, *next;

	HASH_ITER (hh, lanes->by_key, place, next) {
		follow_limits(&place->lane);
		place->lane.slot_retry_ms = 0;
	}
}

struct lane *
lanes_get(struct lanes *lanes, struct mx_rules *rules, const struct mx_rule *rule,
    const char *group, const char *ip)
{
	struct str key = { 0 };
	struct lane_place *place;
	struct lane *lane;

	str_addf(&key, "%s %s", ip, group);
	HASH_FIND(hh, lanes->by_key, key.data, key.len, place);
	if (place == NULL)
		place = new_place(lanes, &key, group, ip);
	str_free(&key);
	lane = &place->lane;
	if (lane->rules != rules)
		follow(lane, rules, rule);
	return lane_hold(lane);
}

void
lane_freeze(struct lane *lane)
{
	int64_t now_ms = clock_monotonic_ms();

	if (lane->frozen_ms == 0)
		lane->frozen_ms = now_ms;
	for (size_t i = 0; i < lane->limits.limit_count; i++)
		lane->frozen_used[i] = ledger_used(&lane->ledger, i, now_ms);
}

/* The limit that has no room is the warm-up's. */
static bool
is_capped(const struct lane *lane)
{
	return mx_limits_is_cap(&lane->limits, lane->full_limit);
}

void
lane_note_full(struct lane *lane, size_t limit, int64_t wait_ms)
{
	lane->noted_ms = clock_monotonic_ms();
	lane->room_ms = lane->noted_ms + wait_ms;
	lane->suspended_until_ms = 0;
	lane->full_limit = limit;
	if (is_capped(lane))
		lane->proven = 0;
}

void
lane_note_suspended(struct lane *lane, int64_t wait_ms)
{
	lane->suspended_until_ms = 0;
	if (wait_ms <= 0)
		return;
	lane->noted_ms = clock_monotonic_ms();
	lane->suspended_until_ms = lane->noted_ms + wait_ms;
}

void
lane_note_room(struct lane *lane)
{
	lane->room_ms = lane->suspended_until_ms = 0;
}

bool
lane_is_far(const struct lane *lane, int64_t patience_ms, int64_t now_ms)
{
	int64_t wait_ms = lane->room_ms - now_ms;

	return lane->room_ms != 0 && lane->full_until_ms > now_ms && wait_ms > patience_ms &&
	       (is_capped(lane) || wait_ms > LANE_FAR_S * INT64_C(1000));
}

/* What remains until then, but one looks again LANE_SPENT_S after it was noted. */
static int64_t
remains_ms(const struct lane *lane, int64_t until_ms, int64_t now_ms)
{
	int64_t again_ms = lane->noted_ms + LANE_SPENT_S * INT64_C(1000);

	if (until_ms > again_ms)
		until_ms = again_ms;
	return until_ms > now_ms ? until_ms - now_ms : 0;
}

int64_t
lane_spent_ms(const struct lane *lane, int64_t now_ms, const struct limit **limit)
{
	int64_t until_ms = lane->room_ms - (is_capped(lane) ? 0 : LANE_FAR_S * INT64_C(1000));
	int64_t spent_ms;

	*limit = NULL;
	if (lane->room_ms == 0 || lane->full_limit >= lane->limits.limit_count)
		return 0;
	spent_ms = remains_ms(lane, until_ms, now_ms);
	if (spent_ms > 0)
		*limit = &lane->limits.limits[lane->full_limit];
	return spent_ms;
}

int64_t
lane_suspended_ms(const struct lane *lane, int64_t now_ms)
{
	int64_t until_ms = lane->suspended_until_ms - LANE_FAR_S * INT64_C(1000);

	return lane->suspended_until_ms != 0 ? remains_ms(lane, until_ms, now_ms) : 0;
}

struct lane *
lane_hold(struct lane *lane)
{
	lane->references++;
	lane->used_ms = clock_monotonic_ms();
	return lane;
}

void
lane_release(struct lane **lane)
{
	struct lane *old = *lane;

	*lane = NULL;
	if (old == NULL)
		return;
	old->references--;
	old->used_ms = clock_monotonic_ms();
}

const char *
lane_name(const struct lane *lane)
{
	return lane->place->name;
}

const char *
lane_ip(const struct lane *lane)
{
	return lane->place->ip;
}

int64_t
lane_open(const struct lane *lane)
{
	return lane->sockets + lane->bare;
}

int64_t
lane_waiting(const struct lane *lane)
{
	return lane->slot_waiters + lane->message_waiters;
}

bool
lane_is_over(const struct lane *lane)
{
	return lane->over_ms != 0 && clock_monotonic_ms() - lane->over_ms < OVER_MS;
}

int64_t
lane_shared_most(int64_t processes)
{
	return processes > LANE_SHARE ? processes / LANE_SHARE : 1;
}

/* By limits alone; < 0: there are none. What a warm-up's cap leaves may go at once. */
static double
limited_per_minute(const struct mx_limits *limits)
{
	double least = -1;

	for (size_t i = 0; i < limits->limit_count; i++) {
		const struct limit *limit = &limits->limits[i];
		double rate = (double)limit->count * 60000.0 / (double)limit->period_ms;

		if (!mx_limits_is_cap(limits, i) && (least < 0 || rate < least))
			least = rate;
	}
	return least;
}

double
lane_per_minute(const struct lane *lane, unsigned nodes)
{
	const struct mx_limits *limits = &lane->limits;
	double rate = limited_per_minute(limits);

	if (limits->connections > 0) {
		/* A second each, until it is known better. */
		double each_ms = lane->delivery_ms > 0 ? lane->delivery_ms : 1000;
		double pace = (double)limits->connections * 60000.0 / each_ms;

		if (rate < 0 || pace < rate)
			rate = pace;
	}
	return rate < 0 || nodes < 2 ? rate : rate / nodes;
}

void
lanes_each(struct lanes *lanes, void (*each)(void *arg, struct lane *lane), void *arg)
{
	struct lane_place *place, *next;

	HASH_ITER (hh, lanes->by_key, place, next)
		each(arg, &place->lane);
}

void
lanes_sweep(struct lanes *lanes)
{
	struct lane_place *place, *next;
	int64_t now_ms = clock_monotonic_ms();

	HASH_ITER (hh, lanes->by_key, place, next) {
		struct lane *lane = &place->lane;

		if (lane->references == 0 && now_ms - lane->used_ms > LANE_IDLE_S * INT64_C(1000) &&
		    lane_open(lane) == 0 && ledger_is_empty(&lane->ledger, now_ms))
			free_place(place);
	}
}

size_t
lanes_count(const struct lanes *lanes)
{
	return HASH_COUNT(lanes->by_key);
}
