#include "pulse.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "duration.h"
#include "egress.h"
#include "mem.h"
#include "service.h"

struct pulse {
	struct engine *engine;
	struct event *beat;
	struct str told; /* the line before */
};

static void
add_waiting(void *arg, struct lane *lane)
{
	*(int64_t *)arg += lane_waiting(lane);
}

void
pulse_describe(struct engine *engine, struct str *out)
{
	int64_t waiting = 0;
	char away[DURATION_SIZE];

	lanes_each(engine->egress->lanes, add_waiting, &waiting);
	str_addf(out, "%zu open, %" PRId64 " waiting, %zu clients, ", groups_open(engine->groups),
	    waiting, engine->metrics.clients);
	if (store_async_works(engine->store))
		str_adds(out, "Redis connected");
	else if (engine->away_since_ms == 0)
		str_adds(out, "Redis not connected");
	else
		str_addf(out, "Redis away for %s",
		    duration_format_wait(clock_monotonic_ms() - engine->away_since_ms, away));
}

static void
on_beat(evutil_socket_t fd, short what, void *arg)
{
	struct pulse *pulse = arg;
	struct str line = { 0 };

	(void)fd;
	(void)what;
	service_alive();
	pulse_describe(pulse->engine, &line);
	if (strcmp(str_text(&line), str_text(&pulse->told)) != 0)
		service_status(str_text(&line));
	str_free(&pulse->told);
	pulse->told = line;
}

struct pulse *
pulse_new(struct engine *engine)
{
	int64_t every_ms = service_watchdog_ms();
	struct timeval every;
	struct pulse *pulse;

	if (!service_is_managed())
		return NULL;
	if (every_ms == 0 || every_ms > PULSE_STATUS_MS)
		every_ms = PULSE_STATUS_MS;
	every = (struct timeval){ every_ms / 1000, every_ms % 1000 * 1000 };
	pulse = mem_alloc(sizeof(*pulse));
	pulse->engine = engine;
	pulse->beat = event_new(engine->base, -1, EV_PERSIST, on_beat, pulse);
	evtimer_add(pulse->beat, &every);
	event_active(pulse->beat, 0, 0); /* the first at once */
	return pulse;
}

void
pulse_free(struct pulse **pulse)
{
	struct pulse *old = *pulse;

	*pulse = NULL;
	if (old == NULL)
		return;
	event_free(old->beat);
	str_free(&old->told);
	free(old);
}
