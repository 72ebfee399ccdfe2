#include "bounce_rules.h"
#include "check.h"
#include "diagnostic.h"
#include "prefilter.h"

static const char *const patterns[] = {
	"user unknown|no such user",                                     /* 0 */
	NULL,                                                            /* 1 */
	"\\d+",                                                          /* 2 */
	"mailbox (is )?full",                                            /* 3 */
	"no such user here",                                             /* 4 */
	"xyz",                                                           /* 5 */
	"Empf\u00c4nger unbekannt",                                      /* 6 */
	"(user|mailbox).{0,9}(quota|space)|spam|(too much).(mail|post)", /* 7 */
	"^(?!.*sender).*(?=old|new) account",                            /* 8 */
};

static const struct row {
	const char *label;
	struct span text;
	const char *want; /* beside 1 and 2 */
} rows[] = {
	{ "nothing", SPAN(""), "" },
	{ "none", SPAN("the moon is in the seventh house"), "" },
	{ "one", SPAN("550 User UNKNOWN"), "0" },
	{ "two with the same words", SPAN("no such user here"), "04" },
	{ "one literal of two", SPAN("mailbox "), "" },
	{ "two literals of two", SPAN("mailbox is full"), "3" },
	{ "in another order", SPAN("full mailbox "), "3" },
	{ "cut off", SPAN("full mailbox"), "" },
	{ "one of each", SPAN("no space for user"), "7" },
	{ "two of one", SPAN("user mailbox"), "" },
	{ "an alternative that needs no other", SPAN("it is spam"), "7" },
	{ "of different alternatives", SPAN("too much quota"), "" },
	{ "all of the last alternative", SPAN("too much mail"), "7" },
	{ "what must be seen ahead", SPAN("a new account"), "8" },
	{ "without it", SPAN("an account"), "" },
	{ "what must not be there is not looked for", SPAN("sender's old account"), "8" },
	{ "at the very end", SPAN("a xyz"), "5" },
	{ "all of it", SPAN("xyz"), "5" },
	{ "beyond ASCII", SPAN("EMPF\u00e4NGER unbekannt"), "6" },
	{ "a long s", SPAN("no \u017fuch u\u017fer"), "0" },
	{ "bytes that are not UTF-8", SPAN("\xc3 \xff xyz \xe2\x84"), "5" },
};

static void
asks(void **state)
{
	const struct row *row = *state;
	struct prefilter prefilter;
	struct prefilter_set set;
	struct str bytes = { 0 };
	char *text = malloc(row->text.len + 1); /* ends where the text does, for ASan */

	assert_non_null(text);
	memcpy(text, row->text.ptr, row->text.len);
	prefilter_build(patterns, COUNT(patterns), &bytes);
	assert_true(prefilter_open(span_make(bytes.data, bytes.len), &prefilter));
	prefilter_ask(&prefilter, span_make(text, row->text.len), &set);
	for (size_t i = 0; i < COUNT(patterns); i++)
		assert_int_equal(prefilter_has(&set, i),
		    i == 1 || i == 2 || strchr(row->want, '0' + (int)i) != NULL);
	free(text);
	str_free(&bytes);
}

static void
a_text_of_any_length(void **state)
{
	struct prefilter prefilter;
	struct prefilter_set set;
	struct str bytes = { 0 }, text = { 0 };

	(void)state;
	prefilter_build(patterns, COUNT(patterns), &bytes);
	assert_true(prefilter_open(span_make(bytes.data, bytes.len), &prefilter));
	while (text.len < 20000)
		str_adds(&text, "some words and no more ");
	str_adds(&text, "xyz");
	prefilter_ask(&prefilter, span_make(text.data, text.len), &set);
	assert_true(prefilter_has(&set, 5));
	str_free(&bytes);
	str_free(&text);
}

static void
more_patterns_than_it_knows(void **state)
{
	enum { MANY = PREFILTER_MAX + 100 };
	const char **many = malloc(MANY * sizeof(*many));
	struct prefilter prefilter;
	struct prefilter_set set;
	struct str bytes = { 0 };

	(void)state;
	assert_non_null(many);
	for (size_t i = 0; i < MANY; i++)
		many[i] = "a literal";
	prefilter_build(many, MANY, &bytes);
	assert_true(prefilter_open(span_make(bytes.data, bytes.len), &prefilter));
	prefilter_ask(&prefilter, SPAN("else"), &set);
	assert_false(prefilter_has(&set, 0));
	assert_false(prefilter_has(&set, PREFILTER_MAX - 1));
	assert_true(prefilter_has(&set, PREFILTER_MAX));
	assert_true(prefilter_has(&set, MANY - 1));
	prefilter_ask(&prefilter, SPAN("it is a literal"), &set);
	assert_true(prefilter_has(&set, PREFILTER_MAX - 1));
	str_free(&bytes);
	free(many);
}

static void
cut_off_it_is_refused(void **state)
{
	struct prefilter prefilter;
	struct str bytes = { 0 };

	(void)state;
	prefilter_build(patterns, COUNT(patterns), &bytes);
	for (size_t len = 0; len < bytes.len; len += 1 + len / 50)
		assert_false(prefilter_open(span_make(bytes.data, len), &prefilter));
	str_free(&bytes);
}

/* -- the shipped rules ------------------------------------------------------------------------- */

static struct bounce_rules *shipped;
static size_t asked, let_through;

static void
check_text(const char *sample)
{
	struct prefilter_set set;
	struct str text = { 0 };
	struct span span;

	diagnostic_text(span_of(sample), &text);
	span = span_make(str_text(&text), text.len);
	bounce_rules_candidates(shipped, span, &set);
	for (size_t i = 0; i < bounce_rules_count(shipped); i++) {
		const struct bounce_rule *rule = bounce_rules_at(shipped, i);

		asked++;
		let_through += prefilter_has(&set, i);
		if (!prefilter_has(&set, i) &&
		    (rule->pattern == NULL || pattern_match(rule->pattern, span) != 0))
			fail_msg("%s is left out of \"%s\"", rule->name, str_text(&text));
	}
	str_free(&text);
}

/* All patterns on all samples: none that matches is left out, and most are. */
static void
leaves_out_no_rule_that_matches(void **state)
{
	struct conf_errors errors = { 0 };

	(void)state;
	shipped = bounce_rules_load("conf/bounce-rules.conf", NULL, &errors);
	if (shipped == NULL)
		fail_msg("%s", str_text(&errors.lines));
	for (size_t i = 0; i < bounce_rules_count(shipped); i++) {
		const struct bounce_rule *rule = bounce_rules_at(shipped, i);

		for (size_t k = 0; k < rule->sample.count; k++)
			check_text(rule->sample.items[k]);
		for (size_t k = 0; k < rule->not_sample.count; k++)
			check_text(rule->not_sample.items[k]);
	}
	print_message("%zu of %zu let through\n", let_through, asked);
	assert_true(let_through < asked / 10);
	bounce_rules_free(&shipped);
	conf_errors_free(&errors);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, asks, rows);
	CHECK(&list, a_text_of_any_length);
	CHECK(&list, more_patterns_than_it_knows);
	CHECK(&list, cut_off_it_is_refused);
	CHECK(&list, leaves_out_no_rule_that_matches);
	return check_run(&list, "prefilter");
}
