#include "delivery.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "delivery_hold.h"
#include "delivery_outcome.h"
#include "delivery_turn.h"
#include "dns_record.h"
#include "mem.h"
#include "slots.h"

/* -- a look-up --------------------------------------------------------------------------------- */

/* Then the reply says so. */
static bool
is_denied(const struct delivery *delivery, struct sockmap_reply *reply)
{
	if (*delivery->denied == '\0')
		return false;
	sockmap_reply_set(reply, ANSWER_TEMP, "%s", delivery->denied);
	return true;
}

/* True: answered. What delivery_advance() says at once would be said within the call: it comes by
 * itself. */
static bool
start(struct delivery *delivery, bool wants_slot, struct sockmap_reply *reply)
{
	delivery->wants_slot = wants_slot;
	delivery->asked_ms = clock_monotonic_ms();
	delivery->waiting = false;
	delivery_advance(delivery);
	if (is_denied(delivery, reply))
		return true;
	if (delivery->stage == DELIVERY_READY || !egress_enforces(delivery->egress)) {
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
	/* An idle connection will not do any more. */
	if (delivery->grant.waiter.waits && wants_slot)
		return start(delivery, true, reply);
	delivery->wants_slot = wants_slot;
	delivery->asked_ms = clock_monotonic_ms();
	delivery->waiting = true;
	if (delivery->lane != NULL)
		delivery_hold_arm(delivery);
	return false;
}

/* -- dns --------------------------------------------------------------------------------------- */

static void
add_address(struct delivery *delivery, const struct dns_record *record)
{
	struct sockets_address *address = &delivery->addresses[delivery->address_count];

	if (delivery->address_count == DELIVERY_ADDRESSES)
		return;
	*address = (struct sockets_address){ .family = record->family };
	memcpy(address->bytes, record->address, record->family == AF_INET ? 4 : 16);
	delivery->ttl_s[delivery->address_count] = record->ttl_s;
	delivery->address_count++;
	delivery_learn_addresses(delivery, delivery->address_count - 1);
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
hear_dns(struct delivery *delivery, const struct sockmap_query *query, struct sockmap_reply *reply)
{
	struct dns_record record;

	sockmap_reply_set(reply, ANSWER_NOTFOUND, "%s", "");
	if (!dns_record_parse(query->key, &record) || record.type == DNS_RECORD_OTHER)
		return true;
	if (begins_another(delivery, &record)) {
		delivery_begin(delivery, query->service);
		snprintf(delivery->domain, sizeof(delivery->domain), "%s", record.owner);
	}
	if (record.type == DNS_RECORD_ADDRESS)
		add_address(delivery, &record);
	if (is_denied(delivery, reply))
		return true;
	if (delivery_waits(delivery))
		return wait_on(delivery, false, reply);
	if (delivery->message.taken || delivery->unlimited)
		return true;
	return start(delivery, false, reply);
}

/* -- connect ----------------------------------------------------------------------------------- */

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
		messages_end(egress->messages, &delivery->message, true, NULL);
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
		delivery_begin(delivery, query->service);
		next_hop_domain(query->key, delivery->domain);
	}
	snprintf(delivery->next_hop, sizeof(delivery->next_hop), "%.*s", (int)query->key.len,
	    query->key.ptr);
	if (is_denied(delivery, reply))
		return true;
	if (delivery_waits(delivery))
		return wait_on(delivery, true, reply);
	if (delivery->granted)
		leave_host(delivery);
	return start(delivery, true, reply);
}

/* -- cache ------------------------------------------------------------------------------------- */

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

/* -- the whole --------------------------------------------------------------------------------- */

struct delivery *
delivery_new(struct egress *egress, delivery_done *done, void *arg)
{
	struct delivery *delivery = mem_alloc(sizeof(*delivery));

	delivery->egress = egress;
	delivery->done = done;
	delivery->arg = arg;
	delivery_hold_init(delivery);
	return delivery;
}

void
delivery_free(struct delivery **delivery)
{
	struct delivery *old = *delivery;

	*delivery = NULL;
	if (old == NULL)
		return;
	delivery_drop(old);
	event_free(old->timer);
	free(old);
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
		delivery_outcome_hear(delivery, query, reply);
		return true;
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

bool
delivery_park(struct delivery *delivery)
{
	if (delivery->waiting || delivery_waits(delivery))
		delivery->held_ms += clock_monotonic_ms() - delivery->asked_ms;
	delivery->waiting = false;
	delivery_stop_waiting(delivery);
	if (delivery->grant.waiter.waits)
		slots_end(delivery->egress->slots, &delivery->grant, false);
	return delivery->message.renewal == NULL;
}
