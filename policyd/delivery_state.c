#include "delivery_state.h"

#include <event2/event.h>
#include <stdio.h>

#include "clock.h"
#include "slots.h"

void
delivery_wait_in_shared(struct delivery *delivery, bool waits)
{
	if (!delivery->shared || delivery->waits_in_shared == waits || delivery->lane == NULL)
		return;
	delivery->waits_in_shared = waits;
	delivery->lane->shared_waiters += waits ? 1 : -1;
}

void
delivery_drop(struct delivery *delivery)
{
	mx_cancel(&delivery->query);
	evtimer_del(delivery->timer);
	delivery_wait_in_shared(delivery, false);
	slots_end(delivery->egress->slots, &delivery->grant, delivery->talked);
	if (delivery->packed)
		messages_forget(delivery->egress->messages, &delivery->message);
	if (delivery->message.taken)
		messages_end(delivery->egress->messages, &delivery->message,
		    delivery->granted ||
			(delivery->stage == DELIVERY_READY && *delivery->denied == '\0'),
		    NULL);
	budgets_cancel(delivery->egress->budgets, &delivery->message);
	lane_release(&delivery->lane);
	delivery->stage = DELIVERY_IDLE;
}

void
delivery_begin(struct delivery *delivery, struct span service)
{
	const struct engine *engine = delivery->egress->engine;

	delivery_drop(delivery);
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
