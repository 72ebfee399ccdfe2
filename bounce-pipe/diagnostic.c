#include "diagnostic.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

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

/* A reply that refuses: "550 …", "421-…". */
static bool
is_refusal(struct span text)
{
	return text.len > 3 && (text.ptr[0] == '4' || text.ptr[0] == '5') &&
	       is_digit(text.ptr[1]) && is_digit(text.ptr[2]) &&
	       (text.ptr[3] == ' ' || text.ptr[3] == '-' || text.ptr[3] == '\n');
}

/* "smtp; 550 …", "'550 …", "#550 …": from the code on. */
static struct span
from_code(struct span text)
{
	for (;;) {
		if (span_istarts(text, SPAN("smtp;")))
			text = span_from(text, 5);
		else if (text.len > 0 && strchr(" \t\r\n'\"#<>", text.ptr[0]) != NULL)
			text = span_from(text, 1);
		else
			return text;
	}
}

/* Which command was refused, in the words that stand before the reply. */
static struct span
command_of(struct span before)
{
	static const struct {
		struct span words, command;
	} table[] = {
		{ SPAN("does not like recipient"), SPAN("RCPT TO") },
		{ SPAN("but sender was rejected"), SPAN("MAIL FROM") },
		{ SPAN("but my name was rejected"), SPAN("HELO") },
		{ SPAN("but greeting failed"), SPAN("initial connection") },
		{ SPAN("failed on DATA command"), SPAN("DATA") },
		{ SPAN("failed after I sent the message"), SPAN("end of data") },
		{ SPAN(">>> RCPT"), SPAN("RCPT TO") },
		{ SPAN(">>> MAIL"), SPAN("MAIL FROM") },
		{ SPAN(">>> DATA"), SPAN("DATA") },
		{ SPAN(">>> HELO"), SPAN("HELO") },
		{ SPAN(">>> EHLO"), SPAN("EHLO") },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (span_ifind(before, table[i].words) >= 0)
			return table[i].command;
	return (struct span){ "", 0 };
}

/* Systems that announce the reply: qmail, Gmail, Exchange, Sendmail and Courier, and others. */
static bool
announced_frame(struct span text, struct frame *frame)
{
	static const struct span words[] = { SPAN("remote host said:"), SPAN("<<< "),
		SPAN("other server returned was:"), SPAN("the response was:"),
		SPAN("response from the remote server was:"), SPAN("remote server returned '"),
		SPAN("remote server said:"), SPAN("server responded:"), SPAN("server replied:"),
		SPAN("server response:"), SPAN("returned error:"), SPAN("smtp;") };

	if (is_refusal(text))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		long at = behind(text, words[i], 500);
		struct span reply;

		if (at < 0)
			continue;
		reply = from_code(span_from(text, (size_t)at));
		if (!is_refusal(reply))
			continue;
		frame->reply = reply;
		frame->command = command_of((struct span){ text.ptr, (size_t)at });
		return true;
	}
	return false;
}

static struct frame
frame_of(struct span text)
{
	struct frame frame = { .reply = text, .command = { "", 0 } };
	struct span bare = from_code(text);
	long said;

	if (exim_frame(text, &frame) || announced_frame(text, &frame))
		return frame;
	if (is_refusal(bare))
		frame.reply = bare;
	said = span_istarts(text, SPAN("host ")) ? behind(text, SPAN(" said: "), 300) : -1;
	if (said > 0)
		frame.reply = span_from(text, (size_t)said);
	return frame;
}

/* Without what a sending system writes behind a reply. */
static struct span
without_tail(struct span reply)
{
	static const struct span tails[] = { SPAN("Giving up on "), SPAN("I'm not going to try"),
		SPAN("[SMTP Error Code"), SPAN("##"), SPAN("#SMTP#"), SPAN("\n>>> "), SPAN(" >>> "),
		SPAN("554 5.0.0 Service unavailable"), SPAN("554 Service unavailable"),
		SPAN("Original message headers"),
		SPAN("Diagnostic information for administrators") };

	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		long at = span_ifind(reply, tails[i]);

		if (at > 4)
			reply.len = (size_t)at;
	}
	return span_trim(reply);
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

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]) && (text.ptr[0] & 0x80) != 0; i++)
		if (span_starts(text, table[i].bytes)) {
			*as = table[i].as;
			return table[i].bytes.len;
		}
	return 0;
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* "user_unknown", "522_mailbox_full": words that somebody joined. "OFR004_416" is a name. */
static bool
is_joint(struct span text, size_t at)
{
	return text.ptr[at] == '_' && at > 0 && at + 1 < text.len && is_letter(text.ptr[at + 1]) &&
	       (is_letter(text.ptr[at - 1]) || is_digit(text.ptr[at - 1]));
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
		else if (skip == 0 && (unsigned char)text.ptr[i] > ' ' && !is_joint(text, i))
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
	struct span rest = is_refusal(frame.reply) ? without_tail(frame.reply) : frame.reply;
	struct span code = { rest.ptr, 0 };

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
