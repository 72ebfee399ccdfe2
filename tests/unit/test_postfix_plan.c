/* postfix_plan and what it is made of: map names, what is ours, doubts. What is written is proved by
 * the end-to-end tests. */
#include "check.h"
#include "postfix_map.h"
#include "postfix_ours.h"
#include "postfix_plan.h"

static const struct name_row {
	const char *label, *map_listen, *queue, *want;
} name_rows[] = {
	{ "within the queue directory", "unix:/q/mxpace/map", "/q", "unix:mxpace/map" },
	{ "its name ends with a slash", "unix:/q/mxpace/map", "/q/", "unix:mxpace/map" },
	{ "beside it", "unix:/queue/map", "/q", "unix:/queue/map" },
	{ "no queue directory known", "unix:/queue/map", "", "unix:queue/map" },
	{ "inet", "inet:127.0.0.1:10041", "/q", "inet:127.0.0.1:10041" },
	{ "the first one", "inet:[::1]:1, inet:[::1]:2", "/q", "inet:[::1]:1" },
	{ "one within it before the first", " inet:[::1]:1\tunix:/q/m", "/q", "unix:m" },
	{ "none", " , ", "/q", NULL },
	{ "empty", "", "/q", NULL },
};

static void
map_names(void **state)
{
	const struct name_row *row = *state;
	struct arena arena;
	const char *name;

	arena_init(&arena);
	name = postfix_map_name(&arena, row->map_listen, row->queue);
	if (row->want == NULL)
		assert_null(name);
	else
		assert_string_equal(name, row->want);
	arena_clear(&arena);
}

static const struct option_row {
	const char *label, *name, *value;
	bool want;
} option_rows[] = {
	{ "qmgr's", "rewrite_service_name", "rewrite-egress", true },
	{ "qmgr's of somebody else", "rewrite_service_name", "rewrite", false },
	{ "a look-up", "smtp_dns_reply_filter", "socketmap:unix:mxpace/map:dns/smtp", true },
	{ "and the site's behind it", "smtp_dns_reply_filter",
	    "socketmap:inet:127.0.0.1:7:dns/smtp hash:/x", true },
	{ "separated by a comma", "smtp_tls_policy_maps", "socketmap:unix:m:connect/smtp,hash:/x",
	    true },
	{ "the site's alone", "smtp_dns_reply_filter", "hash:/x", false },
	{ "the site's first", "smtp_dns_reply_filter", "hash:/x socketmap:unix:m:dns/smtp", false },
	{ "another look-up's place", "smtp_tls_policy_maps", "socketmap:unix:m:dns/smtp", false },
	{ "another name that begins alike", "smtp_dns_reply_filter", "socketmap:unix:m:dnsbl",
	    false },
	{ "another parameter", "smtp_reply_filter", "socketmap:unix:m:dns/smtp", false },
	{ "empty", "smtp_dns_reply_filter", "", false },
};

static void
own_options(void **state)
{
	const struct option_row *row = *state;

	assert_int_equal(postfix_ours_is_option(row->name, row->value), row->want);
}

static const struct parameter_row {
	const char *label, *name;
	bool want;
} parameter_rows[] = {
	{ "of a transport", "mxp-google-1_destination_concurrency_limit", true },
	{ "the initial one", "mxp-a-2_initial_destination_concurrency", true },
	{ "of no transport of ours", "smtp_destination_concurrency_limit", false },
	{ "of no number", "mxp-google_destination_concurrency_limit", false },
	{ "that we do not set", "mxp-google-1_destination_rate_delay", false },
	{ "the end alone", "_destination_recipient_limit", false },
	{ "empty", "", false },
};

static void
own_parameters(void **state)
{
	const struct parameter_row *row = *state;

	assert_int_equal(postfix_ours_is_parameter(row->name), row->want);
}

/* -- plans ------------------------------------------------------------------------------------- */

struct site_value { /* what differs from an ordinary host; raw and expanded alike */
	const char *name, *value;
};

static const struct plan_row {
	const char *label;
	struct site_value site;
	const char *chroot;                 /* of smtp unix; NULL: "n" */
	const char *conf;                   /* beside enforce */
	const char *domain;                 /* of transport_maps */
	const char *part;                   /* of master.cf's lines; NULL: not looked at */
	const char *absent;                 /* not in them */
	const char *mistake, *doubt, *note; /* a part of the first of each; NULL: there is none */
} plan_rows[] = {
	{ .label = "an ordinary host",
	    .part = "mxp-default-1 unix - - n - 100 smtp\n",
	    .absent = "smtp_bind" },
	{ .label = "processes",
	    .conf = "transport_processes = 7;",
	    .part = "mxp-default-1 unix - - n - 7 smtp\n" },
	{ .label = "a parameter of later versions, where it is known",
	    .site = { "tls_required_enable", "yes" },
	    .part = "  -o tls_required_enable=no\n" },
	{ .label = "and where not", .absent = "tls_required_enable" },
	{ .label = "bound to both",
	    .conf = "sending_ips = ( { name = \"a\"; bind4 = \"192.0.2.1\"; bind6 = \"::2\"; } );",
	    .part = "  -o smtp_bind_address=192.0.2.1\n  -o smtp_bind_address6=::2\n"
		    "  -o inet_protocols=all\n",
	    .absent = "smtp_bind_address_enforce" },
	{ .label = "bound strictly, where that is known",
	    .site = { "smtp_bind_address_enforce", "no" },
	    .conf = "sending_ips = ( { name = \"a\"; bind4 = \"192.0.2.1\"; } );",
	    .part = "  -o smtp_bind_address_enforce=yes\n  -o inet_protocols=ipv4\n" },
	{ .label = "one protocol, and a list of interfaces",
	    .site = { "inet_interfaces", "192.0.2.1" },
	    .conf = "sending_ips = ( { name = \"a\"; bind4 = \"192.0.2.1\"; } );",
	    .part = "  -o inet_protocols=ipv4\n  -o inet_interfaces=all\n" },
	{ .label = "a value with blanks",
	    .site = { "smtp_dns_reply_filter", "hash:/a hash:/b" },
	    .part = "  -o { smtp_dns_reply_filter = socketmap:unix:mxpace/map:dns/mxp-unknown-1 "
		    "hash:/a hash:/b }\n" },
	{ .label = "no socket", .conf = "map_listen = \"\";", .mistake = "map_listen" },
	{ .label = "no address here",
	    .conf = "sending_ips = ( { name = \"a\"; nodes = \"b\"; } );",
	    .mistake = "none of sending_ips exists on the node mta1" },
	{ .label = "relayhost", .site = { "relayhost", "[x]" }, .doubt = "relayhost = [x]" },
	{ .label = "default_transport",
	    .site = { "default_transport", "smtp:[x]" },
	    .doubt = "default_transport = smtp:[x]" },
	{ .label = "all by the site's table", .domain = "*", .doubt = "\"*\"" },
	{ .label = "a domain in the site's table",
	    .domain = "a.test",
	    .note = "transport_exceptions = [ \"a.test\" ];" },
	{ .label = "one that is an exception",
	    .domain = "a.test",
	    .conf = "transport_exceptions = \"a.test\";" },
	{ .label = "one that is local", .domain = "a.test", .conf = "local_domains = \"*.test\";" },
	{ .label = "transports by sender",
	    .site = { "sender_dependent_default_transport_maps", "hash:/x" },
	    .note = "sender_dependent_default_transport_maps" },
	{ .label = "the active queue",
	    .site = { "qmgr_message_active_limit", "5" },
	    .note = "qmgr_message_active_limit = 5" },
	{ .label = "a socket elsewhere, no chroot", .conf = "map_listen = \"unix:/run/map\";" },
	{ .label = "a socket elsewhere, no chroot by default",
	    .chroot = "-",
	    .conf = "map_listen = \"unix:/run/map\";" },
	{ .label = "a socket elsewhere, a chroot",
	    .chroot = "y",
	    .conf = "map_listen = \"unix:/run/map\";",
	    .note = "does not see /run/map" },
	{ .label = "inet, a chroot", .chroot = "y", .conf = "map_listen = \"inet:127.0.0.1:7\";" },
	{ .label = "a socket elsewhere, the chroot of old",
	    .chroot = "-",
	    .conf = "map_listen = \"unix:/run/map\";",
	    .site = { "compatibility_level", "0" },
	    .note = "does not see /run/map" },
};

static void
check_first(const struct postfix_words *words, const char *part)
{
	assert_int_equal(words->count, part != NULL);
	if (part != NULL && strstr(words->items[0], part) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", part, words->items[0]);
}

static void
make_site(struct arena *arena, const struct plan_row *row, struct postfix_site *site)
{
	static const char *const ordinary[][2] = {
		{ "queue_directory", "/var/spool/postfix" },
		{ "compatibility_level", "3.6" },
		{ "default_transport", "smtp" },
		{ "inet_interfaces", "all" },
		{ "qmgr_message_active_limit", "20000" },
	};
	static struct postfix_service services[] = {
		{ .name = "qmgr", .type = "fifo", .chroot = "n" },
		{ .name = "smtp", .type = "inet", .chroot = "y" },
		{ .name = "smtp", .type = "unix", .chroot = "n" },
	};

	*site = (struct postfix_site){ .services = { services, COUNT(services) } };
	for (size_t i = 0; i < COUNT(ordinary); i++)
		postfix_options_set(arena, &site->expanded, ordinary[i][0], ordinary[i][1]);
	if (row->site.name != NULL) {
		postfix_options_set(arena, &site->expanded, row->site.name, row->site.value);
		postfix_options_set(arena, &site->raw, row->site.name, row->site.value);
	}
	if (row->domain != NULL)
		postfix_words_add(arena, &site->domains, row->domain);
	services[2].chroot = row->chroot != NULL ? row->chroot : "n";
}

static const struct pace_sets nothing_set;

static void
plans(void **state)
{
	const struct plan_row *row = *state;
	struct conf_errors errors = { { 0 }, 0 };
	struct str conf = { 0 };
	struct settings *settings;
	struct mx_rules *rules =
	    mx_rules_parse("mx_rules = ( { name = \"default\"; mx = \"*\"; } );", "r", &errors);
	struct postfix_site site;
	struct postfix_plan plan;
	struct arena arena;

	arena_init(&arena);
	str_addf(&conf, "enforce = \"egress\"; node = \"mta1\"; %s",
	    row->conf != NULL ? row->conf : "");
	settings = settings_parse(str_text(&conf), "t", &errors);
	assert_string_equal(str_text(&errors.lines), "");
	make_site(&arena, row, &site);
	postfix_plan_make(&arena, settings, rules, &nothing_set, &site, &plan);
	check_first(&plan.mistakes, row->mistake);
	check_first(&plan.doubts, row->doubt);
	check_first(&plan.notes, row->note);
	if (row->part != NULL && strstr(plan.master_lines, row->part) == NULL)
		fail_msg("not in master.cf: %s", plan.master_lines);
	if (row->absent != NULL)
		assert_null(strstr(plan.master_lines, row->absent));
	if (row->mistake == NULL) {
		assert_int_equal(plan.transport_count, 2);
		assert_int_equal(plan.added_count, 1);
		assert_string_equal(plan.added[0].type, "fifo");
	}
	assert_int_equal(plan.timers.count, 3);
	str_free(&conf);
	settings_release(&settings);
	mx_rules_release(&rules);
	arena_clear(&arena);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, map_names, name_rows);
	CHECK_ROWS(&list, own_options, option_rows);
	CHECK_ROWS(&list, own_parameters, parameter_rows);
	CHECK_ROWS(&list, plans, plan_rows);
	return check_run(&list, "postfix_plan");
}
