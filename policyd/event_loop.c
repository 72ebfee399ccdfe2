#include "event_loop.h"

#include <event2/event.h>
#include <sched.h>

#include "clock.h"
#include "engine.h"

enum { BUSY_US = 300, BUSY_FOR_US = 100000 };

/* Whoever else wants this CPU has it now. False: somebody did, and for long. */
static bool
offer_cpu(void)
{
	int64_t began_us = clock_monotonic_us();

	sched_yield();
	return clock_monotonic_us() - began_us < BUSY_US;
}

void
event_loop_run(const struct engine *engine)
{
	int64_t sleeps_until_us = 0;
	int over = 0;

	do { /* the loop forgets an earlier break */
		bool awake =
		    store_async_expects(engine->store) && clock_monotonic_us() >= sleeps_until_us;

		over = event_base_loop(engine->base, awake ? EVLOOP_NONBLOCK : EVLOOP_ONCE) != 0;
		if (awake && !offer_cpu())
			sleeps_until_us = clock_monotonic_us() + BUSY_FOR_US;
	} while (!over && !event_base_got_break(engine->base));
}
