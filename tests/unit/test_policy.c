#include "check.h"
#include "policy.h"

#define HEAD "request=smtpd_access_policy\n"
#define WHOLE                                                                        \
	HEAD                                                                         \
	    "protocol_state=RCPT\nprotocol_name=ESMTP\nhelo_name=some.domain.test\n" \
	    "queue_id=8045F2AB23\nsender=foo@bar.test\nrecipient=bar@foo.test\n"     \
	    "recipient_count=0\nclient_address=192.0.2.3\nclient_name=a.test\n"      \
	    "instance=123.456.7\nsasl_method=plain\nsasl_username=you\nsasl_sender=\nsize=12345\n\n"

static const struct row {
	const char *label, *in;
	size_t len; /* of in; 0: to its NUL */
	enum policy_parse want;
	const char *why; /* malformed: the words */
	size_t left;     /* bytes behind the request */
	struct {
		const char *state, *instance, *sender, *recipient, *client, *queue_id, *sasl;
	} got; /* NULL: empty */
} rows[] = {
	{ "what Postfix sends", WHOLE, 0, POLICY_REQUEST, NULL, 0,
	    { "RCPT", "123.456.7", "foo@bar.test", "bar@foo.test", "192.0.2.3", "8045F2AB23",
		"you" } },
	{ "the least", HEAD "\n", 0, POLICY_REQUEST, NULL, 0, { 0 } },
	{ "the request attribute last", "sender=a@b\n" HEAD "\n", 0, POLICY_REQUEST, NULL, 0,
	    { .sender = "a@b" } },
	{ "lines ending in CRLF", "request=smtpd_access_policy\r\nsender=a@b\r\n\r\n", 0,
	    POLICY_REQUEST, NULL, 0, { .sender = "a@b" } },
	{ "LF, then an empty CRLF line", HEAD "sender=a@b\n\r\n", 0, POLICY_REQUEST, NULL, 0,
	    { .sender = "a@b" } },
	{ "CRLF, then an empty LF line", HEAD "sender=a@b\r\n\n", 0, POLICY_REQUEST, NULL, 0,
	    { .sender = "a@b" } },
	{ "an empty value", HEAD "sender=\nrecipient=a@b\n\n", 0, POLICY_REQUEST, NULL, 0,
	    { .recipient = "a@b" } },
	{ "a value with '='", HEAD "sender=a=b=c@d\n\n", 0, POLICY_REQUEST, NULL, 0,
	    { .sender = "a=b=c@d" } },
	{ "a value with blanks at both ends", HEAD "sender= a \n\n", 0, POLICY_REQUEST, NULL, 0,
	    { .sender = " a " } },
	{ "a value with a CR inside", HEAD "sender=a\rb\n\n", 0, POLICY_REQUEST, NULL, 0,
	    { .sender = "a\rb" } },
	{ "a value of bytes beyond ASCII", HEAD "sender=\xc3\xa4\xff@b\n\n", 0, POLICY_REQUEST,
	    NULL, 0, { .sender = "\xc3\xa4\xff@b" } },
	{ "an attribute nobody knows", HEAD "new_thing=1\nsender=a@b\n\n", 0, POLICY_REQUEST, NULL,
	    0, { .sender = "a@b" } },
	{ "names are compared as a whole", HEAD "sende=1\nsenders=2\nSender=3\nxsender=4\n\n", 0,
	    POLICY_REQUEST, NULL, 0, { 0 } },
	{ "given twice: the last counts", HEAD "sender=a@b\nsender=c@d\n\n", 0, POLICY_REQUEST,
	    NULL, 0, { .sender = "c@d" } },
	{ "another request behind it", HEAD "sender=a@b\n\n" HEAD "\n", 0, POLICY_REQUEST, NULL,
	    sizeof(HEAD "\n") - 1, { .sender = "a@b" } },
	{ "garbage behind it is not looked at", HEAD "sender=a@b\n\n\0\0", sizeof(HEAD) - 1 + 14,
	    POLICY_REQUEST, NULL, 2, { .sender = "a@b" } },

	{ "nothing", "", 0, POLICY_MORE, NULL, 0, { 0 } },
	{ "half a name", "requ", 0, POLICY_MORE, NULL, 0, { 0 } },
	{ "without the empty line", HEAD "sender=a@b\n", 0, POLICY_MORE, NULL, 0, { 0 } },
	{ "up to the CR of the empty line", HEAD "\r", 0, POLICY_MORE, NULL, 0, { 0 } },
	{ "CR LF CR is no empty line", HEAD "\r\r\n", 0, POLICY_MORE, NULL, 0, { 0 } },

	{ "no '='", HEAD "sender\n\n", 0, POLICY_MALFORMED, "line without name=value", 0, { 0 } },
	{ "no name", HEAD "=x\n\n", 0, POLICY_MALFORMED, "line without name=value", 0, { 0 } },
	{ "only '='", "=\n\n", 0, POLICY_MALFORMED, "line without name=value", 0, { 0 } },
	{ "a line of a blank", HEAD " \n\n", 0, POLICY_MALFORMED, "line without name=value", 0,
	    { 0 } },
	{ "another protocol", "GET / HTTP/1.0\r\nHost: x\r\n\r\n", 0, POLICY_MALFORMED,
	    "line without name=value", 0, { 0 } },
	{ "a NUL in a value", HEAD "sender=a\0b\n\n", sizeof(HEAD) - 1 + 12, POLICY_MALFORMED,
	    "NUL byte", 0, { 0 } },
	{ "a NUL alone", "\0\n\n", 3, POLICY_MALFORMED, "NUL byte", 0, { 0 } },
	{ "an empty line alone", "\n", 0, POLICY_MALFORMED, "empty request", 0, { 0 } },
	{ "an empty CRLF line alone", "\r\n", 0, POLICY_MALFORMED, "empty request", 0, { 0 } },
	{ "no request attribute", "sender=a@b\n\n", 0, POLICY_MALFORMED,
	    "request is not smtpd_access_policy", 0, { 0 } },
	{ "another request attribute", "request=junk\n\n", 0, POLICY_MALFORMED,
	    "request is not smtpd_access_policy", 0, { 0 } },
	{ "an empty request attribute", "request=\n\n", 0, POLICY_MALFORMED,
	    "request is not smtpd_access_policy", 0, { 0 } },
	{ "the wrong request attribute last", HEAD "request=x\n\n", 0, POLICY_MALFORMED,
	    "request is not smtpd_access_policy", 0, { 0 } },
};

static struct span
input(const struct row *row)
{
	return span_make(row->in, row->len > 0 ? row->len : strlen(row->in));
}

static void
check_span(struct span bytes, struct span got, const char *want)
{
	want = want != NULL ? want : "";
	assert_int_equal(got.len, strlen(want));
	if (got.len == 0)
		return;
	assert_memory_equal(got.ptr, want, got.len);
	assert_true(got.ptr >= bytes.ptr && got.ptr + got.len <= bytes.ptr + bytes.len);
}

static void
check_result(const struct row *row, struct span bytes, enum policy_parse got,
    const struct policy_request *request, size_t used, const struct err *err)
{
	assert_int_equal(got, row->want);
	switch (row->want) {
	case POLICY_MORE:
		break;
	case POLICY_MALFORMED:
		assert_string_equal(err->text, row->why);
		break;
	case POLICY_REQUEST:
		assert_int_equal(used, input(row).len - row->left);
		check_span(bytes, request->request, "smtpd_access_policy");
		check_span(bytes, request->protocol_state, row->got.state);
		check_span(bytes, request->instance, row->got.instance);
		check_span(bytes, request->sender, row->got.sender);
		check_span(bytes, request->recipient, row->got.recipient);
		check_span(bytes, request->client_address, row->got.client);
		check_span(bytes, request->queue_id, row->got.queue_id);
		check_span(bytes, request->sasl_username, row->got.sasl);
		break;
	}
}

/* A copy of exactly the bytes, so that reading on is noticed by the sanitizer. */
static struct span
copy(struct span bytes)
{
	char *out = malloc(bytes.len > 0 ? bytes.len : 1);

	memcpy(out, bytes.ptr, bytes.len);
	return span_make(out, bytes.len);
}

static void
free_copy(struct span bytes)
{
	free((char *)(uintptr_t)bytes.ptr);
}

static void
parses(void **state)
{
	const struct row *row = *state;
	struct span bytes = copy(input(row));
	struct policy_request request;
	struct err err = { "" };
	size_t used = 0, seen = 0;
	enum policy_parse got = policy_parse(bytes, &seen, &request, &used, &err);

	check_result(row, bytes, got, &request, used, &err);
	free_copy(bytes);
}

/* As it comes over a socket: `first` bytes, then `step` more each time. */
static void
parse_in_parts(const struct row *row, size_t first, size_t step)
{
	size_t len = input(row).len, used = 0, seen = 0;

	for (size_t n = first;; n = n + step < len ? n + step : len) {
		struct span bytes = copy(span_make(input(row).ptr, n));
		struct policy_request request;
		struct err err = { "" };
		enum policy_parse got = policy_parse(bytes, &seen, &request, &used, &err);

		if (got != POLICY_MORE || n == len) {
			check_result(row, bytes, got, &request, used, &err);
			free_copy(bytes);
			return;
		}
		assert_int_equal(seen, n);
		free_copy(bytes);
	}
}

static void
parses_byte_by_byte(void **state)
{
	parse_in_parts(*state, 0, 1);
}

static void
parses_split_at_each_offset(void **state)
{
	const struct row *row = *state;
	size_t len = input(row).len;

	for (size_t at = 0; at <= len; at++)
		parse_in_parts(row, at, len);
}

static void
takes_joined_requests_one_by_one(void **state)
{
	static const char bytes[] = HEAD "sender=a@b\n\n" WHOLE HEAD "recipient=c@d\n\n";
	struct span rest = span_make(bytes, sizeof(bytes) - 1);
	const char *senders[] = { "a@b", "foo@bar.test", "" };

	(void)state;
	for (size_t i = 0; i < COUNT(senders); i++) {
		struct policy_request request;
		size_t used, seen = 0;

		assert_int_equal(policy_parse(rest, &seen, &request, &used, NULL), POLICY_REQUEST);
		assert_true(span_eq(request.sender, span_of(senders[i])));
		rest = span_from(rest, used);
	}
	assert_int_equal(rest.len, 0);
}

/* -- limits ------------------------------------------------------------------------------------ */

static const struct limit_row {
	const char *label;
	size_t line;  /* bytes of the last line, without its end */
	size_t total; /* of the whole request; filled up with lines of 100 bytes before the last */
	const char *end; /* of the last line and the request */
	const char *why; /* NULL: taken */
} limit_rows[] = {
	{ "a line of the limit", POLICY_LINE_MAX, 0, "\n\n", NULL },
	{ "a line of the limit, CRLF", POLICY_LINE_MAX, 0, "\r\n\r\n", NULL },
	{ "a line one over", POLICY_LINE_MAX + 1, 0, "\n\n", "line over 8192 bytes" },
	{ "a line one over, CRLF", POLICY_LINE_MAX + 1, 0, "\r\n\r\n", "line over 8192 bytes" },
	{ "a request of the limit", 100, POLICY_REQUEST_MAX, "\n\n", NULL },
	{ "a request of the limit, CRLF", 100, POLICY_REQUEST_MAX, "\r\n\r\n", NULL },
	{ "a request one over", 100, POLICY_REQUEST_MAX + 1, "\n\n", "request over 65536 bytes" },
	{ "a request one over, CRLF", 100, POLICY_REQUEST_MAX + 1, "\r\n\r\n",
	    "request over 65536 bytes" },
};

static void
add_line(struct str *out, size_t len, const char *end)
{
	size_t start = out->len;

	str_adds(out, "a=");
	while (out->len - start < len)
		str_addc(out, 'x');
	str_adds(out, end);
}

static struct str
limit_input(const struct limit_row *row)
{
	struct str out = { 0 };
	size_t last = row->line + strlen(row->end);

	str_adds(&out, HEAD);
	while (row->total > 0 && out.len + last + 200 < row->total)
		add_line(&out, 99, "\n");
	if (row->total > 0)
		add_line(&out, row->total - last - out.len - 1, "\n");
	add_line(&out, row->line, row->end);
	if (row->total > 0)
		assert_int_equal(out.len, row->total);
	return out;
}

static void
limits(void **state)
{
	const struct limit_row *row = *state;
	struct str in = limit_input(row);
	struct policy_request request;
	struct err err = { "" };
	size_t used = 0, seen = 0;
	enum policy_parse got =
	    policy_parse(span_make(in.data, in.len), &seen, &request, &used, &err);

	assert_int_equal(got, row->why == NULL ? POLICY_REQUEST : POLICY_MALFORMED);
	if (row->why == NULL)
		assert_int_equal(used, in.len);
	else
		assert_string_equal(err.text, row->why);
	str_free(&in);
}

/* The same by parts: what is too long is refused before its end is there, what is not never. */
static void
limits_in_parts(void **state)
{
	const struct limit_row *row = *state;
	struct str in = limit_input(row);
	enum policy_parse got = POLICY_MORE;
	struct policy_request request;
	struct err err = { "" };
	size_t used = 0, seen = 0, n = in.len - 2 * POLICY_LINE_MAX;

	if (n > in.len)
		n = 0;
	for (; got == POLICY_MORE && n <= in.len; n++) /* the last bytes one by one */
		got = policy_parse(span_make(in.data, n), &seen, &request, &used, &err);
	assert_int_equal(got, row->why == NULL ? POLICY_REQUEST : POLICY_MALFORMED);
	if (row->why != NULL)
		assert_string_equal(err.text, row->why);
	str_free(&in);
}

static void
refuses_what_never_ends(void **state)
{
	struct str in = { 0 };
	struct policy_request request;
	struct err err = { "" };
	size_t used, seen = 0;

	(void)state;
	for (size_t i = 0; i < POLICY_LINE_MAX; i++)
		str_addc(&in, 'x');
	assert_int_equal(policy_parse(span_make(in.data, in.len), &seen, &request, &used, &err),
	    POLICY_MORE);
	str_addc(&in, 'x');
	assert_int_equal(policy_parse(span_make(in.data, in.len), &seen, &request, &used, &err),
	    POLICY_MALFORMED);
	assert_string_equal(err.text, "line over 8192 bytes");
	str_empty(&in);
	seen = 0;
	while (in.len + 4 <= POLICY_REQUEST_MAX)
		str_adds(&in, "a=b\n");
	assert_int_equal(policy_parse(span_make(in.data, in.len), &seen, &request, &used, &err),
	    POLICY_MORE);
	str_addc(&in, 'a');
	assert_int_equal(policy_parse(span_make(in.data, in.len), &seen, &request, &used, &err),
	    POLICY_MALFORMED);
	assert_string_equal(err.text, "request over 65536 bytes");
	str_free(&in);
}

/* -- answers ----------------------------------------------------------------------------------- */

static const struct format_row {
	const char *label, *action, *want;
} format_rows[] = {
	{ "a word", "DUNNO", "action=DUNNO\n\n" },
	{ "words", "DEFER_IF_PERMIT 4.7.1 later", "action=DEFER_IF_PERMIT 4.7.1 later\n\n" },
	{ "nothing", "", "action=\n\n" },
	{ "cut at LF", "550 no\naction=OK", "action=550 no\n\n" },
	{ "cut at CR", "550 no\r\n\r\n", "action=550 no\n\n" },
	{ "only LF", "\n", "action=\n\n" },
};

static void
formats(void **state)
{
	const struct format_row *row = *state;
	struct str out = { 0 };

	str_adds(&out, "before ");
	policy_format(row->action, &out);
	assert_memory_equal(str_text(&out), "before ", 7);
	assert_string_equal(str_text(&out) + 7, row->want);
	str_free(&out);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, parses, rows);
	CHECK_ROWS(&list, parses_byte_by_byte, rows);
	CHECK_ROWS(&list, parses_split_at_each_offset, rows);
	CHECK(&list, takes_joined_requests_one_by_one);
	CHECK_ROWS(&list, limits, limit_rows);
	CHECK_ROWS(&list, limits_in_parts, limit_rows);
	CHECK(&list, refuses_what_never_ends);
	CHECK_ROWS(&list, formats, format_rows);
	return check_run(&list, "policy");
}
