#include "check.h"
#include "transports_known.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define RULE(name, more) "{ name = \"" name "\"; mx = [ \"*\" ]; " more " }"

/* -- which class ------------------------------------------------------------------------------- */

static const char rules_text[] =
    "mx_rules = ( " RULE("big", "messages_per_connection = 50;") "," RULE("single",
	"messages_per_connection = 1;") "," RULE("free", "") "," RULE("last",
	"messages_per_connection = 20;") " );";
/* As it is when the last rule has no limit. */
static const char endless_text[] =
    "mx_rules = ( " RULE("big", "messages_per_connection = 50;") "," RULE("last", "") " );";

static const struct choose_row {
	const char *label, *names, *rules, *rule;
	size_t number;
	const char *want;
	bool shared, serves;
} choose_rows[] = {
	{ "nothing is known: the rule's own", "", rules_text, "big", 1, "big", false, true },
	{ "Postfix has it", "\nmxp-big-1\nmxp-last-1\n", rules_text, "big", 1, "big", false, true },
	{ "it has not: the last rule's, shared", "\nmxp-last-1\nmxp-unknown-1\n", rules_text, "big",
	    1, "last", true, true },
	{ "no limit of its own", "\nmxp-last-1\nmxp-unknown-1\n", rules_text, "free", 1, "last",
	    true, true },
	{ "the last rule's puts more on a connection", "\nmxp-last-1\nmxp-unknown-1\n", rules_text,
	    "single", 1, "unknown", true, true },
	{ "the last rule's has no limit at all", "\nmxp-last-1\nmxp-unknown-1\n", endless_text,
	    "big", 1, "unknown", true, true },
	{ "of another sending IP it has none", "\nmxp-big-2\nmxp-last-1\n", rules_text, "big", 1,
	    "last", true, true },
	{ "it has none from there", "\nmxp-big-1\nmxp-last-1\n", rules_text, "big", 2, "big", false,
	    false },
	{ "a name is not the beginning of another", "\nmxp-big-11\nmxp-last-1\n", rules_text, "big",
	    1, "last", true, true },
	{ "the MX are not known", "\nmxp-last-1\nmxp-unknown-1\n", rules_text, NULL, 1, "unknown",
	    true, true },
};

static void
choose(void **state)
{
	const struct choose_row *row = *state;
	struct conf_errors errors = { { 0 }, 0 };
	struct mx_rules *rules = mx_rules_parse(row->rules, "t.conf", &errors);
	const struct mx_rule *rule =
	    row->rule != NULL ? mx_rules_named(rules, span_of(row->rule)) : NULL;
	struct transports_known known = { { 0 } };
	struct transport_class class;

	assert_non_null(rules);
	str_adds(&known.names, row->names);
	transports_choose(&known, rules, rule, row->number, &class);
	assert_string_equal(class.name, row->want);
	assert_int_equal(class.shared, row->shared);
	assert_int_equal(transports_known_serves(&known, rules, rule, row->number), row->serves);
	transports_choose(NULL, rules, rule, row->number, &class);
	assert_string_equal(class.name, row->rule != NULL ? row->rule : "unknown");
	transports_known_clear(&known);
	mx_rules_release(&rules);
}

/* -- the records ------------------------------------------------------------------------------- */

static char folder[] = "/tmp/mxpace-transports-XXXXXX";

static void
command(const char *verb, const char *name)
{
	char text[512];

	snprintf(text, sizeof(text), "%s %s/postfix-setup%s", verb, folder, name);
	assert_int_equal(system(text), 0);
}

static void
put(const char *instance, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "/%s", instance);
	command("mkdir -p", path);
	snprintf(path, sizeof(path), "%s/postfix-setup/%s/transports", folder, instance);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void
records(void **state)
{
	struct transports_known known = { { 0 } };

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_false(transports_known_read(&known, folder)); /* nothing there */
	put("one", "mxp-a-1\nmxp-b-1\nsmtp\n\nmxp-c-1");
	assert_true(transports_known_read(&known, folder));
	assert_string_equal(str_text(&known.names), "\nmxp-a-1\nmxp-b-1\nmxp-c-1\n");
	assert_false(transports_known_read(&known, folder)); /* the same */
	put("observing", "");
	command("mkdir", "/of-before");
	assert_false(transports_known_read(&known, folder));
	put("two", "mxp-c-1\nmxp-a-1\nmxp-d-1\n");
	assert_true(transports_known_read(&known, folder));
	assert_non_null(strstr(str_text(&known.names), "\nmxp-a-1\n"));
	assert_non_null(strstr(str_text(&known.names), "\nmxp-c-1\n"));
	assert_int_equal(known.names.len, strlen("\nmxp-a-1\nmxp-c-1\n"));
	command("rm -r", "");
	assert_true(transports_known_read(&known, folder));
	assert_int_equal(known.names.len, 0);
	transports_known_clear(&known);
	assert_int_equal(rmdir(folder), 0);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, choose, choose_rows);
	CHECK(&list, records);
	return check_run(&list, "transports_known");
}
