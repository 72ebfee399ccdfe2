#include "delivery.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backoff.h"
#include "budget.h"
#include "clock.h"
#include "conclusion.h"
#include "decide.h"
#include "delivery_log.h"
#include "dns_record.h"
#include "duration.h"
#include "mem.h"
#include "next_hop.h"
#include "sending_bind.h"
#include "slots.h"
#include "transports.h"

enum {
	ADDRESSES_OF_DELIVERY = 64,
	OBSERVE_MS = 250,
	HELD_MS = 5,
	SHORT_MS = 1000,   /* of a hold, not worth another look-up */
	ANSWER_MS = 60000, /* Postfix 3.7 waits 100 s for a socketmap's answer (dict_sockmap.c) */
};

enum stage {
	STAGE_IDLE,    /* between deliveries, or its recipients' statuses come in */
	STAGE_GROUP,   /* finding out which group the domain is of */
	STAGE_MESSAGE, /* waiting for a message */
	STAGE_SLOT,    /* waiting for a slot */
	STAGE_READY,   /* all it has asked for is granted */
};

struct delivery {
	struct egress *egress;
	delivery_done *done;
	void *arg;
	struct event *timer; /* the end of the hold */

	enum stage stage;
	bool waiting;    /* the process waits for our answer */
	bool wants_slot; /* the look-up under way is `connect` */
	bool ended;      /* a status came; the next `dns` begins another delivery */
	bool granted;    /* at least one connect of this delivery */
	bool talked;     /* a connection of it came about */
	bool packed;     /* another process goes on with it */
	char denied[SOCKMAP_TEXT_SIZE - 64]; /* why; "" it is not */

	char service[TRANSPORT_NAME_SIZE];
	struct sending_bind from;
	bool entered;         /* the lane's intake, by a transport look-up that knew the lane */
	bool shared;          /* its transport is */
	bool waits_in_shared; /* and is counted so in the lane */
	char domain[DOMAIN_SIZE];
	char next_hop[NEXT_HOP_SIZE]; /* the key of its `connect`; "": none came yet */
	struct mx_query *query;
	struct lane *lane; /* a reference; NULL: not known, or nothing limits it */
	bool unlimited;    /* no rule for it */
	struct message message;
	struct grant grant;
	int64_t told_ms;                     /* of the time it was held, so much is in the log */
	int64_t began_ms, asked_ms, held_ms; /* held: of the hold's time, used up before asked_ms */

	struct sockets_address addresses[ADDRESSES_OF_DELIVERY];
	int64_t ttl_s[ADDRESSES_OF_DELIVERY];
	size_t address_count;
};

static void advance(struct delivery *delivery);

/* -- the end of a delivery --------------------------------------------------------------------- */

static void
stop_timer(struct delivery *delivery)
{
	evtimer_del(delivery->timer);
}

static void
wait_in_shared(struct delivery *delivery, bool waits)
{
	if (!delivery->shared || delivery->waits_in_shared == waits || delivery->lane == NULL)
		return;
	delivery->waits_in_shared = waits;
	delivery->lane->shared_waiters += waits ? 1 : -1;
}

/* What it holds and waits for goes. */
static void
drop(struct delivery *delivery)
{
	mx_cancel(&delivery->query);
	stop_timer(delivery);
	wait_in_shared(delivery, false);
	slots_end(delivery->egress->slots, &delivery->grant, delivery->talked);
	if (delivery->packed)
		budgets_forget(&delivery->message);
	if (delivery->message.taken)
		budgets_end(delivery->egress->budgets, &delivery->message,
		    delivery->granted ||
			(delivery->stage == STAGE_READY && *delivery->denied == '\0'),
		    NULL);
	budgets_cancel(delivery->egress->budgets, &delivery->message);
	lane_release(&delivery->lane);
	delivery->stage = STAGE_IDLE;
}

static void
begin(struct delivery *delivery, struct span service)
{
	const struct engine *engine = delivery->egress->engine;

	drop(delivery);
	delivery->ended = delivery->granted = delivery->talked = delivery->unlimited = false;
	delivery->denied[0] = '\0';
	delivery->domain[0] = delivery->next_hop[0] = '\0';
	delivery->address_count = 0;
	delivery->held_ms = delivery->told_ms = 0;
	delivery->began_ms = clock_monotonic_ms();
	snprintf(delivery->service, sizeof(delivery->service), "%.*s", (int)service.len,
	    service.ptr);
	sending_bind_of_service(engine->settings, engine->ip, service, &delivery->from);
}

void
delivery_free(struct delivery **delivery)
{
	struct delivery *old = *delivery;

	*delivery = NULL;
	if (old == NULL)
		return;
	drop(old);
	event_free(old->timer);
	free(old);
}

/* -- answers ----------------------------------------------------------------------------------- */

static void
note_held(struct delivery *delivery)
{
	int64_t took_ms = clock_monotonic_ms() - delivery->asked_ms;

	delivery->held_ms += took_ms;
	if (took_ms < HELD_MS)
		return;
	histogram_observe(&delivery->egress->figures.holds, took_ms * 1000);
}

/* In observe the answer went out before. */
static void
answer(struct delivery *delivery, enum sockmap_answer kind)
{
	struct sockmap_reply reply;

	stop_timer(delivery);
	if (!delivery->waiting)
		return;
	delivery->waiting = false;
	note_held(delivery);
	sockmap_reply_set(&reply, kind, "%s", kind == ANSWER_NOTFOUND ? "" : delivery->denied);
	delivery->done(delivery->arg, &reply);
}

static int64_t
waited_ms(const struct delivery *delivery)
{
	return delivery->held_ms +
	       (delivery->waiting ? clock_monotonic_ms() - delivery->asked_ms : 0);
}

static struct delivery_told
told_of(const struct delivery *delivery)
{
	return (struct delivery_told){ delivery->service, delivery->domain, delivery->next_hop,
		delivery->from.name, delivery->lane, waited_ms(delivery) };
}

static void
trace_step(const struct delivery *delivery, const char *step, const char *words)
{
	struct trace *trace = delivery->egress->engine->trace;
	struct delivery_told told;

	if (!trace_is_on(trace))
		return;
	told = told_of(delivery);
	delivery_trace(trace, &told, step, words);
}

static void
tell_denied(const struct delivery *delivery, int64_t since_ms, const char *words)
{
	struct delivery_told told = told_of(delivery);

	told.waited_ms = since_ms;
	delivery_log_denied(&told, !egress_enforces(delivery->egress), words);
	trace_step(delivery, "deny", words);
}

/* Once for all its look-ups, when it goes on. */
static void
tell_held(struct delivery *delivery, enum stage stage)
{
	struct delivery_told told = told_of(delivery);

	if (told.waited_ms - delivery->told_ms < DELIVERY_LOG_HELD_MS || delivery->lane == NULL)
		return;
	delivery->told_ms = told.waited_ms;
	delivery_log_held(&told, stage == STAGE_SLOT ? "slot" : "message");
}

static void
deny(struct delivery *delivery, const char *words)
{
	bool enforces = egress_enforces(delivery->egress);
	const char *group = delivery->lane != NULL ? lane_name(delivery->lane) : "";
	int64_t waited_ms = delivery->held_ms + clock_monotonic_ms() - delivery->asked_ms;
	char waited[DURATION_SIZE];

	if (!delivery->message.taken)
		budgets_cancel(delivery->egress->budgets, &delivery->message);
	slots_end(delivery->egress->slots, &delivery->grant, delivery->talked);
	delivery->stage = STAGE_READY;
	wait_in_shared(delivery, false);
	tell_denied(delivery, waited_ms, words);
	duration_format_wait(waited_ms, waited);
	if (!enforces) {
		answer(delivery, ANSWER_NOTFOUND); /* a reload may have ended enforcing meanwhile */
		return;
	}
	delivery->egress->figures.denied++;
	if (*group == '\0')
		snprintf(delivery->denied, sizeof(delivery->denied), "mxpace: %s: %s",
		    delivery->domain, words);
	else
		snprintf(delivery->denied, sizeof(delivery->denied),
		    "mxpace: group %s: %s; waited %s, to be tried again", group, words, waited);
	answer(delivery, ANSWER_TEMP);
}

/* So long it may wait for its turn: in a transport that others share, one look-up's time. */
static int64_t
hold_ms(const struct delivery *delivery)
{
	int64_t all_ms = delivery->egress->engine->settings->hold_ms;

	return delivery->shared && all_ms > ANSWER_MS ? ANSWER_MS : all_ms;
}

static int64_t
hold_left_ms(const struct delivery *delivery)
{
	return hold_ms(delivery) - delivery->held_ms - (clock_monotonic_ms() - delivery->asked_ms);
}

/* Its next look-up is held on, in its place of the queue; behind `connect` there is none. */
static bool
goes_on(const struct delivery *delivery)
{
	return egress_enforces(delivery->egress) && !delivery->wants_slot &&
	       hold_left_ms(delivery) > SHORT_MS;
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct delivery *delivery = arg;
	const struct lane *lane = delivery->lane;
	char words[320];

	(void)fd;
	(void)what;
	if (goes_on(delivery)) {
		answer(delivery, ANSWER_NOTFOUND);
		return;
	}
	snprintf(words, sizeof(words), "%s",
	    delivery->stage == STAGE_MESSAGE && *lane->message_words != '\0' ? lane->message_words
	    : delivery->stage == STAGE_SLOT && *lane->slot_words != '\0'     ? lane->slot_words
									     : "others were first");
	deny(delivery, words);
}

static void
arm_timer(struct delivery *delivery)
{
	int64_t answer_ms = delivery->asked_ms + ANSWER_MS - clock_monotonic_ms();
	int64_t left_ms = egress_enforces(delivery->egress) ? hold_left_ms(delivery) : OBSERVE_MS;
	struct timeval wait;

	if (left_ms > answer_ms)
		left_ms = answer_ms;
	if (left_ms < 1)
		left_ms = 1;
	wait = (struct timeval){ left_ms / 1000, left_ms % 1000 * 1000 };
	evtimer_add(delivery->timer, &wait);
}

/* -- the group --------------------------------------------------------------------------------- */

static void
learn_addresses(struct delivery *delivery, size_t from)
{
	struct egress *egress = delivery->egress;

	if (delivery->lane == NULL)
		return;
	for (size_t i = from; i < delivery->address_count; i++)
		addresses_learn(egress->addresses, &delivery->addresses[i],
		    lane_name(delivery->lane), delivery->ttl_s[i], egress->engine->store);
}

static void
know_group(struct delivery *delivery, const struct mx_answer *mx)
{
	struct engine *engine = delivery->egress->engine;
	struct conclusion *known = conclusion_of(mx, engine->rules);
	struct transport_class class;

	conclusion_tell(known, delivery->domain, mx, engine->store);
	if (known->rule == NULL) {
		delivery->unlimited = true;
		return;
	}
	delivery->lane = lanes_get(delivery->egress->lanes, engine->rules, known->rule, known->name,
	    decide_ip(known->rule, delivery->from.name));
	transports_class(engine->rules, known->rule, &class);
	delivery->entered = !span_starts(span_of(delivery->service),
	    SPAN(TRANSPORTS_PREFIX TRANSPORTS_UNKNOWN "-"));
	delivery->shared = class.shared || !delivery->entered;
	trace_step(delivery, "delivery", NULL);
	learn_addresses(delivery, 0);
}

/* False: denied. */
static bool
hear_mx(struct delivery *delivery, const struct mx_answer *mx)
{
	char words[160];

	if (mx->set != NULL) {
		know_group(delivery, mx);
		return true;
	}
	if (mx->state == MX_FAILED &&
	    delivery->egress->engine->settings->on_dns_failure == ON_FAILURE_PERMIT) {
		delivery->unlimited = true;
		return true;
	}
	snprintf(words, sizeof(words), "MX look-up: %s %s", mx_state_name(mx->state),
	    mx->state == MX_FAILED ? mx->words : "");
	deny(delivery, words);
	return false;
}

static void
on_mx(void *arg, const struct mx_answer *mx)
{
	struct delivery *delivery = arg;

	delivery->query = NULL;
	if (hear_mx(delivery, mx))
		advance(delivery);
}

/* -- messages and slots ------------------------------------------------------------------------ */

/* One site must not hold all processes of a transport it shares with others. */
static bool
holds_too_many(const struct delivery *delivery)
{
	int64_t most = lane_shared_most(delivery->egress->engine->settings->transport_processes);

	return delivery->shared && delivery->lane->shared_waiters >= most;
}

static void
deny_for_sharing(struct delivery *delivery)
{
	const struct lane *lane = delivery->lane;
	char words[512];

	snprintf(words, sizeof(words), "%" PRId64 " deliveries wait for it already%s%s",
	    lane->shared_waiters, *lane->slot_words != '\0' ? ": " : "", lane->slot_words);
	deny(delivery, words);
}

static void
on_message(void *arg, enum budget_answer answer)
{
	struct delivery *delivery = arg;

	if (answer == BUDGET_FAR)
		deny(delivery, delivery->lane->message_words);
	else
		advance(delivery);
}

/* In observe nobody waits, and everybody is told of. */
static int64_t
patience_ms(const struct delivery *delivery)
{
	return egress_enforces(delivery->egress) ? hold_left_ms(delivery) : INT64_MAX / 2;
}

/* There is no room for a message for longer than it may wait: it need not wait for a slot either. */
static bool
is_hopeless(const struct delivery *delivery)
{
	return !delivery->message.taken &&
	       lane_is_far(delivery->lane, patience_ms(delivery), clock_monotonic_ms());
}

static void
on_slot(void *arg, enum slot_answer result)
{
	struct delivery *delivery = arg;

	if (result == SLOT_GRANTED)
		budgets_stamped(delivery->egress->budgets, &delivery->message,
		    delivery->grant.stamp_ms);
	advance(delivery);
}

/* At the first look-up an idle connection will do; at `connect` it is too late for that. */
static void
ask_slot(struct delivery *delivery)
{
	struct grant *grant = &delivery->grant;

	slots_end(delivery->egress->slots, grant, false);
	*grant = (struct grant){
		.next_hop = delivery->wants_slot ? NULL : delivery->domain,
		.message_ms = delivery->message.taken ? &delivery->message.stamp_ms : NULL,
		.local = { delivery->from.bind[0], delivery->from.bind[1] },
	};
	delivery->stage = STAGE_SLOT;
	wait_in_shared(delivery, true);
	arm_timer(delivery);
	slots_ask(delivery->egress->slots, grant, delivery->lane, delivery->began_ms, on_slot,
	    delivery);
}

static bool
ask_group(struct delivery *delivery)
{
	struct engine *engine = delivery->egress->engine;
	struct mx_answer mx;

	if (mx_cached(engine->mx, delivery->domain, &mx))
		return hear_mx(delivery, &mx);
	delivery->stage = STAGE_GROUP;
	delivery->query = mx_start(engine->mx, delivery->domain, on_mx, delivery);
	return false;
}

static void
be_ready(struct delivery *delivery)
{
	if (delivery->wants_slot) {
		delivery->granted = true;
		delivery->grant.addresses = delivery->addresses;
		delivery->grant.address_count = delivery->address_count;
		delivery->grant.connecting = true;
		delivery->grant.bare_ms = clock_monotonic_ms();
	}
	tell_held(delivery, delivery->stage);
	trace_step(delivery, delivery->wants_slot ? "connect" : "ready",
	    delivery->unlimited    ? "unlimited"
	    : delivery->grant.live ? "slot"
				   : "reuse");
	delivery->stage = STAGE_READY;
	wait_in_shared(delivery, false);
	answer(delivery, ANSWER_NOTFOUND);
}

static bool
has_slot(const struct delivery *delivery)
{
	const struct grant *grant = &delivery->grant;

	return grant->live || ((grant->passed || grant->ahead) && !delivery->wants_slot);
}

/* Whatever the look-up under way still needs, one thing after the other. A message is taken last:
 * while one waits for a slot, others can use it. */
static void
advance(struct delivery *delivery)
{
	bool asks = delivery->stage == STAGE_IDLE || delivery->stage == STAGE_READY ||
		    delivery->stage == STAGE_GROUP;

	if (delivery->lane == NULL && !delivery->unlimited && !ask_group(delivery))
		return;
	if (delivery->unlimited || (has_slot(delivery) && delivery->message.taken)) {
		be_ready(delivery);
	} else if (asks && holds_too_many(delivery)) {
		deny_for_sharing(delivery);
	} else if (is_hopeless(delivery)) {
		deny(delivery, delivery->lane->message_words);
	} else if (!has_slot(delivery)) {
		ask_slot(delivery);
	} else {
		delivery->stage = STAGE_MESSAGE;
		wait_in_shared(delivery, true);
		arm_timer(delivery);
		budgets_ask(delivery->egress->budgets, &delivery->message, delivery->lane,
		    patience_ms(delivery), on_message, delivery);
	}
}

/* -- look-ups ---------------------------------------------------------------------------------- */

/* True: answered. What advance() says at once would be said within the call: it comes by itself. */
static bool
start(struct delivery *delivery, bool wants_slot, struct sockmap_reply *reply)
{
	delivery->wants_slot = wants_slot;
	delivery->asked_ms = clock_monotonic_ms();
	delivery->waiting = false;
	advance(delivery);
	if (*delivery->denied != '\0') {
		sockmap_reply_set(reply, ANSWER_TEMP, "%s", delivery->denied);
		return true;
	}
	if (delivery->stage == STAGE_READY || !egress_enforces(delivery->egress)) {
		sockmap_reply_set(reply, ANSWER_NOTFOUND, "%s", "");
		return true;
	}
	delivery->waiting = true;
	return false;
}

/* A further look-up of a delivery that waits since an earlier one. */
static bool
wait_on(struct delivery *delivery, bool wants_slot, struct sockmap_reply *reply)
{
	if (!egress_enforces(delivery->egress))
		return true;
	if (delivery->grant.waiter.waits &&
	    wants_slot) /* an idle connection will not do any more */
		return start(delivery, true, reply);
	delivery->wants_slot = wants_slot;
	delivery->asked_ms = clock_monotonic_ms();
	delivery->waiting = true;
	if (delivery->lane != NULL)
		arm_timer(delivery);
	return false;
}

static void
add_address(struct delivery *delivery, const struct dns_record *record)
{
	struct sockets_address *address = &delivery->addresses[delivery->address_count];

	if (delivery->address_count == ADDRESSES_OF_DELIVERY)
		return;
	*address = (struct sockets_address){ .family = record->family };
	memcpy(address->bytes, record->address, record->family == AF_INET ? 4 : 16);
	delivery->ttl_s[delivery->address_count] = record->ttl_s;
	delivery->address_count++;
	learn_addresses(delivery, delivery->address_count - 1);
}

/* All records of a delivery come before its first connect. Without a status in between, a delivery
 * was broken off (its queue file is gone). */
static bool
begins_another(const struct delivery *delivery, const struct dns_record *record)
{
	return delivery->ended || delivery->granted || *delivery->domain == '\0' ||
	       (record->type == DNS_RECORD_MX && strcmp(record->owner, delivery->domain) != 0);
}

static bool
is_waiting(const struct delivery *delivery)
{
	return delivery->message.waiter.waits || delivery->grant.waiter.waits ||
	       delivery->query != NULL;
}

static bool
hear_dns(struct delivery *delivery, const struct sockmap_query *query, struct sockmap_reply *reply)
{
	struct dns_record record;

	sockmap_reply_set(reply, ANSWER_NOTFOUND, "%s", "");
	if (!dns_record_parse(query->key, &record) || record.type == DNS_RECORD_OTHER)
		return true;
	if (begins_another(delivery, &record)) {
		begin(delivery, query->service);
		snprintf(delivery->domain, sizeof(delivery->domain), "%s", record.owner);
	}
	if (record.type == DNS_RECORD_ADDRESS)
		add_address(delivery, &record);
	if (*delivery->denied != '\0') {
		sockmap_reply_set(reply, ANSWER_TEMP, "%s", delivery->denied);
		return true;
	}
	if (is_waiting(delivery))
		return wait_on(delivery, false, reply);
	if (delivery->message.taken || delivery->unlimited)
		return true;
	return start(delivery, false, reply);
}

/* Where nothing is looked up in DNS (an address literal, smtp_host_lookup = native) a delivery begins
 * with `connect`: one to another next hop, or after it was denied and had its status. */
static bool
begins_at_connect(const struct delivery *delivery, struct span next_hop)
{
	return *delivery->domain == '\0' || (delivery->ended && *delivery->denied != '\0') ||
	       (*delivery->next_hop != '\0' && !span_eq(next_hop, span_of(delivery->next_hop)));
}

/* On to the next host. The one before may have got a MAIL FROM already; this one needs another. */
static void
leave_host(struct delivery *delivery)
{
	struct egress *egress = delivery->egress;

	slots_look_for(egress->slots, &delivery->grant);
	if (delivery->grant.matched) {
		delivery->talked = true;
		budgets_end(egress->budgets, &delivery->message, true, NULL);
	}
	slots_end(egress->slots, &delivery->grant, false);
}

static bool
hear_connect(struct delivery *delivery, const struct sockmap_query *query,
    struct sockmap_reply *reply)
{
	sockmap_reply_set(reply, ANSWER_NOTFOUND, "%s", "");
	if (query->key.len == 0 || query->key.ptr[0] == '.')
		return true;
	if (begins_at_connect(delivery, query->key)) {
		begin(delivery, query->service);
		next_hop_domain(query->key, delivery->domain);
	}
	snprintf(delivery->next_hop, sizeof(delivery->next_hop), "%.*s", (int)query->key.len,
	    query->key.ptr);
	if (*delivery->denied != '\0') {
		sockmap_reply_set(reply, ANSWER_TEMP, "%s", delivery->denied);
		return true;
	}
	if (is_waiting(delivery))
		return wait_on(delivery, true, reply);
	if (delivery->granted)
		leave_host(delivery);
	return start(delivery, true, reply);
}

/* Whether its connection is to go into the cache, and it may use one from there. Postfix' own way,
 * on demand, turns caching on only for a destination whose messages end within a second of one
 * another: not for one that waits for its turn here. */
static bool
hear_cache(const struct delivery *delivery, struct sockmap_reply *reply)
{
	bool wanted =
	    delivery->lane != NULL && egress_enforces(delivery->egress) &&
	    !lane_is_over(delivery->lane) &&
	    (delivery->grant.passed || slots_are_wanted(delivery->lane, delivery->domain));

	sockmap_reply_set(reply, wanted ? ANSWER_OK : ANSWER_NOTFOUND, "%s",
	    wanted ? "waited for" : "");
	return true;
}

static void
count_recipient(struct delivery *delivery, const struct budget_ended *ended)
{
	struct lane *lane = delivery->lane;

	if (delivery->entered)
		intake_leave(&lane->intake, clock_monotonic_ms());
	lane->delivered += (uint64_t)ended->delivered;
	lane->deferred += (uint64_t)ended->deferred;
	lane->bounced += (uint64_t)ended->bounced;
	lane->denied += (uint64_t)ended->denied;
}

static void
learn_pace(struct delivery *delivery)
{
	struct lane *lane = delivery->lane;
	double took_ms = (double)(clock_monotonic_ms() - delivery->began_ms - delivery->held_ms);

	if (took_ms < 1)
		took_ms = 1;
	lane->delivery_ms =
	    lane->delivery_ms > 0 ? 0.9 * lane->delivery_ms + 0.1 * took_ms : took_ms;
}

/* The first status of a delivery: what it held ends. */
static void
end_holdings(struct delivery *delivery, enum site_heard heard, const struct budget_ended *ended)
{
	struct egress *egress = delivery->egress;
	bool talked = heard == SITE_REPLIED || heard == SITE_NO_GREETING;

	delivery->talked = delivery->talked || talked || delivery->grant.matched;
	if (delivery->message.taken)
		budgets_end(egress->budgets, &delivery->message,
		    talked || (delivery->talked && heard != SITE_NO_CONNECTION), ended);
	else
		budgets_count(egress->budgets, delivery->lane, ended);
	slots_end(egress->slots, &delivery->grant, talked && !delivery->grant.passed);
	if (heard != SITE_REPLIED || delivery->ended)
		return;
	learn_pace(delivery);
	slots_offer(egress->slots, delivery->lane, delivery->domain);
}

static void
stop_waiting(struct delivery *delivery)
{
	stop_timer(delivery);
	mx_cancel(&delivery->query);
	wait_in_shared(delivery, false);
	if (!delivery->message.taken)
		budgets_cancel(delivery->egress->budgets, &delivery->message);
	delivery->stage = STAGE_READY;
}

static void
trace_status(const struct delivery *delivery, struct span status)
{
	char words[512];

	if (!trace_is_on(delivery->egress->engine->trace))
		return;
	snprintf(words, sizeof(words), "%.*s", (int)status.len, status.ptr);
	trace_step(delivery, "status", words);
}

static bool
hear_status(struct delivery *delivery, const struct sockmap_query *query,
    struct sockmap_reply *reply)
{
	char class = query->key.len > 0 ? query->key.ptr[0] : ' ';
	bool denied = *delivery->denied != '\0' && class == '4';
	struct budget_ended ended = { class == '2', class == '4' && !denied, class == '5', denied,
		class == '4' && !denied && backoff_is_greylisting(query->key) };
	enum site_heard heard = site_hear(query->key);

	sockmap_reply_set(reply, ANSWER_NOTFOUND, "%s", "");
	trace_status(delivery, query->key);
	if (is_waiting(delivery)) /* observed, or it came to nothing between two look-ups */
		stop_waiting(delivery);
	if (delivery->lane != NULL) {
		end_holdings(delivery, heard, &ended);
		count_recipient(delivery, &ended);
		if (!denied) {
			site_note(&delivery->lane->site, heard, query->key, clock_monotonic_ms());
			if (backoff_hear(delivery->egress, delivery->lane, query->key, reply) &&
			    !egress_enforces(delivery->egress))
				sockmap_reply_set(reply, ANSWER_NOTFOUND, "%s", "");
		}
	}
	delivery->ended = true;
	if (denied)
		sockmap_reply_set(reply, ANSWER_OK, "4.7.1 %s", delivery->denied);
	return true;
}

struct delivery *
delivery_new(struct egress *egress, delivery_done *done, void *arg)
{
	struct delivery *delivery = mem_alloc(sizeof(*delivery));

	delivery->egress = egress;
	delivery->done = done;
	delivery->arg = arg;
	delivery->timer = evtimer_new(egress->engine->base, on_timer, delivery);
	return delivery;
}

bool
delivery_ask(struct delivery *delivery, const struct sockmap_query *query,
    struct sockmap_reply *reply)
{
	switch (query->map) {
	case MAP_DNS:
		return hear_dns(delivery, query, reply);
	case MAP_CONNECT:
		return hear_connect(delivery, query, reply);
	case MAP_CACHE:
		return hear_cache(delivery, reply);
	case MAP_STATUS:
		return hear_status(delivery, query, reply);
	case MAP_SENDER:
	case MAP_TRANSPORT:
	case MAP_RETURNPATH:
	case MAP_UNKNOWN:
		break;
	}
	sockmap_reply_set(reply, ANSWER_NOTFOUND, "%s", "");
	return true;
}

bool
delivery_is_held(const struct delivery *delivery)
{
	return delivery->waiting;
}

/* -- to another process ------------------------------------------------------------------------ */

bool
delivery_park(struct delivery *delivery)
{
	if (delivery->waiting || is_waiting(delivery))
		delivery->held_ms += clock_monotonic_ms() - delivery->asked_ms;
	delivery->waiting = false;
	stop_timer(delivery);
	mx_cancel(&delivery->query);
	wait_in_shared(delivery, false);
	if (!delivery->message.taken)
		budgets_cancel(delivery->egress->budgets, &delivery->message);
	if (delivery->grant.waiter.waits)
		slots_end(delivery->egress->slots, &delivery->grant, false);
	return delivery->message.renewal == NULL;
}

static void
pack_addresses(const struct delivery *delivery, struct str *out)
{
	pack_number(out, (int64_t)delivery->address_count);
	for (size_t i = 0; i < delivery->address_count; i++) {
		const struct sockets_address *address = &delivery->addresses[i];

		pack_number(out, address->family);
		pack_bytes(out, span_make((const char *)address->bytes, sizeof(address->bytes)));
		pack_number(out, delivery->ttl_s[i]);
	}
}

static void
unpack_addresses(struct delivery *delivery, struct unpack *in)
{
	size_t count = unpack_count(in);

	for (size_t i = 0; i < count && !in->failed; i++) {
		struct sockets_address address = { .family = (sa_family_t)unpack_number(in) };
		struct span bytes = unpack_bytes(in);
		int64_t ttl_s = unpack_number(in);

		if (bytes.len != sizeof(address.bytes) || i >= ADDRESSES_OF_DELIVERY)
			continue;
		memcpy(address.bytes, bytes.ptr, bytes.len);
		delivery->ttl_s[delivery->address_count] = ttl_s;
		delivery->addresses[delivery->address_count++] = address;
	}
}

static void
unpack_lane(struct delivery *delivery, const char *group)
{
	struct engine *engine = delivery->egress->engine;
	const struct mx_rule *rule =
	    *group != '\0' ? mx_rules_of_group(engine->rules, group) : NULL;

	if (rule != NULL)
		delivery->lane = lanes_get(delivery->egress->lanes, engine->rules, rule, group,
		    decide_ip(rule, delivery->from.name));
}

/* Without its lane (its rule is gone) it holds nothing. */
static void
unpack_holdings(struct delivery *delivery, struct unpack *in)
{
	struct message *message = &delivery->message;
	struct grant *grant = &delivery->grant;
	bool taken = unpack_number(in) != 0, live, passed;

	message->local = unpack_number(in) != 0;
	message->taken_ms = unpack_number(in);
	message->stamp_ms = unpack_number(in);
	live = unpack_number(in) != 0;
	passed = unpack_number(in) != 0;
	grant->connecting = unpack_number(in) != 0;
	grant->granted_ms = unpack_number(in);
	grant->addresses = delivery->addresses;
	grant->address_count = grant->connecting ? delivery->address_count : 0;
	memcpy(grant->local, delivery->from.bind, sizeof(grant->local));
	if (delivery->lane == NULL || in->failed)
		return;
	if (taken)
		budgets_adopt(delivery->egress->budgets, message, delivery->lane);
	if (live || passed)
		slots_adopt(delivery->egress->slots, grant, delivery->lane, passed);
}

void
delivery_pack(struct delivery *delivery, struct str *out)
{
	const struct message *message = &delivery->message;
	const struct grant *grant = &delivery->grant;
	const int64_t numbers[] = { delivery->ended, delivery->granted, delivery->talked,
		delivery->entered, delivery->shared, delivery->unlimited, delivery->began_ms,
		delivery->held_ms };
	const int64_t held[] = { message->taken, message->local, message->taken_ms,
		message->stamp_ms, grant->live, grant->passed, grant->connecting,
		grant->granted_ms };

	pack_text(out, delivery->service);
	pack_text(out, delivery->domain);
	pack_text(out, delivery->next_hop);
	pack_text(out, delivery->denied);
	pack_text(out, delivery->lane != NULL ? lane_name(delivery->lane) : "");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		pack_number(out, numbers[i]);
	pack_addresses(delivery, out);
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
		pack_number(out, held[i]);
	delivery->packed = true;
}

void
delivery_unpack(struct delivery *delivery, struct unpack *in)
{
	const char *group;

	begin(delivery, span_of(unpack_text(in)));
	snprintf(delivery->domain, sizeof(delivery->domain), "%s", unpack_text(in));
	snprintf(delivery->next_hop, sizeof(delivery->next_hop), "%s", unpack_text(in));
	snprintf(delivery->denied, sizeof(delivery->denied), "%s", unpack_text(in));
	group = unpack_text(in);
	delivery->ended = unpack_number(in) != 0;
	delivery->granted = unpack_number(in) != 0;
	delivery->talked = unpack_number(in) != 0;
	delivery->entered = unpack_number(in) != 0;
	delivery->shared = unpack_number(in) != 0;
	delivery->unlimited = unpack_number(in) != 0;
	delivery->began_ms = unpack_number(in);
	delivery->held_ms = unpack_number(in);
	delivery->stage = STAGE_READY;
	unpack_addresses(delivery, in);
	unpack_lane(delivery, group);
	unpack_holdings(delivery, in);
}
