#include "check.h"
#include "remote_host.h"
#include "str.h"

static const struct find_row {
	const char *label, *text, *want;
} find_rows[] = {
	{ "Postfix, a reply",
	    "host mx.d.test[192.0.2.1] said: 550 5.1.1 no (in reply to RCPT TO command)",
	    "mx.d.test" },
	{ "Postfix, an IPv6 address only", "host 2001:db8::25[2001:db8::25] said: 550 no",
	    "2001:db8::25" },
	{ "Postfix, at the first word", "host mx.d.test[192.0.2.1] refused to talk to me: 554 no",
	    "mx.d.test" },
	{ "Postfix, no connection", "connect to mx.d.test[192.0.2.1]:25: Connection timed out",
	    "mx.d.test" },
	{ "Postfix, no connection to an address", "connect to 192.0.2.1[192.0.2.1]:25: refused",
	    "192.0.2.1" },
	{ "Postfix, lost connection",
	    "lost connection with mx.d.test[192.0.2.1] while receiving the "
	    "initial server greeting",
	    "mx.d.test" },
	{ "Postfix, time out",
	    "conversation with mx.d.test[192.0.2.1] timed out while sending RCPT TO", "mx.d.test" },
	{ "Postfix, success", "delivery via mx.d.test[192.0.2.1]:25: 250 2.1.5 Ok", "mx.d.test" },
	{ "Postfix, no TLS", "TLS is required, but was not offered by host mx.d.test[192.0.2.1]",
	    "mx.d.test" },
	{ "Postfix, authentication",
	    "SASL authentication failed; server mx.d.test[192.0.2.1] said: 535 no", "mx.d.test" },
	{ "Postfix, its own name is none of them",
	    "This is the mail system at host mail.a.test.\n\nI'm sorry to have to inform you that "
	    "your message could not be delivered to one or more recipients. It's attached below.\n\n"
	    "<u@d.test>: host mx.d.test[192.0.2.1] said: 550 no",
	    "mx.d.test" },
	{ "Exim, old",
	    "SMTP error from remote mail server after RCPT TO:<u@d.test>:\n"
	    "    host mx.d.test [192.0.2.1]: 550 no",
	    "mx.d.test" },
	{ "Exim, new",
	    "host mx.d.test [192.0.2.1]\n    SMTP error from remote mail server after "
	    "RCPT TO:<u@d.test>:\n    550 no",
	    "mx.d.test" },
	{ "Exim, time out",
	    "SMTP timeout while connected to mx.d.test [192.0.2.1] after end of data",
	    "mx.d.test" },
	{ "Exim, hung up",
	    "Remote host mx.d.test [192.0.2.1] closed connection in response to EHLO",
	    "mx.d.test" },
	{ "1&1",
	    "SMTP error from remote server after RCPT command:\nhost mx.d.test[192.0.2.1]:\n550 no",
	    "mx.d.test" },
	{ "1&1, new",
	    "SMTP error from remote server for TEXT command, host: mx.d.test (192.0.2.1) reason: 550 no",
	    "mx.d.test" },
	{ "qmail, recipient",
	    "192.0.2.1 does not like recipient.\nRemote host said: 550 no\n"
	    "Giving up on 192.0.2.1.",
	    "192.0.2.1" },
	{ "qmail, sender",
	    "Connected to 192.0.2.1 but sender was rejected.\nRemote host said: 421 a; b",
	    "192.0.2.1" },
	{ "qmail, greeting", "Connected to 192.0.2.1 but greeting failed.", "192.0.2.1" },
	{ "qmail, data", "192.0.2.1 failed after I sent the message.\nRemote host said: 554 no",
	    "192.0.2.1" },
	{ "DragonFly", "mx.d.test [192.0.2.1] did not like our RCPT TO:\n550 no", "mx.d.test" },
	{ "Sendmail", "... while talking to mx.d.test.:\n>>> DATA\n<<< 550 no", "mx.d.test" },
	{ "Sendmail, deferred", "Deferred: Connection refused by mx.d.test.", "mx.d.test" },
	{ "Sendmail, time out",
	    "421 4.2.0 u@d.test... Deferred: Connection timed out with mx.d.test.", "mx.d.test" },
	{ "Courier", "<u@d.test>:\n    mx.d.test [192.0.2.1]:\n>>> RCPT TO:<u@d.test>\n<<< 550 no",
	    "mx.d.test" },
	{ "Gmail",
	    "rejected by the server for the recipient domain d.test by mx.d.test. [192.0.2.1].\n\n"
	    "The error that the other server returned was:\n550 no",
	    "mx.d.test" },
	{ "Exchange 2003", "<mx.d.test #5.5.0 smtp;550 no>", "mx.d.test" },
	{ "Exchange 2007", "u@d.test\nmx.d.test #550 5.1.1 no ##", "mx.d.test" },
	{ "Exchange 2010", "mx.d.test #<mx.d.test #5.1.1 smtp;550 no> #SMTP#", "mx.d.test" },
	{ "Exchange 2010, summary",
	    "mx.d.test rejected your message to the following e-mail addresses:\n\nu@d.test",
	    "mx.d.test" },
	{ "Exchange 2013", "Remote Server at mx.d.test (192.0.2.1) returned '550 no'",
	    "mx.d.test" },
	{ "Exchange Online", "Error: 550 no\nMessage rejected by: mx.d.test\n", "mx.d.test" },
	{ "Exchange Online, last error",
	    "{LED=450 4.4.316 refused};{MSG=};{FQDN=mx.d.test};{IP=192.0.2.1}", "mx.d.test" },
	{ "Exchange Online, both servers",
	    "Generating server: S1.prod.outlook.test\nReceiving server: mx.d.test (192.0.2.1)\n",
	    "mx.d.test" },
	{ "hMailServer",
	    "Remote server (192.0.2.1) issued an error.\nRemote server replied: 550 no",
	    "192.0.2.1" },
	{ "Netscape", "Remote MTA mx.d.test: SMTP diagnostic: 550 no", "mx.d.test" },
	{ "Exchange Online, of its own",
	    "Generating server: S1.prod.outlook.test\n\nu@d.test\n"
	    "Remote Server returned '550 5.1.10 RESOLVER.ADR.NotFound'",
	    "s1.prod.outlook.test" },
	{ "who wrote it is the last to ask",
	    "Generating server: S1.prod.outlook.test\n\nu@d.test\n"
	    "Remote Server at mx.d.test (192.0.2.1) returned '550 no'",
	    "mx.d.test" },
	{ "Domino",
	    "Error transferring to mx.d.test; SMTP Protocol Returned a Permanent Error 550 no",
	    "mx.d.test" },
	{ "Sun", "  Remote system: dns;mx.d.test (TCP|192.0.2.9|4|192.0.2.1|25)", "mx.d.test" },
	{ "MDaemon", "Attempting SMTP connection to [192.0.2.1:25]", "192.0.2.1" },
	{ "an address in brackets", "[192.0.2.1] said: 550 no", "192.0.2.1" },
	{ "a port", "connect to mx.d.test:25: refused", "mx.d.test" },
	{ "what replied beats what was tried first",
	    "connect to a.d.test[192.0.2.1]:25: refused; host b.d.test[192.0.2.2] said: 450 no",
	    "b.d.test" },
	{ "no host but a word", "Remote host said: 550 no", "" },
	{ "an address of a person", "u@mx.d.test said: hello", "" },
	{ "a status is no host", "server 5.7.1 said: no", "" },
	{ "a host nobody spoke of", "see http://help.d.test/ for host names", "" },
	{ "confirmed too far away",
	    "host mx.d.test is one of ours, and what follows in this long sentence, which goes on for "
	    "longer than any reply is announced, says so: said: no",
	    "" },
	{ "empty", "", "" },
};

static const char *
found(struct arena *arena, struct span text)
{
	char *copy = malloc(text.len + 1); /* ASan sees a byte beyond */
	const char *host;

	memcpy(copy, text.ptr, text.len);
	host = remote_host_find(arena, span_make(copy, text.len));
	free(copy);
	return host;
}

/* With both line ends, and in one line as diagnostics are. */
static void
finds(void **state)
{
	const struct find_row *row = *state;
	struct str crlf = { 0 };
	struct arena arena;

	arena_init(&arena);
	for (const char *p = row->text; *p != '\0'; p++)
		str_adds(&crlf, *p == '\n' ? "\r\n" : (char[]){ *p, '\0' });
	assert_string_equal(found(&arena, span_of(row->text)), row->want);
	assert_string_equal(found(&arena, span_of(str_text(&crlf))), row->want);
	for (size_t cut = 0; cut < strlen(row->text); cut++)
		found(&arena, span_make(row->text, cut));
	arena_clear(&arena);
	str_free(&crlf);
}

/* As many beginnings of forms as fit: no time, no host. */
static void
endures_hostile_text(void **state)
{
	struct str text = { 0 };
	struct arena arena;

	(void)state;
	while (text.len < 1000000)
		str_adds(&text, "host a connect to [b] said: host ");
	arena_init(&arena);
	assert_string_equal(remote_host_find(&arena, span_make(text.data, text.len)), "");
	arena_clear(&arena);
	str_free(&text);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, finds, find_rows);
	CHECK(&list, endures_hostile_text);
	return check_run(&list, "remote_host");
}
