#include "evidence.h"

#include "header.h"
#include "notice.h"
#include "notice_words.h"

enum {
	OPENING_MAX = 1000,    /* bytes in which a notice says what it is about */
	PHRASE_MAX = 8 * 1024, /* bytes in which any phrase is looked for */
	NOTICE_ENOUGH = 4,
	CLEAR_ENOUGH = 6,
};

static struct span
begin_of(struct span text, size_t max)
{
	return span_make(text.ptr, text.len < max ? text.len : max);
}

static bool
has_field(struct span header, const char *const *names)
{
	for (; *names != NULL; names++)
		if (header_raw(header, *names).ptr != NULL)
			return true;
	return false;
}

/* <>, <MAILER-DAEMON>, "MAILER-DAEMON@host": what there is no way back to. */
static bool
is_null_path(struct span header)
{
	struct span path = header_raw(header, "Return-Path");

	return path.ptr != NULL && (span_find(path, SPAN("<>")) >= 0 ||
				       span_ifind(path, SPAN("mailer-daemon")) >= 0);
}

static bool
is_return_address(struct span header)
{
	static const char *const words[] = { "bounce", "errors@", "error@", "return@", "returns@",
		"-errors+", "-owner@", "owner-", NULL };

	return notice_has(header_raw(header, "To"), words);
}

static bool
is_automatic(struct span header)
{
	static const char *const marks[] = { "X-Failed-Recipients", "X-MX-Bounce",
		"X-Mailer-Daemon", "X-Loop-Notice", "X-NDR", "X-Bounce", NULL };
	struct span submitted = header_raw(header, "Auto-Submitted");

	return span_istarts(submitted, SPAN("auto-")) || has_field(header, marks);
}

static bool
is_person(const struct format_input *in)
{
	static const char *const programs[] = { "outlook", "thunderbird", "apple mail", "iphone",
		"ipad", "mozilla", "mutt", "the bat!", "evolution", "roundcube", "squirrelmail",
		"webmail", "eudora", "alpine", "kmail", "foxmail", "zimbra", "lotus notes", NULL };
	static const char *const begins[] = { "re:", "aw:", "fw:", "fwd:", "wg:", "tr:", "rv:",
		"i:", "enc:", "sv:", "vs:", "odp:", "ynt:", "vl:", "antw:", "rif:", "res:", NULL };
	static const char *const forwards[] = { "forwarded message", "original message -----",
		"weitergeleitete nachricht", "message transféré", "mensaje reenviado",
		"begin forwarded", " wrote:", " schrieb", " a écrit", " escribió", " ha scritto",
		NULL };
	struct span header = in->root->header;
	struct span subject = span_of(in->subject);

	if (notice_has(header_raw(header, "X-Mailer"), programs) ||
	    notice_has(header_raw(header, "User-Agent"), programs) ||
	    header_raw(header, "In-Reply-To").ptr != NULL)
		return true;
	for (size_t i = 0; begins[i] != NULL; i++)
		if (span_istarts(subject, span_of(begins[i])) &&
		    header_raw(header, "References").ptr != NULL)
			return true;
	return notice_has(begin_of(in->text, OPENING_MAX), forwards) ||
	       span_starts(span_trim(in->text), SPAN(">"));
}

static bool
is_list(struct span header)
{
	static const char *const names[] = { "List-Id", "List-Unsubscribe", "List-Post",
		"Mailing-List", NULL };

	return has_field(header, names);
}

static bool
has_returned(const struct format_input *in)
{
	for (const struct mime_part *part = in->root; part != NULL; part = mime_next(part))
		if (mime_is_message(part))
			return true;
	if (in->root->child == NULL && mime_is(in->root, "text/plain")) {
		struct span text = mime_bytes(in->arena, in->root);

		return notice_returned(text) < text.len;
	}
	return false;
}

void
evidence_read(const struct format_input *in, struct evidence *evidence)
{
	struct span header = in->root->header;
	struct span subject = span_of(in->subject);

	*evidence = (struct evidence){
		.daemon = formats_is_daemon(in),
		.null_path = is_null_path(header),
		.to_return = is_return_address(header),
		.subject = notice_has(subject, notice_words_failure) ||
			   notice_has(subject, notice_words_delay),
		.automatic = is_automatic(header),
		.person = is_person(in),
		.list = is_list(header),
		.receipt = span_ifind(span_of(in->root->content_type),
			       SPAN("disposition-notification")) >= 0,
	};
	evidence->trouble = evidence->subject || notice_has(subject, notice_words_trouble);
	if (!evidence->daemon && !evidence->null_path && !evidence->subject)
		return; /* ordinary mail: spare it the search */
	evidence->returned = has_returned(in);
	evidence->opening = notice_has(begin_of(in->text, OPENING_MAX), notice_words_failure);
	evidence->phrase = evidence->opening ||
			   notice_has(begin_of(in->text, PHRASE_MAX), notice_words_failure) ||
			   notice_has(begin_of(in->text, PHRASE_MAX), notice_words_delay);
	evidence->reply = formats_has_reply(begin_of(in->text, PHRASE_MAX));
}

static int
weight(const struct evidence *e)
{
	int sender = e->daemon && e->null_path ? 3 : e->daemon || e->null_path ? 2 : 0;
	int subject = e->subject ? 2 : e->trouble ? 1 : 0;
	int text = (e->phrase ? 2 : 0) + (e->reply ? 1 : 0);

	return sender + subject + text + e->returned + e->automatic + e->to_return;
}

bool
evidence_is_notice(const struct evidence *e)
{
	if (e->receipt || weight(e) < NOTICE_ENOUGH)
		return false;
	if (!e->phrase && !e->reply && !e->subject)
		return false;
	if (e->daemon) /* it may announce its maintenance, too */
		return e->trouble || e->returned || e->automatic || (e->phrase && e->reply);
	if (e->person || e->list)
		return false;
	if (e->null_path)
		return weight(e) > NOTICE_ENOUGH;
	/* Anybody can write such words; mail that came back to where it belongs, or has the
	 * message with it, was hardly written by anybody. */
	return e->subject && e->opening && (e->returned || e->automatic || e->to_return);
}

bool
evidence_is_clear(const struct evidence *e)
{
	return evidence_is_notice(e) && e->subject && (e->phrase || e->reply) &&
	       (e->null_path || e->returned || e->automatic) && weight(e) >= CLEAR_ENOUGH;
}
