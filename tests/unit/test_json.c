#include "check.h"
#include "json.h"

static const struct string_row {
	const char *label;
	struct span in;
	const char *want;
} string_rows[] = {
	{ "empty", { "", 0 }, "\"\"" },
	{ "plain", { "a b/c", 5 }, "\"a b/c\"" },
	{ "quote and backslash", { "\"\\", 2 }, "\"\\\"\\\\\"" },
	{ "newline and tab", { "\n\t", 2 }, "\"\\n\\t\"" },
	{ "other control characters", { "\r\x01\x1f\x7f", 4 }, "\"\\u000d\\u0001\\u001f\\u007f\"" },
	{ "NUL", { "a\0b", 3 }, "\"a\\u0000b\"" },
	{ "two bytes", { "\xc3\xb6", 2 }, "\"\xc3\xb6\"" },
	{ "three bytes", { "\xe2\x82\xac", 3 }, "\"\xe2\x82\xac\"" },
	{ "four bytes", { "\xf0\x9f\x93\xa7", 4 }, "\"\xf0\x9f\x93\xa7\"" },
	{ "last code point", { "\xf4\x8f\xbf\xbf", 4 }, "\"\xf4\x8f\xbf\xbf\"" },
	{ "beyond the last", { "\xf4\x90\x80\x80", 4 },
	    "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ "lone continuation", { "a\x80z", 3 }, "\"a\xef\xbf\xbdz\"" },
	{ "overlong slash", { "\xc0\xaf", 2 }, "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ "overlong three", { "\xe0\x80\xaf", 3 }, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ "overlong four", { "\xf0\x80\x80\xaf", 4 },
	    "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ "surrogate", { "\xed\xa0\x80", 3 }, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ "cut off", { "a\xe2\x82", 3 }, "\"a\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ "latin-1", { "M\xfcller", 6 }, "\"M\xef\xbf\xbdller\"" },
	{ "resumes after a broken one", { "\xe2\x82\"", 3 }, "\"\xef\xbf\xbd\xef\xbf\xbd\\\"\"" },
};

static void
strings(void **state)
{
	const struct string_row *row = *state;
	struct str out = { 0 };

	json_string(&out, row->in);
	assert_string_equal(str_text(&out), row->want);
	str_free(&out);
}

/* Well-formed UTF-8 (RFC 3629), as plainly as possible. */
static size_t
well_formed(const unsigned char *p, size_t len)
{
	uint32_t c;
	size_t n = p[0] < 0x80             ? 1
		   : (p[0] & 0xe0) == 0xc0 ? 2
		   : (p[0] & 0xf0) == 0xe0 ? 3
		   : (p[0] & 0xf8) == 0xf0 ? 4
					   : 0;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	if (n == 0 || n > len)
		return 0;
	c = n == 1 ? p[0] : p[0] & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	return c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0 : n;
}

/* Whatever the bytes, what comes out is UTF-8 between two quotes, without control characters. */
static void
any_bytes_give_utf8(void **state)
{
	static const unsigned char heads[] = { 'a', '"', 0x80, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0,
		0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff, 0x9f, 0xa0, 0x8f, 0x90, 0x00,
		0x1f };
	struct str out = { 0 };

	(void)state;
	for (size_t n = 0; n < COUNT(heads) * COUNT(heads) * COUNT(heads) * COUNT(heads); n++) {
		size_t len = n % 4 + 1, k = n;
		char *in = malloc(len);

		for (size_t i = 0; i < len; i++, k /= COUNT(heads))
			in[i] = (char)heads[k % COUNT(heads)];
		str_empty(&out);
		json_string(&out, span_make(in, len));
		free(in);
		for (size_t i = 0; i < out.len;) {
			size_t c = well_formed((unsigned char *)out.data + i, out.len - i);

			if (c == 0 || (unsigned char)out.data[i] < ' ')
				fail_msg("input number %zu", n);
			i += c;
		}
	}
	str_free(&out);
}

static void
objects(void **state)
{
	struct str out = { 0 };

	(void)state;
	str_adds(&out, "{");
	json_key_string(&out, "a", "x");
	json_key_string(&out, "b", NULL);
	json_key_number(&out, "c", INT64_MIN);
	json_key_number(&out, "d", INT64_MAX);
	json_key_bool(&out, "e", 5);
	json_key_bool(&out, "f", 0);
	json_key(&out, "g\"");
	str_adds(&out, "[");
	json_next(&out);
	str_adds(&out, "1");
	json_next(&out);
	str_adds(&out, "{");
	json_key_string(&out, "h", "{");
	json_key_string(&out, "i", "[");
	str_adds(&out, "}]}");
	assert_string_equal(str_text(&out),
	    "{\"a\":\"x\",\"b\":\"\",\"c\":-9223372036854775808,\"d\":9223372036854775807,"
	    "\"e\":true,\"f\":false,\"g\\\"\":[1,{\"h\":\"{\",\"i\":\"[\"}]}");
	str_free(&out);
}

static void
no_comma_on_a_new_line(void **state)
{
	struct str out = { 0 };

	(void)state;
	json_next(&out);
	str_adds(&out, "{}\n");
	json_next(&out);
	assert_string_equal(str_text(&out), "{}\n");
	str_free(&out);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, strings, string_rows);
	CHECK(&list, any_bytes_give_utf8);
	CHECK(&list, objects);
	CHECK(&list, no_comma_on_a_new_line);
	return check_run(&list, "json");
}
