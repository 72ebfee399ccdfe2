#include "metrics.h"

#include <inttypes.h>
#include <stdlib.h>

#include "clock.h"
#include "egress.h"
#include "metrics_fleet.h"
#include "metrics_lanes.h"
#include "metrics_process.h"
#include "metrics_text.h"
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
	metrics_head(out, &(struct metrics_family){ row->name, row->type, row->help });
	metrics_value(out, row->name, "", row->value);
}

/* A family of one histogram. */
static void
add_times(struct str *out, const char *name, const char *help, const struct histogram *histogram)
{
	metrics_head(out, &(struct metrics_family){ name, "histogram", help });
	metrics_histogram(out, name, "", histogram);
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
add_level(const struct engine *engine, struct str *out)
{
	enum level all = paces_level(engine->paces);

	str_adds(out, "# HELP mxpace_level 1 for the level that holds for all.\n"
		      "# TYPE mxpace_level gauge\n");
	for (int i = LEVEL_SLOW; i < LEVELS; i++)
		str_addf(out, "mxpace_level{level=\"%s\"} %d\n", level_names[i], i == (int)all);
}

static void
add_info(struct str *out, const char *name, const char *help, const char *version)
{
	struct str labels = { 0 };

	metrics_head(out, &(struct metrics_family){ name, "gauge", help });
	metrics_label(&labels, "version", version);
	metrics_number(out, name, str_text(&labels), 1);
	str_free(&labels);
}

static void
add_infos(const struct engine *engine, struct str *out)
{
	const char *rules = engine->settings->rules_version;

	add_info(out, "mxpace_build_info", "Version of this program.", MXPACE_VERSION);
	add_info(out, "mxpace_rules_info", "Version of the rules in use.",
	    *rules != '\0' ? rules : "configured");
}

static void
add_waits(const struct egress_figures *egress, struct str *out)
{
	static const struct metrics_family waits = { "mxpace_wait_seconds", "histogram",
		"Time until a delivery was given what it waited for." };

	metrics_head(out, &waits);
	metrics_histogram(out, waits.name, "for=\"slot\"", &egress->slot_waits);
	metrics_histogram(out, waits.name, "for=\"message\"", &egress->message_waits);
	add_times(out, "mxpace_lookup_hold_seconds",
	    "Time for which the answer to a look-up was held; at once does not count.",
	    &egress->holds);
}

static void
add_lanes(const struct engine *engine, struct str *out)
{
	struct metrics_lanes lanes = { 0 };

	metrics_lanes_gather(engine, &lanes);
	metrics_lanes_format(&lanes, clock_monotonic_ms(), out);
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
		{ "mxpace_policy_requests_total", "counter",
		    "Policy requests of any protocol state.", (double)m->requests },
		{ "mxpace_policy_malformed_total", "counter",
		    "Policy requests that could not be read.", (double)m->malformed },
		{ "mxpace_policy_connections_total", "counter",
		    "Connections of policy and map clients accepted.", (double)m->accepted },
		{ "mxpace_policy_connections_refused_total", "counter",
		    "Connections closed at once: over max_clients, outside allow_from, or at a "
		    "socket that is not configured.",
		    (double)m->turned_away },
		{ "mxpace_policy_timeouts_total", "counter",
		    "Connections closed in the middle of a request or an answer.",
		    (double)m->timed_out },
		{ "mxpace_policy_connections", "gauge",
		    "Connections of policy and map clients open.", (double)m->clients },
		{ "mxpace_transactions", "gauge", "SMTP transactions remembered.",
		    (double)transactions_count(engine->transactions) },
		{ "mxpace_accounts_refused", "gauge",
		    "Accounts of the fleet that nothing is taken from, as this node knows it.",
		    (double)accounts.refused },
		{ "mxpace_accounts_waiting", "gauge",
		    "Accounts, campaigns and lists whose sent mail is still to be told to Redis.",
		    (double)accounts.waiting },
		{ "mxpace_accounts_dropped_total", "counter",
		    "Messages not counted for an account, campaign or list: too many of them.",
		    (double)accounts.dropped },
		{ "mxpace_slots_open", "gauge", "Slots open on this node.",
		    (double)groups_open(engine->groups) },
		{ "mxpace_groups", "gauge", "MX groups this node knows at the moment.",
		    (double)groups_count(engine->groups) },
		{ "mxpace_store_up", "gauge", "1 while Redis answers.",
		    store_async_works(engine->store) ? 1 : 0 },
		{ "mxpace_store_runs_total", "counter",
		    "Round trips to Redis that a request waited for.", (double)store.runs },
		{ "mxpace_store_sends_total", "counter", "Writes to Redis nobody waited for.",
		    (double)store.sent },
		{ "mxpace_store_timeouts_total", "counter",
		    "Connections to Redis given up as silent.", (double)store.timeouts },
		{ "mxpace_store_refused_total", "counter", "Requests Redis answered with an error.",
		    (double)store.refused },
		{ "mxpace_store_connects_total", "counter", "Connections to Redis begun.",
		    (double)store.connects },
		{ "mxpace_store_waiting", "gauge", "Requests waiting for Redis.",
		    (double)store.waiting },
		{ "mxpace_mx_cache_hits_total", "counter", "MX sets found in the cache.",
		    (double)mx.hits },
		{ "mxpace_mx_lookups_total", "counter", "MX look-ups begun.", (double)mx.lookups },
		{ "mxpace_mx_failed_total", "counter", "MX look-ups that failed.",
		    (double)mx.failed },
		{ "mxpace_mx_timeouts_total", "counter", "MX look-ups that took too long.",
		    (double)mx.timeouts },
		{ "mxpace_mx_cached", "gauge", "Domains in the MX cache.", (double)mx.cached },
		{ "mxpace_mx_waiting", "gauge", "MX look-ups under way.", (double)mx.waiting },
		{ "mxpace_lookups_malformed_total", "counter", "Look-ups that could not be read.",
		    (double)egress->malformed },
		{ "mxpace_lookups_hung_up_total", "counter", "Held look-ups whose process hung up.",
		    (double)egress->hung_up },
		{ "mxpace_routes_unchecked_total", "counter",
		    "Recipients routed without a look at the quarantine in time.",
		    (double)routes.unchecked },
		{ "mxpace_deliveries_denied_total", "counter",
		    "Deliveries held in vain and deferred.", (double)egress->denied },
		{ "mxpace_backoffs_total", "counter", "Changes by backoff rules seen on this node.",
		    (double)egress->backoffs },
		{ "mxpace_decided_locally_total", "counter",
		    "Messages and slots this node gave while Redis was away.",
		    (double)egress->local },
		{ "mxpace_connections_unasked_total", "counter",
		    "Connections to an MX group without a connect look-up.",
		    (double)egress->unasked },
		{ "mxpace_connections_open", "gauge", "Connections to port 25 the kernel shows.",
		    (double)slots_sockets(engine->egress->slots) },
		{ "mxpace_kernel_view", "gauge", "0 if this node's connections cannot be seen.",
		    slots_are_blind(engine->egress->slots) ? 0 : 1 },
		{ "mxpace_lanes", "gauge", "MX groups and sending IPs with deliveries of late.",
		    (double)lanes_count(engine->egress->lanes) },
		{ "mxpace_pace_version", "gauge",
		    "Number of the change of levels and warm-ups that holds here.",
		    strtod(paces_version(engine->paces), NULL) },
		{ "mxpace_warmups", "gauge", "Sending IPs in a warm-up, as this node knows it.",
		    (double)paces_warmups(engine->paces) },
		{ "mxpace_warmup_judged_total", "counter",
		    "Days of MX groups in a warm-up that this node judged.", (double)ramp.judged },
		{ "mxpace_warmup_ups_total", "counter", "Stages up by that.", (double)ramp.ups },
		{ "mxpace_warmup_downs_total", "counter", "Stages back by that.",
		    (double)ramp.downs },
		{ "mxpace_warmup_done_total", "counter",
		    "MX groups that came through their plan by that.", (double)ramp.done },
		{ "mxpace_rules", "gauge", "MX rules loaded.", (double)engine->rules->count },
		{ "mxpace_rules_version", "gauge",
		    "Version of the rules that an update has installed; 0: the configured files.",
		    strtod(engine->settings->rules_version, NULL) },
		{ "mxpace_rules_update_age_seconds", "gauge",
		    "Time since an update of the rules succeeded; -1: none ever did.",
		    m->rules_updated_s > 0 ? (double)(clock_wall_s() - m->rules_updated_s) : -1 },
		{ "mxpace_rules_update_failed_seconds", "gauge",
		    "Time since an update of the rules failed; -1: none ever did.",
		    m->rules_failed_s > 0 ? (double)(clock_wall_s() - m->rules_failed_s) : -1 },
		{ "mxpace_rules_update_failing", "gauge",
		    "1 while the last update of the rules has failed.", m->rules_failing ? 1 : 0 },
		{ "mxpace_reloads_total", "counter", "Configurations taken over by SIGHUP.",
		    (double)m->reloads },
		{ "mxpace_reloads_failed_total", "counter", "Configurations refused at SIGHUP.",
		    (double)m->reloads_failed },
	};

	add_infos(engine, out);
	add_level(engine, out);
	add_decisions(m, out);
	add_lookups(egress, out);
	add_routes(&routes, out);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		add_row(out, &rows[i]);
	add_times(out, "mxpace_store_run_seconds", "Time of a round trip to Redis.", &store.took);
	add_times(out, "mxpace_mx_lookup_seconds", "Time of an MX look-up in DNS.", &mx.took);
	add_waits(egress, out);
	add_lanes(engine, out);
	metrics_fleet_format(fleet_figures(engine->fleet), fleet_age_s(engine->fleet), out);
	metrics_process_format(engine->started_s, out);
}
