#include "postfix_plan.h"

#include <inttypes.h>
#include <string.h>

#include "postfix_advice.h"
#include "postfix_map.h"
#include "postfix_ours.h"
#include "transports.h"

enum { PROCESSES_PER_CONNECTION = 12, PROCESSES_AT_MOST_SPEED = 3, PROCESSES_LEAST = 20 };
enum { SPARE = 2 }; /* deliveries above a group's connections: one ends, the next is ready */

const char *const postfix_plan_raw[] = { "transport_maps",
	"sender_dependent_default_transport_maps", "smtp_dns_reply_filter", "smtp_tls_policy_maps",
	"smtp_delivery_status_filter", "smtp_bind_address_enforce", "tls_required_enable", NULL };

const char *const postfix_plan_expanded[] = { "queue_directory", "compatibility_level", "relayhost",
	"sender_dependent_relayhost_maps", "sender_dependent_default_transport_maps",
	"default_transport", "transport_maps", "inet_interfaces", "qmgr_message_active_limit",
	"queue_run_delay", "minimal_backoff_time", "maximal_backoff_time", NULL };

struct planning { /* what it is made with */
	struct arena *arena;
	const struct settings *settings;
	const struct mx_rules *rules;
	const struct pace_sets *sets;
	const struct postfix_site *site;
	struct postfix_plan *plan;
	const char *map; /* "unix:mxpace/map" */
	struct str main_lines, master_lines;
};

static const char *
raw(const struct planning *p, const char *name)
{
	const char *value = postfix_options_get(&p->site->raw, name);

	return value != NULL ? value : "";
}

static const char *
expanded(const struct planning *p, const char *name)
{
	const char *value = postfix_options_get(&p->site->expanded, name);

	return value != NULL ? value : "";
}

/* Our table, then what the site has itself: in the service, else in main.cf. */
static const char *
joined(const struct planning *p, const struct postfix_service *service, const char *name,
    const char *map)
{
	const char *own = service != NULL ? postfix_options_get(&service->options, name) : NULL;

	if (own == NULL)
		own = raw(p, name);
	return arena_printf(p->arena, "socketmap:%s:%s%s%s", p->map, map, *own != '\0' ? " " : "",
	    own);
}

/* A service of ours begins with the options of the site's that it stands in for. */
static struct postfix_options
options_of(const struct planning *p, const struct postfix_service *service)
{
	struct postfix_options options = { 0 };

	for (size_t i = 0; service != NULL && i < service->options.count; i++)
		postfix_options_set(p->arena, &options, service->options.items[i].name,
		    service->options.items[i].value);
	return options;
}

static void
add_service(struct planning *p, const char *name, const char *chroot, int64_t processes,
    const char *command, const struct postfix_options *options)
{
	str_addf(&p->master_lines, "%s unix - - %s - ", name, chroot);
	if (processes > 0)
		str_addf(&p->master_lines, "%" PRId64, processes);
	else
		str_addc(&p->master_lines, '-');
	str_addf(&p->master_lines, " %s\n", command);
	for (size_t i = 0; i < options->count; i++) {
		const struct postfix_option *option = &options->items[i];

		if (strpbrk(option->value, " \t") == NULL)
			str_addf(&p->master_lines, "  -o %s=%s\n", option->name, option->value);
		else
			str_addf(&p->master_lines, "  -o { %s = %s }\n", option->name,
			    option->value);
	}
}

static void
plan_rewrite(struct planning *p)
{
	const struct postfix_service *rewrite =
	    postfix_services_find(&p->site->services, "rewrite", "unix");
	struct postfix_options options = options_of(p, rewrite);

	postfix_options_set(p->arena, &options, "transport_maps",
	    joined(p, rewrite, "transport_maps", "transport"));
	postfix_options_set(p->arena, &options, "sender_dependent_default_transport_maps",
	    joined(p, rewrite, "sender_dependent_default_transport_maps", "sender"));
	add_service(p, POSTFIX_REWRITE, rewrite != NULL ? rewrite->chroot : "-", 0,
	    "trivial-rewrite", &options);
}

/* A site that turned caching off has its reasons. */
static bool
wants_cache(const struct planning *p, const struct postfix_options *options)
{
	static const char on_demand[] = "smtp_connection_cache_on_demand";
	const char *own = postfix_options_get(options, on_demand);

	return strcmp(own != NULL ? own : expanded(p, on_demand), "no") != 0;
}

static void
set_reuse(const struct planning *p, const struct postfix_service *smtp, const char *name,
    int64_t messages, struct postfix_options *options)
{
	static const char destinations[] = "smtp_connection_cache_destinations";

	if (messages == 1) {
		postfix_options_set(p->arena, options, "smtp_connection_cache_on_demand", "no");
		postfix_options_set(p->arena, options, destinations, "");
		return;
	}
	if (wants_cache(p, options))
		postfix_options_set(p->arena, options, destinations,
		    joined(p, smtp, destinations, arena_printf(p->arena, "cache/%s", name)));
	postfix_options_set(p->arena, options, "smtp_connection_reuse_count_limit",
	    arena_printf(p->arena, "%" PRId64, messages > 0 ? messages - 1 : 0));
	/* mxpolicyd sends the next delivery to an idle connection within milliseconds; one that stays
	 * idle keeps a slot from others. */
	postfix_options_set(p->arena, options, "smtp_connection_cache_time_limit", "1s");
}

/* With one protocol alone Postfix takes a list of interfaces with addresses of the other for a
 * mistake: then all of them are its own. */
static void
set_addresses(const struct planning *p, const struct sending_ip *ip,
    struct postfix_options *options)
{
	const char *interfaces = expanded(p, "inet_interfaces");

	if (ip == NULL || (*ip->bind4 == '\0' && *ip->bind6 == '\0'))
		return;
	if (*ip->bind4 != '\0')
		postfix_options_set(p->arena, options, "smtp_bind_address", ip->bind4);
	if (*ip->bind6 != '\0')
		postfix_options_set(p->arena, options, "smtp_bind_address6", ip->bind6);
	if (postfix_options_get(&p->site->raw, "smtp_bind_address_enforce") != NULL)
		postfix_options_set(p->arena, options, "smtp_bind_address_enforce", "yes");
	postfix_options_set(p->arena, options, "inet_protocols",
	    *ip->bind6 == '\0'   ? "ipv4"
	    : *ip->bind4 == '\0' ? "ipv6"
				 : "all");
	if ((*ip->bind4 == '\0' || *ip->bind6 == '\0') && strcmp(interfaces, "all") != 0 &&
	    strcmp(interfaces, "loopback-only") != 0)
		postfix_options_set(p->arena, options, "inet_interfaces", "all");
}

int64_t
postfix_plan_messages(const struct settings *settings, const struct mx_rules *rules,
    const struct pace_sets *sets, const struct transport_class *class, const char *ip)
{
	int64_t least = class->messages_per_connection;
	bool any = false;

	for (size_t i = 0; i < rules->count; i++) {
		struct transport_class other;
		struct mx_limits limits;
		struct pace pace;

		transports_class(rules, &rules->rules[i], &other);
		if (strcmp(other.name, class->name) != 0)
			continue;
		pace_of(settings, sets, &rules->rules[i], ip, &pace);
		mx_limits_at(&rules->rules[i], pace.level, settings->levels, 0, &limits);
		if (!any || limits.messages_per_connection < least)
			least = limits.messages_per_connection;
		any = true;
	}
	return least;
}

/* Of the fastest level there is, whatever holds now. */
static int64_t
most_connections(const struct planning *p, const struct mx_rule *rule)
{
	int64_t most = rule->connections;

	for (int level = LEVEL_SLOW; level < LEVELS; level++) {
		struct mx_limits limits;

		mx_limits_at(rule, (enum level)level, p->settings->levels, 0, &limits);
		if (limits.connections > most)
			most = limits.connections;
	}
	return most;
}

static int64_t
concurrency_of(const struct planning *p, const struct transport_class *class)
{
	const struct mx_rule *rule = mx_rules_named(p->rules, span_of(class->name));

	if (rule == NULL || class->shared || rule->connections == 0)
		return postfix_parameters[POSTFIX_CONCURRENCY].value;
	return most_connections(p, rule) + SPARE;
}

/* Enough to keep its connections busy, and one of each of many domains waiting; more would wait
 * longer than they may be held. */
static int64_t
processes_of(const struct planning *p, const struct transport_class *class)
{
	const struct mx_rule *rule = mx_rules_named(p->rules, span_of(class->name));
	int64_t most = p->settings->transport_processes;
	int64_t enough;

	if (rule == NULL || class->shared || rule->connections == 0)
		return most;
	enough = PROCESSES_PER_CONNECTION * rule->connections;
	if (enough < PROCESSES_AT_MOST_SPEED * most_connections(p, rule))
		enough = PROCESSES_AT_MOST_SPEED * most_connections(p, rule);
	if (enough < PROCESSES_LEAST)
		enough = PROCESSES_LEAST;
	return enough < most ? enough : most;
}

static void
add_parameters(struct planning *p, const struct postfix_transport *transport)
{
	for (size_t i = 0; i < POSTFIX_PARAMETERS; i++) {
		int64_t value =
		    i == POSTFIX_CONCURRENCY ? transport->concurrency : postfix_parameters[i].value;

		if (i == POSTFIX_INITIAL && transport->concurrency < value)
			value = transport->concurrency;
		str_addf(&p->main_lines, "%s%s = %" PRId64 "\n", transport->name,
		    postfix_parameters[i].suffix, value);
	}
}

static void
plan_transport(struct planning *p, const struct transport_class *class, size_t number,
    const struct sending_ip *ip)
{
	const struct postfix_service *smtp =
	    postfix_services_find(&p->site->services, "smtp", "unix");
	struct postfix_options options = options_of(p, smtp);
	struct postfix_transport *transport = &p->plan->transports[p->plan->transport_count++];
	char name[TRANSPORT_NAME_SIZE];
	int64_t messages = postfix_plan_messages(p->settings, p->rules, p->sets, class,
	    ip != NULL ? ip->name : NULL);

	transports_name(class, number, name);
	*transport = (struct postfix_transport){ .name = arena_dup(p->arena, span_of(name)),
		.class = class->name,
		.ip = ip != NULL ? ip->name : "",
		.messages_per_connection = messages,
		.concurrency = concurrency_of(p, class) };
	for (size_t i = 0; i < POSTFIX_LOOKUPS; i++)
		postfix_options_set(p->arena, &options, postfix_lookups[i].parameter,
		    joined(p, smtp, postfix_lookups[i].parameter,
			arena_printf(p->arena, "%s/%s", postfix_lookups[i].map, name)));
	set_reuse(p, smtp, name, messages, &options);
	postfix_options_set(p->arena, &options, "smtp_fallback_relay", "");
	set_addresses(p, ip, &options);
	if (postfix_options_get(&p->site->raw, "tls_required_enable") != NULL)
		postfix_options_set(p->arena, &options, "tls_required_enable", "no");
	add_service(p, name, smtp != NULL ? smtp->chroot : "-", processes_of(p, class), "smtp",
	    &options);
	add_parameters(p, transport);
}

static void
plan_transports(struct planning *p)
{
	size_t ips = p->settings->sending_ip_count;
	struct transport_class class;

	p->plan->transports = arena_alloc(p->arena,
	    (p->rules->count + 1) * (ips > 0 ? ips : 1) * sizeof(*p->plan->transports));
	for (size_t at = 0; transports_at(p->rules, at, &class); at++) {
		if (ips == 0)
			plan_transport(p, &class, 1, NULL);
		for (size_t i = 0; i < ips; i++)
			if (settings_is_here(p->settings, &p->settings->sending_ips[i]))
				plan_transport(p, &class, i + 1, &p->settings->sending_ips[i]);
	}
}

static void
add_option(struct planning *p, const char *service, const char *type, const char *name,
    const char *value)
{
	p->plan->added[p->plan->added_count++] =
	    (struct postfix_added){ service, type, name, value };
}

static void
plan_egress(struct planning *p)
{
	const struct postfix_service *qmgr =
	    postfix_services_find(&p->site->services, "qmgr", NULL);

	str_addf(&p->master_lines, POSTFIX_HEADING "\n");
	str_addf(&p->main_lines, POSTFIX_HEADING "\n");
	plan_rewrite(p);
	plan_transports(p);
	if (qmgr != NULL)
		add_option(p, qmgr->name, qmgr->type, "rewrite_service_name", POSTFIX_REWRITE);
	else
		postfix_words_add(p->arena, &p->plan->mistakes, "master.cf has no service qmgr");
	if (p->plan->transport_count == 0)
		postfix_words_add(p->arena, &p->plan->mistakes,
		    arena_printf(p->arena,
			"none of sending_ips exists on the node %s: no transport to send by",
			p->settings->node));
}

static void
plan_observe(struct planning *p)
{
	static const char *const services[] = { "smtp", "relay" };

	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		const struct postfix_service *service =
		    postfix_services_find(&p->site->services, services[i], "unix");

		for (size_t k = 0; service != NULL && k < POSTFIX_LOOKUPS; k++)
			add_option(p, service->name, service->type, postfix_lookups[k].parameter,
			    joined(p, service, postfix_lookups[k].parameter,
				arena_printf(p->arena, "%s/%s", postfix_lookups[k].map,
				    service->name)));
	}
	if (p->plan->added_count == 0)
		postfix_words_add(p->arena, &p->plan->mistakes,
		    "master.cf has neither smtp nor relay of type unix");
}

void
postfix_plan_make(struct arena *arena, const struct settings *settings,
    const struct mx_rules *rules, const struct pace_sets *sets, const struct postfix_site *site,
    struct postfix_plan *plan)
{
	struct planning planning = { arena, settings, rules, sets, site, plan, NULL, { 0 }, { 0 } };

	memset(plan, 0, sizeof(*plan));
	plan->added = arena_alloc(arena, 2 * POSTFIX_LOOKUPS * sizeof(*plan->added));
	planning.map =
	    postfix_map_name(arena, settings->map_listen, expanded(&planning, "queue_directory"));
	if (planning.map == NULL)
		postfix_words_add(arena, &plan->mistakes, "map_listen names no address");
	else if (settings->enforce == ENFORCE_EGRESS)
		plan_egress(&planning);
	else
		plan_observe(&planning);
	plan->main_lines = arena_dup(arena, span_of(str_text(&planning.main_lines)));
	plan->master_lines = arena_dup(arena, span_of(str_text(&planning.master_lines)));
	str_free(&planning.main_lines);
	str_free(&planning.master_lines);
	postfix_advice_add(arena, settings, site, planning.map, plan);
}
