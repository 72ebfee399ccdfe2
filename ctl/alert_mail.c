#include "alert_mail.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "utf8.h"

enum { SUBJECT_MAX = 200, PLAIN_LINE = 900, WORD = 63, QP_LINE = 73 };

static const char hex[] = "0123456789ABCDEF";

static bool
is_ascii(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((text.ptr[i] < ' ' && text.ptr[i] != '\n') || text.ptr[i] > '~')
			return false;
	return true;
}

static size_t
character(struct span text, size_t at)
{
	size_t len = utf8_length((const unsigned char *)text.ptr + at, text.len - at);

	return len > 0 ? len : 1;
}

/* -- header ------------------------------------------------------------------------------------- */

/* RFC 2047: words of at most 75 bytes, no character in two of them. */
static void
add_encoded(struct str *out, struct span text)
{
	size_t used = 0;

	str_adds(out, "=?UTF-8?Q?");
	for (size_t at = 0, len; at < text.len; at += len) {
		unsigned char c = (unsigned char)text.ptr[at];
		bool plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
		size_t size;

		len = character(text, at);
		size = plain || c == ' ' ? 1 : 3 * len;
		if (used + size > WORD) {
			str_adds(out, "?=\n =?UTF-8?Q?");
			used = 0;
		}
		used += size;
		if (plain || c == ' ') {
			str_addc(out, c == ' ' ? '_' : (char)c);
			continue;
		}
		for (size_t i = 0; i < len; i++) {
			c = (unsigned char)text.ptr[at + i];
			str_addf(out, "=%c%c", hex[c >> 4], hex[c & 15]);
		}
	}
	str_adds(out, "?=");
}

static void
add_subject(struct str *out, struct span text)
{
	size_t len = 0;

	while (len < text.len && len + character(text, len) <= SUBJECT_MAX)
		len += character(text, len);
	text.len = len;
	str_adds(out, "Subject: ");
	if (is_ascii(text) && span_find(text, SPAN("\n")) < 0 && span_find(text, SPAN("=?")) < 0)
		str_add_span(out, text);
	else
		add_encoded(out, text);
	str_addc(out, '\n');
}

static void
add_date(struct str *out, int64_t at_s)
{
	static const char *const days[] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
		"Aug", "Sep", "Oct", "Nov", "Dec" };
	int64_t day = at_s / 86400, second = at_s % 86400;
	/* Days since 1 March of the year 0, in eras of 400 years. */
	int64_t since = day + 719468, era = since / 146097, in_era = since % 146097;
	int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * in_year + 2) / 153;

	str_addf(out, "Date: %s, %02d %s %d %02d:%02d:%02d +0000\n", days[day % 7],
	    (int)(in_year - (153 * month + 2) / 5 + 1), months[(month + 2) % 12],
	    (int)(year + era * 400 + (month >= 10)), (int)(second / 3600), (int)(second / 60 % 60),
	    (int)(second % 60));
}

static void
add_message_id(struct str *out, const struct alert_mail *mail)
{
	const char *domain = strchr(mail->from, '@');

	str_adds(out, "Message-ID: <");
	for (size_t i = 0; i < mail->id.len; i++) {
		char c = mail->id.ptr[i];
		bool plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');

		str_addc(out, plain || c == '-' ? c : '-');
	}
	str_addf(out, "@%s>\n", domain != NULL ? domain + 1 : "mxpace.invalid");
}

/* -- body --------------------------------------------------------------------------------------- */

static bool
has_long_line(struct span text)
{
	struct span line;

	while (span_line(&text, &line))
		if (line.len > PLAIN_LINE)
			return true;
	return false;
}

/* RFC 2045, 6.7. */
static void
add_quoted(struct str *out, struct span text)
{
	size_t column = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		bool ends = i + 1 == text.len || text.ptr[i + 1] == '\n';
		bool plain = (c > ' ' && c <= '~' && c != '=') || (c == ' ' && !ends);

		if (c == '\n') {
			str_addc(out, '\n');
			column = 0;
			continue;
		}
		if (column + (plain ? 1 : 3) > QP_LINE) {
			str_adds(out, "=\n");
			column = 0;
		}
		if (plain)
			str_addc(out, (char)c);
		else
			str_addf(out, "=%c%c", hex[c >> 4], hex[c & 15]);
		column += plain ? 1 : 3;
	}
}

void
alert_mail_format(const struct alert_mail *mail, struct str *out)
{
	bool plain = is_ascii(mail->body) && !has_long_line(mail->body);

	str_addf(out, "From: %s\nTo: %s\n", mail->from, mail->to);
	add_subject(out, mail->subject);
	add_date(out, mail->at_s);
	add_message_id(out, mail);
	str_adds(out, "Auto-Submitted: auto-generated\n"
		      "Precedence: bulk\n"
		      "X-Auto-Response-Suppress: All\n"
		      "MIME-Version: 1.0\n"
		      "Content-Type: text/plain; charset=utf-8\n");
	str_addf(out, "Content-Transfer-Encoding: %s\n\n", plain ? "7bit" : "quoted-printable");
	if (plain)
		str_add_span(out, mail->body);
	else
		add_quoted(out, mail->body);
}
