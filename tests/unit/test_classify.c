#include "check.h"
#include "classify.h"
#include "diagnostic.h"
#include "unclassified.h"

static struct bounce_rules *
shipped(void)
{
	static struct bounce_rules *rules; /* loaded once for all rows */
	struct conf_errors errors = { 0 };

	if (rules == NULL)
		rules = bounce_rules_load("conf/bounce-rules.conf", NULL, &errors);
	if (rules == NULL)
		fail_msg("%s", str_text(&errors.lines));
	conf_errors_free(&errors);
	return rules;
}

static const struct line_row {
	const char *label, *line, *type, *reason;
} line_rows[] = {
	/* The examples of the design. */
	{ "example 1", "550 5.1.1 <a@b.test>: Recipient address rejected: User is unknown", "hard",
	    "user_unknown" },
	{ "example 2", "550 User Unknown", "hard", "user_unknown" },
	{ "example 3", "550 5.2.2 User quota exceeded", "soft", "mailbox_full" },
	{ "example 4",
	    "550 5.7.1 : Recipient address rejected: Inactive MailBox, not poped for more than 6 "
	    "months",
	    "soft", "inactive_user" },
	{ "example 5", "DNS query failed for 'ourdan.com'", "soft", "invalid_domain" },
	{ "example 6",
	    "Inbound email bounce (rule 'Feedback_loop_Hotmail' has matched this bounce)", "soft",
	    "refused" },
	{ "example 7",
	    "421 4.16.55 [TS01] Messages from x.x.x.x temporarily deferred due to excessive user "
	    "complaints",
	    "soft", "unreachable" },
	{ "example 8", "552 5.3.4 Message size exceeds fixed limit", "soft", "message_too_large" },
	/* A wrong hard is the worst error. */
	{ "temporary", "450 4.1.1 <a@b.test>: Recipient address rejected: User unknown", "soft",
	    "user_unknown" },
	{ "temporary, provider's words",
	    "450-4.1.1 The email account that you tried to reach does not exist", "soft",
	    "user_unknown" },
	{ "the sender is unknown", "550 5.1.8 sender address unknown", "soft", "refused" },
	{ "reply to MAIL FROM", "550 5.1.0 user unknown (in reply to MAIL FROM command)", "soft",
	    "refused" },
	{ "Exim's reply to MAIL FROM",
	    "SMTP error from remote mail server after MAIL FROM:<a@b.test> SIZE=99: "
	    "host mx [192.0.2.1]: 550 no such user",
	    "soft", "refused" },
	{ "spam, whatever the status", "550 5.1.1 rejected as spam", "soft", "refused" },
	{ "words in the address are not the server's",
	    "550 5.2.2 <user-unknown@spam.test>: over quota", "soft", "mailbox_full" },
	{ "words in the host's name", "host no-such-user.test[192.0.2.1] said: 552 mailbox full",
	    "soft", "mailbox_full" },
	{ "a host is unknown", "550 Host unknown", "soft", "invalid_domain" },
	{ "mailbox unavailable says nothing", "550 Requested action not taken: mailbox unavailable",
	    "soft", "user_unknown" },
	{ "policy", "554 5.7.1 rejected by local policy", "soft", "refused" },
	{ "greylisted", "450 4.2.0 Greylisted, try again later", "soft", "unreachable" },
	{ "status alone", "5.1.1", "hard", "user_unknown" },
	{ "status alone, full", "4.2.2", "soft", "mailbox_full" },
	{ "a lined reply reads as one",
	    "550-5.2.1 The email account that you tried to reach is\n550 5.2.1 "
	    "disabled.",
	    "soft", "inactive_user" },
	{ "typographic apostrophe", "550 This user doesn\u2019t have a mail.test account", "hard",
	    "user_unknown" },
	{ "unknown text", "554 the moon is in the seventh house", "ignored", "undefined" },
	{ "code alone", "550", "soft", "undefined" },
	{ "code and address", "550 5.0.0 <a@b.test>:", "soft", "undefined" },
	{ "nothing", "", "soft", "undefined" },
	{ "a failure without a reason", "Ihre Nachricht konnte nicht zugestellt werden", "soft",
	    "undefined" },
	{ "a program of the recipient's", "Command died with status 1", "soft", "undefined" },
};

/* What must never be hard, or not for this reason. */
static const struct line_row near_rows[] = {
	{ "temporary code", "450 no such user", "soft", "user_unknown" },
	{ "temporary status", "550 4.1.1 user unknown", "soft", "user_unknown" },
	{ "greylisted user", "450 user unknown yet: greylisted", "soft", "unreachable" },
	{ "expired", "554 5.4.7 delivery expired (message too old) 'user unknown'", "soft",
	    "unreachable" },
	{ "database", "451 4.3.0 user unknown, database error", "soft", "unreachable" },
	{ "directory", "451 LDAP lookup failure: user not found", "soft", "unreachable" },
	{ "sender unknown", "550 sender unknown", "soft", "refused" },
	{ "sender unknown, 5.1.1", "550 5.1.1 sender unknown", "soft", "refused" },
	{ "sender unknown, 5.1.0", "550 5.1.0 Sender unknown", "soft", "refused" },
	{ "user unknown, about the sender",
	    "550 5.1.1 <a@b.test>: Sender address rejected: User unknown in local recipient table",
	    "soft", "refused" },
	{ "MAIL FROM", "550 MAIL FROM: <a@b.test> user unknown", "soft", "refused" },
	{ "callout", "550 verification failed for <a@b.test>: no such user", "soft", "refused" },
	{ "sender's domain", "550 5.1.8 Domain of sender address a@b.test does not exist", "soft",
	    "refused" },
	{ "server nobody knows, recipient near", "The recipient's server could not be found",
	    "soft", "invalid_domain" },
	{ "domain, recipient near", "553 Recipient address rejected: unknown domain name", "soft",
	    "invalid_domain" },
	{ "return address", "550 your return address is invalid", "soft", "refused" },
	{ "mailbox that cannot be opened", "550 could not open mailbox", "soft", "unreachable" },
	{ "IP address in German", "550 Ihre IP-Adresse ist gesperrt", "soft", "refused" },
	{ "unknown or locked in German", "550 Benutzer unbekannt oder gesperrt", "soft",
	    "user_unknown" },
	{ "qmail's sender",
	    "Connected to 192.0.2.1 but sender was rejected. Remote host said: 550 5.1.1 unknown",
	    "soft", "refused" },
	{ "user of the client", "554 5.7.1 Client host rejected: unknown user on your host", "soft",
	    "refused" },
	{ "too many unknown users", "550 5.7.1 Too many unknown users from your IP", "soft",
	    "refused" },
	{ "relay", "550 5.1.1 Relay denied, user not local", "soft", "refused" },
	{ "relay access", "554 5.7.1 <a@b.test>: Relay access denied", "soft", "refused" },
	{ "unknown or blocked", "550 unknown user or blocked", "soft", "user_unknown" },
	{ "unknown or off", "550 5.1.1 user does not exist or is disabled", "soft",
	    "user_unknown" },
	{ "policy about users", "550 policy: mail for unknown users was refused", "soft",
	    "refused" },
	{ "policy with 5.1.1", "550 5.1.1 Message rejected: content blocked by user's policy",
	    "soft", "refused" },
	{ "recipient's policy", "550 5.1.1 <a@b.test>: Recipient address rejected: policy", "soft",
	    "refused" },
	{ "user agent", "550 The message was rejected: unknown user agent string", "soft",
	    "refused" },
	{ "spam with 5.1.1", "550 5.1.1 blocked as spam, user unknown", "soft", "refused" },
	{ "spam trap", "550 5.7.1 spamtrap hit: unknown user", "soft", "refused" },
	{ "block list", "550 no such user: you are blocked by spamhaus", "soft", "refused" },
	{ "login", "550 authentication required: unknown user name or bad password", "soft",
	    "refused" },
	{ "full with 5.1.1", "550 5.1.1 User's mailbox is full", "soft", "mailbox_full" },
	{ "suspended with 5.1.1", "550 5.1.1 User account is suspended", "soft", "inactive_user" },
	{ "large with 5.1.1", "550 5.1.1 Message too large for this user", "soft",
	    "message_too_large" },
	{ "null MX with 5.1.10", "550 5.1.10 <a@b.test>: Recipient address has null MX", "soft",
	    "invalid_domain" },
	{ "user's domain", "550 5.1.2 unknown user domain", "soft", "invalid_domain" },
	{ "host", "550 unknown host", "soft", "invalid_domain" },
	{ "incident", "421 4.3.0 collect: user database down", "soft", "unreachable" },
	{ "connection with 5.1.1", "5.1.1 connect to mx.test[192.0.2.1]:25: Connection timed out",
	    "soft", "unreachable" },
	{ "busy mailbox", "450 4.2.1 mailbox temporarily unavailable", "soft", "unreachable" },
	{ "unverified", "550 5.1.1 unverified address: Address verification in progress", "soft",
	    "user_unknown" },
	{ "DATA", "554 5.5.1 Error: no valid recipients", "soft", "user_unknown" },
	{ "sender in German", "550 Absenderadresse unbekannt", "soft", "refused" },
	{ "sender in French", "550 Expéditeur inconnu", "soft", "refused" },
	{ "sender in Chinese", "550 发件人地址不存在", "soft", "refused" },
	{ "not reachable in German", "550 Postfach nicht erreichbar", "ignored", "undefined" },
	{ "list of senders", "550 We have no record of that address in our list of senders", "soft",
	    "refused" },
	{ "sender on record", "550 Sender: we have no record of this user", "soft", "refused" },
	{ "outgoing only", "550 Your mailbox is not in use for outgoing mail", "ignored",
	    "undefined" },
	{ "table of allowed senders",
	    "554 5.7.1 <a@b.test>: Recipient address rejected: not in the list of senders", "soft",
	    "refused" },
	{ "directory lost", "554 no such user: directory unavailable", "soft", "unreachable" },
	{ "refused on the way, 5.4.1", "550 5.4.1 connection refused, recipient not found", "soft",
	    "unreachable" },
	{ "user or domain", "550 user or domain unknown", "soft", "user_unknown" },
	{ "gone for want of use", "550 Das Konto wurde wegen Inaktivität gelöscht", "soft",
	    "inactive_user" },
	{ "domain with 5.1.0", "550 5.1.0 an invalid domain", "soft", "invalid_domain" },
	{ "joined words about the sender", "550 5.1.1 sender user_unknown", "soft", "refused" },
	{ "sender in Czech", "550 Odesílatel: neznámý uživatel", "ignored", "undefined" },
	{ "recipient's domain in German", "550 Unbekannte Empfängerdomain", "soft",
	    "invalid_domain" },
	{ "recipient's domain in Russian", "550 Неизвестный домен получателя", "soft",
	    "invalid_domain" },
	{ "sending quota", "450 4.7.3 submission quota exceeded", "soft", "refused" },
	{ "certificate of the way", "server certificate not verified", "soft", "unreachable" },
};

/* Whom or what a refusal is about. */
static const struct line_row principle_rows[] = {
	{ "recipient refused", "554 5.7.1 <a@b.test>: Recipient address rejected: Access denied",
	    "hard", "user_unknown" },
	{ "access refused", "550 5.7.1 Access denied", "soft", "refused" },
	{ "recipient refused, 5.1.1", "550 5.1.1 <a@b.test> recipient rejected", "hard",
	    "user_unknown" },
	{ "recipient refused, unsaid why", "550 recipient rejected", "soft", "user_unknown" },
	{ "unknown behind 5.7.1", "550 5.7.1 <a@b.test>: Recipient address rejected: User unknown",
	    "hard", "user_unknown" },
	{ "unavailable, 5.1.1", "550 5.1.1 mailbox unavailable", "hard", "user_unknown" },
	{ "moved", "550 5.1.6 Destination mailbox has moved, No forwarding address", "hard",
	    "user_unknown" },
	{ "syntax", "501 5.1.3 Bad destination mailbox address syntax", "hard", "user_unknown" },
	{ "rate", "452 4.3.2 Connection rate limit exceeded", "soft", "refused" },
	{ "rate of the recipient",
	    "450 4.2.1 The user you are trying to contact is receiving mail too quickly", "soft",
	    "refused" },
	{ "reputation", "421 4.7.0 [TSS04] temporarily deferred due to unexpected volume", "soft",
	    "refused" },
	{ "retries used up", "retry timeout exceeded", "soft", "unreachable" },
	{ "loop", "554 5.4.6 too many hops", "soft", "unreachable" },
	{ "server's disk", "452 4.3.1 Insufficient system storage", "soft", "unreachable" },
	{ "mailbox's disk", "552 Requested mail action aborted: exceeded storage allocation",
	    "soft", "mailbox_full" },
	{ "name server's silence", "Host not found, try again", "soft", "unreachable" },
	{ "no such name", "Host or domain name not found. Host not found", "soft",
	    "invalid_domain" },
	{ "closed list", "You are not a member of this mailing list <l@b.test>.", "soft",
	    "refused" },
	{ "headers", "552 5.6.0 Headers too large (3 max)", "soft", "refused" },
	{ "the sender's own list",
	    "Amazon SES did not send the message: the address is on the suppression list for your "
	    "account",
	    "soft", "refused" },
};

static const struct line_row language_rows[] = {
	{ "unknown de", "550 Der Empfänger existiert nicht", "hard", "user_unknown" },
	{ "unknown fr", "550 Destinataire inconnu", "hard", "user_unknown" },
	{ "unknown es", "550 El destinatario no existe", "hard", "user_unknown" },
	{ "unknown it", "550 Destinatario inesistente", "hard", "user_unknown" },
	{ "unknown pt", "550 Usuário inexistente", "hard", "user_unknown" },
	{ "unknown nl", "550 Ontvanger onbekend", "hard", "user_unknown" },
	{ "unknown pl", "550 Nie ma takiego użytkownika", "hard", "user_unknown" },
	{ "unknown ru", "550 Почтовый ящик не найден", "hard", "user_unknown" },
	{ "unknown ja", "550 ユーザーが存在しません", "hard", "user_unknown" },
	{ "unknown zh", "550 收件人不存在", "hard", "user_unknown" },
	{ "unknown ko", "550 수신자를 찾을 수 없습니다", "hard", "user_unknown" },
	{ "full de", "552 Postfach voll", "soft", "mailbox_full" },
	{ "full fr", "552 Boîte pleine", "soft", "mailbox_full" },
	{ "full es", "552 Cuota excedida", "soft", "mailbox_full" },
	{ "full it", "552 Casella piena", "soft", "mailbox_full" },
	{ "full pt", "552 Caixa de correio cheia", "soft", "mailbox_full" },
	{ "full nl", "552 Postbus vol", "soft", "mailbox_full" },
	{ "full pl", "552 Skrzynka pełna", "soft", "mailbox_full" },
	{ "full ru", "552 Ящик переполнен", "soft", "mailbox_full" },
	{ "full ja", "552 メールボックスの容量を超えました", "soft", "mailbox_full" },
	{ "full zh", "552 收件人邮箱空间不足", "soft", "mailbox_full" },
	{ "full ko", "552 메일함이 가득 찼습니다", "soft", "mailbox_full" },
	{ "inactive de", "550 Konto deaktiviert", "soft", "inactive_user" },
	{ "inactive fr", "550 Compte suspendu", "soft", "inactive_user" },
	{ "inactive es", "550 Cuenta bloqueada", "soft", "inactive_user" },
	{ "inactive ru", "550 Аккаунт заблокирован", "soft", "inactive_user" },
	{ "inactive zh", "550 该用户已被停用", "soft", "inactive_user" },
	{ "inactive ko", "550 휴면 계정", "soft", "inactive_user" },
	{ "refused de", "550 E-Mail wurde als Spam abgelehnt", "soft", "refused" },
	{ "refused es", "550 Mensaje rechazado por spam", "soft", "refused" },
	{ "refused ru", "550 Письмо отклонено", "soft", "refused" },
	{ "refused zh", "550 邮件被拒收", "soft", "refused" },
	{ "domain fr", "550 Domaine inconnu", "soft", "invalid_domain" },
	{ "domain zh", "域名不存在", "soft", "invalid_domain" },
	{ "large de", "552 Nachricht zu groß", "soft", "message_too_large" },
	{ "later fr", "451 Veuillez essayer plus tard", "soft", "unreachable" },
	{ "later zh", "451 请稍后再试", "soft", "unreachable" },
};

static void
classifies_line(void **state)
{
	const struct line_row *row = *state;
	struct classification found = classify_line(shipped(), span_of(row->line), "");

	assert_string_equal(bounce_type_name(found.type), row->type);
	assert_string_equal(reason_name(found.reason), row->reason);
	if (found.type == BOUNCE_IGNORED)
		assert_null(found.rule);
}

static const struct remote_row {
	const char *label, *remote, *type;
} remote_rows[] = {
	{ "where it means unknown", "hotmail-test.olc.protection.outlook.com", "hard" },
	{ "and here", "mx00.gmx.net", "hard" },
	{ "elsewhere", "mx.example.test", "soft" },
	{ "not known where", "", "soft" },
};

static void
knows_whose_words(void **state)
{
	const struct remote_row *row = *state;
	struct span line = SPAN("550 Requested action not taken: mailbox unavailable");
	struct classification found = classify_line(shipped(), line, row->remote);

	assert_string_equal(bounce_type_name(found.type), row->type);
	assert_int_equal(found.reason, REASON_USER_UNKNOWN);
}

/* Words that are hard by themselves, and what makes them somebody else's: never hard together. */
static void
never_hard(void **state)
{
	static const char *const words[] = { "user unknown", "unknown user", "no such user here",
		"recipient not found", "mailbox does not exist", "invalid recipient",
		"unknown recipient", "recipient address rejected: User unknown",
		"is not a valid mailbox", "not our customer", "no mailbox here by that name" };
	static const char *const around[] = { "sender <n@x.test> %s", "%s (sender address)",
		"Sender address rejected: %s", "sender verification failed: %s", "MAIL FROM: %s",
		"%s in MAIL FROM", "could not verify sender, %s", "return-path: %s", "spam: %s",
		"%s: looks like spam", "%s, blocked using dnsbl.test", "%s; your IP is blacklisted",
		"relay denied: %s", "relaying denied, %s", "policy violation: %s",
		"%s, rejected by policy", "SPF fail: %s", "DMARC: %s",
		"authentication required: %s", "%s (in reply to MAIL FROM command)",
		"virus found: %s", "too many errors: %s", "reverse DNS missing: %s", "HELO: %s",
		"Absender: %s", "%s or blocked", "%s or inactive", "Client host rejected: %s" };
	static const char *const codes[] = { "550", "550 5.1.1", "550 5.7.1" };

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		for (size_t k = 0; k < 3 * sizeof(around) / sizeof(around[0]); k++) {
			const char *at = strstr(around[k / 3], "%s");
			char line[200];

			snprintf(line, sizeof(line), "%s %.*s%s%s", codes[k % 3],
			    (int)(at - around[k / 3]), around[k / 3], words[i], at + 2);
			if (classify_line(shipped(), span_of(line), "").type == BOUNCE_HARD)
				fail_msg("hard: %s", line);
		}
	}
}

static const char order[] = "provider = ( { name = \"p\"; type = \"soft\"; reason = \"refused\"; "
			    "match = \"word\"; remote = "
			    "\"*.p.test\"; sample_remote = \"mx.p.test\"; sample = \"word\"; } );"
			    "status_text = ( { name = \"s\"; type = \"soft\"; reason = "
			    "\"mailbox_full\"; match = \"word\"; status = "
			    "\"*.2.2\"; sample = \"5.2.2 word\"; } );"
			    "text = ( { name = \"t4\"; type = \"soft\"; reason = \"unreachable\"; "
			    "match = \"word\"; code = \"4??\"; "
			    "sample = \"450 word\"; }, { name = \"t\"; type = \"hard\"; reason = "
			    "\"user_unknown\"; match = \"word\"; "
			    "sample = \"word\"; } );"
			    "code = ( { name = \"c\"; type = \"soft\"; reason = \"inactive_user\"; "
			    "status = \"5.2.1\"; sample = "
			    "\"5.2.1\"; }, { name = \"c5\"; type = \"soft\"; reason = \"refused\"; "
			    "code = \"57?\"; sample = \"571\"; "
			    "} );";

static const struct facts_row {
	const char *label;
	unsigned code;
	const char *status, *text, *remote, *action, *rule, *type;
} facts_rows[] = {
	{ "provider first", 550, "5.2.2", "a word", "mx.p.test", "failed", "p", "soft" },
	{ "another provider", 550, "5.2.2", "a word", "p.test", "failed", "s", "soft" },
	{ "no remote", 550, "5.2.2", "a word", "", "", "s", "soft" },
	{ "text", 550, "5.1.1", "a WORD", "", "failed", "t", "hard" },
	{ "text with a code", 450, "", "a word", "", "failed", "t4", "soft" },
	{ "status alone", 550, "5.2.1", "else", "", "failed", "c", "soft" },
	{ "code alone", 571, "", "else", "", "failed", "c5", "soft" },
	{ "nothing", 550, "5.0.0", "else", "", "failed", "", "ignored" },
	{ "a vague status gives way to the text's", 550, "5.0.0", "x (#5.2.1)", "", "failed", "c",
	    "soft" },
	{ "a clear one does not", 550, "5.1.1", "x (#5.2.1)", "", "failed", "", "ignored" },
	{ "the code of the text", 0, "", "571 else", "", "failed", "c5", "soft" },
	{ "hard text, temporary status", 0, "4.1.1", "a word", "", "failed", "t", "soft" },
	{ "hard text, 554 beside 4.0.0", 554, "4.0.0", "a word", "", "failed", "t", "hard" },
	{ "delayed", 550, "5.2.2", "a word", "mx.p.test", "delayed", "", "ignored" },
	{ "delivered", 550, "5.2.2", "a word", "mx.p.test", "delivered", "", "ignored" },
};

static void
classifies_facts(void **state)
{
	const struct facts_row *row = *state;
	struct conf_errors errors = { 0 };
	struct bounce_rules *rules = bounce_rules_parse(order, "order", &errors);
	struct classify_facts facts = { row->code, row->status, span_of(row->text), row->remote,
		row->action };
	struct classification found = classify(rules, &facts);

	assert_string_equal(found.rule != NULL ? found.rule->name : "", row->rule);
	assert_string_equal(bounce_type_name(found.type), row->type);
	bounce_rules_free(&rules);
	conf_errors_free(&errors);
}

static void
says_delayed(void **state)
{
	struct classify_facts facts = { .status = "4.4.1",
		.diagnostic = SPAN("x"),
		.remote_mta = "",
		.action = "delayed" };

	(void)state;
	assert_int_equal(classify(shipped(), &facts).reason, REASON_DELAYED);
}

static const struct kind_row {
	const char *label;
	enum report_kind kind;
	const char *feedback, *type, *reason;
} kind_rows[] = {
	{ "ndr", REPORT_NDR, "", "hard", "user_unknown" },
	{ "auto-reply", REPORT_AUTO_REPLY, "", "ignored", "auto_reply" },
	{ "complaint", REPORT_FEEDBACK, "abuse", "hard", "feedback_loop" },
	{ "complaint of unsaid type", REPORT_FEEDBACK, "", "hard", "feedback_loop" },
	{ "no complaint", REPORT_FEEDBACK, "Auth-Failure", "ignored", "feedback_loop" },
	{ "none", REPORT_NONE, "", "ignored", "undefined" },
};

static void
classifies_report(void **state)
{
	const struct kind_row *row = *state;
	struct report_recipient *recipient;
	struct report report;
	struct arena arena;

	arena_init(&arena);
	report_init(&report, &arena);
	report.kind = row->kind;
	report.feedback.type = row->feedback;
	for (int i = 0; i < 2; i++) { /* the same answer twice */
		recipient = report_add(&report);
		recipient->diagnostic = "550 5.1.1 no such user";
	}
	classify_report(shipped(), &report);
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(bounce_type_name(report.recipients[i].type), row->type);
		assert_string_equal(reason_name(report.recipients[i].reason), row->reason);
		assert_int_equal(*report.recipients[i].rule != '\0', row->kind == REPORT_NDR);
	}
	arena_clear(&arena);
}

static const struct text_row {
	const char *label, *in, *want;
} text_rows[] = {
	{ "plain", "550 no", "550 no" },
	{ "blanks and line breaks", " 550  a\r\n\t b ", "550 a b" },
	{ "address in brackets", "550 <a.b@c.test>: no", "550 <address>: no" },
	{ "bare address", "550 a.b@c.test no", "550 <address> no" },
	{ "further lines", "550-5.1.1 a\n550-5.1.1 b\n550 5.1.1 c", "550-5.1.1 a b c" },
	{ "further lines without a status", "550-a\n550-b\n550 c", "550-a b 550 c" },
	{ "a number that only looks like the code", "550 a 5501 b", "550 a 5501 b" },
	{ "Postfix", "host mx.test[192.0.2.1] said: 550 no (in reply to RCPT TO command)",
	    "550 no (in reply to RCPT TO command)" },
	{ "Exim",
	    "SMTP error from remote mail server after RCPT TO:<a@b.test>: host mx [192.0.2.1]: 550 "
	    "no",
	    "550 no (in reply to RCPT TO command)" },
	{ "newer Exim",
	    "host mx [192.0.2.1]\n    SMTP error from remote mail server after end of data:\n "
	    "550 no",
	    "550 no (in reply to end of data command)" },
	{ "qmail",
	    "192.0.2.1 does not like recipient.\nRemote host said: 550 no\nGiving up on 192.0.2.1.",
	    "550 no (in reply to RCPT TO command)" },
	{ "qmail's sender",
	    "Connected to 192.0.2.1 but sender was rejected.\nRemote host said: 550 no",
	    "550 no (in reply to MAIL FROM command)" },
	{ "Gmail", "Not delivered. The error that the other server returned was: 550 no",
	    "550 no" },
	{ "Exchange", "Remote Server returned '550 5.1.1 no'", "550 5.1.1 no'" },
	{ "Exchange's hashes", "#550 5.1.1 gone for good##", "550 5.1.1 gone for good" },
	{ "Sendmail",
	    "... while talking to mx.test.:\n>>> RCPT To:<a@b.test>\n<<< 550 5.7.1 go home\n"
	    "554 5.0.0 Service unavailable",
	    "550 5.7.1 go home (in reply to RCPT TO command)" },
	{ "typed", "SMTP; 550 no", "550 no" },
	{ "code of some client", "550 mailbox unavailable [SMTP Error Code 550]",
	    "550 mailbox unavailable" },
	{ "no reply announced", "Remote host said: no", "Remote host said: no" },
	{ "blanks of other kinds run together", "a \u00a0 b", "a b" },
	{ "host without said", "host unreachable", "host unreachable" },
	{ "words joined", "522_mailbox_full user_unknown_", "522 mailbox full user unknown_" },
	{ "names with underscores", "OFR004_416 _a a_", "OFR004_416 _a a_" },
	{ "apostrophes", "a\u2019b \u201cc\u201d\u00a0d", "a'b \"c\" d" },
	{ "empty", "", "" },
};

static void
reads_diagnostic(void **state)
{
	const struct text_row *row = *state;
	struct str out = { 0 };

	diagnostic_text(span_of(row->in), &out);
	assert_string_equal(str_text(&out), row->want);
	str_free(&out);
}

static const struct text_row form_rows[] = {
	{ "codes stay", "550 5.1.1 no", "550 5.1.1 no" },
	{ "code with a line", "550-5.1.1 no", "550-5.1.1 no" },
	{ "status in brackets", "no (#5.1.1)", "no (#5.1.1)" },
	{ "address", "550 <a@b.test>: no", "550 <address>: no" },
	{ "bare address", "550 a+b=c@b.test no", "550 <address> no" },
	{ "IPv4", "550 [192.0.2.1] blocked", "550 [<ip>] blocked" },
	{ "IPv6", "550 2001:db8::1 blocked", "550 <ip> blocked" },
	{ "host", "550 mx1.example.org: no", "550 <host>: no" },
	{ "URL", "see https://example.org/a?b=1.", "see <url>." },
	{ "id", "queued as 4F2A61C0", "queued as <id>" },
	{ "number", "waited 3600 seconds", "waited <n> seconds" },
	{ "code later is a number", "no 550 here", "no <n> here" },
	{ "date", "on 22 Nov 2026 at 10:00:05", "on <n> <month> <n> at <time>" },
	{ "a sentence", "Sorry. No.", "Sorry. No." },
	{ "a verb is no month", "You may try", "You may try" },
	{ "blanks", "  a \r\n  b ", "a b" },
	{ "empty", "", "" },
};

static void
forms(void **state)
{
	const struct text_row *row = *state;
	struct str once = { 0 }, twice = { 0 };

	unclassified_form(span_of(row->in), &once);
	assert_string_equal(str_text(&once), row->want);
	unclassified_form(span_make(str_text(&once), once.len), &twice);
	assert_string_equal(str_text(&twice), row->want);
	str_free(&once);
	str_free(&twice);
}

static void
limits_form(void **state)
{
	struct str text = { 0 }, out = { 0 };

	(void)state;
	for (int i = 0; i < 300; i++)
		str_adds(&text, "word ");
	unclassified_form(span_make(text.data, text.len), &out);
	assert_in_range(out.len, UNCLASSIFIED_MAX - 5, UNCLASSIFIED_MAX);
	str_free(&text);
	str_free(&out);
}

static void
free_shipped(void **state)
{
	struct bounce_rules *rules = shipped();

	(void)state;
	bounce_rules_free(&rules);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, classifies_line, line_rows);
	CHECK_ROWS(&list, classifies_line, near_rows);
	CHECK_ROWS(&list, classifies_line, principle_rows);
	CHECK_ROWS(&list, classifies_line, language_rows);
	CHECK_ROWS(&list, knows_whose_words, remote_rows);
	CHECK(&list, never_hard);
	CHECK_ROWS(&list, classifies_facts, facts_rows);
	CHECK(&list, says_delayed);
	CHECK_ROWS(&list, classifies_report, kind_rows);
	CHECK_ROWS(&list, reads_diagnostic, text_rows);
	CHECK_ROWS(&list, forms, form_rows);
	CHECK(&list, limits_form);
	CHECK(&list, free_shipped);
	return check_run(&list, "classify");
}
