#include "metrics.h"

#include <inttypes.h>
#include <stdlib.h>

#include "clock.h"
#include "egress.h"
#include "route.h"
#include "slots.h"
#include "sockmap.h"

struct row {
	const char *name, *type, *help;
	double value;
};

static void
add_row(struct str *out, const struct row *row)
{
	str_addf(out, "# HELP mxpace_%s %s\n# TYPE mxpace_%s %s\nmxpace_%s %.17g\n", row->name,
	    row->help, row->name, row->type, row->name, row->value);
}

static const char *const lookups[EGRESS_LOOKUPS] = {
	[MAP_SENDER] = "sender",
	[MAP_TRANSPORT] = "transport",
	[MAP_DNS] = "dns",
	[MAP_CONNECT] = "connect",
	[MAP_CACHE] = "cache",
	[MAP_STATUS] = "status",
	[MAP_RETURNPATH] = "returnpath",
	[MAP_UNKNOWN] = "unknown",
};

static void
add_lookups(const struct egress_figures *figures, struct str *out)
{
	str_adds(out, "# HELP mxpace_lookups_total Look-ups at delivery time, by map.\n"
		      "# TYPE mxpace_lookups_total counter\n");
	for (size_t i = 0; i < EGRESS_LOOKUPS; i++)
		if (lookups[i] != NULL)
			str_addf(out, "mxpace_lookups_total{map=\"%s\"} %" PRIu64 "\n", lookups[i],
			    figures->lookups[i]);
}

static void
add_routes(const struct route_figures *figures, struct str *out)
{
	str_adds(out,
	    "# HELP mxpace_routes_total Recipients routed as they enter the active queue, "
	    "by verdict and reason.\n"
	    "# TYPE mxpace_routes_total counter\n");
	for (size_t i = ROUTE_NONE + 1; i < ROUTE_REASONS; i++)
		str_addf(out, "mxpace_routes_total{verdict=\"%s\",reason=\"%s\"} %" PRIu64 "\n",
		    route_verdict_name(route_reason_verdict((enum route_reason)i)),
		    route_reason_name((enum route_reason)i), figures->reasons[i]);
}

static void
add_decisions(const struct metrics *metrics, struct str *out)
{
	str_adds(out, "# HELP mxpace_decisions_total Recipients decided, by verdict and reason.\n"
		      "# TYPE mxpace_decisions_total counter\n");
	for (size_t i = DECIDE_NONE + 1; i < DECIDE_REASONS; i++)
		str_addf(out, "mxpace_decisions_total{verdict=\"%s\",reason=\"%s\"} %" PRIu64 "\n",
		    verdict_name(decide_reason_verdict((enum decide_reason)i)),
		    decide_reason_name((enum decide_reason)i), metrics->decisions[i]);
}

static void
count_level(void *arg, struct lane *lane)
{
	++((int64_t *)arg)[lane->limits.level];
}

static void
add_levels(const struct engine *engine, struct str *out)
{
	enum level all = paces_level(engine->paces);
	int64_t lanes[LEVELS] = { 0 };

	lanes_each(engine->egress->lanes, count_level, lanes);
	str_adds(out, "# HELP mxpace_level 1 for the level that holds for all.\n"
		      "# TYPE mxpace_level gauge\n");
	for (int i = LEVEL_SLOW; i < LEVELS; i++)
		str_addf(out, "mxpace_level{level=\"%s\"} %d\n", level_names[i], i == (int)all);
	str_adds(out, "# HELP mxpace_lanes_at_level MX groups and sending IPs with deliveries of "
		      "late, by level.\n"
		      "# TYPE mxpace_lanes_at_level gauge\n");
	for (int i = LEVEL_SLOW; i < LEVELS; i++)
		str_addf(out, "mxpace_lanes_at_level{level=\"%s\"} %" PRId64 "\n", level_names[i],
		    lanes[i]);
}

void
metrics_format(const struct engine *engine, struct str *out)
{
	const struct metrics *m = &engine->metrics;
	struct store_async_figures store = store_async_figures(engine->store);
	struct mx_figures mx = mx_figures(engine->mx);
	const struct egress_figures *egress = &engine->egress->figures;
	struct route_figures routes = route_figures(engine->egress);
	struct accounts_figures accounts = accounts_figures(engine->accounts);
	struct ramp_figures ramp = ramp_figures(engine->ramp);
	const struct row rows[] = {
		{ "policy_requests_total", "counter", "Policy requests of any protocol state.",
		    (double)m->requests },
		{ "policy_malformed_total", "counter", "Policy requests that could not be read.",
		    (double)m->malformed },
		{ "policy_connections_total", "counter",
		    "Connections of policy and map clients accepted.", (double)m->accepted },
		{ "policy_connections_refused_total", "counter",
		    "Connections closed at once: over max_clients, outside allow_from, or at a "
		    "socket that is not configured.",
		    (double)m->turned_away },
		{ "policy_timeouts_total", "counter",
		    "Connections closed in the middle of a request or an answer.",
		    (double)m->timed_out },
		{ "policy_connections", "gauge", "Connections of policy and map clients open.",
		    (double)m->clients },
		{ "transactions", "gauge", "SMTP transactions remembered.",
		    (double)transactions_count(engine->transactions) },
		{ "accounts_refused", "gauge",
		    "Accounts of the fleet that nothing is taken from, as this node knows it.",
		    (double)accounts.refused },
		{ "accounts_waiting", "gauge",
		    "Accounts, campaigns and lists whose sent mail is still to be told to Redis.",
		    (double)accounts.waiting },
		{ "accounts_dropped_total", "counter",
		    "Messages not counted for an account, campaign or list: too many of them.",
		    (double)accounts.dropped },
		{ "slots_open", "gauge", "Slots open on this node.",
		    (double)groups_open(engine->groups) },
		{ "groups", "gauge", "MX groups this node knows at the moment.",
		    (double)groups_count(engine->groups) },
		{ "store_up", "gauge", "1 while Redis answers.",
		    store_async_works(engine->store) ? 1 : 0 },
		{ "store_runs_total", "counter", "Round trips to Redis that a request waited for.",
		    (double)store.runs },
		{ "store_sends_total", "counter", "Writes to Redis nobody waited for.",
		    (double)store.sent },
		{ "store_seconds_total", "counter", "Time those round trips took.", store.seconds },
		{ "store_timeouts_total", "counter", "Connections to Redis given up as silent.",
		    (double)store.timeouts },
		{ "store_refused_total", "counter", "Requests Redis answered with an error.",
		    (double)store.refused },
		{ "store_connects_total", "counter", "Connections to Redis begun.",
		    (double)store.connects },
		{ "store_waiting", "gauge", "Requests waiting for Redis.", (double)store.waiting },
		{ "mx_cache_hits_total", "counter", "MX sets found in the cache.",
		    (double)mx.hits },
		{ "mx_lookups_total", "counter", "MX look-ups begun.", (double)mx.lookups },
		{ "mx_failed_total", "counter", "MX look-ups that failed.", (double)mx.failed },
		{ "mx_timeouts_total", "counter", "MX look-ups that took too long.",
		    (double)mx.timeouts },
		{ "mx_cached", "gauge", "Domains in the MX cache.", (double)mx.cached },
		{ "mx_waiting", "gauge", "MX look-ups under way.", (double)mx.waiting },
		{ "lookups_malformed_total", "counter", "Look-ups that could not be read.",
		    (double)egress->malformed },
		{ "lookups_held_total", "counter", "Look-ups held for a slot or a message.",
		    (double)egress->held },
		{ "lookups_held_seconds_total", "counter", "Time they were held.",
		    egress->held_seconds },
		{ "lookups_hung_up_total", "counter", "Held look-ups whose process hung up.",
		    (double)egress->hung_up },
		{ "routes_unchecked_total", "counter",
		    "Recipients routed without a look at the quarantine in time.",
		    (double)routes.unchecked },
		{ "deliveries_denied_total", "counter", "Deliveries held in vain and deferred.",
		    (double)egress->denied },
		{ "backoffs_total", "counter", "Changes by backoff rules seen on this node.",
		    (double)egress->backoffs },
		{ "decided_locally_total", "counter",
		    "Messages and slots this node gave while Redis was away.",
		    (double)egress->local },
		{ "connections_unasked_total", "counter",
		    "Connections to an MX group without a connect look-up.",
		    (double)egress->unasked },
		{ "connections_open", "gauge", "Connections to port 25 the kernel shows.",
		    (double)slots_sockets(engine->egress->slots) },
		{ "kernel_view", "gauge", "0 if this node's connections cannot be seen.",
		    slots_are_blind(engine->egress->slots) ? 0 : 1 },
		{ "lanes", "gauge", "MX groups and sending IPs with deliveries of late.",
		    (double)lanes_count(engine->egress->lanes) },
		{ "pace_version", "gauge",
		    "Number of the change of levels and warm-ups that holds here.",
		    strtod(paces_version(engine->paces), NULL) },
		{ "warmups", "gauge", "Sending IPs in a warm-up, as this node knows it.",
		    (double)paces_warmups(engine->paces) },
		{ "warmup_days_total", "counter",
		    "Days of MX groups in a warm-up that this node judged.", (double)ramp.judged },
		{ "warmup_ups_total", "counter", "Stages up by that.", (double)ramp.ups },
		{ "warmup_downs_total", "counter", "Stages back by that.", (double)ramp.downs },
		{ "warmup_done_total", "counter", "MX groups that came through their plan by that.",
		    (double)ramp.done },
		{ "rules", "gauge", "MX rules loaded.", (double)engine->rules->count },
		{ "rules_version", "gauge",
		    "Version of the rules that an update has installed; 0: the configured files.",
		    strtod(engine->settings->rules_version, NULL) },
		{ "rules_update_age_seconds", "gauge",
		    "Time since an update of the rules succeeded; -1: none ever did.",
		    m->rules_updated_s > 0 ? (double)(clock_wall_s() - m->rules_updated_s) : -1 },
		{ "rules_update_failed_seconds", "gauge",
		    "Time since an update of the rules failed; -1: none ever did.",
		    m->rules_failed_s > 0 ? (double)(clock_wall_s() - m->rules_failed_s) : -1 },
		{ "rules_update_failing", "gauge",
		    "1 while the last update of the rules has failed.", m->rules_failing ? 1 : 0 },
		{ "reloads_total", "counter", "Configurations taken over by SIGHUP.",
		    (double)m->reloads },
		{ "reloads_failed_total", "counter", "Configurations refused at SIGHUP.",
		    (double)m->reloads_failed },
	};

	str_addf(out,
	    "# HELP mxpace_build_info Version and node.\n# TYPE mxpace_build_info gauge\n"
	    "mxpace_build_info{version=\"%s\"} 1\n",
	    MXPACE_VERSION);
	add_levels(engine, out);
	add_decisions(m, out);
	add_lookups(egress, out);
	add_routes(&routes, out);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		add_row(out, &rows[i]);
}
