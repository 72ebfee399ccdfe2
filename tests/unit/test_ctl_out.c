/* out: one document, the same things said to people and in JSON. */
#include "check.h"
#include "out.h"

static struct str written; /* what the last document came out as */

struct sink {
	FILE *stream;
	char *data;
	size_t size;
	struct out *out;
};

static struct out *
begin(struct sink *sink, enum out_format format, size_t width)
{
	*sink = (struct sink){ 0 };
	sink->stream = open_memstream(&sink->data, &sink->size);
	assert_non_null(sink->stream);
	sink->out = out_new(format, sink->stream, width);
	return sink->out;
}

static const char *
end(struct sink *sink)
{
	assert_int_equal(out_end(&sink->out), 0);
	assert_null(sink->out);
	fclose(sink->stream);
	str_empty(&written);
	str_add(&written, sink->data, sink->size);
	free(sink->data);
	return str_text(&written);
}

/* -- foreign bytes ----------------------------------------------------------------------------- */

static const struct clean_row {
	const char *label, *in, *want;
} clean_rows[] = {
	{ "plain", "550 5.1.1 no such user", "550 5.1.1 no such user" },
	{ "empty", "", "" },
	{ "a terminal's escape", "a\x1b[31mred", "a?[31mred" },
	{ "line ends and tabs", "a\r\nb\tc", "a??b?c" },
	{ "DEL", "a\x7f", "a?" },
	{ "UTF-8",
	    "Stra\xc3\x9f"
	    "e \xe2\x82\xac \xf0\x9f\x98\x80",
	    "Stra\xc3\x9f"
	    "e \xe2\x82\xac \xf0\x9f\x98\x80" },
	{ "C1 control (CSI)",
	    "a\xc2\x9b"
	    "31m",
	    "a?31m" },
	{ "no-break space stays",
	    "a\xc2\xa0"
	    "b",
	    "a\xc2\xa0"
	    "b" },
	{ "right-to-left override", "a\xe2\x80\xaeltr", "a?ltr" },
	{ "left-to-right mark", "\xe2\x80\x8e", "?" },
	{ "line separator",
	    "a\xe2\x80\xa8"
	    "b",
	    "a?b" },
	{ "isolate",
	    "a\xe2\x81\xa6"
	    "b",
	    "a?b" },
	{ "dashes of that block stay", "\xe2\x80\x94\xe2\x80\xa6", "\xe2\x80\x94\xe2\x80\xa6" },
	{ "Latin-1", "caf\xe9", "caf\xc3\xa9" },
	{ "cut UTF-8", "a\xe2\x82", "a\xc3\xa2\xe2\x80\x9a" },
};

static void
cleans(void **state)
{
	const struct clean_row *row = *state;
	struct str str = { 0 };

	out_clean(&str, span_of(row->in));
	assert_string_equal(str_text(&str), row->want);
	str_free(&str);
}

static void
cleans_in_every_form(void **state)
{
	struct sink sink;

	(void)state;
	out_put(begin(&sink, OUT_TEXT, 80), "text", "Text", out_string("\x1b[2J"));
	assert_string_equal(end(&sink), "  Text              ?[2J\n");
	out_put(begin(&sink, OUT_JSON, 80), "text", "Text", out_string("\x1b[2J"));
	assert_string_equal(end(&sink), "{\"text\":\"?[2J\"}\n");
	out_note(begin(&sink, OUT_TEXT, 80), "%s", "\x1b]0;x\a");
	assert_string_equal(end(&sink), "?]0;x?\n");
}

/* -- values ------------------------------------------------------------------------------------ */

static const char *const some_items[] = { "10 mx1.foo.test", "20 mx2.foo.test" };
static const struct out_use one_use = { 3, 5, NULL };
static const struct out_use no_limit = { 3, 0, NULL };
static const struct out_use some_uses[] = { { 834, 834, "5m" }, { 4021, 10000, "1h" } };

static const struct value_row {
	const char *label;
	struct out_value value;
	const char *text, *cell, *json;
} value_rows[] = {
	{ "string", { .kind = OUT_KIND_STRING, .text = "a \"b\"" }, "a \"b\"", "a \"b\"",
	    "\"a \\\"b\\\"\"" },
	{ "empty string", { .kind = OUT_KIND_STRING, .text = "" }, "-", "-", "\"\"" },
	{ "none", { .kind = OUT_KIND_NONE, .text = "when removed" }, "when removed", "when removed",
	    "null" },
	{ "number", { .kind = OUT_KIND_NUMBER, .number = -7 }, "-7", "-7", "-7" },
	{ "count", { .kind = OUT_KIND_NUMBER, .number = 61, .text = "rules" }, "61 rules",
	    "61 rules", "61" },
	{ "yes", { .kind = OUT_KIND_BOOL, .number = 1 }, "yes", "yes", "true" },
	{ "no", { .kind = OUT_KIND_BOOL, .number = 0 }, "no", "no", "false" },
	{ "time", { .kind = OUT_KIND_TIME, .number = 1795320811 }, "2026-11-22 04:13:31 UTC",
	    "2026-11-22 04:13", "\"2026-11-22T04:13:31Z\"" },
	{ "time gone by",
	    { .kind = OUT_KIND_TIME, .number = 1795320811, .now_s = 1795320811 + 7500 },
	    "2026-11-22 04:13:31 UTC (2h5m ago)", "2h5m ago", "\"2026-11-22T04:13:31Z\"" },
	{ "time to come", { .kind = OUT_KIND_TIME, .number = 1795320811, .now_s = 1795320810 },
	    "2026-11-22 04:13:31 UTC (in 1s)", "in 1s", "\"2026-11-22T04:13:31Z\"" },
	{ "this moment", { .kind = OUT_KIND_TIME, .number = 1795320811, .now_s = 1795320811 },
	    "2026-11-22 04:13:31 UTC (now)", "now", "\"2026-11-22T04:13:31Z\"" },
	{ "no wait", { .kind = OUT_KIND_WAIT, .number = 0 }, "now", "now", "0" },
	{ "wait", { .kind = OUT_KIND_WAIT, .number = 6001 }, "in 7s", "in 7s", "7" },
	{ "use", { .kind = OUT_KIND_USE, .uses = &one_use, .count = 1 }, "3/5", "3/5",
	    "{\"used\":3,\"limit\":5}" },
	{ "use without a limit", { .kind = OUT_KIND_USE, .uses = &no_limit, .count = 1 }, "3", "3",
	    "{\"used\":3,\"limit\":null}" },
	{ "uses", { .kind = OUT_KIND_USES, .uses = some_uses, .count = 2 },
	    "834/834 in 5m, 4021/10000 in 1h", "834/834 in 5m, 4021/10000 in 1h",
	    "[{\"period\":\"5m\",\"used\":834,\"limit\":834},"
	    "{\"period\":\"1h\",\"used\":4021,\"limit\":10000}]" },
	{ "no uses", { .kind = OUT_KIND_USES }, "-", "-", "[]" },
	{ "list", { .kind = OUT_KIND_LIST, .items = some_items, .count = 2 },
	    "10 mx1.foo.test, 20 mx2.foo.test", "10 mx1.foo.test, 20 mx2.foo.test",
	    "[\"10 mx1.foo.test\",\"20 mx2.foo.test\"]" },
	{ "empty list", { .kind = OUT_KIND_LIST }, "-", "-", "[]" },
};

static void
shows(void **state)
{
	static const struct out_column columns[] = { { "v", "V", OUT_LEFT } };
	const struct value_row *row = *state;
	char want[512];
	struct sink sink;

	out_put(begin(&sink, OUT_TEXT, 80), "v", "Value", row->value);
	snprintf(want, sizeof(want), "  Value             %s\n", row->text);
	assert_string_equal(end(&sink), want);

	out_table(begin(&sink, OUT_TEXT, 80), "t", NULL, columns, 1);
	out_cell(sink.out, row->value);
	out_table_end(sink.out, "None.");
	snprintf(want, sizeof(want), "  V\n  %s\n", row->cell);
	assert_string_equal(end(&sink), want);

	out_put(begin(&sink, OUT_JSON, 80), "v", "Value", row->value);
	snprintf(want, sizeof(want), "{\"v\":%s}\n", row->json);
	assert_string_equal(end(&sink), want);
}

/* -- documents --------------------------------------------------------------------------------- */

static void
a_document(struct out *out)
{
	static const struct out_column columns[] = {
		{ "node", "NODE", OUT_LEFT },
		{ NULL, "SHORT", OUT_LEFT },
		{ "open", "OPEN", OUT_RIGHT },
		{ "file", NULL, OUT_LEFT },
		{ "version", "VERSION", OUT_SAME },
	};

	out_put(out, "address", "Address", out_string("u@foo.test"));
	out_put(out, "machine", NULL, out_number(1));
	out_put(out, NULL, "", out_string("for people"));
	out_open(out, "store", "The store");
	out_put(out, "reachable", "Reachable", out_bool(true));
	out_close(out);
	out_table(out, "nodes", "Nodes", columns, 5);
	for (int i = 0; i < 2; i++) {
		out_cell(out, out_string(i == 0 ? "mta1" : "a-longer-name"));
		out_cell(out, out_string("x"));
		out_cell(out, out_number(i == 0 ? 1000000 : 2));
		out_cell(out, out_string("/etc/f"));
		out_cell(out, out_string("0.1"));
	}
	out_table_end(out, "None.");
	out_table(out, "groups", "Groups", columns, 5);
	out_table_end(out, "None.");
	out_note(out, "and %d more", 5);
}

static void
writes_for_people(void **state)
{
	struct sink sink;

	(void)state;
	a_document(begin(&sink, OUT_TEXT, 80));
	assert_string_equal(end(&sink), "  Address           u@foo.test\n"
					"                    for people\n"
					"\n"
					"The store\n"
					"  Reachable         yes\n"
					"\n"
					"Nodes\n"
					"  NODE           SHORT     OPEN\n"
					"  mta1           x      1000000\n"
					"  a-longer-name  x            2\n"
					"\n"
					"Groups\n"
					"  None.\n"
					"and 5 more\n");
}

static void
writes_json(void **state)
{
	struct sink sink;

	(void)state;
	a_document(begin(&sink, OUT_JSON, 80));
	assert_string_equal(end(&sink),
	    "{\"address\":\"u@foo.test\",\"machine\":1,\"store\":{\"reachable\":true},"
	    "\"nodes\":["
	    "{\"node\":\"mta1\",\"open\":1000000,\"file\":\"/etc/f\",\"version\":\"0.1\"},"
	    "{\"node\":\"a-longer-name\",\"open\":2,\"file\":\"/etc/f\",\"version\":\"0.1\"}],"
	    "\"groups\":[]}\n");
}

static void
hides_tables_without_titles(void **state)
{
	static const struct out_column columns[] = { { "a", NULL, OUT_LEFT } };
	struct sink sink;

	(void)state;
	out_table(begin(&sink, OUT_TEXT, 80), "t", NULL, columns, 1);
	out_note(sink.out, "a sentence");
	out_cell(sink.out, out_string("1"));
	out_table_end(sink.out, NULL);
	assert_string_equal(end(&sink), "a sentence\n");
}

/* -- width ------------------------------------------------------------------------------------- */

static void
wraps_values(void **state)
{
	struct sink sink;

	(void)state;
	out_put(begin(&sink, OUT_TEXT, 40), "v", "Diagnostic",
	    out_string("550 5.1.1 the account you tried to reach does not exist"));
	assert_string_equal(end(&sink), "  Diagnostic        550 5.1.1 the\n"
					"                    account you tried to\n"
					"                    reach does not exist\n");
	out_put(begin(&sink, OUT_TEXT, 40), "v", "Exactly",
	    out_exact("action=DEFER_IF_PERMIT 4.7.1 mxpace: group g: words"));
	assert_string_equal(end(&sink),
	    "  Exactly           action=DEFER_IF_PERMIT 4.7.1 mxpace: group g: words\n");
	out_put(begin(&sink, OUT_TEXT, 40), "v", "One word",
	    out_string("abcdefghijklmnopqrstuvwxyz"));
	assert_string_equal(end(&sink), "  One word          abcdefghijklmnopqrst\n"
					"                    uvwxyz\n");
	out_put(begin(&sink, OUT_TEXT, 40), "v", "A host name",
	    out_string("default/mx1.mail.example.com+1-1f3a09c2"));
	assert_string_equal(end(&sink), "  A host name       default/mx1.mail.\n"
					"                    example.com+\n"
					"                    1-1f3a09c2\n");
}

static void
wraps_cells_between_uses(void **state)
{
	static const struct out_column columns[] = {
		{ "group", "GROUP", OUT_WRAP },
		{ "open", "OPEN", OUT_RIGHT },
		{ "messages", "MESSAGES", OUT_WRAP },
	};
	struct sink sink;

	(void)state;
	out_table(begin(&sink, OUT_TEXT, 50), "t", NULL, columns, 3);
	out_cell(sink.out, out_string("default/mx1.foo.test"));
	out_cell(sink.out, out_use(&one_use));
	out_cell(sink.out, out_uses(some_uses, 2));
	out_cell(sink.out, out_string("google"));
	out_cell(sink.out, out_use(&one_use));
	out_cell(sink.out, out_uses(some_uses, 1));
	out_table_end(sink.out, "None.");
	assert_string_equal(end(&sink), "  GROUP                 OPEN  MESSAGES\n"
					"  default/mx1.foo.test   3/5  834/834 in 5m,\n"
					"                              4021/10000 in 1h\n"
					"  google                 3/5  834/834 in 5m\n");
}

static void
fits_the_terminal(void **state)
{
	static const struct out_column columns[] = {
		{ "group", "GROUP", OUT_WRAP },
		{ "ip", "SENDING IP", OUT_LEFT },
		{ "messages", "MESSAGES", OUT_WRAP },
	};
	static const size_t widths[] = { 40, 60, 80, 120 };
	struct sink sink;

	(void)state;
	for (size_t i = 0; i < COUNT(widths); i++) {
		struct span rest, line;
		size_t lines = 0;

		out_table(begin(&sink, OUT_TEXT, widths[i]), "t", NULL, columns, 3);
		for (int row = 0; row < 3; row++) {
			out_cell(sink.out,
			    out_string(
				"default/a-very-long-host-name.mail.example.com+1-1f3a09c2"));
			out_cell(sink.out, out_string(row == 0 ? "192.0.2.1" : "198.51.100.25"));
			out_cell(sink.out, out_uses(some_uses, 2));
		}
		out_table_end(sink.out, "None.");
		end(&sink);
		rest = span_make(written.data, written.len);
		while (span_line(&rest, &line)) {
			assert_true(line.len <= widths[i]);
			lines++;
		}
		assert_true(lines >= 4);
	}
}

/* Columns are as wide as the first rows need; a later cell that is wider pushes its row aside, and
 * nothing is cut off. */
static void
streams_long_tables(void **state)
{
	static const struct out_column columns[] = {
		{ "n", "N", OUT_RIGHT },
		{ "name", "NAME", OUT_LEFT },
		{ "end", "END", OUT_LEFT },
	};
	enum { ROWS = 3 * OUT_SETTLE_ROWS };
	struct sink sink;
	struct span rest, line;
	size_t lines = 0;
	long flushed;

	(void)state;
	out_table(begin(&sink, OUT_TEXT, 80), "t", NULL, columns, 3);
	for (int i = 0; i < ROWS; i++) {
		out_cell(sink.out, out_number(i));
		out_cell(sink.out, out_string(i == ROWS - 1 ? "a-name-that-is-wider" : "name"));
		out_cell(sink.out, out_string("."));
	}
	flushed = ftell(sink.stream);
	assert_true(flushed > 0); /* it does not wait for the end */
	out_table_end(sink.out, "None.");
	end(&sink);
	rest = span_make(written.data, written.len);
	while (span_line(&rest, &line)) {
		if (lines == 1)
			assert_true(span_eq(line, SPAN("    0  name  .")));
		if (lines == ROWS)
			assert_true(span_eq(line, SPAN("  1499  a-name-that-is-wider  .")));
		lines++;
	}
	assert_int_equal(lines, ROWS + 1);

	out_table(begin(&sink, OUT_JSON, 80), "t", NULL, columns, 3);
	for (int i = 0; i < ROWS; i++) {
		out_cell(sink.out, out_number(i));
		out_cell(sink.out, out_string("name"));
		out_cell(sink.out, out_none("-"));
	}
	out_table_end(sink.out, "None.");
	out_put(sink.out, "complete", NULL, out_bool(true));
	end(&sink);
	assert_non_null(
	    strstr(str_text(&written), "{\"n\":700,\"name\":\"name\",\"end\":null},{\"n\":701,"));
	assert_non_null(strstr(str_text(&written),
	    "{\"n\":1499,\"name\":\"name\",\"end\":null}],\"complete\":true}\n"));
	for (size_t i = 1; i < written.len; i++)
		assert_false(written.data[i] == '{' && written.data[i - 1] == '}');
}

static void
tells_when_it_could_not_write(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	struct out *out;

	(void)state;
	assert_non_null(full);
	out = out_new(OUT_TEXT, full, 80);
	out_put(out, "v", "Value", out_number(1));
	assert_int_equal(out_end(&out), -1);
	fclose(full);
}

int
main(void)
{
	struct check_list list = { 0 };
	int rc;

	CHECK_ROWS(&list, cleans, clean_rows);
	CHECK(&list, cleans_in_every_form);
	CHECK_ROWS(&list, shows, value_rows);
	CHECK(&list, writes_for_people);
	CHECK(&list, writes_json);
	CHECK(&list, hides_tables_without_titles);
	CHECK(&list, wraps_values);
	CHECK(&list, wraps_cells_between_uses);
	CHECK(&list, fits_the_terminal);
	CHECK(&list, streams_long_tables);
	CHECK(&list, tells_when_it_could_not_write);
	rc = check_run(&list, "ctl_out");
	str_free(&written);
	return rc;
}
