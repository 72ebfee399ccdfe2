#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "settings.h"

#define P107 \
	"/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct settings *
parsed(const char *text)
{
	struct conf_errors errors = { { 0 }, 0 };
	struct settings *settings = settings_parse(text, "t.conf", &errors);

	if (settings == NULL)
		fail_msg("%s", str_text(&errors.lines));
	assert_int_equal(errors.count, 0);
	conf_errors_free(&errors);
	return settings;
}

static void
refused(const char *text, const char *want)
{
	struct conf_errors errors = { { 0 }, 0 };
	struct settings *settings = settings_parse(text, "t.conf", &errors);

	assert_string_equal(str_text(&errors.lines), want);
	assert_null(settings);
	conf_errors_free(&errors);
}

static void
defaults(void **state)
{
	struct settings *s = parsed("");
	char host[256] = "";

	(void)state;
	gethostname(host, sizeof(host) - 1);
	assert_string_equal(s->redis.host, "127.0.0.1");
	assert_int_equal(s->redis.port, 6379);
	assert_int_equal(s->redis.db, 0);
	assert_string_equal(s->redis.path, "");
	assert_int_equal(s->store_timeout_ms, 500);
	assert_int_equal(s->on_store_failure, ON_FAILURE_PERMIT);
	assert_int_equal(s->on_dns_failure, ON_FAILURE_DEFER);
	assert_string_equal(s->policy_listen, "unix:/var/spool/postfix/mxpace/policy");
	assert_string_equal(s->metrics_listen, "127.0.0.1:9925");
	assert_int_equal(s->socket_mode, 0660);
	assert_int_equal(s->policy_timeout_ms, 10000);
	assert_int_equal(s->policy_idle_ms, 1200000);
	assert_int_equal(s->max_clients, 10000);
	assert_int_equal(s->enforce, ENFORCE_ADMISSION);
	assert_string_equal(s->node, host);
	assert_int_equal(s->sending_ip_count, 0);
	assert_int_equal(s->pool_count, 0);
	assert_int_equal(s->transport_processes, 100);
	assert_int_equal(s->transport_exceptions.count, 0);
	assert_int_equal(s->active_queue_limit, 20000);
	assert_int_equal(s->local_domains.count, 0);
	assert_int_equal(s->dns_timeout_ms, 3000);
	assert_int_equal(s->quarantine_action, QUARANTINE_REJECT);
	assert_string_equal(s->verp_delimiters, "+=");
	assert_int_equal(s->max_message_size, 64 << 20);
	assert_string_equal(s->state_dir, "/var/lib/mxpace");
	assert_int_equal(s->log_period_ms, 60000);
	assert_int_equal(s->log_rate, 200);
	assert_int_equal(s->campaign_headers.count, 4);
	assert_string_equal(s->list_headers.items[0], "List-Id");
	assert_int_equal(s->quarantine.rules[REASON_USER_UNKNOWN].errors, 1);
	settings_release(&s);
	assert_null(s);
	settings_release(&s);
}

static const struct redis_row {
	const char *label, *url;
	struct store_address want; /* host NULL: refused */
} redis_rows[] = {
	{ "host", "redis://r1", { "r1", 6379, "", "", "", 0, "redis://r1" } },
	{ "host and port", "redis://r1:1234", { "r1", 1234, "", "", "", 0, "redis://r1:1234" } },
	{ "database", "redis://r1/5", { "r1", 6379, "", "", "", 5, "redis://r1/5" } },
	{ "port and database", "redis://r1:1/1023",
	    { "r1", 1, "", "", "", 1023, "redis://r1:1/1023" } },
	{ "slash alone", "redis://r1:1/", { "r1", 1, "", "", "", 0, "redis://r1:1/" } },
	{ "password", "redis://:pw@r1", { "r1", 6379, "", "", "pw", 0, "redis://r1" } },
	{ "user and password", "redis://me:pw@r1:7/2",
	    { "r1", 7, "", "me", "pw", 2, "redis://r1:7/2" } },
	{ "password with special characters", "redis://me:p:/@%@r1",
	    { "r1", 6379, "", "me", "p:/@%", 0, "redis://r1" } },
	{ "IPv6", "redis://[::1]", { "::1", 6379, "", "", "", 0, "redis://[::1]" } },
	{ "IPv6, port, database", "redis://[2001:db8::1]:7/3",
	    { "2001:db8::1", 7, "", "", "", 3, "redis://[2001:db8::1]:7/3" } },
	{ "unix", "unix:/run/r.sock", { "", 0, "/run/r.sock", "", "", 0, "unix:/run/r.sock" } },
	{ "unix and database", "unix:/run/r.sock?db=15",
	    { "", 0, "/run/r.sock", "", "", 15, "unix:/run/r.sock" } },
	{ "longest path", "unix:" P107, { "", 0, P107, "", "", 0, "unix:" P107 } },
	{ "path too long", "unix:" P107 "a", { NULL, 0, NULL, NULL, NULL, 0, "unix:" P107 "a" } },
	{ "relative path", "unix:run/r.sock", { NULL, 0, NULL, NULL, NULL, 0, "unix:run/r.sock" } },
	{ "no path", "unix:", { NULL, 0, NULL, NULL, NULL, 0, "unix:" } },
	{ "database too large", "redis://r1/1024",
	    { NULL, 0, NULL, NULL, NULL, 0, "redis://r1/1024" } },
	{ "unix database too large", "unix:/r?db=1024",
	    { NULL, 0, NULL, NULL, NULL, 0, "unix:/r?db=1024" } },
	{ "unix database empty", "unix:/r?db=", { NULL, 0, NULL, NULL, NULL, 0, "unix:/r?db=" } },
	{ "empty", "", { NULL, 0, NULL, NULL, NULL, 0, "" } },
	{ "no host", "redis://", { NULL, 0, NULL, NULL, NULL, 0, "redis://" } },
	{ "no host, port", "redis://:6379", { NULL, 0, NULL, NULL, NULL, 0, "redis://:6379" } },
	{ "port 0", "redis://r1:0", { NULL, 0, NULL, NULL, NULL, 0, "redis://r1:0" } },
	{ "port too large", "redis://r1:65536",
	    { NULL, 0, NULL, NULL, NULL, 0, "redis://r1:65536" } },
	{ "port empty", "redis://r1:/0", { NULL, 0, NULL, NULL, NULL, 0, "redis://r1:/0" } },
	{ "port no number", "redis://r1:x", { NULL, 0, NULL, NULL, NULL, 0, "redis://r1:x" } },
	{ "database no number", "redis://r1/x", { NULL, 0, NULL, NULL, NULL, 0, "redis://r1/x" } },
	{ "IPv6 without its end", "redis://[::1",
	    { NULL, 0, NULL, NULL, NULL, 0, "redis://[::1" } },
	{ "IPv6 empty", "redis://[]", { NULL, 0, NULL, NULL, NULL, 0, "redis://[]" } },
	{ "something behind IPv6", "redis://[::1]x",
	    { NULL, 0, NULL, NULL, NULL, 0, "redis://[::1]x" } },
	{ "TLS", "rediss://r1", { NULL, 0, NULL, NULL, NULL, 0, "rediss://r1" } },
	{ "no scheme", "r1:6379", { NULL, 0, NULL, NULL, NULL, 0, "r1:6379" } },
	/* What is wrong with the rest never shows the password. */
	{ "bad port behind a password", "redis://me:secret@r1:x",
	    { NULL, 0, NULL, NULL, NULL, 0, "redis://r1:x" } },
	{ "bad IPv6 behind a password", "redis://me:secret@[::1",
	    { NULL, 0, NULL, NULL, NULL, 0, "redis://[::1" } },
	{ "password without a colon", "redis://secret@r1",
	    { NULL, 0, NULL, NULL, NULL, 0, "redis://r1" } },
	{ "no host behind a password", "redis://me:secret@",
	    { NULL, 0, NULL, NULL, NULL, 0, "redis://" } },
};

static void
redis_addresses(void **state)
{
	const struct redis_row *row = *state;
	struct str text = { 0 }, want = { 0 };
	struct settings *s;

	str_addf(&text, "redis = \"%s\";", row->url);
	str_addf(&want,
	    "t.conf:1: redis: \"%s\" is neither \"redis://host:port/db\" nor \"unix:/path\"\n",
	    row->want.text);
	if (row->want.host == NULL) {
		refused(str_text(&text), str_text(&want));
	} else {
		s = parsed(str_text(&text));
		assert_string_equal(s->redis.host, row->want.host);
		if (*row->want.host != '\0')
			assert_int_equal(s->redis.port, row->want.port);
		assert_string_equal(s->redis.path, row->want.path);
		assert_string_equal(s->redis.user, row->want.user);
		assert_string_equal(s->redis.password, row->want.password);
		assert_int_equal(s->redis.db, row->want.db);
		assert_string_equal(s->redis.text, row->want.text);
		settings_release(&s);
	}
	str_free(&text);
	str_free(&want);
}

#define POOL(name, ip) \
	"pools = ( { name = \"" name "\"; senders = [ \"*\" ]; ips = [ \"" ip "\" ]; }"
#define IPS "sending_ips = ( { name = \"a\"; } );"

static const struct mistake_row {
	const char *label, *text, *want;
} mistake_rows[] = {
	{ "socket_mode: digit", "socket_mode = \"0680\";",
	    "t.conf:1: socket_mode: \"0680\" is not an octal mode such as \"0660\"\n" },
	{ "socket_mode: empty", "socket_mode = \"\";",
	    "t.conf:1: socket_mode: \"\" is not an octal mode such as \"0660\"\n" },
	{ "socket_mode: too large", "socket_mode = \"1777\";",
	    "t.conf:1: socket_mode: \"1777\" is not an octal mode such as \"0660\"\n" },
	{ "socket_mode: negative", "socket_mode = \"-1\";",
	    "t.conf:1: socket_mode: \"-1\" is not an octal mode such as \"0660\"\n" },
	{ "socket_mode: sign", "socket_mode = \"+660\";",
	    "t.conf:1: socket_mode: \"+660\" is not an octal mode such as \"0660\"\n" },
	{ "socket_mode: number", "socket_mode = 660;",
	    "t.conf:1: socket_mode: must be a string in double quotes\n" },
	{ "verp_delimiters", "verp_delimiters = \"+\";",
	    "t.conf:1: verp_delimiters: must be two characters: \"+=\"\n" },
	{ "verify_return_path without a key", "verify_return_path = \"signed\";",
	    "t.conf:1: verify_return_path: \"signed\" needs return_path_keys\n" },
	{ "return_path_domains without a key", "return_path_domains = [ \"b.test\" ];",
	    "t.conf:1: return_path_domains: signing needs return_path_keys\n" },
	{ "return_path_validity", "return_path_validity = \"1h\";",
	    "t.conf:1: return_path_validity: \"1h\" is not within 1d to 1000d\n" },
	{ "enforce: unknown", "enforce = \"all\";",
	    "t.conf:1: enforce: \"all\" is not one of \"observe\", \"admission\", \"egress\"\n" },
	{ "on_store_failure", "on_store_failure = \"x\";",
	    "t.conf:1: on_store_failure: \"x\" is not one of \"permit\", \"defer\", \"local\", \"\"\n" },
	{ "on_store_failure: local without delivery",
	    "enforce = \"admission\";\non_store_failure = \"local\";",
	    "t.conf:2: on_store_failure: \"local\" is for enforce = \"egress\" or \"observe\"\n" },
	{ "on_dns_failure", "on_dns_failure = \"local\";",
	    "t.conf:1: on_dns_failure: \"local\" is not one of \"permit\", \"defer\"\n" },
	{ "warmup_plans: no list", "warmup_plans = { };",
	    "t.conf:1: warmup_plans: must be a list: ( { name = \"standard\"; stages = ( ... ); }, "
	    "... )\n" },
	{ "warmup_plans: no stages", "warmup_plans = ( { name = \"a\"; } );",
	    "t.conf:1: warmup_plans.stages: must be a list of 1 to 35: ( { days = 2; cap = 50; level "
	    "= \"slow\"; }, ... )\n" },
	{ "warmup_plans: no cap",
	    "warmup_plans = ( { name = \"a\"; stages = ( { days = 2; } ); } );",
	    "t.conf:1: warmup_plans.cap: is missing: messages in 24 hours\n" },
	{ "warmup_plans: caps that shrink",
	    "warmup_plans = ( { name = \"a\"; stages = ( { cap = 9; },\n{ cap = 8; } ); } );",
	    "t.conf:2: warmup_plans.cap: 8 is less than the 9 of the stage before\n" },
	{ "warmup_plans: custom",
	    "warmup_plans = ( { name = \"a\"; stages = ( { cap = 9; level = \"custom\"; } ); } );",
	    "t.conf:1: warmup_plans.level: must be slow, normal, fast, very_fast or boost\n" },
	{ "warmup_plans: twice",
	    "warmup_plans = ( { name = \"a\"; stages = ( { cap = 9; } ); },\n"
	    "{ name = \"a\"; stages = ( { cap = 9; } ); } );",
	    "t.conf:2: warmup_plans.name: \"a\" is there twice\n" },
	{ "warmup_plans: no name", "warmup_plans = ( { stages = ( { cap = 9; } ); } );",
	    "t.conf:1: warmup_plans.name: is missing\n" },
	{ "warmup: trouble above accepted", "warmup = { accepted = 70; };",
	    "t.conf:1: warmup.trouble: 80 must not be more than accepted, 70\n" },
	{ "warmup: overflow", "warmup = { overflow = \"drop\"; };",
	    "t.conf:1: warmup.overflow: \"drop\" is not one of \"pool\", \"wait\"\n" },
	{ "transport_processes", "transport_processes = 0;",
	    "t.conf:1: transport_processes: 0 is not within 1 to 10000\n" },
	{ "active_queue_limit", "active_queue_limit = 99;",
	    "t.conf:1: active_queue_limit: 99 is not within 100 to 10000000\n" },
	{ "quarantine_action", "quarantine_action = \"drop\";",
	    "t.conf:1: quarantine_action: \"drop\" is not one of \"reject\", \"discard\", \"hold\", "
	    "\"prepend\"\n" },
	{ "node too long", "node = \"" P107 "aaaaaaaaaaaaaaaaaaaaaa\";",
	    "t.conf:1: node: must be a name of 1 to 128 bytes\n" },
	{ "max_clients", "max_clients = 0;",
	    "t.conf:1: max_clients: 0 is not within 1 to 100000\n" },
	{ "store_timeout", "store_timeout = \"2m\";",
	    "t.conf:1: store_timeout: \"2m\" is not within 10ms to 1m\n" },
	{ "sending_ips: no list", "sending_ips = 5;",
	    "t.conf:1: sending_ips: must be a list: ( { name = \"192.0.2.1\"; }, ... )\n" },
	{ "sending_ips: no groups", "sending_ips = ( \"192.0.2.1\",\n\"192.0.2.2\" );",
	    "t.conf:1: sending_ips: must be a group: { key = value; }\n"
	    "t.conf:2: sending_ips: must be a group: { key = value; }\n" },
	{ "sending_ips: no name", "sending_ips = ( { bind4 = \"192.0.2.1\"; },\n{ } );",
	    "t.conf:1: sending_ips.name: is missing\nt.conf:2: sending_ips.name: is missing\n" },
	{ "sending_ips: name twice", "sending_ips = ( { name = \"a\"; },\n{ name = \"a\"; } );",
	    "t.conf:2: sending_ips.name: \"a\" is there twice\n" },
	{ "sending_ips: unknown key", "sending_ips = ( { name = \"a\"; ip = \"b\"; } );",
	    "t.conf:1: sending_ips.ip: unknown key\n" },
	{ "sending_ips: bind4", "sending_ips = ( { name = \"a\"; bind4 = \"::1\"; } );",
	    "t.conf:1: sending_ips.bind4: \"::1\" is not an IPv4 address\n" },
	{ "sending_ips: bind6", "sending_ips = ( { name = \"a\"; bind6 = \"mx.test\"; } );",
	    "t.conf:1: sending_ips.bind6: \"mx.test\" is not an IPv6 address\n" },
	{ "level: no such", "level = \"faster\";",
	    "t.conf:1: level: \"faster\" is not one of \"\", \"slow\", \"normal\", \"fast\", "
	    "\"very_fast\", \"boost\", \"custom\"\n" },
	{ "level: none", "level = \"\";", "t.conf:1: level: must not be empty\n" },
	{ "levels: no group", "levels = 5;",
	    "t.conf:1: levels: must be a group: { key = value; }\n" },
	{ "levels: normal is the rules as they are", "levels = { normal = { rate = 2; }; };",
	    "t.conf:1: levels.normal: unknown key\n" },
	{ "levels: unknown factor", "levels = { fast = { speed = 2; }; };",
	    "t.conf:1: levels.fast.speed: unknown key\n" },
	{ "levels: no factor", "levels = { fast = { rate = 0; }; };",
	    "t.conf:1: levels.fast.rate: must be a number from 0.001 to 100\n" },
	{ "sending_ips: custom", "sending_ips = ( { name = \"a\"; level = \"custom\"; } );",
	    "t.conf:1: sending_ips.level: \"custom\" is for all of the rules: set it as `level` of the "
	    "whole file\n" },
	{ "pools: no list", "pools = { };",
	    "t.conf:1: pools: must be a list: ( { name = \"news\"; senders = [ ... ]; ips = [ ... ]; "
	    "}, ... )\n" },
	{ "pools: no group", "pools = ( 5 );",
	    "t.conf:1: pools: must be a group: { key = value; }\n" },
	{ "pools: nothing in it", "pools = ( { } );",
	    "t.conf:1: pools.name: is missing\n"
	    "t.conf:1: pools.senders: no mask: the pool can match no sender\n"
	    "t.conf:1: pools.ips: none: its mail could not be sent\n" },
	{ "pools: name twice",
	    POOL("p", "a") ",\n{ name = \"p\"; senders = \"*\"; ips = \"a\"; } );" IPS,
	    "t.conf:2: pools.name: \"p\" is there twice\n" },
	{ "pools: another IP", POOL("p", "b") " );\n" IPS,
	    "t.conf:1: pools.ips: \"b\" is the name of none of sending_ips\n" },
	{ "a mistake behind them has no prefix", "sending_ips = ( { } ); x = 1;",
	    "t.conf:1: sending_ips.name: is missing\nt.conf:1: x: unknown key\n" },
	{ "quarantine: no group", "quarantine = 5;",
	    "t.conf:1: quarantine: must be a group: { key = value; }\n" },
	{ "quarantine: unknown reason", "quarantine = { greylisted = { errors = 1; }; };",
	    "t.conf:1: quarantine.greylisted: unknown key\n" },
	{ "quarantine: reason no group", "quarantine = { refused = 3; };",
	    "t.conf:1: quarantine.refused: must be a group: { key = value; }\n" },
	{ "quarantine: errors", "quarantine = { refused = { errors = -1; }; };",
	    "t.conf:1: quarantine.refused.errors: -1 is not within 0 to 1000\n" },
	{ "quarantine: release", "quarantine = { refused = { release = \"always\"; }; };",
	    "t.conf:1: quarantine.refused.release: \"always\" is neither \"never\" nor a duration such as "
	    "\"30d\"\n" },
	{ "quarantine: release too short", "quarantine = { refused = { release = \"0\"; }; };",
	    "t.conf:1: quarantine.refused.release: \"0\" is neither \"never\" nor a duration such as "
	    "\"30d\"\n" },
	{ "quarantine: quiet_reset", "quarantine = { quiet_reset = \"0\"; };",
	    "t.conf:1: quarantine.quiet_reset: \"0\" is not within 1s to 366d\n" },
	{ "quarantine: all at once",
	    "quarantine = {\n quiet_reset = \"x\";\n user_unknown = {\n errors = \"1\";\n release = \"x\";\n };\n "
	    "refused = {\n error = 1;\n };\n};",
	    "t.conf:2: quarantine.quiet_reset: \"x\" is not a duration such as \"500ms\", \"60s\", \"5m\", "
	    "\"24h\" or \"10d\"\n"
	    "t.conf:4: quarantine.user_unknown.errors: must be a whole number\n"
	    "t.conf:5: quarantine.user_unknown.release: \"x\" is neither \"never\" nor a duration such as "
	    "\"30d\"\n"
	    "t.conf:8: quarantine.refused.error: unknown key\n" },
	{ "all at once",
	    "redis = \"x\";\nsocket_mode = \"x\";\nverp_delimiters = \"\";\nx = 1;\n"
	    "hold = \"601s\";\nlocal_domains = 5;\n",
	    "t.conf:4: x: unknown key\n"
	    "t.conf:5: hold: \"601s\" is not within 0ms to 10m\n"
	    "t.conf:6: local_domains: must be a list of strings: [ \"a\", \"b\" ]\n"
	    "t.conf:1: redis: \"x\" is neither \"redis://host:port/db\" nor \"unix:/path\"\n"
	    "t.conf:2: socket_mode: \"x\" is not an octal mode such as \"0660\"\n"
	    "t.conf:3: verp_delimiters: must be two characters: \"+=\"\n" },
	{ "syntax", "redis = redis;", "t.conf:1: syntax error\n" },
};

static void
mistakes(void **state)
{
	const struct mistake_row *row = *state;

	refused(row->text, row->want);
}

static void
quarantine_table(void **state)
{
	struct settings *s =
	    parsed("quarantine = { significant_period = \"0\"; quiet_reset = \"2d\";\n"
		   "user_unknown = { errors = 2; };\n"
		   "mailbox_full = { release = \"never\"; };\n"
		   "refused = { errors = 7; release = \"12h\"; }; };");

	(void)state;
	assert_int_equal(s->quarantine.significant_ms, 0);
	assert_int_equal(s->quarantine.quiet_ms, 2 * 86400000);
	assert_int_equal(s->quarantine.rules[REASON_USER_UNKNOWN].errors, 2);
	assert_int_equal(s->quarantine.rules[REASON_USER_UNKNOWN].release_ms, 0);
	assert_int_equal(s->quarantine.rules[REASON_MAILBOX_FULL].errors, 3);
	assert_int_equal(s->quarantine.rules[REASON_MAILBOX_FULL].release_ms, 0);
	assert_int_equal(s->quarantine.rules[REASON_REFUSED].errors, 7);
	assert_int_equal(s->quarantine.rules[REASON_REFUSED].release_ms, 12 * 3600000);
	assert_int_equal(s->quarantine.rules[REASON_UNREACHABLE].errors,
	    5); /* not named: as it is */
	settings_release(&s);
}

static void
sending_ips(void **state)
{
	struct settings *s =
	    parsed("sending_ips = ( { name = \"198.51.100.7\"; bind4 = \"10.0.0.5\"; },\n"
		   "{ name = \"198.51.100.8\"; nodes = [ \"mta1\", \"mta2\" ]; } );");

	(void)state;
	assert_int_equal(s->sending_ip_count, 2);
	assert_string_equal(s->sending_ips[0].name, "198.51.100.7");
	assert_string_equal(s->sending_ips[0].bind4, "10.0.0.5");
	assert_string_equal(s->sending_ips[0].bind6, "");
	assert_int_equal(s->sending_ips[0].nodes.count, 0);
	assert_int_equal(s->sending_ips[1].nodes.count, 2);
	assert_string_equal(s->sending_ips[1].nodes.items[1], "mta2");
	settings_release(&s);
}

static void
sending_ips_here(void **state)
{
	struct settings *s = parsed("node = \"mta2\"; sending_ips = ( { name = \"everywhere\"; },\n"
				    "{ name = \"here\"; nodes = [ \"mta1\", \"mta2\" ]; },\n"
				    "{ name = \"elsewhere\"; nodes = \"mta\"; } );");

	(void)state;
	assert_true(settings_is_here(s, &s->sending_ips[0]));
	assert_true(settings_is_here(s, &s->sending_ips[1]));
	assert_false(settings_is_here(s, &s->sending_ips[2]));
	settings_release(&s);
}

static void
pools(void **state)
{
	struct settings *s = parsed(
	    "pools = ( { name = \"news\"; senders = [ \"*@news.test\", \"<>\" ]; ips = \"b\"; },\n"
	    "{ name = \"rest\"; senders = \"*\"; ips = [ \"a\", \"b\" ]; } );\n"
	    "sending_ips = ( { name = \"a\"; bind6 = \"2001:db8::1\"; }, { name = \"b\"; } );");

	(void)state;
	assert_int_equal(s->pool_count, 2);
	assert_string_equal(s->pools[0].name, "news");
	assert_int_equal(s->pools[0].senders.count, 2);
	assert_string_equal(s->pools[0].senders.items[1], "<>");
	assert_int_equal(s->pools[0].ips.count, 1);
	assert_string_equal(s->pools[0].ips.items[0], "b");
	assert_string_equal(s->pools[1].name, "rest");
	assert_int_equal(s->pools[1].ips.count, 2);
	assert_string_equal(s->sending_ips[0].bind6, "2001:db8::1");
	settings_release(&s);
}

static const struct enforce_row {
	const char *label, *text;
	int enforce, on_store_failure;
} enforce_rows[] = {
	{ "egress goes on by itself", "enforce = \"egress\";", ENFORCE_EGRESS, ON_FAILURE_LOCAL },
	{ "observe too", "enforce = \"observe\";", ENFORCE_OBSERVE, ON_FAILURE_LOCAL },
	{ "admission permits", "enforce = \"admission\";", ENFORCE_ADMISSION, ON_FAILURE_PERMIT },
	{ "empty is as if not there", "on_store_failure = \"\"; enforce = \"egress\";",
	    ENFORCE_EGRESS, ON_FAILURE_LOCAL },
	{ "egress may defer", "enforce = \"egress\"; on_store_failure = \"defer\";", ENFORCE_EGRESS,
	    ON_FAILURE_DEFER },
	{ "egress may permit", "enforce = \"egress\"; on_store_failure = \"permit\";",
	    ENFORCE_EGRESS, ON_FAILURE_PERMIT },
	{ "local said", "on_store_failure = \"local\"; enforce = \"observe\";", ENFORCE_OBSERVE,
	    ON_FAILURE_LOCAL },
	{ "admission may defer", "on_store_failure = \"defer\";", ENFORCE_ADMISSION,
	    ON_FAILURE_DEFER },
};

static void
enforce(void **state)
{
	const struct enforce_row *row = *state;
	struct settings *s = parsed(row->text);

	assert_int_equal(s->enforce, row->enforce);
	assert_int_equal(s->on_store_failure, row->on_store_failure);
	settings_release(&s);
}

static const struct exception_row {
	const char *label, *domain;
	bool want;
} exception_rows[] = {
	{ "as named", "gate.test", true },
	{ "not below it", "a.gate.test", false },
	{ "below one with a dot", "a.inside.test", true },
	{ "deeper", "a.b.inside.test", true },
	{ "itself not", "inside.test", false },
	{ "longer", "xinside.test", false },
	{ "the dot alone names nothing", "any.test", false },
};

static void
exceptions(void **state)
{
	const struct exception_row *row = *state;
	struct settings *s =
	    parsed("transport_exceptions = [ \"Gate.test\", \".INSIDE.test\", \".\", \"\" ];");

	assert_int_equal(settings_is_exception(s, row->domain), row->want);
	settings_release(&s);
}

static const struct local_row {
	const char *label, *domain;
	bool want;
} local_rows[] = {
	{ "as named", "here.test", true },
	{ "by mask", "a.intern.test", true },
	{ "mask wants a label", "intern.test", false },
	{ "other", "there.test", false },
	{ "longer", "xhere.test", false },
};

static void
local_domains(void **state)
{
	const struct local_row *row = *state;
	struct settings *s = parsed("local_domains = [ \"Here.test\", \"*.intern.test.\" ];");

	assert_int_equal(settings_is_local(s, row->domain), row->want);
	settings_release(&s);
}

static void
lines_of_keys(void **state)
{
	struct settings *s = parsed("\nnode = \"mta1\";\n\nmax_clients =\n 7;\n");

	(void)state;
	assert_int_equal(settings_line(s, "node"), 2);
	assert_int_equal(settings_line(s, "max_clients"), 4);
	assert_int_equal(settings_line(s, "redis"), 0);
	settings_release(&s);
}

static void
held_while_in_use(void **state)
{
	struct settings *s = parsed("node = \"mta1\";"), *held = settings_hold(s);

	(void)state;
	settings_release(&s);
	assert_null(s);
	assert_string_equal(held->node, "mta1");
	settings_release(&held);
}

/* Relative paths, and /etc/mxpace paths of files that were not installed, are beside the file. */
static void
paths(void **state)
{
	char folder[] = "/tmp/mxpace-test-XXXXXX", path[128], rules[128], want[128];
	struct conf_errors errors = { { 0 }, 0 };
	struct settings *s;
	FILE *f;
	int here;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/mxpace.conf", folder);
	snprintf(rules, sizeof(rules), "%s/no-such-rules.conf", folder);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("mx_rules = \"sub/mx.conf\"; mx_rules_local = \"\";\n"
	      "bounce_rules = \"/etc/mxpace/no-such-rules.conf\";",
	    f);
	fclose(f);

	s = settings_load(path, &errors);
	assert_non_null(s);
	snprintf(want, sizeof(want), "%s/sub/mx.conf", folder);
	assert_string_equal(s->mx_rules, want);
	assert_string_equal(s->mx_rules_local, "");
	assert_string_equal(s->bounce_rules,
	    "/etc/mxpace/no-such-rules.conf"); /* in neither place */
	settings_release(&s);

	f = fopen(rules, "w");
	assert_non_null(f);
	fclose(f);
	s = settings_load(path, &errors);
	assert_non_null(s);
	assert_string_equal(s->bounce_rules, rules);
	settings_release(&s);

	here = open(".", O_RDONLY | O_DIRECTORY);
	assert_int_equal(chdir(folder), 0);
	s = settings_load("mxpace.conf", &errors);
	assert_non_null(s);
	assert_string_equal(s->mx_rules, "sub/mx.conf");
	assert_string_equal(s->bounce_rules, "no-such-rules.conf");
	settings_release(&s);
	assert_int_equal(errors.count, 0);
	assert_int_equal(fchdir(here), 0);
	close(here);
	unlink(path);
	unlink(rules);
	rmdir(folder);
}

static void
same_strings(const struct conf_strings *a, const struct conf_strings *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++)
		assert_string_equal(a->items[i], b->items[i]);
}

/* The sample that is shipped, and found from the source tree, shows every key at its default. */
static void
sample_is_the_defaults(void **state)
{
	struct conf_errors errors = { { 0 }, 0 };
	struct settings *a = settings_load("conf/mxpace.conf", &errors), *b = parsed("");
	static const size_t texts[] = {
		offsetof(struct settings, redis_text),
		offsetof(struct settings, policy_listen),
		offsetof(struct settings, map_listen),
		offsetof(struct settings, metrics_listen),
		offsetof(struct settings, socket_mode_text),
		offsetof(struct settings, socket_owner),
		offsetof(struct settings, socket_group),
		offsetof(struct settings, node),
		offsetof(struct settings, state_dir),
		offsetof(struct settings, verp_delimiters),
	};

	(void)state;
	assert_string_equal(str_text(&errors.lines), "");
	assert_non_null(a);
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_string_equal(*(const char **)((char *)a + texts[i]),
		    *(const char **)((char *)b + texts[i]));
	assert_int_equal(a->store_timeout_ms, b->store_timeout_ms);
	assert_int_equal(a->on_store_failure, b->on_store_failure);
	assert_int_equal(a->policy_timeout_ms, b->policy_timeout_ms);
	assert_int_equal(a->policy_idle_ms, b->policy_idle_ms);
	assert_int_equal(a->max_clients, b->max_clients);
	assert_int_equal(a->enforce, b->enforce);
	assert_int_equal(a->hold_ms, b->hold_ms);
	assert_int_equal(a->sending_ip_count, b->sending_ip_count);
	assert_int_equal(a->pool_count, b->pool_count);
	assert_int_equal(a->transport_processes, b->transport_processes);
	assert_int_equal(a->active_queue_limit, b->active_queue_limit);
	same_strings(&a->transport_exceptions, &b->transport_exceptions);
	assert_int_equal(a->dns_timeout_ms, b->dns_timeout_ms);
	assert_int_equal(a->on_dns_failure, b->on_dns_failure);
	assert_int_equal(a->quarantine_action, b->quarantine_action);
	assert_int_equal(a->max_message_size, b->max_message_size);
	assert_memory_equal(&a->quarantine, &b->quarantine, sizeof(a->quarantine));
	same_strings(&a->allow_from, &b->allow_from);
	same_strings(&a->local_domains, &b->local_domains);
	same_strings(&a->dns_servers, &b->dns_servers);
	same_strings(&a->campaign_headers, &b->campaign_headers);
	same_strings(&a->account_headers, &b->account_headers);
	same_strings(&a->list_headers, &b->list_headers);
	if (access("/etc/mxpace/mx-rules.conf", F_OK) != 0)
		assert_string_equal(a->mx_rules, "conf/mx-rules.conf");
	if (access("/etc/mxpace/bounce-rules.conf", F_OK) != 0)
		assert_string_equal(a->bounce_rules, "conf/bounce-rules.conf");
	settings_release(&a);
	settings_release(&b);
}

static void
no_file(void **state)
{
	struct conf_errors errors = { { 0 }, 0 };

	(void)state;
	assert_null(settings_load("/nowhere/mxpace.conf", &errors));
	assert_string_equal(str_text(&errors.lines),
	    "/nowhere/mxpace.conf:0: No such file or directory\n");
	conf_errors_free(&errors);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK(&list, defaults);
	CHECK_ROWS(&list, redis_addresses, redis_rows);
	CHECK_ROWS(&list, mistakes, mistake_rows);
	CHECK(&list, quarantine_table);
	CHECK(&list, sending_ips);
	CHECK(&list, sending_ips_here);
	CHECK(&list, pools);
	CHECK_ROWS(&list, enforce, enforce_rows);
	CHECK_ROWS(&list, exceptions, exception_rows);
	CHECK_ROWS(&list, local_domains, local_rows);
	CHECK(&list, lines_of_keys);
	CHECK(&list, held_while_in_use);
	CHECK(&list, paths);
	CHECK(&list, sample_is_the_defaults);
	CHECK(&list, no_file);
	return check_run(&list, "settings");
}
