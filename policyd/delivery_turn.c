#include "delivery_turn.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "conclusion.h"
#include "decide.h"
#include "delivery_hold.h"
#include "slots.h"

/* -- the group --------------------------------------------------------------------------------- */

void
delivery_learn_addresses(struct delivery *delivery, size_t from)
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
	struct span service_class = SPAN("");
	bool unknown;

	conclusion_tell(known, delivery->domain, mx, engine->store);
	if (known->rule == NULL) {
		delivery->unlimited = true;
		return;
	}
	delivery->lane = lanes_get(delivery->egress->lanes, engine->rules, known->rule, known->name,
	    decide_ip(known->rule, delivery->from.name));
	transports_choose(&delivery->egress->transports, engine->rules, known->rule,
	    transports_parse(span_of(delivery->service), &service_class), &class);
	unknown = span_eq(service_class, SPAN(TRANSPORTS_UNKNOWN));
	/* What found its group only now is in no intake; what goes by another class's transport is. */
	delivery->entered = !unknown || strcmp(class.name, TRANSPORTS_UNKNOWN) == 0;
	delivery->shared =
	    class.shared || (service_class.len > 0 && !span_eq(service_class, span_of(class.name)));
	delivery_tell_step(delivery, "delivery", NULL);
	delivery_learn_addresses(delivery, 0);
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
	delivery_deny(delivery, words);
	return false;
}

static void
on_mx(void *arg, const struct mx_answer *mx)
{
	struct delivery *delivery = arg;

	delivery->query = NULL;
	if (hear_mx(delivery, mx))
		delivery_advance(delivery);
}

static bool
ask_group(struct delivery *delivery)
{
	struct engine *engine = delivery->egress->engine;
	struct mx_answer mx;

	if (mx_cached(engine->mx, delivery->domain, &mx))
		return hear_mx(delivery, &mx);
	delivery->stage = DELIVERY_GROUP;
	delivery->query = mx_start(engine->mx, delivery->domain, on_mx, delivery);
	return false;
}

/* -- a slot ------------------------------------------------------------------------------------ */

static void
on_slot(void *arg, enum slot_answer result)
{
	struct delivery *delivery = arg;

	if (result == SLOT_GRANTED)
		message_stamped(&delivery->message, delivery->grant.stamp_ms);
	delivery_advance(delivery);
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
	delivery->stage = DELIVERY_SLOT;
	delivery_wait_in_shared(delivery, true);
	delivery_hold_arm(delivery);
	slots_ask(delivery->egress->slots, grant, delivery->lane, delivery->began_ms, on_slot,
	    delivery);
}

static bool
has_slot(const struct delivery *delivery)
{
	const struct grant *grant = &delivery->grant;

	return grant->live || ((grant->passed || grant->ahead) && !delivery->wants_slot);
}

/* -- a message --------------------------------------------------------------------------------- */

static void
on_message(void *arg, enum budget_answer answer)
{
	struct delivery *delivery = arg;

	if (answer == BUDGET_FAR)
		delivery_deny(delivery, delivery->lane->message_words);
	else
		delivery_advance(delivery);
}

/* In observe nobody waits, and everybody is told of. */
static int64_t
patience_ms(const struct delivery *delivery)
{
	return egress_enforces(delivery->egress) ? delivery_hold_left_ms(delivery) : INT64_MAX / 2;
}

/* There is no room for a message for longer than it may wait: it need not wait for a slot either. */
static bool
is_hopeless(const struct delivery *delivery)
{
	return !delivery->message.taken &&
	       lane_is_far(delivery->lane, patience_ms(delivery), clock_monotonic_ms());
}

/* -- its turn ---------------------------------------------------------------------------------- */

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
	delivery_deny(delivery, words);
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
	delivery_tell_held(delivery, delivery->stage);
	delivery_tell_step(delivery, delivery->wants_slot ? "connect" : "ready",
	    delivery->unlimited    ? "unlimited"
	    : delivery->grant.live ? "slot"
				   : "reuse");
	delivery->stage = DELIVERY_READY;
	delivery_wait_in_shared(delivery, false);
	delivery_answer(delivery, ANSWER_NOTFOUND);
}

/* One thing after the other; a message last: while one waits for a slot, others can use it. */
void
delivery_advance(struct delivery *delivery)
{
	bool asks = delivery->stage == DELIVERY_IDLE || delivery->stage == DELIVERY_READY ||
		    delivery->stage == DELIVERY_GROUP;

	if (delivery->lane == NULL && !delivery->unlimited && !ask_group(delivery))
		return;
	if (delivery->unlimited || (has_slot(delivery) && delivery->message.taken)) {
		be_ready(delivery);
	} else if (asks && holds_too_many(delivery)) {
		deny_for_sharing(delivery);
	} else if (is_hopeless(delivery)) {
		delivery_deny(delivery, delivery->lane->message_words);
	} else if (!has_slot(delivery)) {
		ask_slot(delivery);
	} else {
		delivery->stage = DELIVERY_MESSAGE;
		delivery_wait_in_shared(delivery, true);
		delivery_hold_arm(delivery);
		budgets_ask(delivery->egress->budgets, &delivery->message, delivery->lane,
		    patience_ms(delivery), on_message, delivery);
	}
}

bool
delivery_waits(const struct delivery *delivery)
{
	return delivery->message.waiter.waits || delivery->grant.waiter.waits ||
	       delivery->query != NULL;
}

void
delivery_stop_waiting(struct delivery *delivery)
{
	evtimer_del(delivery->timer);
	mx_cancel(&delivery->query);
	delivery_wait_in_shared(delivery, false);
	if (!delivery->message.taken)
		budgets_cancel(delivery->egress->budgets, &delivery->message);
}
