/*
 * What Postfix' smtpd(8) tells its postmaster of a session that failed (postconf(5):
 * notify_classes): the dialogue itself, the client's lines behind "In:", the server's behind "Out:".
 */
#include <string.h>

#include "formats.h"
#include "notice.h"

enum { TRANSCRIPT_RECIPIENTS_MAX = 50 };

struct transcript {
	struct report *report;
	struct span accepted[TRANSCRIPT_RECIPIENTS_MAX];
	size_t count;
	struct span recipient; /* of the command that is not answered yet */
};

static bool
is_transcript(const struct format_input *in)
{
	static const char *const words[] = { "transcript of session follows", NULL };

	return span_ifind(span_of(in->subject), SPAN("errors from ")) >= 0 &&
	       formats_has(in, words);
}

static void
hear_client(struct transcript *transcript, struct span said)
{
	struct span rest = said;

	transcript->recipient = span_make("", 0);
	if (span_istarts(said, SPAN("RCPT")))
		notice_address(&rest, &transcript->recipient);
	else if (span_istarts(said, SPAN("MAIL")) || span_istarts(said, SPAN("RSET")))
		transcript->count = 0;
}

/* A reply to RCPT is about that recipient, another one that fails about all. */
static void
hear_server(struct transcript *transcript, struct span said)
{
	bool fails = said.len > 3 && (said.ptr[0] == '4' || said.ptr[0] == '5');

	if (transcript->recipient.len > 0) {
		if (fails)
			formats_add(transcript->report, transcript->recipient, said, "failed");
		else if (transcript->count < TRANSCRIPT_RECIPIENTS_MAX)
			transcript->accepted[transcript->count++] = transcript->recipient;
		transcript->recipient = span_make("", 0);
		return;
	}
	for (size_t i = 0; fails && i < transcript->count; i++)
		formats_add(transcript->report, transcript->accepted[i], said, "failed");
	if (fails)
		transcript->count = 0;
}

/* From one mark to the next: lines are folded. */
static void
read_transcript(const struct format_input *in, struct report *report)
{
	struct transcript transcript = { .report = report, .recipient = SPAN("") };
	struct span rest = in->text, line, said = { "", 0 };
	bool client = false;

	for (;;) {
		bool more = span_line(&rest, &line);
		struct span text = more ? span_trim(line) : span_make("", 0);
		bool in_mark = span_starts(text, SPAN("In: "));

		if (more && !in_mark && !span_starts(text, SPAN("Out: ")) && text.len > 0) {
			said.len = said.len > 0 ? (size_t)(text.ptr + text.len - said.ptr) : 0;
			continue;
		}
		if (said.len > 0 && client)
			hear_client(&transcript, said);
		else if (said.len > 0)
			hear_server(&transcript, said);
		if (!more)
			return;
		client = in_mark;
		said = text.len > 0 ? span_trim(span_from(text, in_mark ? 3 : 4)) : text;
	}
}

const struct format formats_transcript[] = {
	{ "postfix-transcript", is_transcript, read_transcript },
	{ NULL, NULL, NULL },
};
