#include "offers.h"

#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "mem.h"

struct offer {
	TAILQ_ENTRY(offer) link;
	struct lane *lane; /* a reference */
	int64_t due_ms;
	char next_hop[DOMAIN_SIZE];
};

struct offers {
	TAILQ_HEAD(, offer) list; /* by due_ms */
	offers_take *take;
	void *arg;
};

static void
drop(struct offers *offers, struct offer *offer)
{
	TAILQ_REMOVE(&offers->list, offer, link);
	lane_release(&offer->lane);
	free(offer);
}

struct offers *
offers_new(offers_take *take, void *arg)
{
	struct offers *offers = mem_alloc(sizeof(*offers));

	TAILQ_INIT(&offers->list);
	offers->take = take;
	offers->arg = arg;
	return offers;
}

void
offers_free(struct offers **offers)
{
	struct offers *old = *offers;

	*offers = NULL;
	if (old == NULL)
		return;
	while (!TAILQ_EMPTY(&old->list))
		drop(old, TAILQ_FIRST(&old->list));
	free(old);
}

int64_t
offers_add(struct offers *offers, struct lane *lane, const char *next_hop)
{
	struct offer *offer = mem_alloc(sizeof(*offer));

	offer->lane = lane_hold(lane);
	offer->due_ms = clock_monotonic_ms() + OFFERS_MS;
	snprintf(offer->next_hop, sizeof(offer->next_hop), "%s", next_hop);
	TAILQ_INSERT_TAIL(&offers->list, offer, link);
	return offer->due_ms;
}

void
offers_make(struct offers *offers, int64_t now_ms)
{
	struct offer *offer, *next;

	for (offer = TAILQ_FIRST(&offers->list); offer != NULL && offer->due_ms <= now_ms;
	     offer = next) {
		const struct lane *lane = offer->lane;

		next = TAILQ_NEXT(offer, link);
		if (lane->usable - lane->taken - lane->passed <= 0 ||
		    now_ms - offer->due_ms > OFFERS_KEEP_MS ||
		    offers->take(offers->arg, offer->lane, offer->next_hop))
			drop(offers, offer);
	}
}

bool
offers_are_empty(const struct offers *offers)
{
	return TAILQ_EMPTY(&offers->list);
}
