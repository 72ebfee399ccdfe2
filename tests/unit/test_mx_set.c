#include "check.h"
#include "mx_set.h"

static const struct format_row {
	const char *label;
	struct mx_host hosts[6];
	size_t count;
	const char *text, *name; /* name NULL: not looked at */
} format_rows[] = {
	{ "none", { { 0, NULL } }, 0, "", "" },
	{ "one", { { 10, "mx1.foo.test" } }, 1, "10 mx1.foo.test", "mx1.foo.test" },
	{ "by preference", { { 20, "a.test" }, { 5, "b.test" }, { 10, "c.test" } }, 3,
	    "5 b.test 10 c.test 20 a.test", NULL },
	{ "then by name", { { 10, "c.test" }, { 10, "a.test" }, { 10, "b.test" } }, 3,
	    "10 a.test 10 b.test 10 c.test", NULL },
	{ "repetitions", { { 10, "a.test" }, { 20, "a.test" }, { 10, "a.test" } }, 3, "10 a.test",
	    "a.test" },
	{ "the better preference of two stays",
	    { { 20, "a.test" }, { 15, "b.test" }, { 5, "a.test" } }, 3, "5 a.test 15 b.test",
	    NULL },
	{ "largest preference", { { 65535, "a.test" } }, 1, "65535 a.test", "a.test" },
};

static void
formats(void **state)
{
	const struct format_row *row = *state;
	struct mx_set *set = mx_set_new(row->hosts, row->count), *back;
	struct str text = { 0 }, again = { 0 };
	char name[MX_SET_NAME_SIZE];

	mx_set_format(set, &text);
	assert_string_equal(str_text(&text), row->text);
	mx_set_name(set, name);
	if (row->name != NULL)
		assert_string_equal(name, row->name);
	back = mx_set_parse(span_of(str_text(&text)));
	if (row->count == 0) {
		assert_null(back);
	} else {
		assert_non_null(back);
		mx_set_format(back, &again);
		assert_string_equal(str_text(&again), row->text);
	}
	mx_set_free(&set);
	assert_null(set);
	mx_set_free(&set);
	mx_set_free(&back);
	str_free(&text);
	str_free(&again);
}

static const struct parse_row {
	const char *label, *in, *want; /* NULL: refused */
} parse_rows[] = {
	{ "as formatted", "5 a.test 10 b.test", "5 a.test 10 b.test" },
	{ "unsorted, capitals, dots, blanks", "  10 B.test.  5 A.test ", "5 a.test 10 b.test" },
	{ "empty", "", NULL },
	{ "blanks", "  ", NULL },
	{ "no host", "5", NULL },
	{ "no preference", "a.test", NULL },
	{ "second without a host", "5 a.test 10", NULL },
	{ "preference too large", "65536 a.test", NULL },
	{ "negative preference", "-1 a.test", NULL },
	{ "not a name", "5 a..test", NULL },
	{ "a star", "5 *", NULL },
};

static void
parses(void **state)
{
	const struct parse_row *row = *state;
	struct mx_set *set = mx_set_parse(span_of(row->in));
	struct str text = { 0 };

	if (row->want == NULL) {
		assert_null(set);
		return;
	}
	assert_non_null(set);
	mx_set_format(set, &text);
	assert_string_equal(str_text(&text), row->want);
	mx_set_free(&set);
	str_free(&text);
}

/* Every beginning of a text is a set or is refused; none reads on. */
static void
every_length(void **state)
{
	static const char text[] = "5 a.test 10 b.test 65535 xn--bcher-kva.test";

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		char *in = malloc(len + 1);
		struct mx_set *set;

		memcpy(in, text, len);
		set = mx_set_parse(span_make(in, len));
		if (set != NULL)
			assert_in_range(set->count, 1, 3);
		mx_set_free(&set);
		free(in);
	}
}

static void
keeps_the_best_32(void **state)
{
	struct mx_host hosts[100];
	char names[100][16];
	struct mx_set *set, *back;
	struct str text = { 0 };

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		snprintf(names[i], sizeof(names[i]), "h%02u.test", i);
		hosts[i] = (struct mx_host){ 100 - i, names[i] };
	}
	set = mx_set_new(hosts, 100);
	assert_int_equal(set->count, MX_SET_MAX);
	assert_string_equal(set->hosts[0].name, "h99.test");
	assert_string_equal(set->hosts[31].name, "h68.test");
	mx_set_format(set, &text);
	back = mx_set_parse(span_make(text.data, text.len));
	assert_non_null(back);
	assert_int_equal(back->count, MX_SET_MAX);
	mx_set_free(&back);
	str_adds(&text, " 9 one.too.many");
	assert_null(mx_set_parse(span_make(text.data, text.len)));
	mx_set_free(&set);
	str_free(&text);
}

static void
name_of(const char *text, char out[MX_SET_NAME_SIZE])
{
	struct mx_set *set = mx_set_parse(span_of(text));

	assert_non_null(set);
	mx_set_name(set, out);
	mx_set_free(&set);
}

static void
names_tell_sets_apart(void **state)
{
	char a[MX_SET_NAME_SIZE], b[MX_SET_NAME_SIZE];

	(void)state;
	name_of("5 a.test 10 b.test 20 c.test", a);
	assert_int_equal(strncmp(a, "a.test+2-", 9), 0);
	assert_int_equal(strlen(a), 9 + 8);
	name_of("5 a.test 10 b.test", b);
	assert_string_not_equal(a, b);
	name_of("5 a.test 10 b.test 20 d.test", b);
	assert_string_not_equal(a, b);
	name_of("5 a.test 10 c.test 20 b.test",
	    b); /* other preferences behind the first: the same */
	assert_string_equal(a, b);
	name_of("5 a.test 5 b.test 5 c.test", b);
	assert_string_equal(a, b);
	name_of("5 b.test 10 a.test 20 c.test", b); /* another first */
	assert_string_not_equal(a, b);
	name_of("5 a.test 10 ab.test", a); /* no joining of neighbours' letters */
	name_of("5 a.testa 10 b.test", b);
	assert_string_not_equal(strchr(a, '+'), strchr(b, '+'));
}

static void
longest_name_fits(void **state)
{
	char host[DOMAIN_SIZE];
	struct mx_host hosts[2] = { { 0, host }, { 1, "b.test" } };
	char *out = malloc(MX_SET_NAME_SIZE);
	struct mx_set *set;

	(void)state;
	memset(host, 'a', 253);
	host[253] = '\0';
	set = mx_set_new(hosts, 2);
	mx_set_name(set, out);
	assert_int_equal(strlen(out), 253 + strlen("+1-00000000"));
	mx_set_free(&set);
	free(out);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, formats, format_rows);
	CHECK_ROWS(&list, parses, parse_rows);
	CHECK(&list, every_length);
	CHECK(&list, keeps_the_best_32);
	CHECK(&list, names_tell_sets_apart);
	CHECK(&list, longest_name_fits);
	return check_run(&list, "mx_set");
}
