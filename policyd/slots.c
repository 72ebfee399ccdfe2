#include "slots.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "clock.h"
#include "decide.h"
#include "duration.h"
#include "log.h"
#include "mem.h"
#include "sending_bind.h"
#include "store_egress.h"

enum { SOCKET_LANES_MAX = 4, LOOK_GAP_MS = 1 };

/* A socket we know, or (blind) a grant that has ended and whose connection may be cached. */
struct known {
	UT_hash_handle hh;
	uint64_t cookie;
	struct grant *grant;                  /* it was matched to, while that lives; else NULL */
	struct lane *lanes[SOCKET_LANES_MAX]; /* references: where it counts */
	size_t lane_count;
	bool seen;        /* in the look under way */
	bool usable;      /* established and not closing */
	int64_t until_ms; /* of a cached one */
};

/* A question to the store: outlives the grant it is for. */
struct asking {
	TAILQ_ENTRY(asking) link;
	struct slots *slots;
	struct lane *lane;   /* a reference */
	struct grant *grant; /* NULL: it waits no more */
	struct store_granted granted;
	struct store_call *call;
};

/* A next hop one of whose connections may be idle. */
struct offer {
	TAILQ_ENTRY(offer) link;
	struct lane *lane; /* a reference */
	int64_t due_ms;
	char next_hop[DOMAIN_SIZE];
};

struct slots {
	struct egress *egress;
	struct sockets *kernel; /* NULL: it does not let us */
	struct event *timer;
	struct known *known, *cached;
	struct grants live;
	TAILQ_HEAD(, asking) asking;
	TAILQ_HEAD(, offer) offers; /* by due_ms */
	int64_t waiters;
	int64_t looked_ms, started_ms, next_ms;
	uint64_t next_cached; /* cookie of the next cached one */
	bool any_seen;        /* ever: the kernel shows us what our Postfix does */
	unsigned unseen_talks;
	bool blind, warned_of_kernel, first_look_done;
};

static void look(struct slots *slots);

/* -- when to look ------------------------------------------------------------------------------ */

static void
look_at(struct slots *slots, int64_t when_ms)
{
	int64_t wait_ms = when_ms - clock_monotonic_ms();
	struct timeval wait;

	if (slots->next_ms != 0 && slots->next_ms <= when_ms)
		return;
	slots->next_ms = when_ms;
	if (wait_ms < 0)
		wait_ms = 0;
	wait = (struct timeval){ wait_ms / 1000, wait_ms % 1000 * 1000 };
	evtimer_add(slots->timer, &wait);
}

static void
look_soon(struct slots *slots)
{
	look_at(slots, slots->looked_ms + LOOK_GAP_MS);
}

/* -- what is counted --------------------------------------------------------------------------- */

static bool
is_starting(const struct slots *slots)
{
	return clock_monotonic_ms() - slots->started_ms < SLOTS_START_MS;
}

/* Other nodes go by what is published; what we had before a restart stands until we know better. */
static void
publish(struct slots *slots, struct lane *lane)
{
	int64_t asked = lane->slot_asking != NULL; /* Redis may count it already */

	if (!is_starting(slots))
		group_set_open(lane->group, lane_open(lane) + asked);
}

static void
set_usable(struct known *known, bool usable)
{
	if (known->usable == usable)
		return;
	known->usable = usable;
	for (size_t i = 0; i < known->lane_count; i++) {
		known->lanes[i]->usable += usable ? 1 : -1;
		if (known->grant != NULL)
			known->lanes[i]->taken += usable ? 1 : -1;
	}
}

/* The grant it was matched to has it no more. */
static void
part(struct known *known)
{
	if (known->usable)
		known->grant->lane->taken--;
	known->grant->sockets--;
	known->grant = NULL;
}

static void
know_lane(struct known *known, struct lane *lane)
{
	if (known->lane_count == SOCKET_LANES_MAX)
		return;
	known->lanes[known->lane_count++] = lane_hold(lane);
	lane->sockets++;
}

static void
log_lane(const struct lane *lane, const char *what)
{
	log_debug("slot %lld %s: group=%s ip=%s: %" PRId64 " sockets, %" PRId64
		  " grants without, %" PRId64 " usable, %" PRId64 " of them taken, %" PRId64
		  " passed, %" PRId64 " wait",
	    (long long)clock_monotonic_ms(), what, lane_name(lane), lane_ip(lane), lane->sockets,
	    lane->bare, lane->usable, lane->taken, lane->passed, lane->slot_waiters);
}

static void
forget(struct slots *slots, struct known **list, struct known *known)
{
	set_usable(known, false);
	for (size_t i = 0; i < known->lane_count; i++) {
		known->lanes[i]->sockets--;
		if (known->grant != NULL && --known->grant->sockets == 0)
			known->lanes[i]->bare++;
		publish(slots, known->lanes[i]);
		log_lane(known->lanes[i], "closed");
		lane_release(&known->lanes[i]);
	}
	HASH_DEL(*list, known);
	free(known);
}

/* The question under way is not for it any more. */
static void
forget_question(struct grant *grant)
{
	struct asking *asking = grant->lane->slot_asking;

	if (asking != NULL && asking->grant == grant)
		asking->grant = NULL;
}

static bool
same_address(const struct sockets_address *a, const struct sockets_address *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static bool
is_local_of(const struct grant *grant, const struct sockets_entry *entry)
{
	bool bound = false;

	for (size_t i = 0; i < 2; i++) {
		if (grant->local[i].family != entry->local.family)
			continue;
		if (same_address(&grant->local[i], &entry->local))
			return true;
		bound = true;
	}
	return !bound;
}

static bool
fits(const struct slots *slots, const struct grant *grant, const struct sockets_entry *entry)
{
	if (!grant->connecting || !is_local_of(grant, entry))
		return false;
	for (size_t i = 0; i < grant->address_count; i++)
		if (same_address(&grant->addresses[i], &entry->remote))
			return true;
	return grant->address_count == 0 &&
	       addresses_has(slots->egress->addresses, &entry->remote, lane_name(grant->lane));
}

/* The oldest without a socket; else the oldest of all it fits: further addresses, a second try. */
static struct grant *
find_grant(struct slots *slots, const struct sockets_entry *entry)
{
	struct grant *grant, *second = NULL;

	TAILQ_FOREACH (grant, &slots->live, link) {
		if (!fits(slots, grant, entry))
			continue;
		if (grant->sockets == 0)
			return grant;
		if (second == NULL)
			second = grant;
	}
	return second;
}

static void
match(struct known *known, struct grant *grant)
{
	known->grant = grant;
	know_lane(known, grant->lane);
	if (grant->sockets++ == 0)
		grant->lane->bare--;
	grant->matched = true;
}

/* -- sockets nobody asked for ------------------------------------------------------------------ */

struct unasked {
	struct slots *slots;
	struct known *known;
	const struct sockets_entry *entry;
};

/* Counted in each lane that lists its address: of the sending IP it is bound to, if that is known. */
static void
count_unasked(void *arg, const char *group)
{
	struct unasked *unasked = arg;
	struct egress *egress = unasked->slots->egress;
	const struct mx_rule *rule = mx_rules_of_group(egress->engine->rules, group);
	struct engine *engine = egress->engine;
	struct sending_bind from;
	struct lane *lane;

	if (rule == NULL ||
	    !sending_bind_of_address(engine->settings, engine->ip, &unasked->entry->local, &from))
		return;
	lane = lanes_get(egress->lanes, engine->rules, rule, group, decide_ip(rule, from.name));
	know_lane(unasked->known, lane);
	lane_release(&lane);
}

static bool
is_usable(const struct sockets_entry *entry)
{
	return entry->established && !entry->closing;
}

static void
meet(struct slots *slots, const struct sockets_entry *entry)
{
	struct known *known = mem_alloc(sizeof(*known));
	struct unasked unasked = { slots, known, entry };
	struct grant *grant = find_grant(slots, entry);

	known->cookie = entry->cookie;
	known->seen = true;
	HASH_ADD(hh, slots->known, cookie, sizeof(known->cookie), known);
	if (grant != NULL) {
		match(known, grant);
		slots->any_seen = true;
	} else {
		addresses_groups(slots->egress->addresses, &entry->remote, count_unasked, &unasked);
		if (known->lane_count > 0 && !is_starting(slots))
			slots->egress->figures.unasked++;
	}
	set_usable(known, is_usable(entry));
	for (size_t i = 0; i < known->lane_count; i++) {
		publish(slots, known->lanes[i]);
		log_lane(known->lanes[i], grant != NULL ? "connected" : "unasked");
	}
}

/* -- the look ---------------------------------------------------------------------------------- */

static void
list_sockets(struct slots *slots)
{
	const struct sockets_entry *entries;
	struct known *known, *next;
	size_t count;
	struct err err;

	if (slots->kernel == NULL)
		return;
	if (sockets_list(slots->kernel, &entries, &count, &err) != 0) {
		if (!slots->warned_of_kernel)
			log_warning("kernel view: %s; open connections stay as they were last "
				    "seen",
			    err.text);
		slots->warned_of_kernel = true;
		return;
	}
	slots->warned_of_kernel = false;
	HASH_ITER (hh, slots->known, known, next)
		known->seen = false;
	for (size_t i = 0; i < count; i++) {
		HASH_FIND(hh, slots->known, &entries[i].cookie, sizeof(entries[i].cookie), known);
		if (known != NULL) {
			known->seen = true;
			set_usable(known, is_usable(&entries[i]));
		} else {
			meet(slots, &entries[i]);
		}
	}
	HASH_ITER (hh, slots->known, known, next)
		if (!known->seen)
			forget(slots, &slots->known, known);
}

static void
drop_cached(struct slots *slots, int64_t now_ms)
{
	struct known *known, *next;

	HASH_ITER (hh, slots->cached, known, next)
		if (known->until_ms <= now_ms)
			forget(slots, &slots->cached, known);
}

static void
drop_bare(struct slots *slots, int64_t now_ms)
{
	struct grant *grant, *next;

	for (grant = TAILQ_FIRST(&slots->live); grant != NULL; grant = next) {
		next = TAILQ_NEXT(grant, link);
		if (grant->sockets == 0 && now_ms - grant->granted_ms > GRANT_BARE_MS)
			slots_end(slots, grant, false);
	}
}

/* -- idle connections -------------------------------------------------------------------------- */

static void stop_waiting(struct slots *slots, struct grant *grant);

static struct grant *
grant_of(struct waiter *waiter)
{
	return (struct grant *)((char *)waiter - offsetof(struct grant, waiter));
}

static void
pass(struct slots *slots, struct grant *grant)
{
	stop_waiting(slots, grant);
	grant->passed = true;
	grant->lane->passed++;
	log_lane(grant->lane, "passed");
	grant->done(grant->arg, SLOT_PASSED);
}

static void
set_ahead(struct grant *grant, bool ahead)
{
	if (grant->ahead == ahead)
		return;
	grant->ahead = ahead;
	grant->lane->ahead += ahead ? 1 : -1;
}

/* The first who are still at `dns`. */
static void
send_ahead(struct slots *slots, struct lane *lane)
{
	int64_t most = (lane->rule->connections + 1) / 2;
	struct waiter *waiter, *next;

	if (most > SLOTS_AHEAD)
		most = SLOTS_AHEAD;
	if (lane->short_ms != 0 && clock_monotonic_ms() - lane->short_ms < SLOTS_AHEAD_PAUSE_MS)
		return;
	for (waiter = TAILQ_FIRST(&lane->for_slot); waiter != NULL && lane->ahead < most;
	     waiter = next) {
		struct grant *grant = grant_of(waiter);

		next = TAILQ_NEXT(waiter, link);
		if (grant->next_hop == NULL)
			continue;
		forget_question(grant);
		stop_waiting(slots, grant);
		set_ahead(grant, true);
		log_lane(lane, "sent ahead");
		grant->done(grant->arg, SLOT_PASSED);
	}
}

/* True: the first who waits for that next hop has it. */
static bool
take_offer(struct slots *slots, const struct offer *offer)
{
	struct waiter *waiter;

	TAILQ_FOREACH (waiter, &offer->lane->for_slot, link) {
		struct grant *grant = grant_of(waiter);

		if (grant->next_hop == NULL || strcmp(grant->next_hop, offer->next_hop) != 0)
			continue;
		forget_question(grant);
		pass(slots, grant);
		return true;
	}
	return false;
}

static void
drop_offer(struct slots *slots, struct offer *offer)
{
	TAILQ_REMOVE(&slots->offers, offer, link);
	lane_release(&offer->lane);
	free(offer);
}

static void
make_offers(struct slots *slots, int64_t now_ms)
{
	struct offer *offer, *next;

	for (offer = TAILQ_FIRST(&slots->offers); offer != NULL && offer->due_ms <= now_ms;
	     offer = next) {
		const struct lane *lane = offer->lane;

		next = TAILQ_NEXT(offer, link);
		if (lane->usable - lane->taken - lane->passed <= 0 ||
		    now_ms - offer->due_ms > SLOTS_OFFERED_MS || take_offer(slots, offer))
			drop_offer(slots, offer);
	}
}

void
slots_offer(struct slots *slots, struct lane *lane, const char *next_hop)
{
	struct offer *offer = mem_alloc(sizeof(*offer));

	offer->lane = lane_hold(lane);
	offer->due_ms = clock_monotonic_ms() + SLOTS_OFFER_MS;
	snprintf(offer->next_hop, sizeof(offer->next_hop), "%s", next_hop);
	TAILQ_INSERT_TAIL(&slots->offers, offer, link);
	look_at(slots, offer->due_ms);
}

/* -- the timer --------------------------------------------------------------------------------- */

static void try_lane(struct slots *slots, struct lane *lane);

static void
try_waiting(void *arg, struct lane *lane)
{
	if (!TAILQ_EMPTY(&lane->for_slot))
		try_lane(arg, lane);
}

static void
look(struct slots *slots)
{
	int64_t now_ms = clock_monotonic_ms();

	list_sockets(slots);
	slots->looked_ms = clock_monotonic_ms();
	drop_cached(slots, now_ms);
	drop_bare(slots, now_ms);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct slots *slots = arg;
	bool busy;

	(void)fd;
	(void)what;
	slots->next_ms = 0;
	look(slots);
	make_offers(slots, slots->looked_ms);
	if (slots->waiters > 0)
		lanes_each(slots->egress->lanes, try_waiting, slots);
	busy = slots->known != NULL || slots->cached != NULL || !TAILQ_EMPTY(&slots->live);
	if (slots->waiters > 0)
		look_at(slots, slots->looked_ms + SLOTS_WAIT_MS);
	else if (busy)
		look_at(slots, slots->looked_ms + SLOTS_IDLE_MS);
	if (!TAILQ_EMPTY(&slots->offers))
		look_at(slots, slots->looked_ms + SLOTS_WAIT_MS);
}

void
slots_look_for(struct slots *slots, struct grant *grant)
{
	if (grant->live && !grant->matched)
		look(slots);
}

/* -- granting ---------------------------------------------------------------------------------- */

static void
stop_waiting(struct slots *slots, struct grant *grant)
{
	set_ahead(grant, false);
	TAILQ_REMOVE(&grant->lane->for_slot, &grant->waiter, link);
	grant->waiter.waits = false;
	grant->lane->slot_waiters--;
	slots->waiters--;
}

static struct grant *
first_waiting(struct lane *lane)
{
	struct waiter *waiter = TAILQ_FIRST(&lane->for_slot);

	return waiter == NULL ? NULL : grant_of(waiter);
}

static void
give(struct slots *slots, struct grant *grant, int64_t stamp_ms)
{
	stop_waiting(slots, grant);
	grant->live = true;
	grant->matched = false;
	grant->sockets = 0;
	grant->granted_ms = clock_monotonic_ms();
	grant->stamp_ms = stamp_ms;
	grant->lane->bare++;
	TAILQ_INSERT_TAIL(&slots->live, grant, link);
	publish(slots, grant->lane);
	log_lane(grant->lane, "granted");
	look_at(slots, grant->granted_ms + SLOTS_WAIT_MS);
	grant->done(grant->arg, SLOT_GRANTED);
}

static void
note_refusal(struct lane *lane, const struct store_granted *granted)
{
	int64_t now_ms = clock_monotonic_ms();
	const struct store_held *held = &granted->held;
	char wait[DURATION_SIZE];

	lane->slot_retry_ms = now_ms + SLOTS_ASK_MS;
	if (granted->outcome == STORE_NO_SLOT) {
		snprintf(lane->slot_words, sizeof(lane->slot_words),
		    "%" PRId64 " of %" PRId64 " connections in use", granted->open,
		    granted->allowed);
		return;
	}
	lane->slot_retry_ms =
	    now_ms + (held->wait_ms > SLOTS_ASK_MS && held->wait_ms < 1000 ? held->wait_ms : 1000);
	if (held->by == STORE_HOLD_PAUSED)
		snprintf(lane->slot_words, sizeof(lane->slot_words), "paused: %.140s", held->why);
	else
		snprintf(lane->slot_words, sizeof(lane->slot_words),
		    "suspended by backoff for %s: %.100s",
		    duration_format_wait(held->wait_ms, wait), held->why);
}

static void
on_asked(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct asking *asking = arg;
	struct slots *slots = asking->slots;
	struct lane *lane = asking->lane;
	struct grant *grant = asking->grant;

	(void)err;
	lane->slot_asking = NULL;
	if (outcome != STORE_DONE) {
		if (outcome == STORE_REFUSED)
			lane->slot_retry_ms = clock_monotonic_ms() + SLOTS_ASK_MS;
	} else if (asking->granted.outcome != STORE_TAKEN) {
		note_refusal(lane, &asking->granted);
		if (asking->granted.outcome == STORE_NO_SLOT)
			send_ahead(slots, lane);
	} else if (grant == NULL) {
		group_touch(lane->group); /* Redis was told of one more */
	} else {
		give(slots, grant, grant->stamp_ms != 0 ? asking->granted.now_ms : 0);
	}
	publish(slots, lane);
	TAILQ_REMOVE(&slots->asking, asking, link);
	free(asking);
	if (!TAILQ_EMPTY(&lane->for_slot))
		try_lane(slots, lane);
	lane_release(&lane);
}

static void
ask_store(struct slots *slots, struct lane *lane, struct grant *grant)
{
	struct engine *engine = slots->egress->engine;
	struct asking *asking = mem_alloc(sizeof(*asking));
	struct store_grant question = {
		.group = lane_name(lane),
		.ip = lane_ip(lane),
		.node = engine->settings->node,
		.open = lane_open(lane) + 1,
		.connections = lane->rule->connections,
		.waited_ms = clock_monotonic_ms() - grant->waiter.since_ms,
		.more_wait = lane->slot_waiters > 1,
		.stamp_ms = grant->stamp_ms,
		.limits = lane->rule->limits,
		.limit_count = lane->rule->limit_count,
	};

	asking->slots = slots;
	asking->lane = lane_hold(lane);
	asking->grant = grant;
	store_put_grant(store_async_batch(engine->store), &question, &asking->granted);
	asking->call = store_async_run(engine->store, on_asked, asking, NULL);
	if (asking->call == NULL) {
		lane_release(&asking->lane);
		free(asking);
		return;
	}
	TAILQ_INSERT_TAIL(&slots->asking, asking, link);
	lane->slot_asking = asking;
	publish(slots, lane);
	group_use(lane->group);
}

static void
decide_locally(struct slots *slots, struct lane *lane, struct grant *grant)
{
	const struct egress *egress = slots->egress;
	int64_t limit = lane->rule->connections, cap = limit;

	if (egress_mode(egress) == EGRESS_LOCAL && limit > 0)
		cap = local_cap(limit, 0, lane->frozen_ms != 0 ? lane->frozen_open : 0,
		    clock_monotonic_ms() - egress->away_ms, &egress->fleet);
	if (limit == 0 || egress_mode(egress) == EGRESS_PERMIT || lane_open(lane) < cap) {
		slots->egress->figures.local++;
		give(slots, grant, grant->stamp_ms);
		if (!TAILQ_EMPTY(&lane->for_slot))
			look_soon(slots);
		return;
	}
	snprintf(lane->slot_words, sizeof(lane->slot_words),
	    "%" PRId64 " connections of this node's %" PRId64 " (of %" PRId64
	    ") in use while Redis is away",
	    lane_open(lane), cap, limit);
}

static void
try_lane(struct slots *slots, struct lane *lane)
{
	struct grant *grant = first_waiting(lane);

	if (grant == NULL || lane->slot_asking != NULL)
		return;
	if (is_starting(slots)) {
		snprintf(lane->slot_words, sizeof(lane->slot_words), "mxpolicyd is starting");
		return;
	}
	if (egress_mode(slots->egress) == EGRESS_FLEET) {
		if (clock_monotonic_ms() >= lane->slot_retry_ms)
			ask_store(slots, lane, grant);
	} else if (egress_mode(slots->egress) != EGRESS_DEFER) {
		decide_locally(slots, lane, grant);
	} else {
		snprintf(lane->slot_words, sizeof(lane->slot_words), "store away");
	}
}

/* By how long their deliveries wait: one that passed in vain does not begin anew. */
static void
queue_up(struct waiters *queue, struct waiter *waiter)
{
	struct waiter *before = TAILQ_LAST(queue, waiters);

	while (before != NULL && before->since_ms > waiter->since_ms)
		before = TAILQ_PREV(before, waiters, link);
	if (before == NULL)
		TAILQ_INSERT_HEAD(queue, waiter, link);
	else
		TAILQ_INSERT_AFTER(queue, before, waiter, link);
}

void
slots_ask(struct slots *slots, struct grant *grant, struct lane *lane, int64_t since_ms,
    slot_done *done, void *arg)
{
	grant->lane = lane_hold(lane);
	grant->done = done;
	grant->arg = arg;
	grant->live = grant->passed = false;
	grant->waiter = (struct waiter){ .waits = true, .since_ms = since_ms };
	queue_up(&lane->for_slot, &grant->waiter);
	set_ahead(grant, grant->next_hop == NULL);
	if (lane->slot_waiters++ == 0)
		lane->slot_words[0] = '\0';
	slots->waiters++;
	look_soon(slots);
}

/* -- the end of a grant ------------------------------------------------------------------------ */

/* Its connection was taken for another grant's: that one is without again. */
static void
take_back_socket(struct slots *slots, const struct grant *grant)
{
	struct known *known, *next;

	HASH_ITER (hh, slots->known, known, next) {
		struct grant *other = known->grant;

		if (other == NULL || other == grant || other->lane != grant->lane)
			continue;
		part(known);
		if (other->sockets == 0) {
			other->lane->bare++;
			other->matched = false;
		}
		return;
	}
}

/* Its connection may be in the cache, where we cannot see it. */
static void
keep_cached(struct slots *slots, const struct grant *grant)
{
	struct known *known = mem_alloc(sizeof(*known));

	known->cookie = ++slots->next_cached;
	known->until_ms = clock_monotonic_ms() + SLOTS_CACHE_MS;
	know_lane(known, grant->lane);
	HASH_ADD(hh, slots->cached, cookie, sizeof(known->cookie), known);
	look_at(slots, known->until_ms);
}

static void
notice_blindness(struct slots *slots)
{
	if (slots->any_seen || slots->blind || ++slots->unseen_talks < SLOTS_BLIND)
		return;
	slots->blind = true;
	log_warning("kernel view: none: deliveries reach their providers and no connection of "
		    "theirs is in this network namespace (a container, another host?); "
		    "connections are counted by look-ups, less exactly");
}

static void
end_live(struct slots *slots, struct grant *grant, bool talked)
{
	struct known *known, *next;

	TAILQ_REMOVE(&slots->live, grant, link);
	grant->live = false;
	if (grant->sockets == 0)
		grant->lane->bare--;
	if (!grant->matched && talked) {
		notice_blindness(slots);
		take_back_socket(slots, grant);
		if (slots->blind && !slots->any_seen)
			keep_cached(slots, grant);
	}
	if (grant->sockets > 0)
		HASH_ITER (hh, slots->known, known, next)
			if (known->grant == grant)
				part(known);
	publish(slots, grant->lane);
	log_lane(grant->lane, talked ? "ended" : "ended without a connection");
}

void
slots_end(struct slots *slots, struct grant *grant, bool talked)
{
	if (grant->lane == NULL)
		return;
	if (grant->waiter.waits) {
		stop_waiting(slots, grant);
		forget_question(grant);
		if (TAILQ_EMPTY(&grant->lane->for_slot) &&
		    egress_mode(slots->egress) == EGRESS_FLEET) {
			struct store_async *store = slots->egress->engine->store;

			store_put_no_wait(store_async_batch(store), lane_name(grant->lane),
			    lane_ip(grant->lane), slots->egress->engine->settings->node);
			store_async_send(store);
		}
	} else if (grant->live) {
		end_live(slots, grant, talked);
	} else if (grant->passed) {
		grant->passed = false;
		grant->lane->passed--;
	}
	set_ahead(grant, false);
	if (slots->waiters > 0)
		look_soon(slots);
	lane_release(&grant->lane);
}

/* -- the whole --------------------------------------------------------------------------------- */

struct slots *
slots_new(struct egress *egress)
{
	struct slots *slots = mem_alloc(sizeof(*slots));
	struct err err;

	slots->egress = egress;
	TAILQ_INIT(&slots->live);
	TAILQ_INIT(&slots->asking);
	TAILQ_INIT(&slots->offers);
	slots->timer = evtimer_new(egress->engine->base, on_timer, slots);
	slots->started_ms = clock_monotonic_ms();
	slots->kernel = sockets_new(&err);
	if (slots->kernel == NULL) {
		log_warning("kernel view: none: %s; connections are counted by look-ups, less "
			    "exactly",
		    err.text);
		slots->blind = true;
	}
	if (egress->engine->settings->enforce != ENFORCE_ADMISSION)
		look_soon(slots);
	return slots;
}

void
slots_free(struct slots **slots)
{
	struct slots *old = *slots;
	struct known *known, *next;
	struct asking *asking;

	*slots = NULL;
	if (old == NULL)
		return;
	while ((asking = TAILQ_FIRST(&old->asking)) != NULL) {
		TAILQ_REMOVE(&old->asking, asking, link);
		store_async_cancel(&asking->call);
		asking->lane->slot_asking = NULL;
		lane_release(&asking->lane);
		free(asking);
	}
	while (!TAILQ_EMPTY(&old->offers))
		drop_offer(old, TAILQ_FIRST(&old->offers));
	HASH_ITER (hh, old->known, known, next)
		forget(old, &old->known, known);
	HASH_ITER (hh, old->cached, known, next)
		forget(old, &old->cached, known);
	event_free(old->timer);
	sockets_free(&old->kernel);
	free(old);
}

void
slots_rebind(struct slots *slots)
{
	if (slots->egress->engine->settings->enforce != ENFORCE_ADMISSION)
		look_soon(slots);
}

bool
slots_are_blind(const struct slots *slots)
{
	return slots->blind && !slots->any_seen;
}

int64_t
slots_sockets(const struct slots *slots)
{
	return HASH_COUNT(slots->known) + HASH_COUNT(slots->cached);
}
