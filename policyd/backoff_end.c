#include "backoff_end.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "duration.h"
#include "log.h"
#include "mem.h"
#include "store_backoff.h"

struct backoff_end {
	struct backoff_end *next, **back; /* in the egress's list */
	struct egress *egress;
	char *group, *ip;
	struct store_call *call;
	struct store_backoff read;
	int64_t began_ms, look_ms;
};

static void
look_later(struct backoff_end *end, int64_t hold_ms)
{
	int64_t wait_ms = hold_ms < BACKOFF_END_LATE_MS ? hold_ms : BACKOFF_END_LATE_MS;

	if (wait_ms < BACKOFF_END_SOON_MS)
		wait_ms = BACKOFF_END_SOON_MS;
	end->look_ms = clock_monotonic_ms() + wait_ms;
}

static struct backoff_end *
awaited(const struct egress *egress, const char *group, const char *ip)
{
	struct backoff_end *end = egress->backoff_ends;

	while (end != NULL && (strcmp(end->group, group) != 0 || strcmp(end->ip, ip) != 0))
		end = end->next;
	return end;
}

void
backoff_end_await(struct egress *egress, const char *group, const char *ip, int64_t hold_ms)
{
	struct backoff_end *end = awaited(egress, group, ip);

	if (end == NULL) {
		end = mem_alloc(sizeof(*end));
		end->egress = egress;
		end->group = mem_dup(group);
		end->ip = mem_dup(ip);
		end->began_ms = clock_monotonic_ms();
		end->next = egress->backoff_ends;
		end->back = &egress->backoff_ends;
		if (end->next != NULL)
			end->next->back = &end->next;
		egress->backoff_ends = end;
	}
	look_later(end, hold_ms);
}

static void
forget(struct backoff_end *end)
{
	*end->back = end->next;
	if (end->next != NULL)
		end->next->back = end->back;
	store_async_cancel(&end->call);
	free(end->group);
	free(end->ip);
	free(end);
}

static void
tell(const struct backoff_end *end)
{
	char after[DURATION_SIZE];
	const struct log_field fields[] = {
		{ "group", end->group, LOG_SAME },
		{ "ip", end->ip, LOG_SAME },
		{ "after", duration_format_wait(clock_monotonic_ms() - end->began_ms, after),
		    LOG_SAME },
	};

	log_always(LOG_LEVEL_INFO, "backoff ended", fields, sizeof(fields) / sizeof(fields[0]),
	    NULL);
}

static void
on_read(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct backoff_end *end = arg;

	(void)err;
	end->call = NULL;
	if (outcome != STORE_DONE || end->read.any) {
		look_later(end, outcome == STORE_DONE ? end->read.hold_ms : 0);
		return;
	}
	tell(end);
	forget(end);
}

void
backoff_end_look(struct egress *egress)
{
	struct store_async *store = egress->engine->store;
	int64_t now_ms = clock_monotonic_ms();

	for (struct backoff_end *end = egress->backoff_ends; end != NULL; end = end->next) {
		if (end->call != NULL || end->look_ms > now_ms)
			continue;
		store_put_backoff_read(store_async_batch(store), end->group, end->ip, &end->read);
		end->call = store_async_run(store, on_read, end, NULL);
	}
}

void
backoff_end_free(struct egress *egress)
{
	while (egress->backoff_ends != NULL)
		forget(egress->backoff_ends);
}
