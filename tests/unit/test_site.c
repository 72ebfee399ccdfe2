#include "check.h"
#include "site.h"

#define H "mx1.a.test[192.0.2.1]"

static const struct hear_row {
	const char *label, *status;
	enum site_heard want;
} hear_rows[] = {
	{ "delivered", "2.0.0 250 2.0.0 Ok: queued as 4F1", SITE_REPLIED },
	{ "delivered, odd words", "2.1.5 connect to the future", SITE_REPLIED },
	{ "refused", "4.4.1 connect to " H ":25: Connection refused", SITE_NO_CONNECTION },
	{ "timed out", "4.4.1 connect to " H ":25: Connection timed out", SITE_NO_CONNECTION },
	{ "no route", "4.4.1 connect to mx1.a.test[2001:db8::1]:25: No route to host",
	    SITE_NO_CONNECTION },
	{ "unknown words of 4.4.1", "4.4.1 no answer from host", SITE_NO_CONNECTION },
	{ "lost before the greeting",
	    "4.4.2 lost connection with " H " while receiving the initial server greeting",
	    SITE_NO_GREETING },
	{ "lost at EHLO", "4.4.2 lost connection with " H " while performing the EHLO handshake",
	    SITE_NO_GREETING },
	{ "lost at HELO", "4.4.2 lost connection with " H " while performing the HELO handshake",
	    SITE_NO_GREETING },
	{ "lost at STARTTLS",
	    "4.4.2 lost connection with " H " while receiving the STARTTLS response",
	    SITE_NO_GREETING },
	{ "lost in ways unknown", "4.4.2 lost connection with " H " while dreaming",
	    SITE_NO_GREETING },
	{ "lost at MAIL", "4.4.2 lost connection with " H " while sending MAIL FROM",
	    SITE_REPLIED },
	{ "lost at RCPT", "4.4.2 lost connection with " H " while sending RCPT TO", SITE_REPLIED },
	{ "lost in the body", "4.4.2 lost connection with " H " while sending message body",
	    SITE_REPLIED },
	{ "lost at the end",
	    "4.4.2 lost connection with " H
	    " while sending end of data -- message may be sent more than once",
	    SITE_REPLIED },
	{ "no greeting in time",
	    "4.4.2 conversation with " H " timed out while receiving the initial server greeting",
	    SITE_NO_GREETING },
	{ "no EHLO in time",
	    "4.4.2 conversation with " H " timed out while performing the EHLO handshake",
	    SITE_NO_GREETING },
	{ "no answer to MAIL in time",
	    "4.4.2 conversation with " H " timed out while sending MAIL FROM", SITE_REPLIED },
	{ "no answer to the end in time",
	    "4.4.2 conversation with " H
	    " timed out while sending end of data -- message may be sent more than once",
	    SITE_REPLIED },
	{ "unknown words of 4.4.2", "4.4.2 something else", SITE_NO_GREETING },
	{ "greeted with 421",
	    "4.7.0 host " H " refused to talk to me: 421 4.7.0 too many connections",
	    SITE_NO_GREETING },
	{ "greeted with 554", "5.0.0 host " H " refused to talk to me: 554 go away",
	    SITE_NO_GREETING },
	{ "greeted with 220 and a 3xx",
	    "5.5.0 Protocol error: host " H " refused to talk to me: 354 what", SITE_NO_GREETING },
	{ "greeted by itself", "5.4.6 host " H " greeted me with my own hostname mta1.test",
	    SITE_NO_GREETING },
	{ "answered by itself",
	    "5.4.6 host " H " replied to HELO/EHLO with my own hostname mta1.test",
	    SITE_NO_GREETING },
	{ "421 to MAIL",
	    "4.7.0 host " H " said: 421 4.7.0 slow down (in reply to MAIL FROM command)",
	    SITE_REPLIED },
	{ "550 to RCPT",
	    "5.1.1 host " H " said: 550 5.1.1 no such user (in reply to RCPT TO command)",
	    SITE_REPLIED },
	{ "a reply that plays our words",
	    "4.0.0 host " H " said: 451 host x refused to talk to me: 421 (in reply to RCPT TO "
	    "command)",
	    SITE_REPLIED },
	{ "a reply of no known kind",
	    "5.5.0 Protocol error: host " H " said: 354 (in reply to MAIL FROM command)",
	    SITE_REPLIED },
	{ "no TLS", "4.7.4 TLS is required, but was not offered by host " H, SITE_NO_GREETING },
	{ "STARTTLS refused",
	    "4.7.4 TLS is required, but host " H " refused to start TLS: 454 not now",
	    SITE_NO_GREETING },
	{ "handshake failed", "4.7.5 Cannot start TLS: handshake failure", SITE_NO_GREETING },
	{ "certificate not trusted", "4.7.5 Server certificate not trusted", SITE_NO_GREETING },
	{ "certificate not verified", "4.7.5 Server certificate not verified", SITE_NO_GREETING },
	{ "no login",
	    "4.7.0 SASL authentication failed; cannot authenticate to server " H ": no mechanism",
	    SITE_NO_GREETING },
	{ "size", "5.3.4 message size 12345 exceeds size limit 1000 of server " H, SITE_REPLIED },
	{ "no SMTPUTF8", "5.6.7 SMTPUTF8 is required, but was not offered by host " H,
	    SITE_REPLIED },
	{ "SMTPUTF8 alone", "5.6.7 host " H " offers SMTPUTF8 support, but not 8BITMIME",
	    SITE_REPLIED },
	{ "queue file", "4.3.0 local data error while talking to " H, SITE_REPLIED },
	{ "our own TLS", "4.7.5 TLS is required, but our TLS engine is unavailable",
	    SITE_UNRELATED },
	{ "our own denial", "4.7.5 client TLS configuration problem", SITE_UNRELATED },
	{ "DNS",
	    "4.4.3 Host or domain name not found. Name service error for name=a.test type=MX: Host "
	    "not found, try again",
	    SITE_UNRELATED },
	{ "no domain",
	    "5.4.4 Host or domain name not found. Name service error for name=a.test type=A: Host "
	    "not found",
	    SITE_UNRELATED },
	{ "null MX", "5.1.10 Domain a.test does not accept mail (nullMX)", SITE_UNRELATED },
	{ "loop", "5.4.6 mail for a.test loops back to myself", SITE_UNRELATED },
	{ "bind", "4.4.0 server configuration error", SITE_UNRELATED },
	{ "host alone", "4.0.0 host " H, SITE_UNRELATED },
	{ "code alone", "4.4.1", SITE_UNRELATED },
	{ "nothing", "", SITE_UNRELATED },
	{ "blank", " ", SITE_UNRELATED },
};

static void
hears(void **state)
{
	const struct hear_row *row = *state;

	assert_int_equal(site_hear(span_of(row->status)), row->want);
}

/* Bytes beyond the span are none of it. */
static void
hears_the_span_alone(void **state)
{
	const char *status = "4.0.0 host x said: 250";

	(void)state;
	assert_int_equal(site_hear(span_make(status, 19)), SITE_REPLIED);
	for (size_t len = 0; len < 19; len++)
		assert_int_equal(site_hear(span_make(status, len)), SITE_UNRELATED);
}

static void
go_wrong(struct site *site, int64_t now_ms)
{
	site_note(site, SITE_NO_CONNECTION, SPAN("4.4.1 connect to h[192.0.2.1]:25: refused"),
	    now_ms);
}

static struct site
dead_site(int64_t now_ms)
{
	struct site site = { 0 };

	for (int i = 1; i <= SITE_FAILURES; i++) {
		assert_false(site_is_dead(&site, now_ms));
		assert_true(site_admits(&site, now_ms));
		go_wrong(&site, now_ms);
	}
	assert_true(site_is_dead(&site, now_ms));
	return site;
}

static void
dies_and_lives(void **state)
{
	struct site site = dead_site(1000);

	(void)state;
	assert_string_equal(site.words, "connect to h[192.0.2.1]:25: refused");
	assert_false(site_admits(&site, 1000));
	assert_int_equal(site_wait_ms(&site, 1000), SITE_PROBE_MS);
	site_note(&site, SITE_UNRELATED, SPAN("4.4.3 x"), 1000);
	assert_true(site_is_dead(&site, 1000));
	site_note(&site, SITE_REPLIED, SPAN("2.0.0 ok"), 1001);
	assert_false(site_is_dead(&site, 1001));
	assert_string_equal(site.words, "");
	assert_true(site_admits(&site, 1001));
	for (int i = 1; i < SITE_FAILURES; i++) /* counted anew */
		go_wrong(&site, 1002);
	assert_false(site_is_dead(&site, 1002));
}

static void
counts_failures_in_a_row(void **state)
{
	struct site site = { 0 };

	(void)state;
	for (int i = 0; i < 50; i++) {
		site_note(&site, i % 4 == 3 ? SITE_REPLIED : SITE_NO_GREETING, SPAN("4.4.2 lost"),
		    i);
		assert_false(site_is_dead(&site, i));
	}
}

static void
lets_probes_through(void **state)
{
	struct site site = dead_site(0);

	(void)state;
	assert_false(site_admits(&site, SITE_PROBE_MS - 1));
	assert_int_equal(site_wait_ms(&site, SITE_PROBE_MS), 0);
	assert_true(site_admits(&site, SITE_PROBE_MS));
	assert_false(site_admits(&site, SITE_PROBE_MS));
	assert_false(site_admits(&site, SITE_DEAD_MS - 1));
	assert_int_equal(site_wait_ms(&site, SITE_DEAD_MS - 1), 1);
	assert_true(site_admits(&site, SITE_DEAD_MS)); /* its time is over */
	assert_true(site_admits(&site, SITE_DEAD_MS));
}

static void
ignores_stragglers(void **state)
{
	struct site site = dead_site(0);

	(void)state;
	for (int i = 0; i < 100; i++)
		go_wrong(&site, 500);
	assert_int_equal(site.dead_until_ms, SITE_DEAD_MS);
	assert_true(site_admits(&site, SITE_PROBE_MS));
	go_wrong(&site, SITE_PROBE_MS + 100); /* the probe */
	assert_int_equal(site.dead_until_ms, SITE_PROBE_MS + 100 + 2 * SITE_DEAD_MS);
	go_wrong(&site, SITE_PROBE_MS + 101);
	assert_int_equal(site.dead_until_ms, SITE_PROBE_MS + 100 + 2 * SITE_DEAD_MS);
}

static void
doubles_up_to_the_cap(void **state)
{
	static const int64_t want_ms[] = { SITE_DEAD_MS, 2 * SITE_DEAD_MS, 4 * SITE_DEAD_MS,
		8 * SITE_DEAD_MS, SITE_DEAD_MAX_MS, SITE_DEAD_MAX_MS };
	struct site site = { 0 };
	int64_t now_ms = 0;

	(void)state;
	for (int i = 1; i < SITE_FAILURES; i++)
		go_wrong(&site, now_ms);
	for (size_t i = 0; i < COUNT(want_ms); i++) {
		go_wrong(&site, now_ms);
		assert_int_equal(site.dead_until_ms - now_ms, want_ms[i]);
		now_ms = site.dead_until_ms;
	}
	for (int i = 0; i < 100000; i++) { /* for ever */
		go_wrong(&site, now_ms);
		now_ms = site.dead_until_ms;
	}
	assert_int_equal(site.dead_until_ms, now_ms);
}

static void
keeps_words_printable_and_short(void **state)
{
	struct site site = { 0 };
	char long_words[SITE_WORDS_SIZE * 2];

	(void)state;
	site_note(&site, SITE_NO_GREETING, SPAN("4.4.2 a\tb\x80\n~"), 0);
	assert_string_equal(site.words, "a?b??~");
	memset(long_words, 'x', sizeof(long_words));
	memcpy(long_words, "4.4.1 ", 6);
	site_note(&site, SITE_NO_CONNECTION, span_make(long_words, sizeof(long_words)), 0);
	assert_int_equal(strlen(site.words), SITE_WORDS_SIZE - 1);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, hears, hear_rows);
	CHECK(&list, hears_the_span_alone);
	CHECK(&list, dies_and_lives);
	CHECK(&list, counts_failures_in_a_row);
	CHECK(&list, lets_probes_through);
	CHECK(&list, ignores_stragglers);
	CHECK(&list, doubles_up_to_the_cap);
	CHECK(&list, keeps_words_printable_and_short);
	return check_run(&list, "site");
}
