#include "engine.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answers.h"
#include "clock.h"
#include "duration.h"
#include "egress.h"
#include "fleet.h"
#include "log.h"
#include "log_clock.h"
#include "mem.h"
#include "returnpath.h"
#include "slots.h"

enum { HEARTBEAT_S = 5, INDEX_LAG_S = 60 };

static const char *const failure_answers[] = {
	[ON_FAILURE_PERMIT] = "mail passes uncounted",
	[ON_FAILURE_DEFER] = "mail is deferred",
	[ON_FAILURE_LOCAL] = "this node keeps to its own part of each limit",
};

static void send_heartbeat(struct engine *engine);

static void
on_store_change(void *arg, bool working, const char *words)
{
	struct engine *engine = arg;
	char took[DURATION_SIZE];

	egress_on_store(engine->egress, working);
	if (!working) {
		engine->away_since_ms = clock_monotonic_ms();
		log_warning("store away: Redis at %s: %s; until it is back, %s "
			    "(on_store_failure)",
		    engine->settings->redis.text, words,
		    failure_answers[engine->settings->on_store_failure]);
		return;
	}
	if (engine->away_since_ms != 0)
		log_info("store back: Redis at %s after %s", engine->settings->redis.text,
		    duration_format_wait(clock_monotonic_ms() - engine->away_since_ms, took));
	else
		log_info("store: connected to Redis at %s", engine->settings->redis.text);
	engine->away_since_ms = 0;
	paces_ask(engine->paces);
	trace_ask(engine->trace);
	ramp_go(engine->ramp);
	send_heartbeat(engine);
}

static void
on_paces_change(void *arg)
{
	struct engine *engine = arg;

	egress_on_paces(engine->egress);
	trace_ask(engine->trace);
	send_heartbeat(engine); /* that this node follows */
}

static void
on_twin_checked(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct engine *engine = arg;
	const char *before = str_text(&engine->run_before);
	bool another = *before != '\0' && strcmp(before, engine->run) != 0;

	(void)err;
	if (outcome != STORE_DONE)
		return;
	engine->twin = another && engine->was_another;
	engine->was_another = another;
	if (!another)
		return;
	/* Once is a predecessor that was killed; again and again is a twin. */
	if (engine->warned_of_twin)
		log_warning(
		    "node name \"%s\" is also used by another mxpolicyd (process %s): their "
		    "open connections overwrite each other; set `node`",
		    engine->settings->node, before);
	engine->warned_of_twin = true;
}

static const char *
kernel_view(const struct engine *engine)
{
	if (engine->settings->enforce == ENFORCE_ADMISSION)
		return "unused";
	return slots_are_blind(engine->egress->slots) ? "none" : "seen";
}

static void
send_heartbeat(struct engine *engine)
{
	struct store_batch *batch = store_async_batch(engine->store);
	char started[CLOCK_DATE_SIZE], now[24], open[24], clients[24], rules[24];
	const struct store_event_field fields[] = {
		{ "run", engine->run },
		{ "version", MXPACE_VERSION },
		{ "started", started },
		{ "seen", now },
		{ "enforce", enforce_names[engine->settings->enforce] },
		{ "ip", engine->ip },
		{ "open", open },
		{ "clients", clients },
		{ "rules", rules },
		{ "rules_file", engine->settings->mx_rules },
		{ "kernel_view", kernel_view(engine) },
		{ "level", level_names[paces_level(engine->paces)] },
		{ "pace_version", paces_version(engine->paces) },
		{ "twin", engine->twin ? "yes" : "no" },
	};

	clock_format(engine->started_s, started);
	snprintf(now, sizeof(now), "%lld", (long long)clock_wall_s());
	snprintf(open, sizeof(open), "%zu", groups_open(engine->groups));
	snprintf(clients, sizeof(clients), "%zu", engine->metrics.clients);
	snprintf(rules, sizeof(rules), "%zu", engine->rules->count);
	store_put_node(batch, engine->settings->node, fields, sizeof(fields) / sizeof(fields[0]),
	    clock_wall_s(), &engine->run_before);
	/* The index of the quarantine follows its entries, which expire by themselves. */
	store_put_index_prune(batch, clock_wall_s() - INDEX_LAG_S);
	store_async_run(engine->store, on_twin_checked, engine, NULL);
}

static void
on_heartbeat(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	send_heartbeat(arg);
}

int
engine_init(struct engine *engine, struct event_base *base, struct settings *settings,
    struct mx_rules *rules, struct err *err)
{
	struct timeval every = { HEARTBEAT_S, 0 };

	memset(engine, 0, sizeof(*engine));
	engine->base = base;
	engine->settings = settings;
	engine->rules = rules;
	engine->started_s = clock_wall_s();
	if (returnpath_load(settings, &engine->verp_keys, err) != 0)
		return -1;
	snprintf(engine->run, sizeof(engine->run), "%ld.%llx", (long)getpid(),
	    (unsigned long long)clock_monotonic_ms());
	sending_ip_name(settings, engine->ip);
	engine->store = store_async_new(base, &settings->redis, settings->store_timeout_ms,
	    on_store_change, engine, err);
	engine->mx = mx_new(base, &settings->dns_servers, settings->dns_timeout_ms, err);
	if (engine->store == NULL || engine->mx == NULL) {
		store_async_free(&engine->store);
		mx_free(&engine->mx);
		return -1;
	}
	engine->groups = groups_new(base, engine->store, settings->node);
	engine->transactions = transactions_new(base);
	engine->accounts = accounts_new(base, engine->store, settings);
	engine->paces = paces_new(base, engine->store, settings, on_paces_change, engine);
	engine->log_clock = log_clock_new(base, settings);
	engine->trace = trace_new(base, engine->store, settings->node);
	engine->ramp = ramp_new(base, engine->store, settings, engine->run);
	engine->answers = answers_new(engine);
	engine->egress = egress_new(engine);
	engine->fleet = fleet_new(engine);
	engine->heartbeat = event_new(base, -1, EV_PERSIST, on_heartbeat, engine);
	evtimer_add(engine->heartbeat, &every);
	return 0;
}

struct retired {
	struct retired *next;
	struct engine *engine;
	struct store_async *store;
	struct mx *mx;
	struct event *timer;
	bool over; /* its time was up once */
};

static void
free_retired(struct retired *retired)
{
	struct retired **link = &retired->engine->retired;

	while (*link != retired)
		link = &(*link)->next;
	*link = retired->next;
	event_free(retired->timer);
	store_async_free(&retired->store);
	mx_free(&retired->mx);
	free(retired);
}

static void
on_retired(evutil_socket_t fd, short what, void *arg)
{
	struct retired *retired = arg;
	struct timeval moment = { 1, 0 };

	(void)fd;
	(void)what;
	if (retired->over) {
		free_retired(retired);
		return;
	}
	/* After a stop of the whole process deadlines that passed meanwhile are told only now. */
	retired->over = true;
	evtimer_add(retired->timer, &moment);
}

/* Every request under way on them has ended by their deadlines. Each may be NULL. */
static void
retire(struct engine *engine, struct store_async *store, struct mx *mx,
    const struct settings *settings)
{
	struct retired *retired;
	struct timeval wait = {
		(settings->store_timeout_ms + settings->dns_timeout_ms) / 1000 + 2,
		0,
	};

	if (store == NULL && mx == NULL)
		return;
	retired = mem_alloc(sizeof(*retired));
	retired->engine = engine;
	retired->store = store;
	retired->mx = mx;
	retired->next = engine->retired;
	engine->retired = retired;
	retired->timer = evtimer_new(engine->base, on_retired, retired);
	evtimer_add(retired->timer, &wait);
	if (store != NULL)
		store_async_retire(store);
}

static bool
same_strings(const struct conf_strings *a, const struct conf_strings *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

int
engine_swap(struct engine *engine, struct settings *settings, struct mx_rules *rules,
    struct err *err)
{
	struct settings *old = engine->settings;
	bool other_store = strcmp(old->redis_text, settings->redis_text) != 0;
	bool other_dns = old->dns_timeout_ms != settings->dns_timeout_ms ||
			 !same_strings(&old->dns_servers, &settings->dns_servers);
	struct store_async *store = engine->store;
	struct mx *mx = engine->mx;
	struct verp_keys keys;

	if (returnpath_load(settings, &keys, err) != 0)
		return -1;
	if (other_store)
		store = store_async_new(engine->base, &settings->redis, settings->store_timeout_ms,
		    on_store_change, engine, err);
	if (other_dns)
		mx = mx_new(engine->base, &settings->dns_servers, settings->dns_timeout_ms, err);
	if (store == NULL || mx == NULL) {
		if (other_store)
			store_async_free(&store);
		if (other_dns)
			mx_free(&mx);
		return -1;
	}
	retire(engine, other_store ? engine->store : NULL, other_dns ? engine->mx : NULL, old);
	if (other_store)
		engine->away_since_ms = 0;
	engine->store = store;
	engine->mx = mx;
	engine->verp_keys = keys;
	engine->settings = settings;
	mx_rules_release(&engine->rules);
	engine->rules = rules;
	sending_ip_name(settings, engine->ip);
	store_async_set_timeout(store, settings->store_timeout_ms);
	groups_rebind(engine->groups, store, settings->node);
	accounts_rebind(engine->accounts, store, settings);
	paces_rebind(engine->paces, store, settings);
	log_clock_follow(engine->log_clock, settings);
	trace_rebind(engine->trace, store, settings->node);
	ramp_rebind(engine->ramp, store, settings);
	egress_rebind(engine->egress);
	egress_on_paces(engine->egress);
	settings_release(&old);
	return 0;
}

void
engine_withdraw(struct engine *engine, bool handed_over)
{
	event_del(engine->heartbeat);
	log_clock_free(&engine->log_clock);
	accounts_flush(engine->accounts);
	if (handed_over) {
		groups_renew(engine->groups);
		return;
	}
	groups_withdraw(engine->groups);
	store_put_node_gone(store_async_batch(engine->store), engine->settings->node);
	store_async_send(engine->store);
}

void
engine_clear(struct engine *engine)
{
	fleet_free(&engine->fleet);
	egress_free(&engine->egress);
	while (engine->retired != NULL)
		free_retired(engine->retired);
	event_free(engine->heartbeat);
	answers_free(&engine->answers);
	transactions_free(&engine->transactions);
	accounts_free(&engine->accounts);
	paces_free(&engine->paces);
	trace_free(&engine->trace);
	log_clock_free(&engine->log_clock);
	ramp_free(&engine->ramp);
	mx_free(&engine->mx);
	groups_free(&engine->groups);
	store_async_free(&engine->store);
	mx_rules_release(&engine->rules);
	settings_release(&engine->settings);
	str_free(&engine->run_before);
}
