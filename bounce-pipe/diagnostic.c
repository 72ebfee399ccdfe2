#include "diagnostic.h"

#include <stdbool.h>
#include <stddef.h>

#include "charset.h"
#include "notice.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* What a sending system writes around a reply. */
struct frame {
	struct span reply;
	struct span command; /* that was refused; empty: the reply says so itself, or nobody does */
};

/* Offset behind `words`, at most `within` bytes from the start; -1: they are not there. */
static long
behind(struct span text, struct span words, size_t within)
{
	long at = span_ifind(text, words);

	return at < 0 || (size_t)at > within ? -1 : at + (long)words.len;
}

/* Exim: "SMTP error from remote mail server after RCPT TO:<a@b>: host mx [192.0.2.1]: 550 …" or, in
 * newer ones, "host mx [192.0.2.1] SMTP error from remote mail server after RCPT TO:<a@b>: 550 …"
 */
static bool
exim_frame(struct span text, struct frame *frame)
{
	static const struct span commands[] = { SPAN("MAIL FROM"), SPAN("RCPT TO"),
		SPAN("end of data"), SPAN("DATA"), SPAN("EHLO"), SPAN("HELO"), SPAN("AUTH"),
		SPAN("STARTTLS"), SPAN("initial connection") };
	long at = behind(text, SPAN("SMTP error from remote mail"), 300), colon;

	if (at < 0)
		return false;
	text = span_from(text, (size_t)at);
	at = behind(text, SPAN(" after "), 30);
	text = span_from(text, at < 0 ? 0 : (size_t)at);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (frame->command.len == 0 && span_istarts(text, commands[i]))
			frame->command = commands[i];
	colon = behind(text, SPAN(": "), 400);
	if (colon < 0)
		colon = behind(text, SPAN(":\n"), 400);
	if (colon < 0)
		colon = behind(text, SPAN(":\r\n"), 400);
	if (colon < 0)
		return false;
	text = span_trim(span_from(text, (size_t)colon));
	at = span_istarts(text, SPAN("host ")) ? behind(text, SPAN("]: "), 300) : -1;
	frame->reply = span_from(text, at < 0 ? 0 : (size_t)at);
	return true;
}

static struct frame
frame_of(struct span text)
{
	struct frame frame = { .reply = text, .command = { "", 0 } };
	long said;

	if (exim_frame(text, &frame))
		return frame;
	said = span_istarts(text, SPAN("host ")) ? behind(text, SPAN(" said: "), 300) : -1;
	if (said > 0)
		frame.reply = span_from(text, (size_t)said);
	return frame;
}

/* Length of what begins a further line of a reply: "550-5.1.1 ", "550 5.1.1 ", "550-". */
static size_t
continuation(struct span rest, struct span code)
{
	size_t i = 4;

	if (code.len != 3 || !span_starts(rest, code) || rest.len < 5 ||
	    (rest.ptr[3] != '-' && rest.ptr[3] != ' '))
		return 0;
	while (i < rest.len && (is_digit(rest.ptr[i]) || rest.ptr[i] == '.'))
		i++;
	if (i == 4)
		return rest.ptr[3] == '-' ? 4 : 0;
	return i < rest.len && rest.ptr[i] == ' ' ? i + 1 : 0;
}

/* Bytes at `at` that read otherwise to patterns, and what they read. */
static size_t
substitute(struct span text, struct span *as)
{
	static const struct {
		struct span bytes, as;
	} table[] = {
		{ SPAN("\xe2\x80\x99"), SPAN("'") },
		{ SPAN("\xe2\x80\x98"), SPAN("'") },
		{ SPAN("\xe2\x80\x9c"), SPAN("\"") },
		{ SPAN("\xe2\x80\x9d"), SPAN("\"") },
		{ SPAN("\xc2\xa0"), SPAN(" ") },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (span_starts(text, table[i].bytes)) {
			*as = table[i].as;
			return table[i].bytes.len;
		}
	return 0;
}

static void
add_plain(struct span text, struct span code, struct str *out)
{
	for (size_t i = 0; i < text.len;) {
		struct span rest = span_from(text, i), as;
		bool at_word = out->len > 0 && out->data[out->len - 1] == ' ';
		size_t skip = at_word ? continuation(rest, code) : 0;

		if (skip > 0) {
			i += skip;
			continue;
		}
		skip = substitute(rest, &as);
		if (skip > 0 && as.ptr[0] != ' ')
			str_add_span(out, as);
		else if (skip == 0 && (unsigned char)text.ptr[i] > ' ')
			str_addc(out, text.ptr[i]);
		else if (!at_word && out->len > 0)
			str_addc(out, ' ');
		i += skip > 0 ? skip : 1;
	}
}

void
diagnostic_text(struct span diagnostic, struct str *out)
{
	struct frame frame = frame_of(span_trim(charset_cut(diagnostic, DIAGNOSTIC_MAX)));
	struct span rest = frame.reply, code = { rest.ptr, 0 };

	if (rest.len >= 4 && is_digit(rest.ptr[0]) && is_digit(rest.ptr[1]) &&
	    is_digit(rest.ptr[2]) && !is_digit(rest.ptr[3]))
		code.len = 3;
	for (;;) {
		struct span before = rest, address;

		if (!notice_address(&rest, &address))
			break;
		before.len = (size_t)(address.ptr - before.ptr);
		add_plain(before, code, out);
		if (out->len > 0 && out->data[out->len - 1] == '<' && rest.len > 0 &&
		    rest.ptr[0] == '>')
			str_adds(out, "address");
		else
			str_adds(out, "<address>");
	}
	add_plain(rest, code, out);
	if (out->len > 0 && out->data[out->len - 1] == ' ') /* of control characters at the end */
		out->data[--out->len] = '\0';
	if (frame.command.len > 0)
		str_addf(out, " (in reply to %.*s command)", (int)frame.command.len,
		    frame.command.ptr);
}
