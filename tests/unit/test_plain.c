#include "ndr_summary.h"

#define NULL_PATH "Return-Path: <>\n"
#define DAEMON    NULL_PATH "From: Mail Delivery <MAILER-DAEMON@mail.test>\nTo: news@l.test\n"
#define UTF8      "Content-Type: text/plain; charset=utf-8\n\n"
#define RETURNED                                                                       \
	"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; " \
	"charset=utf-8\n\n"
#define MESSAGE                                                                          \
	"\n--b\nContent-Type: message/rfc822\n\nReceived: from l.test by mx.d.test for " \
	"<a@d.test>; x\nTo: A <a@d.test>\nSubject: News\nMessage-ID: <1@l.test>\n\nx\n--b--\n"

/* Systems that nobody knows, in the languages they speak. */
static const struct row {
	const char *label, *message, *want;
} rows[] = {
	{ "English",
	    DAEMON "Subject: Your mail could not be delivered\n\nSorry, the person you wrote to, "
		   "a@d.test, is not known here.\n",
	    "ndr a@d.test 0  " },
	{ "German",
	    DAEMON "Subject: Nachricht unzustellbar\n" UTF8
		   "Ihre Nachricht an a@d.test konnte nicht zugestellt werden:\n550 5.1.1 "
		   "Benutzer unbekannt\n",
	    "ndr a@d.test 550 5.1.1 " },
	{ "French",
	    DAEMON "Subject: =?utf-8?q?=C3=89chec_de_remise?=\n" UTF8
		   "Votre message n'a pas pu être remis à son destinataire : a@d.test\n",
	    "ndr a@d.test 0  " },
	{ "Spanish",
	    DAEMON "Subject: Mensaje devuelto\n" UTF8
		   "No se ha podido entregar su mensaje a a@d.test. El buzón no existe.\n",
	    "ndr a@d.test 0  " },
	{ "Italian",
	    DAEMON "Subject: Mancato recapito\n" UTF8
		   "Il messaggio per a@d.test non è stato recapitato: utente sconosciuto\n",
	    "ndr a@d.test 0  " },
	{ "Portuguese",
	    DAEMON "Subject: Falha na entrega\n" UTF8
		   "Não foi possível entregar a mensagem para a@d.test\n",
	    "ndr a@d.test 0  " },
	{ "Dutch",
	    DAEMON "Subject: Onbestelbaar bericht\n" UTF8
		   "Uw bericht aan a@d.test kon niet worden bezorgd.\n",
	    "ndr a@d.test 0  " },
	{ "Polish",
	    DAEMON "Subject: Zwrot poczty\n" UTF8
		   "Nie można dostarczyć wiadomości do a@d.test: nieznany użytkownik\n",
	    "ndr a@d.test 0  " },
	{ "Russian",
	    DAEMON
	    "Subject: =?utf-8?b?0J3QtdC00L7RgdGC0LDQstC70LXQvdC90L7QtSDQv9C40YHRjNC80L4=?=\n" UTF8
	    "Письмо для a@d.test не может быть доставлено.\n",
	    "ndr a@d.test 0  " },
	{ "Japanese, without blanks",
	    DAEMON "Subject: =?utf-8?b?6YWN5L+h44Ko44Op44O8?=\n" UTF8
		   "宛先a@d.testへのメールは配信できませんでした。\n",
	    "ndr a@d.test 0  " },
	{ "Chinese",
	    DAEMON "Subject: =?utf-8?b?57O757uf6YCA5L+h?=\n" UTF8
		   "您发送到a@d.test的邮件无法送达，收件人不存在。\n",
	    "ndr a@d.test 0  " },
	{ "Korean",
	    DAEMON "Subject: =?utf-8?b?67Cc7IahIOyLpO2MqA==?=\n" UTF8
		   "a@d.test 주소로 메일을 전달할 수 없습니다.\n",
	    "ndr a@d.test 0  " },
	{ "delay",
	    DAEMON "Subject: Mail status\n\nYour message to a@d.test has not yet been delivered.\n",
	    "delay a@d.test 0  " },
	{ "delay in German",
	    DAEMON "Subject: Zustellung\n" UTF8
		   "Ihre Nachricht an a@d.test ist noch nicht zugestellt, es wird weiter "
		   "versucht.\n",
	    "delay a@d.test 0  " },
	{ "no null path, but the message with it",
	    "From: gateway@d.test\nTo: news@l.test\nSubject: Mail could not be delivered\n" RETURNED
	    "Mail for a@d.test could not be delivered.\n" MESSAGE,
	    "ndr a@d.test 0  " },
	{ "no null path, to the address of returns",
	    "From: gateway@d.test\nTo: news-bounces@l.test\nSubject: delivery failed\n\nYour "
	    "message was not delivered:\na@d.test\n",
	    "ndr a@d.test 0  " },
	{ "several behind one word",
	    DAEMON "Subject: failure notice\n\nYour mail from news@l.test was not delivered.\n"
		   "Recipients: a@d.test\nRecipients: b@d.test\nAsk help@d.test.\n",
	    "ndr a@d.test 0  ; b@d.test 0  " },
	{ "only in the subject",
	    DAEMON "Subject: Undeliverable: your message to a@d.test\n\nNo such user.\n",
	    "ndr a@d.test 0  " },
	{ "only in the message that came back",
	    DAEMON "Subject: Undeliverable mail\n" RETURNED "The user does not exist.\n" MESSAGE,
	    "ndr a@d.test 0  " },
	{ "nowhere",
	    DAEMON "Subject: Undeliverable mail\n\nYour message was not delivered. The user does "
		   "not exist.\n",
	    "ndr" },
	{ "a report inside",
	    DAEMON
	    "Subject: Undelivered mail\n" RETURNED
	    "A message was returned to us.\n\n--b\nContent-Type: message/rfc822\n\nFrom: "
	    "MAILER-DAEMON@x.test\nContent-Type: multipart/report; boundary=c\n\n--c\n"
	    "Content-Type: message/delivery-status\n\nReporting-MTA: dns; x.test\n\n"
	    "Final-Recipient: rfc822; a@d.test\nAction: failed\nStatus: 5.1.1\n\n--c--\n--b--\n",
	    "ndr a@d.test 0 5.1.1 " },
	{ "the sender himself",
	    NULL_PATH "From: mailer-daemon@l.test\nTo: me@l.test\nSubject: Mail delivery "
		      "failed\n\nCould not be delivered to:\n\nme@l.test:\n550 5.2.2 full\n",
	    "ndr me@l.test 550 5.2.2 " },
	{ "failed by its field",
	    "From: robot@d.test\nX-Failed-Recipients: a@d.test\nSubject: x\n\nSorry, this could "
	    "not be delivered.\n",
	    "ndr a@d.test 0  " },
};

/* Mail of people and of lists, however much it talks about bounces. */
static const struct row ordinary[] = {
	{ "a person asks",
	    "From: Joe <joe@d.test>\nTo: help@l.test\nSubject: Mail delivery failed\n\nHi, I "
	    "got this today. Any idea?\n\n<a@d.test>: host mx.d.test said: 550 5.1.1 unknown\n",
	    "none" },
	{ "a person forwards",
	    "From: Joe <joe@d.test>\nSubject: Fwd: Undelivered Mail Returned to "
	    "Sender\n\n---------- Forwarded message ---------\nFrom: MAILER-DAEMON@m.test\n\nThis "
	    "is the Postfix program at host m.test.\n\n<a@d.test>: 550 no such user\n",
	    "none" },
	{ "a person forwards it as a part",
	    "From: Joe <joe@d.test>\nX-Mailer: Apple Mail (2.1)\nSubject: Undelivered "
	    "Mail\n" RETURNED "Look: delivery failed\n\n--b\nContent-Type: message/rfc822\n\nFrom: "
	    "MAILER-DAEMON@m.test\nSubject: Undelivered Mail\n\n<a@d.test>: 550 no\n--b--\n",
	    "none" },
	{ "a person answers a notice",
	    "From: joe@d.test\nIn-Reply-To: <1@m.test>\nSubject: Re: failure notice\n\nIt works "
	    "again.\n\n> Hi. This is the qmail-send program at m.test.\n> <a@d.test>:\n> 550 no\n",
	    "none" },
	{ "a list talks about bounces",
	    "From: joe@d.test\nList-Id: <mailop.l.test>\nSubject: [mailop] 550 5.7.1 delivery "
	    "failed at example\n\nOur mail is rejected:\n\n<a@d.test>: host mx.d.test said: 550 "
	    "5.7.1 blocked\n",
	    "none" },
	{ "a newsletter",
	    "From: news@shop.test\nList-Unsubscribe: <https://shop.test/u>\nSubject: Failed "
	    "deliveries cost you money\n\nUndeliverable mail? Write to sales@shop.test\n",
	    "none" },
	{ "a parcel",
	    "From: parcels@post.test\nSubject: Delivery failed: your parcel\n\nYour parcel could "
	    "not be delivered. Call us or write to care@post.test.\n",
	    "none" },
	{ "a postmaster's announcement",
	    "From: postmaster@d.test\nSubject: Maintenance\n\nOn Sunday mail may be late. Ask "
	    "help@d.test.\n",
	    "none" },
	{ "phishing",
	    "From: Mail Server <support@d.test>\nTo: me@l.test\nSubject: 5 undelivered "
	    "messages\n\nMessages to me@l.test could not be delivered. Sign in here.\n",
	    "none" },
	{ "phishing in the name of a mail system",
	    "Return-Path: <x@d.test>\nFrom: Mail Administrator <admin@d.test>\nTo: me@l.test\n"
	    "Subject: Mail delivery failed: returning message to sender\n\nSome messages could not "
	    "be delivered. Sign in or write to help@d.test.\n",
	    "none" },
	{ "a report about bounces",
	    "From: ESP <reports@esp.test>\nTo: me@l.test\nSubject: 12 mails undeliverable last "
	    "week\n\nThe following recipients bounced:\n\na@d.test 550 user unknown\nb@d.test "
	    "552 full\n",
	    "none" },
	{ "a postmaster asks",
	    "From: Jane, Postmaster <postmaster@d.test>\nSubject: Question about "
	    "bounces\n\nHello, we turned down a mail of yours, 550 5.7.1. Write to jane@d.test.\n",
	    "none" },
	{ "a receipt",
	    NULL_PATH
	    "From: joe@d.test\nSubject: Not read: delivery\nContent-Type: "
	    "multipart/report; report-type=disposition-notification; boundary=b\n\n--b\n"
	    "Content-Type: text/plain\n\nYour message to joe@d.test was not read.\n--b--\n",
	    "none" },
	{ "numbers", "From: joe@d.test\nSubject: Room 550\n\n550 5.1.1 euros for a@d.test\n",
	    "none" },
	{ "nothing at all", "", "none" },
};

static void
reads(void **state)
{
	const struct row *row = *state;

	ndr_summary_is(row->message, NULL, row->want);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, reads, rows);
	CHECK_ROWS(&list, reads, ordinary);
	return check_run(&list, "plain");
}
