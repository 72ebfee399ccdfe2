#include "check.h"
#include "sockmap.h"

/* -- queries ----------------------------------------------------------------------------------- */

/* A copy of just these bytes, so that a sanitizer sees a read past the end. */
static enum sockmap_parsed
parse(const char *bytes, size_t len, struct sockmap_query *query, size_t *used, struct err *err,
    char **copy)
{
	*copy = malloc(len > 0 ? len : 1);
	assert_non_null(*copy);
	memcpy(*copy, bytes, len);
	*used = 0;
	*err = (struct err){ "" };
	return sockmap_parse(span_make(*copy, len), query, used, err);
}

#define STRING(string) string, sizeof(string) - 1

static const struct query_row {
	const char *label, *in;
	size_t len;
	enum sockmap_map map;
	const char *name, *service, *key, *rest; /* rest: what stays behind it */
} query_rows[] = {
	{ "sender", STRING("20:sender a@example.com,"), MAP_SENDER, "sender", "", "a@example.com",
	    "" },
	{ "the null sender", STRING("9:sender <>,"), MAP_SENDER, "sender", "", "<>", "" },
	{ "transport", STRING("16:transport u@a.de,"), MAP_TRANSPORT, "transport", "", "u@a.de",
	    "" },
	{ "transport at the start", STRING("11:transport *,"), MAP_TRANSPORT, "transport", "", "*",
	    "" },
	{ "dns", STRING("39:dns/mxp-google-1 a.test. 300 IN MX 5 b.,"), MAP_DNS, "dns/mxp-google-1",
	    "mxp-google-1", "a.test. 300 IN MX 5 b.", "" },
	{ "connect", STRING("27:connect/mxp-default-2 a.com,"), MAP_CONNECT,
	    "connect/mxp-default-2", "mxp-default-2", "a.com", "" },
	{ "connect without a service", STRING("13:connect a.com,"), MAP_CONNECT, "connect", "",
	    "a.com", "" },
	{ "cache", STRING("24:cache/mxp-google-1 a.com,"), MAP_CACHE, "cache/mxp-google-1",
	    "mxp-google-1", "a.com", "" },
	{ "status", STRING("38:status/mxp-google-1 2.0.0 250 2.0.0 Ok,"), MAP_STATUS,
	    "status/mxp-google-1", "mxp-google-1", "2.0.0 250 2.0.0 Ok", "" },
	{ "an empty service", STRING("7:dns/ a.,"), MAP_DNS, "dns/", "", "a.", "" },
	{ "a slash in the service", STRING("10:dns/a/b c.,"), MAP_DNS, "dns/a/b", "a/b", "c.", "" },
	{ "an empty key", STRING("7:sender ,"), MAP_SENDER, "sender", "", "", "" },
	{ "a key that begins with a blank", STRING("9:sender  a,"), MAP_SENDER, "sender", "", " a",
	    "" },
	{ "a key with commas and colons", STRING("13:sender 3:a,b:,"), MAP_SENDER, "sender", "",
	    "3:a,b:", "" },
	{ "a key of other bytes", STRING("10:sender \xc3\xa4\n,"), MAP_SENDER, "sender", "",
	    "\xc3\xa4\n", "" },
	{ "an unknown map", STRING("7:virus x,"), MAP_UNKNOWN, "virus", "", "x", "" },
	{ "no map but a service", STRING("6:/dns x,"), MAP_UNKNOWN, "/dns", "dns", "x", "" },
	{ "a map's name in capitals", STRING("5:DNS x,"), MAP_UNKNOWN, "DNS", "", "x", "" },
	{ "a longer name than a map's", STRING("6:dnss x,"), MAP_UNKNOWN, "dnss", "", "x", "" },
	{ "a shorter name than a map's", STRING("4:dn x,"), MAP_UNKNOWN, "dn", "", "x", "" },
	{ "another one behind it", STRING("5:dns x,5:dns y,"), MAP_DNS, "dns", "", "x",
	    "5:dns y," },
	{ "nonsense behind it", STRING("5:dns x,,"), MAP_DNS, "dns", "", "x", "," },
};

static void
is_span(struct span span, const char *want)
{
	assert_int_equal(span.len, strlen(want));
	assert_memory_equal(span.ptr, want, span.len);
}

/* Split at each offset: until it is whole there is none, then always the same. */
static void
reads_queries(void **state)
{
	const struct query_row *row = *state;
	size_t whole = row->len - strlen(row->rest);

	for (size_t len = 0; len <= row->len; len++) {
		struct sockmap_query query;
		struct err err;
		size_t used;
		char *copy;
		enum sockmap_parsed parsed = parse(row->in, len, &query, &used, &err, &copy);

		assert_int_equal(parsed, len < whole ? SOCKMAP_MORE : SOCKMAP_QUERY);
		if (parsed == SOCKMAP_QUERY) {
			assert_int_equal(used, whole);
			assert_int_equal(query.map, row->map);
			is_span(query.name, row->name);
			is_span(query.service, row->service);
			is_span(query.key, row->key);
		}
		free(copy);
	}
}

static const struct malformed_row {
	const char *label, *in;
	size_t len;
	size_t known; /* malformed with so many bytes, and not before */
	const char *words;
} malformed_rows[] = {
	{ "no number", STRING("request=smtpd_access_policy\n"), 1, "no length" },
	{ "a colon alone", STRING(":"), 1, "no length" },
	{ "a blank in front", STRING(" 5:dns x,"), 1, "no length" },
	{ "a sign", STRING("+5:dns x,"), 1, "no length" },
	{ "a negative length", STRING("-5:dns x,"), 1, "no length" },
	{ "something else than a colon", STRING("5;dns x,"), 2, "no length" },
	{ "a NUL in the length", STRING("5\0:dns x,"), 2, "no length" },
	{ "a leading zero", STRING("05:dns x,"), 2, "leading zero" },
	{ "zeros", STRING("00:,"), 2, "leading zero" },
	{ "one byte too long", STRING("100001:"), 6, "over 100000 bytes" },
	{ "far too long", STRING("99999999999999999999999:"), 6, "over 100000 bytes" },
	{ "no comma", STRING("5:dns xx"), 8, "no comma after 5 bytes" },
	{ "a length one too small", STRING("4:dns x,"), 7, "no comma after 4 bytes" },
	{ "a length one too large", STRING("6:dns x,5"), 9, "no comma after 6 bytes" },
	{ "nothing", STRING("0:,"), 3, "without \"map key\"" },
	{ "no key", STRING("3:dns,"), 6, "without \"map key\"" },
	{ "no map", STRING("2: x,"), 5, "without \"map key\"" },
	{ "a NUL in the key", STRING("7:dns x\0y,"), 10, "NUL" },
	{ "a NUL in the name", STRING("6:dn\0s x,"), 9, "NUL" },
};

static void
refuses_queries(void **state)
{
	const struct malformed_row *row = *state;

	for (size_t len = 0; len <= row->len; len++) {
		struct sockmap_query query;
		struct err err;
		size_t used;
		char *copy;
		enum sockmap_parsed parsed = parse(row->in, len, &query, &used, &err, &copy);

		assert_int_equal(parsed, len < row->known ? SOCKMAP_MORE : SOCKMAP_MALFORMED);
		if (parsed == SOCKMAP_MALFORMED)
			assert_non_null(strstr(err.text, row->words));
		free(copy);
	}
}

static void
reads_the_longest_query(void **state)
{
	struct sockmap_query query;
	struct str in = { 0 };
	struct err err;
	size_t used;
	char *copy;

	(void)state;
	str_addf(&in, "%d:sender ", SOCKMAP_QUERY_MAX);
	while (in.len < SOCKMAP_WIRE_MAX - 1)
		str_addc(&in, 'x');
	str_addc(&in, ',');
	assert_int_equal(in.len, SOCKMAP_WIRE_MAX);
	assert_int_equal(parse(in.data, in.len - 1, &query, &used, &err, &copy), SOCKMAP_MORE);
	free(copy);
	assert_int_equal(parse(in.data, in.len, &query, &used, &err, &copy), SOCKMAP_QUERY);
	assert_int_equal(used, in.len);
	assert_int_equal(query.key.len, SOCKMAP_QUERY_MAX - strlen("sender "));
	free(copy);
	str_free(&in);
}

/* -- answers ----------------------------------------------------------------------------------- */

static const struct answer_row {
	const char *label;
	enum sockmap_answer answer;
	const char *text, *want;
} answer_rows[] = {
	{ "a transport", ANSWER_OK, "mxp-google-1:", "16:OK mxp-google-1:," },
	{ "nothing found keeps its blank", ANSWER_NOTFOUND, NULL, "9:NOTFOUND ," },
	{ "an empty value keeps its blank", ANSWER_OK, "", "3:OK ," },
	{ "come again", ANSWER_TEMP, "4.7.1 full", "15:TEMP 4.7.1 full," },
	{ "never", ANSWER_PERM, "no such map: x", "19:PERM no such map: x," },
	{ "commas and colons", ANSWER_OK, "a,b:c", "8:OK a,b:c," },
	{ "control bytes", ANSWER_TEMP, "a\r\nb\tc\x7f", "12:TEMP a??b?c?," },
	{ "bytes beyond ASCII", ANSWER_TEMP, "\xc3\xa4\xff", "8:TEMP ???," },
};

static void
formats(void **state)
{
	const struct answer_row *row = *state;
	struct sockmap_reply reply;
	struct str out = { 0 };

	memset(&reply, 0xa5, sizeof(reply));
	str_adds(&out, "before");
	if (row->text != NULL)
		sockmap_reply_set(&reply, row->answer, "%s", row->text);
	else
		sockmap_reply_set(&reply, row->answer, NULL);
	sockmap_format(&reply, &out);
	assert_string_equal(str_text(&out) + strlen("before"), row->want);
	str_free(&out);
}

static void
cuts_long_texts(void **state)
{
	struct sockmap_reply reply;
	struct str text = { 0 }, out = { 0 };

	(void)state;
	while (text.len < 2 * SOCKMAP_TEXT_SIZE)
		str_addc(&text, 'x');
	sockmap_reply_set(&reply, ANSWER_TEMP, "%s", str_text(&text));
	assert_int_equal(strlen(reply.text), SOCKMAP_TEXT_SIZE - 1);
	sockmap_format(&reply, &out);
	assert_true(strncmp(str_text(&out), "772:TEMP xxx", 12) == 0);
	assert_int_equal(out.len, strlen("772:TEMP ,") + SOCKMAP_TEXT_SIZE - 1);
	str_free(&text);
	str_free(&out);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, reads_queries, query_rows);
	CHECK_ROWS(&list, refuses_queries, malformed_rows);
	CHECK(&list, reads_the_longest_query);
	CHECK_ROWS(&list, formats, answer_rows);
	CHECK(&list, cuts_long_texts);
	return check_run(&list, "sockmap");
}
