#include "ramp.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "mem.h"
#include "ramp_ip.h"
#include "store_warmup.h"

struct ramp {
	struct store_async *store;
	struct settings *settings;
	struct event *tick;
	char who[160];
	struct ramp_ip ip; /* the one it is at */

	/* A pass under way, while there is a call, of its own or of the IP. */
	struct store_call *call;
	struct arena arena; /* of the pass */
	struct store_fields time, index;
	struct str holder;
	int64_t now_s, judged_min;
	bool held; /* the lock, at the last pass */
	size_t next_ip;
};

/* -- the pass ---------------------------------------------------------------------------------- */

static void
end_pass(struct ramp *ramp)
{
	if (ramp->ip.changed && store_async_works(ramp->store)) {
		store_put_warmup_changed(store_async_batch(ramp->store));
		store_async_send(ramp->store);
		ramp->ip.changed = false;
	}
	arena_clear(&ramp->arena);
}

/* The scratch batch; `done` goes on. */
static void
run(struct ramp *ramp, store_done *done)
{
	ramp->call = store_async_run(ramp->store, done, ramp, NULL);
	if (ramp->call == NULL)
		end_pass(ramp);
}

/* False: Redis did not do it, the pass is over. */
static bool
is_done(struct ramp *ramp, enum store_outcome outcome, const struct err *err)
{
	ramp->call = NULL;
	if (outcome == STORE_DONE)
		return true;
	if (outcome == STORE_REFUSED)
		log_warning("judging warm-ups: %s", err->text);
	ramp->judged_min = 0;
	end_pass(ramp);
	return false;
}

static void
next_ip(struct ramp *ramp)
{
	if (2 * ramp->next_ip + 1 >= ramp->index.count) {
		end_pass(ramp);
		return;
	}
	ramp_ip_judge(&ramp->ip, arena_dup(&ramp->arena, ramp->index.items[2 * ramp->next_ip++]),
	    ramp->now_s);
}

static void
on_ip(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct ramp *ramp = arg;

	if (is_done(ramp, outcome, err))
		next_ip(ramp);
}

/* -- whether there is anything to do, and who does it ------------------------------------------ */

static void
on_lock(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct ramp *ramp = arg;

	if (!is_done(ramp, outcome, err))
		return;
	if (strcmp(str_text(&ramp->holder), ramp->who) != 0) {
		ramp->held = false;
		end_pass(ramp);
		return;
	}
	/* The one before may have ended between a change and telling of it. */
	if (!ramp->held)
		ramp->ip.changed = true;
	ramp->held = true;
	ramp->next_ip = 0;
	store_put_warmup_lock_keep(store_async_batch(ramp->store), RAMP_LOCK_MS);
	store_async_send(ramp->store);
	next_ip(ramp);
}

static void
on_index(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct ramp *ramp = arg;
	unsigned long long now_s = 0;

	if (!is_done(ramp, outcome, err))
		return;
	if (ramp->time.count == 2)
		span_number(ramp->time.items[0], &now_s);
	if (ramp->index.count < 2 || (int64_t)now_s / 60 == ramp->judged_min) {
		end_pass(ramp);
		return;
	}
	ramp->now_s = (int64_t)now_s;
	ramp->judged_min = ramp->now_s / 60;
	store_put_warmup_lock(store_async_batch(ramp->store), ramp->who, RAMP_LOCK_MS,
	    &ramp->holder);
	run(ramp, on_lock);
}

bool
ramp_is_busy(const struct ramp *ramp)
{
	return ramp->call != NULL || ramp->ip.call != NULL;
}

void
ramp_go(struct ramp *ramp)
{
	struct store_batch *batch;

	if (ramp_is_busy(ramp) || !store_async_works(ramp->store))
		return;
	batch = store_async_batch(ramp->store);
	ramp->time = (struct store_fields){ .arena = &ramp->arena };
	ramp->index = (struct store_fields){ .arena = &ramp->arena };
	store_put_time(batch, &ramp->time);
	store_put_warmups(batch, &ramp->index);
	run(ramp, on_index);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	ramp_go(arg);
}

/* -- the whole --------------------------------------------------------------------------------- */

static void
use(struct ramp *ramp, struct store_async *store, struct settings *settings)
{
	ramp->store = ramp->ip.store = store;
	ramp->settings = settings_hold(settings);
	ramp->ip.settings = ramp->settings;
}

struct ramp *
ramp_new(struct event_base *base, struct store_async *store, struct settings *settings,
    const char *name)
{
	struct ramp *ramp = mem_alloc(sizeof(*ramp));
	struct timeval every = { RAMP_TICK_S, 0 };

	ramp_ip_init(&ramp->ip, on_ip, ramp);
	use(ramp, store, settings);
	snprintf(ramp->who, sizeof(ramp->who), "%.120s %.36s", settings->node, name);
	arena_init(&ramp->arena);
	ramp->tick = event_new(base, -1, EV_PERSIST, on_tick, ramp);
	evtimer_add(ramp->tick, &every);
	return ramp;
}

static void
cancel(struct ramp *ramp)
{
	if (!ramp_is_busy(ramp))
		return;
	store_async_cancel(&ramp->call);
	ramp_ip_cancel(&ramp->ip);
	ramp->judged_min = 0;
	arena_clear(&ramp->arena);
}

void
ramp_rebind(struct ramp *ramp, struct store_async *store, struct settings *settings)
{
	struct settings *old = ramp->settings;

	if (store != ramp->store)
		cancel(ramp);
	use(ramp, store, settings);
	settings_release(&old);
}

void
ramp_free(struct ramp **ramp)
{
	struct ramp *old = *ramp;

	*ramp = NULL;
	if (old == NULL)
		return;
	cancel(old);
	event_free(old->tick);
	str_free(&old->holder);
	settings_release(&old->settings);
	free(old);
}

struct ramp_figures
ramp_figures(const struct ramp *ramp)
{
	return ramp->ip.figures;
}
