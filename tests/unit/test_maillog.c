#include "check.h"
#include "lines.h"
#include "maillog.h"
#include "str.h"

#define NOON   INT64_C(1795348800) /* 2026-11-22T12:00:00Z */
#define PREFIX "2026-11-22T12:00:00Z mta1 "
#define SENT   "delay=0.5, delays=0.1/0/0.2/0.2, dsn=2.0.0, status=sent (250 2.0.0 OK)"
#define RELAY  "relay=mx.foo.test[192.0.2.1]:25, "

static const struct log_row {
	const char *label, *line, *want; /* NULL: no delivery */
} log_rows[] = {
	{ "sent", PREFIX "postfix/smtp[123]: 4F2A: to=<a@foo.test>, " RELAY SENT, "a@foo.test" },
	{ "another syslog_name",
	    PREFIX "mxp-google-1/smtp[123]: 4F2A: to=<a@foo.test>, " RELAY SENT, "a@foo.test" },
	{ "an alias before",
	    PREFIX "postfix/smtp[123]: 4F2A: to=<a@foo.test>, orig_to=<b@foo.test>, " RELAY SENT,
	    "a@foo.test" },
	{ "IPv6",
	    PREFIX
	    "postfix/smtp[1]: 4F2A: to=<a@foo.test>, relay=mx.foo.test[2001:db8::1]:25, " SENT,
	    "a@foo.test" },
	{ "deferred",
	    PREFIX "postfix/smtp[1]: 4F2A: to=<a@foo.test>, " RELAY
		   "delay=1, dsn=4.2.2, status=deferred (host said: 452 full)",
	    NULL },
	{ "deferred by somebody who would be sent",
	    PREFIX "postfix/smtp[1]: 4F2A: to=<a@foo.test>, " RELAY
		   "delay=1, dsn=4.2.2, status=deferred (452 full, dsn=2.0.0, status=sent (ok))",
	    NULL },
	{ "bounced",
	    PREFIX "postfix/smtp[1]: 4F2A: to=<a@foo.test>, " RELAY
		   "delay=1, dsn=5.1.1, status=bounced (host said: 550)",
	    NULL },
	{ "a content filter",
	    PREFIX
	    "postfix/smtp[1]: 4F2A: to=<a@foo.test>, relay=127.0.0.1[127.0.0.1]:10024, " SENT,
	    NULL },
	{ "a content filter on ::1",
	    PREFIX "postfix/smtp[1]: 4F2A: to=<a@foo.test>, relay=localhost[::1]:10024, " SENT,
	    NULL },
	{ "a mailbox", PREFIX "postfix/local[1]: 4F2A: to=<a@foo.test>, relay=local, " SENT, NULL },
	{ "a socket",
	    PREFIX "postfix/lmtp[1]: 4F2A: to=<a@foo.test>, relay=h[private/dovecot-lmtp], " SENT,
	    NULL },
	{ "no relay", PREFIX "postfix/smtp[1]: 4F2A: to=<a@foo.test>, relay=none, " SENT, NULL },
	{ "the null address", PREFIX "postfix/smtp[1]: 4F2A: to=<>, " RELAY SENT, NULL },
	{ "another program", PREFIX "sshd[1]: to=<a@foo.test>, " RELAY SENT, NULL },
	{ "empty", "", NULL },
};

static void
reads(void **state)
{
	const struct log_row *row = *state;
	struct maillog_delivery delivery;

	assert_int_equal(maillog_read(span_of(row->line), NOON + 100, &delivery),
	    row->want != NULL);
	if (row->want == NULL)
		return;
	assert_true(span_eq(delivery.recipient, span_of(row->want)));
	assert_int_equal(delivery.at_s, NOON);
}

/* -- lines -------------------------------------------------------------------------------------- */

/* All lines of a text, each in < >; "." where more is waited for. */
static char *
lines_of(const char *text, size_t len)
{
	FILE *in = fmemopen((void *)(uintptr_t)text, len, "r");
	struct lines *lines = malloc(sizeof(*lines));
	struct str out = { 0 };
	struct span line;

	lines_init(lines, in);
	do {
		while (lines_next(lines, &line))
			str_addf(&out, "<%.*s>", (int)line.len, line.ptr);
		str_addc(&out, '.');
	} while (lines_wait(lines));
	fclose(in);
	free(lines);
	return out.data;
}

static void
takes_lines(void **state)
{
	char *text = lines_of("a\n\nb\r\nc", 7);

	(void)state;
	assert_string_equal(text, ".<a><><b>.<c>.");
	free(text);
}

static void
leaves_out_what_is_too_long(void **state)
{
	size_t len = LINES_MAX * 3;
	char *text = malloc(len), *got;

	(void)state;
	memset(text, 'x', len);
	memcpy(text, "first\n", 6);
	memcpy(text + len - 10, "xxx\nlast\nx", 10);
	got = lines_of(text, len);
	assert_non_null(strstr(got, "<first>"));
	assert_non_null(strstr(got, ".<last>"));
	assert_null(strstr(got, "xx"));
	free(got);
	free(text);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, reads, log_rows);
	CHECK(&list, takes_lines);
	CHECK(&list, leaves_out_what_is_too_long);
	return check_run(&list, "maillog");
}
