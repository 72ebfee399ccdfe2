#include "check.h"
#include "keys.h"

#define A10  "aaaaaaaaaa"
#define A100 A10 A10 A10 A10 A10 A10 A10 A10 A10 A10

static const struct encode_row {
	const char *label;
	struct span in;
	const char *want;
} encode_rows[] = {
	{ "empty", { "", 0 }, "" },
	{ "plain", { "user@example.com", 16 }, "user@example.com" },
	{ "group with a site", { "default/mx1.foo.test+2-1f3a09c2", 31 },
	    "default/mx1.foo.test+2-1f3a09c2" },
	{ "blank", { "a b", 3 }, "a%20b" },
	{ "braces", { "{a}", 3 }, "%7Ba%7D" },
	{ "percent", { "100%", 4 }, "100%25" },
	{ "first and last that pass", { "!~", 2 }, "!~" },
	{ "just beside them", { " \x7f", 2 }, "%20%7F" },
	{ "NUL, newline", { "a\0\n", 3 }, "a%00%0A" },
	{ "UTF-8", { "\xc3\xb6", 2 }, "%C3%B6" },
	{ "200 bytes", { A100 A100, 200 }, A100 A100 },
	{ "201 bytes", { A100 A100 "a", 201 }, "blake2b-c0e35cb5ca97d4822b237387466ba58dd575366e" },
	{ "67 blanks are 201 bytes encoded",
	    { "                                                  "
	      "                 ",
		67 },
	    "blake2b-72c07a3700362d78b82d9cd78975d20cd0f7fa9b" },
};

static void
encodes(void **state)
{
	const struct encode_row *row = *state;
	struct str out = { 0 }, back = { 0 };

	str_adds(&out, "before:");
	keys_encode(&out, row->in);
	assert_memory_equal(str_text(&out), "before:", 7);
	assert_string_equal(str_text(&out) + 7, row->want);
	if (strncmp(row->want, "blake2b-", 8) != 0) {
		assert_int_equal(keys_decode(&back, span_from(span_make(out.data, out.len), 7)), 0);
		assert_true(span_eq(span_make(str_text(&back), back.len), row->in));
	}
	str_free(&out);
	str_free(&back);
}

/* Every byte comes back, and no encoded text has one that would end a hash tag. */
static void
every_byte_there_and_back(void **state)
{
	(void)state;
	for (int a = 0; a < 256; a++)
		for (int b = 0; b < 256; b += 5) {
			char in[2] = { (char)a, (char)b };
			struct str out = { 0 }, back = { 0 };

			keys_encode(&out, span_make(in, 2));
			for (size_t i = 0; i < out.len; i++) {
				assert_in_range(out.data[i], '!', '~');
				assert_null(strchr("{}", out.data[i]));
			}
			assert_int_equal(keys_decode(&back, span_make(out.data, out.len)), 0);
			assert_int_equal(back.len, 2);
			assert_memory_equal(back.data, in, 2);
			str_free(&out);
			str_free(&back);
		}
}

static const struct decode_row {
	const char *label, *in;
} decode_rows[] = {
	{ "percent at the end", "a%" },
	{ "one digit", "a%4" },
	{ "no digits", "%zz" },
	{ "second no digit", "%4z" },
	{ "small letters", "%7b" },
	{ "sign", "%+1" },
};

static void
refuses_to_decode(void **state)
{
	const struct decode_row *row = *state;
	struct str out = { 0 };

	assert_int_equal(keys_decode(&out, span_of(row->in)), -1);
	str_free(&out);
}

static const struct {
	const char *part;
	void (*add)(struct str *, const char *, const char *);
} group_keys[] = {
	{ "conn", keys_group_connections },
	{ "wait", keys_group_wait },
	{ "told", keys_group_told },
	{ "backoff", keys_group_backoff },
	{ "hits", keys_group_hits },
	{ "pace", keys_group_pace },
	{ "queue", keys_group_queue },
};

static void
names(void **state)
{
	struct str out = { 0 };

	(void)state;
	keys_group_connections(&out, "google", "198.51.100.7");
	assert_string_equal(str_text(&out), "mxpace:{g:google}:conn:198.51.100.7");
	str_empty(&out);
	keys_group_sent(&out, "default/mx1.foo.test", "2001:db8::1", "1h");
	assert_string_equal(str_text(&out), "mxpace:{g:default/mx1.foo.test}:sent:2001:db8::1:1h");
	str_empty(&out);
	keys_group_addresses(&out, "default/mx1.foo.test");
	assert_string_equal(str_text(&out), "mxpace:{g:default/mx1.foo.test}:addr");
	for (size_t i = 0; i < COUNT(group_keys); i++) {
		char want[64];

		snprintf(want, sizeof(want), "mxpace:{g:a/x%%7B}:%s:all", group_keys[i].part);
		str_empty(&out);
		group_keys[i].add(&out, "a/x{", "all");
		assert_string_equal(str_text(&out), want);
	}
	str_empty(&out);
	keys_group_pause(&out, "google");
	assert_string_equal(str_text(&out), "mxpace:{g:google}:pause");
	str_empty(&out);
	keys_group_stats(&out, "google", "2026112208");
	assert_string_equal(str_text(&out), "mxpace:{g:google}:stats:2026112208");
	str_empty(&out);
	keys_group_stats(&out, "google", "");
	assert_string_equal(str_text(&out), "mxpace:{g:google}:stats");
	str_empty(&out);
	keys_quarantine(&out, "a{b}@x.test");
	assert_string_equal(str_text(&out), "mxpace:{q:a%7Bb%7D@x.test}");
	str_empty(&out);
	keys_mx(&out, "x.test");
	assert_string_equal(str_text(&out), "mxpace:mx:x.test");
	str_empty(&out);
	keys_node(&out, "mta 1");
	assert_string_equal(str_text(&out), "mxpace:node:mta%201");
	str_free(&out);
}

/* Long foreign bytes make short keys that differ. */
static void
long_names_differ(void **state)
{
	char a[600], b[600];
	struct str x = { 0 }, y = { 0 };

	(void)state;
	memset(a, 'a', sizeof(a) - 1);
	memset(b, 'a', sizeof(b) - 1);
	a[599] = b[599] = '\0';
	b[598] = 'b';
	keys_quarantine(&x, a);
	keys_quarantine(&y, b);
	assert_true(x.len < 80 && y.len < 80);
	assert_string_not_equal(x.data, y.data);
	assert_memory_equal(x.data, "mxpace:{q:blake2b-", 18);
	assert_int_equal(x.data[x.len - 1], '}');
	str_free(&x);
	str_free(&y);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, encodes, encode_rows);
	CHECK(&list, every_byte_there_and_back);
	CHECK_ROWS(&list, refuses_to_decode, decode_rows);
	CHECK(&list, names);
	CHECK(&list, long_names_differ);
	return check_run(&list, "keys");
}
