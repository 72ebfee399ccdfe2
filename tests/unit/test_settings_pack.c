/* What mxbounce reads from its cache is what the file says: every key of the table, set to something
 * else than its default, is packed, unpacked and compared. A key without a row here fails. */
#include "check.h"
#include "pattern.h"
#include "settings.h"

static struct settings *
parsed(const char *text)
{
	struct conf_errors errors = { { 0 }, 0 };
	struct settings *settings = settings_parse(text, "t.conf", &errors);

	if (settings == NULL)
		fail_msg("%s", str_text(&errors.lines));
	conf_errors_free(&errors);
	return settings;
}

/* -- equal or not ------------------------------------------------------------------------------- */

static bool
same_text(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static bool
same_strings(const struct conf_strings *a, const struct conf_strings *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++)
		if (!same_text(a->items[i], b->items[i]))
			return false;
	return a->count == b->count;
}

static bool
same_sending_ips(const struct settings *a, const struct settings *b)
{
	for (size_t i = 0; i < a->sending_ip_count && i < b->sending_ip_count; i++) {
		const struct sending_ip *x = &a->sending_ips[i], *y = &b->sending_ips[i];

		if (!same_text(x->name, y->name) || !same_text(x->bind4, y->bind4) ||
		    !same_text(x->bind6, y->bind6) || !same_strings(&x->nodes, &y->nodes) ||
		    x->level != y->level)
			return false;
	}
	return a->sending_ip_count == b->sending_ip_count;
}

static bool
same_pools(const struct settings *a, const struct settings *b)
{
	for (size_t i = 0; i < a->pool_count && i < b->pool_count; i++) {
		const struct pool *x = &a->pools[i], *y = &b->pools[i];

		if (!same_text(x->name, y->name) || !same_strings(&x->senders, &y->senders) ||
		    !same_strings(&x->ips, &y->ips) || x->level != y->level)
			return false;
	}
	return a->pool_count == b->pool_count;
}

static bool
same_levels(const struct settings *a, const struct settings *b)
{
	return memcmp(a->levels, b->levels, sizeof(a->levels)) == 0;
}

static bool
same_address_rules(const struct settings *a, const struct settings *b)
{
	for (size_t i = 0; i < a->address_rule_count && i < b->address_rule_count; i++) {
		const struct address_rule *x = &a->address_rules[i], *y = &b->address_rules[i];

		if (!same_strings(&x->domains, &y->domains) ||
		    !same_text(x->strip_tag, y->strip_tag) || x->strip_dots != y->strip_dots ||
		    !same_text(x->domain, y->domain))
			return false;
	}
	return a->address_rule_count == b->address_rule_count;
}

static bool
same_warmup(const struct settings *a, const struct settings *b)
{
	return memcmp(&a->warmup, &b->warmup, sizeof(a->warmup)) == 0;
}

static bool
same_stages(const struct warmup_plan *a, const struct warmup_plan *b)
{
	for (size_t i = 0; i < a->stage_count && i < b->stage_count; i++)
		if (a->stages[i].days != b->stages[i].days ||
		    a->stages[i].cap != b->stages[i].cap ||
		    a->stages[i].level != b->stages[i].level)
			return false;
	return a->stage_count == b->stage_count;
}

static bool
same_warmup_plans(const struct settings *a, const struct settings *b)
{
	for (size_t i = 0; i < a->warmup_plan_count && i < b->warmup_plan_count; i++)
		if (!same_text(a->warmup_plans[i].name, b->warmup_plans[i].name) ||
		    !same_stages(&a->warmup_plans[i], &b->warmup_plans[i]))
			return false;
	return a->warmup_plan_count == b->warmup_plan_count;
}

static bool
same_quarantine(const struct settings *a, const struct settings *b)
{
	return memcmp(&a->quarantine, &b->quarantine, sizeof(a->quarantine)) == 0;
}

static bool
same_guard(const struct settings *a, const struct settings *b)
{
	return memcmp(&a->guard, &b->guard, sizeof(a->guard)) == 0;
}

static bool
same_reputation(const struct settings *a, const struct settings *b)
{
	const struct reputation *x = &a->reputation, *y = &b->reputation;

	return memcmp(&x->policy, &y->policy, sizeof(x->policy)) == 0 &&
	       same_text(x->review_hard, y->review_hard) &&
	       same_text(x->suspend_hard, y->suspend_hard) &&
	       same_text(x->review_complaints, y->review_complaints) &&
	       same_text(x->suspend_complaints, y->suspend_complaints) && x->action == y->action &&
	       same_strings(&x->exempt, &y->exempt);
}

static bool
same_mail(const struct settings *a, const struct settings *b)
{
	const struct mail_settings *x = &a->mail, *y = &b->mail;

	for (size_t i = 0; i < x->owner_count && i < y->owner_count; i++)
		if (!same_text(x->owners[i].account, y->owners[i].account) ||
		    !same_text(x->owners[i].mail, y->owners[i].mail))
			return false;
	return same_text(x->postmaster, y->postmaster) && same_strings(&x->events, &y->events) &&
	       memcmp(x->wanted, y->wanted, sizeof(x->wanted)) == 0 &&
	       x->to_account == y->to_account && x->owner_count == y->owner_count &&
	       same_text(x->from, y->from) && x->per_hour == y->per_hour &&
	       x->digest_after_ms == y->digest_after_ms && same_text(x->sendmail, y->sendmail) &&
	       x->timeout_ms == y->timeout_ms && same_text(x->templates, y->templates);
}

/* What is made of the redis key. */
static bool
same_redis(const struct settings *a, const struct settings *b)
{
	const struct store_address *x = &a->redis, *y = &b->redis;

	return same_text(x->host, y->host) && x->port == y->port && same_text(x->path, y->path) &&
	       same_text(x->user, y->user) && same_text(x->password, y->password) &&
	       x->db == y->db && same_text(x->text, y->text);
}

static bool
same_socket_mode(const struct settings *a, const struct settings *b)
{
	return a->socket_mode == b->socket_mode;
}

static bool
same_bounce_rules(const struct settings *a, const struct settings *b)
{
	return same_text(a->bounce_rules, b->bounce_rules);
}

static bool
same_bounce_rules_local(const struct settings *a, const struct settings *b)
{
	return same_text(a->bounce_rules_local, b->bounce_rules_local);
}

static bool
same_account_pattern(const struct settings *a, const struct settings *b)
{
	const struct pattern *x = a->account_pattern, *y = b->account_pattern;

	return x != NULL && y != NULL ? same_text(pattern_text(x), pattern_text(y)) : x == y;
}

/* -- a row for each key -------------------------------------------------------------------------- */

static const struct key_row {
	const char *label; /* the key */
	const char *text;  /* a file that sets it, and all that is in it, to another value */
	/* Of a custom key: its value; of another: what is made of it, NULL nothing. */
	bool (*same)(const struct settings *a, const struct settings *b);
} key_rows[] = {
	{ "redis", "redis = \"redis://me:pw@r1:7/2\";", same_redis },
	{ "store_timeout", "store_timeout = \"700ms\";", NULL },
	{ "on_store_failure", "on_store_failure = \"defer\";", NULL },
	{ "policy_listen", "policy_listen = \"inet:127.0.0.1:1\";", NULL },
	{ "map_listen", "map_listen = \"inet:127.0.0.1:2\";", NULL },
	{ "metrics_listen", "metrics_listen = \"\";", NULL },
	{ "socket_mode", "socket_mode = \"0600\";", same_socket_mode },
	{ "socket_owner", "socket_owner = \"owner\";", NULL },
	{ "socket_group", "socket_group = \"group\";", NULL },
	{ "allow_from", "allow_from = [ \"192.0.2.0/24\", \"::1\" ];", NULL },
	{ "policy_timeout", "policy_timeout = \"11s\";", NULL },
	{ "policy_idle", "policy_idle = \"12s\";", NULL },
	{ "max_clients", "max_clients = 13;", NULL },
	{ "enforce", "enforce = \"egress\";", NULL },
	{ "hold", "hold = \"14s\";", NULL },
	{ "node", "node = \"no such host\";", NULL },
	{ "sending_ips",
	    "sending_ips = ( { name = \"192.0.2.1\"; bind4 = \"10.0.0.1\"; bind6 = \"::1\";\n"
	    "nodes = [ \"a\", \"b\" ]; level = \"slow\"; }, { name = \"192.0.2.2\"; } );",
	    same_sending_ips },
	{ "pools",
	    "sending_ips = ( { name = \"192.0.2.1\"; }, { name = \"192.0.2.2\"; } );\n"
	    "pools = ( { name = \"news\"; senders = [ \"n@*\", \"m@*\" ]; ips = [ \"192.0.2.1\",\n"
	    "\"192.0.2.2\" ]; }, { name = \"rest\"; senders = [ \"*\" ];\n"
	    "ips = [ \"192.0.2.1\" ]; level = \"boost\"; } );",
	    same_pools },
	{ "level", "level = \"fast\";", NULL },
	{ "levels",
	    "levels = { slow = { connections = 0.1; messages_per_connection = 0.3; rate = 0.05; };\n"
	    "fast = { rate = 3; }; very_fast = { connections = 7; }; boost = { rate = 20.5; }; };",
	    same_levels },
	{ "warmup_plans",
	    "warmup_plans = ( { name = \"a\"; stages = ( { days = 3; cap = 7; level = \"fast\"; },\n"
	    "{ cap = 8; } ); }, { name = \"b\"; stages = ( { cap = 9; } ); } );",
	    same_warmup_plans },
	{ "warmup",
	    "warmup = { volume = 51; accepted = 91; trouble = 81; complaints = 4;\n"
	    "overflow = \"wait\"; };",
	    same_warmup },
	{ "transport_processes", "transport_processes = 15;", NULL },
	{ "transport_exceptions", "transport_exceptions = [ \".a.test\", \"b.test\" ];", NULL },
	{ "active_queue_limit", "active_queue_limit = 1600;", NULL },
	{ "local_domains", "local_domains = [ \"a.test\" ];", NULL },
	{ "dns_servers", "dns_servers = [ \"127.0.0.1\" ];", NULL },
	{ "dns_timeout", "dns_timeout = \"17s\";", NULL },
	{ "on_dns_failure", "on_dns_failure = \"permit\";", NULL },
	{ "mx_rules", "mx_rules = \"/mx\";", NULL },
	{ "mx_rules_local", "mx_rules_local = \"\";", NULL },
	{ "bounce_rules", "bounce_rules = \"own.conf\";", same_bounce_rules },
	{ "rules_url", "rules_url = \"https://a.test/rules\";", NULL },
	{ "rules_keys", "rules_keys = [ \"/a.pub\", \"/b.pub\" ];", NULL },
	{ "rules_keep", "rules_keep = 3;", NULL },
	{ "rules_ca", "rules_ca = \"/ca.pem\";", NULL },
	{ "bounce_rules_local", "bounce_rules_local = \"own.local.conf\";",
	    same_bounce_rules_local },
	{ "state_dir", "state_dir = \"/state\";", NULL },
	{ "log_period", "log_period = \"19s\";", NULL },
	{ "log_rate", "log_rate = 20;", NULL },
	{ "quarantine_action", "quarantine_action = \"hold\";", NULL },
	{ "quarantine",
	    "quarantine = { significant_period = \"1h\"; quiet_reset = \"2d\";\n"
	    "user_unknown = { errors = 2; release = \"3d\"; };\n"
	    "mailbox_full = { errors = 4; release = \"never\"; significant_period = \"5h\";\n"
	    "quiet_reset = \"6d\"; }; };",
	    same_quarantine },
	{ "guard",
	    "guard = { window = \"11m\"; factor = 6; floor = 21; ratio = 51; quiet = \"2h\"; };",
	    same_guard },
	{ "address_rules",
	    "address_rules = ( { domains = [ \"a.test\", \"b.test\" ]; strip_tag = \"+\";\n"
	    "strip_dots = true; domain = \"c.test\"; }, { domains = [ \"*\" ]; } );",
	    same_address_rules },
	{ "verp_delimiters", "verp_delimiters = \"-=\";", NULL },
	{ "verify_return_path", "verify_return_path = \"signed\"; return_path_keys = [ \"/key\" ];",
	    NULL },
	{ "return_path_keys", "return_path_keys = [ \"/a.key\", \"/b.key\" ];", NULL },
	{ "return_path_validity", "return_path_validity = \"18d\";", NULL },
	{ "return_path_domains",
	    "return_path_keys = [ \"/key\" ]; return_path_domains = [ \"a.test\" ];", NULL },
	{ "max_message_size", "max_message_size = \"1M\";", NULL },
	{ "campaign_headers", "campaign_headers = [ ];", NULL },
	{ "account_headers", "account_headers = [ \"X-A\", \"X-B\", \"X-C\" ];", NULL },
	{ "list_headers", "list_headers = [ \"X-L\" ];", NULL },
	{ "account_from", "account_from = [ \"sender\" ];", NULL },
	{ "account_from_sender", "account_from_sender = \"^(?<account>[^@]+)@\";",
	    same_account_pattern },
	{ "reputation",
	    "reputation = { review_hard = \"1%\"; suspend_hard = \"2%\"; floor = 3;\n"
	    "review_complaints = \"0.4%\"; suspend_complaints = \"never\"; floor_complaints = 6;\n"
	    "probation_start = 7; probation_factor = 8; probation_days = 9; action = \"defer\";\n"
	    "exempt = [ \"a\", \"b\" ]; };",
	    same_reputation },
	{ "complaint_scope", "complaint_scope = \"all\";", NULL },
	{ "feedback_addresses", "feedback_addresses = [ \"fbl@a.test\" ];", NULL },
	{ "mail",
	    "mail = { postmaster = \"a@b.test\"; events = [ \"guard\", \"level\" ];\n"
	    "to_account = true; owners = ( { account = \"*x\"; mail = \"c@d.test\"; } );\n"
	    "from = \"e@f.test\"; per_hour = 11; digest_after = \"6m\";\n"
	    "sendmail = \"/x\"; timeout = \"31s\"; templates = \"/y\"; };",
	    same_mail },
};

static const struct key_row *
row_of(const char *name)
{
	for (size_t i = 0; i < COUNT(key_rows); i++)
		if (same_text(key_rows[i].label, name))
			return &key_rows[i];
	return NULL;
}

static const struct conf_key *
key_of(const char *name)
{
	size_t count;
	const struct conf_key *keys = settings_keys(&count);

	for (size_t i = 0; i < count; i++)
		if (same_text(keys[i].name, name))
			return &keys[i];
	return NULL;
}

/* What differs in words; NULL: nothing. */
static const char *
difference(const struct key_row *row, const struct settings *a, const struct settings *b)
{
	const struct conf_key *key = key_of(row->label);
	const void *x, *y;
	bool same = true;

	if (key == NULL)
		return "no such key";
	x = (const char *)a + key->offset;
	y = (const char *)b + key->offset;
	switch (key->type) {
	case CONF_STRING:
		same = same_text(*(const char *const *)x, *(const char *const *)y);
		break;
	case CONF_STRINGS:
		same = same_strings(x, y);
		break;
	case CONF_BOOL:
		same = *(const bool *)x == *(const bool *)y;
		break;
	case CONF_NUMBER:
	case CONF_DURATION:
	case CONF_SIZE:
		same = *(const int64_t *)x == *(const int64_t *)y;
		break;
	case CONF_WORD:
		same = *(const int *)x == *(const int *)y;
		break;
	case CONF_CUSTOM:
		if (row->same == NULL)
			return "nothing here compares it";
		break;
	}
	if (!same)
		return "the value";
	return row->same != NULL && !row->same(a, b) ? "what is made of it" : NULL;
}

static struct settings *
read_back(const struct settings *settings, struct str *bytes)
{
	struct settings *copy;
	struct unpack in;

	settings_pack(settings, bytes);
	in = unpack_make(span_make(bytes->data, bytes->len));
	copy = settings_unpack(&in);
	assert_non_null(copy);
	assert_int_equal(in.at, bytes->len);
	return copy;
}

static void
reads_back(void **state)
{
	const struct key_row *row = *state;
	struct settings *defaults = parsed(""), *settings = parsed(row->text), *copy;
	struct str bytes = { 0 };
	const char *differs;

	if (difference(row, defaults, settings) == NULL)
		fail_msg("%s: the row sets it to its default", row->label);
	copy = read_back(settings, &bytes);
	for (size_t i = 0; i < COUNT(key_rows); i++) {
		differs = difference(&key_rows[i], settings, copy);
		if (differs != NULL)
			fail_msg("%s, with %s set: %s", key_rows[i].label, row->label, differs);
	}
	settings_release(&copy);
	settings_release(&settings);
	settings_release(&defaults);
	str_free(&bytes);
}

static void
every_key_has_a_row(void **state)
{
	size_t count;
	const struct conf_key *keys = settings_keys(&count);

	(void)state;
	for (size_t i = 0; i < count; i++)
		if (row_of(keys[i].name) == NULL)
			fail_msg(
			    "%s: add a row for it to test_settings_pack.c, and if it is a custom "
			    "key, pack and unpack it in settings_pack(), settings_unpack()",
			    keys[i].name);
}

static void
cut_off_anywhere_it_is_refused(void **state)
{
	struct settings *settings = parsed(row_of("pools")->text);
	struct str bytes = { 0 };

	(void)state;
	settings_pack(settings, &bytes);
	for (size_t len = 0; len < bytes.len; len++) {
		char *cut = malloc(len + 1);
		struct unpack in;

		assert_non_null(cut);
		memcpy(cut, bytes.data, len);
		in = unpack_make(span_make(cut, len));
		assert_null(settings_unpack(&in));
		free(cut);
	}
	settings_release(&settings);
	str_free(&bytes);
}

/* Of the same length all of them, so that only the table tells. */
static void
another_table_cannot_read_it(void **state)
{
	static const struct conf_key written[] = { { .name = "a", .type = CONF_NUMBER } };
	static const struct conf_key name[] = { { .name = "b", .type = CONF_NUMBER } };
	static const struct conf_key type[] = { { .name = "a", .type = CONF_DURATION } };
	const struct conf_key *others[] = { name, type };
	struct arena arena;
	struct str bytes = { 0 };
	int64_t value = 7, found = 0;
	struct unpack in;

	(void)state;
	arena_init(&arena);
	conf_pack(written, 1, &value, &bytes);
	in = unpack_make(span_make(bytes.data, bytes.len));
	assert_true(conf_unpack(&arena, written, 1, &found, &in));
	assert_int_equal(found, 7);
	for (size_t i = 0; i < COUNT(others); i++) {
		in = unpack_make(span_make(bytes.data, bytes.len));
		assert_false(conf_unpack(&arena, others[i], 1, &found, &in));
	}
	str_free(&bytes);
	arena_clear(&arena);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK(&list, every_key_has_a_row);
	CHECK_ROWS(&list, reads_back, key_rows);
	CHECK(&list, cut_off_anywhere_it_is_refused);
	CHECK(&list, another_table_cannot_read_it);
	return check_run(&list, "settings_pack");
}
