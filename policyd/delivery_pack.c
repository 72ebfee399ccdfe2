#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "decide.h"
#include "delivery_state.h"
#include "slots.h"

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

static void
unpack_addresses(struct delivery *delivery, struct unpack *in)
{
	size_t count = unpack_count(in);

	for (size_t i = 0; i < count && !in->failed; i++) {
		struct sockets_address address = { .family = (sa_family_t)unpack_number(in) };
		struct span bytes = unpack_bytes(in);
		int64_t ttl_s = unpack_number(in);

		if (bytes.len != sizeof(address.bytes) || i >= DELIVERY_ADDRESSES)
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

	if (rule != NULL && engine->settings->enforce != ENFORCE_ADMISSION)
		delivery->lane = lanes_get(delivery->egress->lanes, engine->rules, rule, group,
		    decide_ip(rule, delivery->from.name));
}

/* Without its lane (its rule is gone, or limits hold elsewhere now) it holds nothing. */
static void
unpack_holdings(struct delivery *delivery, struct unpack *in)
{
	struct message *message = &delivery->message;
	struct grant *grant = &delivery->grant;
	bool taken = unpack_number(in) != 0, live, passed;
	int64_t now_ms = clock_monotonic_ms();

	message->local = unpack_number(in) != 0;
	message->taken_ms = unpack_past_ms(in, now_ms);
	message->stamp_ms = unpack_number(in);
	live = unpack_number(in) != 0;
	passed = unpack_number(in) != 0;
	grant->connecting = unpack_number(in) != 0;
	grant->granted_ms = unpack_past_ms(in, now_ms);
	grant->addresses = delivery->addresses;
	grant->address_count = grant->connecting ? delivery->address_count : 0;
	memcpy(grant->local, delivery->from.bind, sizeof(grant->local));
	if (delivery->lane == NULL || in->failed)
		return;
	if (taken)
		messages_adopt(delivery->egress->messages, message, delivery->lane);
	if (live || passed)
		slots_adopt(delivery->egress->slots, grant, delivery->lane, passed);
}

void
delivery_unpack(struct delivery *delivery, struct unpack *in)
{
	const char *group;

	delivery_begin(delivery, span_of(unpack_text(in)));
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
	delivery->began_ms = unpack_past_ms(in, clock_monotonic_ms());
	delivery->held_ms = unpack_past_ms(in, clock_monotonic_ms());
	delivery->stage = DELIVERY_READY;
	unpack_addresses(delivery, in);
	unpack_lane(delivery, group);
	unpack_holdings(delivery, in);
}
