/* What a text may tell of people and hosts does not leave the house (anonymous.h). Each row goes the
 * way that a notice's diagnostic goes: unclassified_form, then anonymous_text. */
#include "anonymous.h"
#include "check.h"
#include "person_words.h"
#include "unclassified.h"
#include "vocabulary.h"

static struct bounce_rules *rules;
static struct anonymous *anonymous;

static void
make(const char *in, struct str *out)
{
	struct str form = { 0 };

	unclassified_form(span_of(in), &form);
	anonymous_text(anonymous, span_make(str_text(&form), form.len), out);
	str_free(&form);
}

static const struct row {
	const char *label, *in, *want;
} rows[] = {
	{ "words of the rules stay", "550 5.1.1 user unknown", "550 5.1.1 user unknown" },
	{ "other small words stay", "550 zwackelt leider", "550 zwackelt leider" },
	{ "codes of a provider stay", "421 TSS04 zwackelt", "421 TSS04 zwackelt" },
	{ "reply code and status stay", "550-5.7.1 zwackelt (#5.7.1)",
	    "550-5.7.1 zwackelt (#5.7.1)" },
	{ "address in brackets", "550 <ann.smith@shop.example>: zwackelt",
	    "550 <address>: zwackelt" },
	{ "bare address", "550 ann.smith@shop.example zwackelt", "550 <address> zwackelt" },
	{ "address with a tag", "550 ann+news=shop.example@lists.example", "550 <address>" },
	{ "address in UTF-8", "550 <j\u00fcrgen@b\u00fccher.example> zwackelt",
	    "550 <address> zwackelt" },
	{ "quoted local part", "550 \"Ann Smith\"@shop.example zwackelt",
	    "550 \"<name> <name>\"<host> zwackelt" },
	{ "name in brackets", "550 <asmith>: zwackelt", "550 <name>: zwackelt" },
	{ "two names in brackets", "550 <Ann Smith> zwackelt", "550 <name> zwackelt" },
	{ "a known word in brackets is no name of ours", "550 <user> zwackelt",
	    "550 <name> zwackelt" },
	{ "name in quotes", "550 'asmith' zwackelt", "550 '<name>' zwackelt" },
	{ "several in quotes", "550 \"ann of smith\" zwackelt",
	    "550 \"<name> of <name>\" zwackelt" },
	{ "name in round brackets", "550 (asmith) zwackelt", "550 (<name>) zwackelt" },
	{ "name with capitals", "550 Ann Smith zwackelt", "550 <name> <name> zwackelt" },
	{ "name all in capitals", "550 SMITHSON zwackelt", "550 <name> zwackelt" },
	{ "name in Cyrillic", "550 \u0418\u0432\u0430\u043d zwackelt", "550 <name> zwackelt" },
	{ "name in Chinese", "550 \u5f20\u4e09 zwackelt", "550 <name> zwackelt" },
	{ "name with an umlaut", "550 \u00d6zg\u00fcr zwackelt", "550 <name> zwackelt" },
	{ "small name behind user", "550 user asmith zwackelt", "550 user <name> zwackelt" },
	{ "and behind a link", "550 mailbox of asmith zwackelt", "550 mailbox of <name> zwackelt" },
	{ "and before", "550 asmith user unknown", "550 <name> user unknown" },
	{ "and with a colon", "550 recipient: asmith zwackelt", "550 recipient: <name> zwackelt" },
	{ "name of several parts", "550 ann_smith zwackelt, ann-smith", "550 <id> zwackelt, <id>" },
	{ "name with a number", "550 bob7 zwackelt", "550 <id> zwackelt" },
	{ "IPv4", "550 [198.51.100.7] zwackelt", "550 [<ip>] zwackelt" },
	{ "IPv6", "550 2001:db8::25:7 zwackelt", "550 <ip> zwackelt" },
	{ "IPv6 as a literal", "550 [IPv6:2001:db8::7] zwackelt", "550 [<id>] zwackelt" },
	{ "host", "550 mail7.shop.example zwackelt", "550 <host> zwackelt" },
	{ "own host", "550 bulk-one zwackelt", "550 <host> zwackelt" },
	{ "own host within a word", "550 via=bulk-one zwackelt", "550 <host> zwackelt" },
	{ "first label of an own host", "550 bulk-one.shop zwackelt", "550 <host> zwackelt" },
	{ "own sending IP's name", "550 sendera zwackelt", "550 <host> zwackelt" },
	{ "message id", "550 <20261122.4711.abc@mail.shop.example> zwackelt",
	    "550 <address> zwackelt" },
	{ "message id without a host", "550 id=1pXyZw-0004Fq-2c zwackelt", "550 <id> zwackelt" },
	{ "queue id", "550 4F2A61C0B1 zwackelt", "550 <id> zwackelt" },
	{ "queue id of letters", "550 BCDFGHJKLM zwackelt", "550 <name> zwackelt" },
	{ "token of letters", "550 xyZabQrs zwackelt", "550 <name> zwackelt" },
	{ "URL with a token", "550 see https://help.example/u?id=a1b2&mail=ann%40shop.example",
	    "550 see <url>" },
	{ "URL without a scheme", "550 www.help.example/undo?token=abcdef zwackelt",
	    "550 <id>?<id> zwackelt" },
	{ "phone number", "550 +49 30 901820 zwackelt", "550 <n> <n> <n> zwackelt" },
	{ "phone number with signs", "550 (030) 555-12 zwackelt", "550 (<n>) <id> zwackelt" },
	{ "phone number in one", "550 +4930901820 zwackelt", "550 <id> zwackelt" },
	{ "short phone number", "550 55-12 zwackelt", "550 <n> zwackelt" },
	{ "date", "550 on 22 Nov 2026 at 10:00:05", "550 on <n> <month> <n> at <time>" },
	{ "a bracket that does not end", "550 < asmith zwackelt", "550 < asmith zwackelt" },
	{ "empty", "", "" },
};

static void
hides(void **state)
{
	const struct row *row = *state;
	struct str once = { 0 }, twice = { 0 };

	make(row->in, &once);
	assert_string_equal(str_text(&once), row->want);
	anonymous_text(anonymous, span_make(str_text(&once), once.len), &twice);
	assert_string_equal(str_text(&twice), row->want);
	str_free(&once);
	str_free(&twice);
}

/* Everything that must not leave, in the places in which servers put it: none of it comes out. */
static void
lets_nothing_out(void **state)
{
	static const char *const secrets[] = { "ann.smith@shop.example", "<asmith>", "198.51.100.7",
		"2001:db8::25:7", "mail7.shop.example", "<4711.abc@shop.example>",
		"https://x.example/u?token=qwertz", "+49-30-901820", "bulk-one", "asmith2",
		"ann_smith", "Smithson" };
	static const char *const parts[] = { "smith", "Smith", "shop", "198", "2001", "db8",
		"mail7", "4711", "token", "qwertz", "9018", "bulk" };
	static const char *const places[] = { "550 %s", "550 5.1.1 %s: zwackelt", "550 zwackelt %s",
		"550 user %s is unknown", "550 (%s)", "550 \"%s\"", "550 '%s' zwackelt", "550 [%s]",
		"550 zwackelt,%s;", "550 zwackelt %s.", "%s zwackelt", "550 a=%s", "550 {%s}" };

	(void)state;
	for (size_t i = 0; i < COUNT(secrets); i++)
		for (size_t k = 0; k < COUNT(places); k++) {
			struct str out = { 0 };
			char in[200];
			const char *at = strstr(places[k], "%s");

			snprintf(in, sizeof(in), "%.*s%s%s", (int)(at - places[k]), places[k],
			    secrets[i], at + 2);
			make(in, &out);
			for (size_t n = 0; n < COUNT(parts); n++)
				if (strstr(str_text(&out), parts[n]) != NULL)
					fail_msg("%s -> %s", in, str_text(&out));
			str_free(&out);
		}
}

static void
knows_words(void **state)
{
	struct vocabulary *vocabulary = vocabulary_new(rules);

	(void)state;
	assert_true(vocabulary_has(vocabulary, SPAN("unknown")));
	assert_true(vocabulary_has(vocabulary, SPAN("UNKNOWN")));
	assert_true(vocabulary_has(vocabulary, SPAN("such")));
	assert_true(vocabulary_has(vocabulary, SPAN("here")));
	assert_false(vocabulary_has(vocabulary, SPAN("bno")));     /* of "\bno" */
	assert_false(vocabulary_has(vocabulary, SPAN("jones")));   /* of a sample's address */
	assert_false(vocabulary_has(vocabulary, SPAN("address"))); /* what stands for it */
	assert_false(vocabulary_has(vocabulary, SPAN("")));
	vocabulary_free(&vocabulary);
	assert_true(person_words_has(SPAN("Mailbox")));
	assert_false(person_words_has(SPAN("mailboxes")));
	assert_true(person_words_links(SPAN("of")));
}

static const char text[] =
    "provider = ( ); status_text = ( ); code = ( );\n"
    "text = ( { name = \"unknown\"; type = \"hard\"; reason = \"user_unknown\";\n"
    "  match = \"\\\\bno such user|(user|mailbox|recipient) (is )?unknown\";\n"
    "  sample = [ \"550 <jones@other.example> no such user here\", \"user is unknown\" ]; } );\n";

int
main(void)
{
	struct conf_errors errors = { 0 };
	struct check_list list = { 0 };
	int rc;

	rules = bounce_rules_parse(text, "rules.conf", &errors);
	if (rules == NULL) {
		printf("Bail out! %s\n", str_text(&errors.lines));
		conf_errors_free(&errors);
		return 1;
	}
	anonymous = anonymous_new(rules);
	anonymous_hide(anonymous, SPAN("bulk-one.shop.example"));
	anonymous_hide(anonymous, SPAN("sendera"));
	CHECK_ROWS(&list, hides, rows);
	CHECK(&list, lets_nothing_out);
	CHECK(&list, knows_words);
	rc = check_run(&list, "anonymous");
	anonymous_free(&anonymous);
	bounce_rules_free(&rules);
	conf_errors_free(&errors);
	return rc;
}
