#include "log_clock.h"

#include <event2/event.h>
#include <stdlib.h>

#include "log.h"
#include "mem.h"

enum { TICK_S = 1, LINES_KEPT = 2048 };

struct log_clock {
	struct event *tick;
};

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	log_tick();
}

void
log_clock_follow(struct log_clock *clock, const struct settings *settings)
{
	const struct log_repeat_limits limits = {
		.period_ms = settings->log_period_ms,
		.per_second = settings->log_rate,
		.kept = LINES_KEPT,
	};

	(void)clock;
	log_collapse(&limits);
}

struct log_clock *
log_clock_new(struct event_base *base, const struct settings *settings)
{
	struct log_clock *clock = mem_alloc(sizeof(*clock));
	struct timeval every = { TICK_S, 0 };

	clock->tick = event_new(base, -1, EV_PERSIST, on_tick, clock);
	evtimer_add(clock->tick, &every);
	log_clock_follow(clock, settings);
	return clock;
}

void
log_clock_free(struct log_clock **clock)
{
	struct log_clock *old = *clock;

	*clock = NULL;
	if (old == NULL)
		return;
	log_collapse(NULL);
	event_free(old->tick);
	free(old);
}
