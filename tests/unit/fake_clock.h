/*
 * fake_clock - the clocks of a test: real, with as much time skipped as it likes; instead of the
 * one in lib.a. Timers of libevent go by the real time: fire_timers lets those that wait come now.
 */
#ifndef FAKE_CLOCK_H
#define FAKE_CLOCK_H

#include "check.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <time.h>

#include "clock.h"

static int64_t skipped_ms;

int64_t
clock_monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + skipped_ms;
}

int64_t
clock_monotonic_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 + skipped_ms * 1000;
}

int64_t
clock_wall_s(void)
{
	return 1795314053 + skipped_ms / 1000;
}

const char *
clock_format(int64_t wall_s, char buf[CLOCK_DATE_SIZE])
{
	snprintf(buf, CLOCK_DATE_SIZE, "%lld", (long long)wall_s);
	return buf;
}

struct timers {
	struct event *events[64];
	size_t count;
};

static inline int
collect_timer(const struct event_base *base, const struct event *event, void *arg)
{
	struct timers *timers = arg;

	(void)base;
	if (event_get_fd(event) < 0 && timers->count < COUNT(timers->events))
		timers->events[timers->count++] = (struct event *)(uintptr_t)event;
	return 0;
}

static inline void
fire_timers(struct event_base *base)
{
	struct timers timers = { .count = 0 };

	event_base_foreach_event(base, collect_timer, &timers);
	for (size_t i = 0; i < timers.count; i++)
		event_active(timers.events[i], EV_TIMEOUT, 0);
	/* Those alone: not what they set, however slow the machine is. */
	event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

#endif
