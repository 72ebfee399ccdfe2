/* Notices of mailbox providers. */
#include <string.h>

#include "header.h"
#include "labels.h"
#include "notice.h"

enum { INDENT_MAX = 4, SCREEN_NAMES_MAX = 100, SCREEN_NAME_LEN = 64 };

/* A line that opens a recipient's block: `<a@b>:`, `"a@b":`, `a@b:`, `<a@b>`; what follows the
 * first of them on its line is the reason already. */
static bool
opens_block(struct span line, struct span *address, struct span *behind)
{
	const char *end;
	size_t indent = 0;

	while (indent < line.len && line.ptr[indent] == ' ')
		indent++;
	if (indent > INDENT_MAX || !notice_line_address(line, address, behind))
		return false;
	end = address->ptr + address->len;
	return behind->len == 0 || (end + 1 < behind->ptr && end[0] == '>' && end[1] == ':');
}

static bool
ends_blocks(struct span line)
{
	return span_starts(line, SPAN("---")) || span_starts(line, SPAN("___"));
}

/* A block for each recipient, the reason below its address. */
static void
read_blocks(const struct format_input *in, struct report *report)
{
	struct span rest = in->text, line, address = { NULL, 0 }, next, behind;
	const char *action = formats_action(in), *said = NULL;

	while (span_line(&rest, &line)) {
		bool ends = ends_blocks(line), opens = !ends && opens_block(line, &next, &behind);

		if (!ends && !opens)
			continue;
		if (address.ptr != NULL)
			formats_add(report, address,
			    span_trim(span_make(said, (size_t)(line.ptr - said))), action);
		address = opens ? next : span_make(NULL, 0);
		said = opens ? behind.ptr : NULL;
		if (ends && report->count > 0)
			break;
	}
	if (address.ptr != NULL)
		formats_add(report, address,
		    span_trim(span_make(said, (size_t)(in->text.ptr + in->text.len - said))),
		    action);
}

/* "host: mx.example.org", "host: mx.example.org (192.0.2.1) reason: …" */
static void
complete_host(struct report *report)
{
	static const struct span words = SPAN("host: ");

	for (size_t i = 0; i < report->count; i++) {
		struct report_recipient *recipient = &report->recipients[i];
		struct span said = span_of(recipient->diagnostic);
		long at = span_ifind(said, words);
		const char *host;

		if (at < 0 || *recipient->remote_mta != '\0')
			continue;
		host = report_host(report->arena, span_from(said, (size_t)at + words.len));
		if (strchr(host, '.') != NULL)
			recipient->remote_mta = host;
	}
}

/* GMX, WEB.DE, mail.com, IONOS (1&1): they say what Exim says in other words. */
static bool
is_united_internet(const struct format_input *in)
{
	static const char *const words[] = { "smtp error from remote server", NULL };
	static const char *const senders[] = { "kundenserver.de", "@gmx.", ".gmx.", "web.de",
		"mail.com", "1and1", "1und1", "ionos", "perfora.net", NULL };
	static const char *const openings[] = { "created automatically by mail delivery software",
		"automatisch", NULL };

	return formats_has(in, words) ||
	       (notice_has(span_of(in->from), senders) && formats_has(in, openings));
}

static void
read_united_internet(const struct format_input *in, struct report *report)
{
	read_blocks(in, report);
	complete_host(report);
}

/* Blocks under an opening of their own. */
static bool
is_blocks(const struct format_input *in)
{
	static const char *const words[] = {
		/* Yahoo, also for other providers' domains */
		"unable to deliver your message to the following address",
		"unable to deliver message to the following address",
		/* Seznam, EYOU */
		"this is the deliver program at",
		/* newmail.ru */
		"this is the machine generated message from mail service",
		NULL,
	};

	return formats_has(in, words);
}

/* Zoho: "a@b Invalid Address, ERROR_CODE :550, ERROR_CODE :5.1.1 no such user", or in brackets
 * "[Status: Error, Address: <a@b>, ResponseCode 421, , Host not reachable.]". */
static const char *const zoho_words[] = { "ERROR_CODE", "ERROR CODE", ", ResponseCode ", NULL };

static bool
is_zoho(const struct format_input *in)
{
	return formats_is_daemon(in) && formats_has(in, zoho_words);
}

/* The rest of the line and the lines that go on with it. */
static struct span
zoho_reason(struct span behind, struct span rest)
{
	struct span line;

	while (behind.len < REPORT_DIAGNOSTIC_MAX && span_line(&rest, &line) &&
	       span_trim(line).len > 0 && !notice_has(line, zoho_words))
		behind.len = (size_t)(line.ptr + line.len - behind.ptr);
	while (behind.len > 0 && strchr(" ,>-:", behind.ptr[0]) != NULL && behind.ptr[0] != '\0')
		behind = span_from(behind, 1);
	return span_trim(behind);
}

static void
read_zoho(const struct format_input *in, struct report *report)
{
	struct span rest = in->text, line;
	const char *action = formats_action(in);

	while (span_line(&rest, &line)) {
		struct span behind = line, address;

		if (!notice_has(line, zoho_words) || !notice_address(&behind, &address))
			continue;
		if (notice_has(span_make(line.ptr, (size_t)(address.ptr - line.ptr)), zoho_words))
			behind = line; /* the codes stand before the address */
		formats_add(report, address, zoho_reason(behind, rest), action);
	}
}

/* AOL lists screen names, which lack its domain:
 *     Your mail to the following recipients could not be delivered because they are not accepting
 *     mail from list@example.org:
 *             screenname */
static bool
is_aol(const struct format_input *in)
{
	static const char *const words[] = { "recipients could not be delivered because", NULL };

	return span_ifind(span_of(in->from), SPAN("@aol.")) >= 0 && formats_has(in, words);
}

static bool
is_screen_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			strchr("._-+@", c) != NULL) ||
		    c == '\0')
			return false;
	}
	return name.len > 0 && name.len <= SCREEN_NAME_LEN;
}

static void
read_aol(const struct format_input *in, struct report *report)
{
	static const struct span words = SPAN("could not be delivered because");
	struct span rest, line, said, from = span_of(in->from), domain;
	long at = span_ifind(in->text, words), end;
	bool is_list = false;

	if (at < 0 || !notice_address(&from, &domain))
		return;
	domain = span_from(domain, (size_t)span_find(domain, SPAN("@")));
	rest = said = span_from(in->text, (size_t)at + words.len);
	end = span_find(said, SPAN(":"));
	said = span_trim(span_make(said.ptr, end < 0 ? said.len : (size_t)end));
	while (span_line(&rest, &line) && report->count < SCREEN_NAMES_MAX) {
		struct span name = span_trim(line);
		bool is_name = is_list && is_screen_name(name);

		if (is_name && span_find(name, SPAN("@")) < 0)
			name = span_of(arena_printf(in->arena, "%.*s%.*s", (int)name.len, name.ptr,
			    (int)domain.len, domain.ptr));
		if (is_name)
			formats_add(report, name, said, "failed");
		is_list = is_list || (name.len > 0 && name.ptr[name.len - 1] == ':');
	}
}

static const struct labels rows[] = {
	/* InterMail, Netscape: Comcast, Libero, many in Japan. */
	{ "intermail", "", "each of the following recipients was rejected",
	    "recipient:", "reason:", "", 0, 0 },
	{ "intermail", "", "", "message was undeliverable due to the following reason", "", "",
	    LABELS_ABOVE, 1500 },
	{ "intermail", "", "", "your message was not delivered", "", "",
	    LABELS_WITH | LABELS_DAEMON, 1500 },
	{ "intermail", "", "", "the following recipients did not receive this message", "", "", 0,
	    0 },
	{ "ionos", "", "", "following recipients are not reachable", "", "", 0, 0 },
	{ "prodigy", "", "unable to deliver mail", "user's mailbox is full", "", "", LABELS_WITH,
	    0 },
	{ "usa.net", "", "", "intended recipient:", "", "", LABELS_DAEMON, 0 },
	{ "hotpop", "", "", "undeliverable address:", "", "", LABELS_DAEMON, 0 },
	{ "earthlink", "", "", "sorry, unable to deliver your message to",
	    "the following reason:", "", 0, 0 },
	{ "userid", "", "", "invalid final delivery userid", "", "", LABELS_WITH, 0 },
	/* QQ, NetEase (163, 126, yeah.net), Coremail, Sina: "could not be sent to", "recipient";
	 * "reason for the return", "reason of the failure"; "solution", "advice". */
	{ "qq", "", "退信原因", "无法发送到", "退信原因", "解决方案", LABELS_DAEMON, 0 },
	{ "netease", "", "退信原因", "收件人", "退信原因", "建议", LABELS_DAEMON, 0 },
	{ "coremail", "", "失败原因", "收件人", "失败原因", "建议", LABELS_DAEMON, 0 },
	{ "sina", "mailer-daemon@sina", "", "<", "", "", 0, 1 },
	/* Naver, Daum: "recipient", "reason". */
	{ "naver", "", "실패", "받는사람", "사유", "", LABELS_DAEMON, 0 },
	{ "daum", "", "실패", "받는 사람", "사유", "", LABELS_DAEMON, 0 },
	{ "daum", "", "실패", "수신자", "사유", "", LABELS_DAEMON, 0 },
	{ NULL, NULL, NULL, NULL, NULL, NULL, 0, 0 },
};

static bool
is_labelled(const struct format_input *in)
{
	return labels_match(rows, in);
}

static void
read_labelled(const struct format_input *in, struct report *report)
{
	labels_read(rows, in, report);
}

const struct format formats_service[] = {
	{ "united-internet", is_united_internet, read_united_internet },
	{ "blocks", is_blocks, read_blocks },
	{ "zoho", is_zoho, read_zoho },
	{ "aol", is_aol, read_aol },
	{ "labels", is_labelled, read_labelled },
	{ NULL, NULL, NULL },
};
