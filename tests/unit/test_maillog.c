#include "check.h"
#include "lines.h"
#include "log_senders.h"
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
	struct maillog_line line;

	assert_int_equal(maillog_read(span_of(row->line), NOON + 100, &line),
	    row->want != NULL ? MAILLOG_DELIVERED : MAILLOG_OTHER);
	if (row->want == NULL)
		return;
	assert_true(span_eq(line.text, span_of(row->want)));
	assert_int_equal(line.at_s, NOON);
}

static const struct said_row {
	const char *label, *line;
	enum maillog_kind kind;
	const char *host, *id, *text;
} said_rows[] = {
	{ "a client", PREFIX "postfix/smtpd[9]: 4F2A1: client=app.test[192.0.2.9]", MAILLOG_CLIENT,
	    "mta1", "4F2A1", "" },
	{ "who logged in",
	    PREFIX "postfix/submission/smtpd[9]: 4F2A1: client=app.test[192.0.2.9], "
		   "sasl_method=PLAIN, sasl_username=ann@shop.test",
	    MAILLOG_CLIENT, "mta1", "4F2A1", "ann@shop.test" },
	{ "and sent for another",
	    PREFIX "postfix/smtpd[9]: 4F2A1: client=a[192.0.2.9], sasl_method=PLAIN, "
		   "sasl_username=ann, sasl_sender=bob",
	    MAILLOG_CLIENT, "mta1", "4F2A1", "ann" },
	{ "a sender",
	    PREFIX "postfix/qmgr[7]: 4bMxyz0Tz9z1Q: from=<news@shop.test>, size=433, nrcpt=2 "
		   "(queue active)",
	    MAILLOG_SENDER, "mta1", "4bMxyz0Tz9z1Q", "news@shop.test" },
	{ "the null sender",
	    PREFIX "postfix/qmgr[7]: 4F2A1: from=<>, size=433, nrcpt=1 (queue active)",
	    MAILLOG_SENDER, "mta1", "4F2A1", "" },
	{ "in the form of syslog", "Nov 22 12:00:00 mta2 postfix-out/qmgr[7]: 4F2A1: removed",
	    MAILLOG_REMOVED, "mta2", "4F2A1", "" },
	{ "expired",
	    PREFIX "postfix/qmgr[7]: 4F2A1: from=<a@b.test>, status=expired, returned to sender",
	    MAILLOG_OTHER, "", "", "" },
	{ "handed in by a user", PREFIX "postfix/pickup[7]: 4F2A1: uid=0 from=<root>",
	    MAILLOG_OTHER, "", "", "" },
	{ "words of a client",
	    PREFIX "postfix/smtpd[7]: warning: x[192.0.2.1]: postfix/qmgr[7]: "
		   "4F2A1: from=<a@b.test>, size=1",
	    MAILLOG_OTHER, "", "", "" },
	{ "no queue ID", PREFIX "postfix/qmgr[7]: ../4F2: removed", MAILLOG_OTHER, "", "", "" },
	{ "no program", "]: 4F2A1: removed", MAILLOG_OTHER, "", "", "" },
	{ "cut off", PREFIX "postfix/qmgr[7]: 4F2A1: from=<a@b", MAILLOG_OTHER, "", "", "" },
};

static void
reads_what_is_said(void **state)
{
	const struct said_row *row = *state;
	struct maillog_line line;

	assert_int_equal(maillog_read(span_of(row->line), NOON + 100, &line), row->kind);
	if (row->kind == MAILLOG_OTHER)
		return;
	assert_true(span_eq(line.host, span_of(row->host)));
	assert_true(span_eq(line.id, span_of(row->id)));
	assert_true(span_eq(line.text, span_of(row->text)));
}

/* -- whose message it is ------------------------------------------------------------------------ */

static struct maillog_line
take_line(struct log_senders *senders, const char *text)
{
	struct maillog_line line;

	log_senders_take(senders, maillog_read(span_of(text), NOON + 100, &line), &line);
	return line;
}

static void
check_sender(struct log_senders *senders, const char *id, const char *want, const char *want_login)
{
	const struct maillog_line line = { .host = SPAN("mta1"), .id = span_of(id) };
	const char *login, *sender = log_senders_find(senders, &line, &login);

	if (want == NULL)
		assert_null(sender);
	else
		assert_string_equal(sender, want);
	assert_string_equal(login, want_login);
}

#define QMGR PREFIX "postfix/qmgr[7]: "
#define REST ", size=4, nrcpt=2 (queue active)"

static void
knows_senders_until_removed(void **state)
{
	struct log_senders *senders = log_senders_new(10);

	(void)state;
	check_sender(senders, "4F2A1", NULL, "");
	take_line(senders,
	    PREFIX "postfix/smtpd[9]: 4F2A1: client=a[192.0.2.9], sasl_method=PLAIN, "
		   "sasl_username=ann");
	check_sender(senders, "4F2A1", NULL, "ann");
	take_line(senders, QMGR "4F2A1: from=<a@b.test>" REST);
	take_line(senders,
	    "2026-11-22T12:00:00Z mta2 postfix/qmgr[7]: 4F2A1: from=<c@d.test>" REST);
	check_sender(senders, "4F2A1", "a@b.test", "ann"); /* whatever another host says */
	take_line(senders, QMGR "4F2A1: removed");
	check_sender(senders, "4F2A1", NULL, "");
	/* A short ID comes again, and the end of the one before was not seen. */
	take_line(senders,
	    PREFIX "postfix/smtpd[9]: 4F2A1: client=a[192.0.2.9], sasl_username=ann");
	take_line(senders, QMGR "4F2A1: from=<a@b.test>" REST);
	take_line(senders, PREFIX "postfix/smtpd[9]: 4F2A1: client=a[192.0.2.9]");
	check_sender(senders, "4F2A1", NULL, "");
	log_senders_free(&senders);
	assert_null(senders);
}

static void
forgets_the_oldest(void **state)
{
	struct log_senders *senders = log_senders_new(3);
	char line[200];

	(void)state;
	for (int i = 0; i < 4; i++) {
		snprintf(line, sizeof(line), QMGR "4F2A%d: from=<a%d@b.test>" REST, i, i);
		take_line(senders, line);
		take_line(senders, QMGR "4F2A0: from=<again@b.test>" REST);
	}
	check_sender(senders, "4F2A0", "again@b.test", "");
	check_sender(senders, "4F2A1", NULL, "");
	check_sender(senders, "4F2A2", "a2@b.test", "");
	check_sender(senders, "4F2A3", "a3@b.test", "");
	log_senders_free(&senders);
}

static void
places_grow(void **state)
{
	static const struct {
		int64_t at_s;
		const char *host, *want;
	} rows[] = {
		{ NOON, "a", "001795348800.00000001" },
		{ NOON, "a", "001795348800.00000002" },
		{ NOON - 1, "a", "001795348800.00000003" }, /* a little out of order */
		{ NOON, "b", "001795348800.00000001" },
		{ NOON + 1, "a", "001795348801.00000001" },
		{ -1, "a", "" },
	};
	struct log_senders *senders = log_senders_new(3);
	char place[LOG_PLACE_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct maillog_line line = { .at_s = rows[i].at_s,
			.host = span_of(rows[i].host) };

		log_senders_place(senders, &line, place);
		assert_string_equal(place, rows[i].want);
	}
	log_senders_free(&senders);
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
	CHECK_ROWS(&list, reads_what_is_said, said_rows);
	CHECK(&list, knows_senders_until_removed);
	CHECK(&list, forgets_the_oldest);
	CHECK(&list, places_grow);
	CHECK(&list, takes_lines);
	CHECK(&list, leaves_out_what_is_too_long);
	return check_run(&list, "maillog");
}
