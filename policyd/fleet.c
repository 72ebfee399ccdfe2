#include "fleet.h"

#include <event2/event.h>
#include <stdlib.h>

#include "clock.h"
#include "log.h"
#include "mem.h"

struct fleet {
	struct engine *engine;
	struct event *timer;
	struct store_call *call;
	struct store_fleet figures, reading;
	int64_t read_ms;    /* 0: never */
	int64_t watched_ms; /* when somebody wanted them last; 0: never */
	bool complained;
};

static void
on_read(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct fleet *fleet = arg;

	fleet->call = NULL;
	if (outcome == STORE_REFUSED && !fleet->complained)
		log_warning("metrics: figures of the fleet cannot be read: %s", err->text);
	fleet->complained = outcome == STORE_REFUSED;
	if (outcome != STORE_DONE)
		return;
	fleet->figures = fleet->reading;
	fleet->read_ms = clock_monotonic_ms();
}

static void
read_figures(struct fleet *fleet)
{
	struct store_async *store = fleet->engine->store;

	if (fleet->call != NULL || !store_async_works(store))
		return;
	fleet->reading = (struct store_fleet){ 0 };
	store_put_fleet(store_async_batch(store), &fleet->reading);
	fleet->call = store_async_run(store, on_read, fleet, NULL);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct fleet *fleet = arg;
	struct timeval every = { FLEET_EVERY_S, 0 };

	(void)fd;
	(void)what;
	if (clock_monotonic_ms() - fleet->watched_ms > FLEET_WATCHED_S * INT64_C(1000))
		return;
	read_figures(fleet);
	evtimer_add(fleet->timer, &every);
}

void
fleet_watch(struct fleet *fleet)
{
	struct timeval every = { FLEET_EVERY_S, 0 };

	fleet->watched_ms = clock_monotonic_ms();
	if (evtimer_pending(fleet->timer, NULL))
		return;
	read_figures(fleet);
	evtimer_add(fleet->timer, &every);
}

const struct store_fleet *
fleet_figures(const struct fleet *fleet)
{
	int64_t age_s = fleet_age_s(fleet);

	return age_s >= 0 && age_s <= FLEET_STALE_S ? &fleet->figures : NULL;
}

int64_t
fleet_age_s(const struct fleet *fleet)
{
	return fleet->read_ms == 0 ? -1 : (clock_monotonic_ms() - fleet->read_ms) / 1000;
}

struct fleet *
fleet_new(struct engine *engine)
{
	struct fleet *fleet = mem_alloc(sizeof(*fleet));

	fleet->engine = engine;
	fleet->timer = evtimer_new(engine->base, on_timer, fleet);
	return fleet;
}

void
fleet_free(struct fleet **fleet)
{
	struct fleet *old = *fleet;

	*fleet = NULL;
	if (old == NULL)
		return;
	store_async_cancel(&old->call);
	event_free(old->timer);
	free(old);
}
