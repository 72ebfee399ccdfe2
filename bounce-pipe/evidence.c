#include "evidence.h"

#include "header.h"
#include "notice.h"
#include "notice_words.h"

enum {
	OPENING_MAX = 1000,    /* bytes in which a notice says what it is about */
	ASKING_MAX = 300,      /* and in which a person says why he writes */
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

	return path.ptr != NULL &&
	       (span_find(path, SPAN("<>")) >= 0 || span_ifind(path, SPAN("mailer-daemon")) >= 0);
}

/* What a mail system would not give: there is a way back, to something that is none. */
static bool
is_real_path(struct span header)
{
	struct span path = header_raw(header, "Return-Path");

	return span_find(path, SPAN("@")) >= 0 && !notice_has(path, notice_words_daemon);
}

static bool
is_return_address(struct span header)
{
	static const char *const words[] = { "bounce", "errors@", "error@", "return@", "returns@",
		"-errors+", "-owner@", "owner-", NULL };

	return notice_has(header_raw(header, "To"), words);
}

static bool
is_automatic(const struct format_input *in)
{
	/* of filters that send notices in anybody's name */
	static const char *const boundaries[] = { "interscan_nt_mime_boundary", "_mailmarshal",
		"report-type=delivery-status", "report-type=\"delivery-status", NULL };

	static const char *const marks[] = { "X-Failed-Recipients", "X-MX-Bounce",
		"X-Mailer-Daemon", "X-Loop-Notice", "X-NDR", "X-Bounce", NULL };
	struct span header = in->root->header;

	return span_istarts(header_raw(header, "Auto-Submitted"), SPAN("auto-")) ||
	       has_field(header, marks) ||
	       span_find(header_raw(header, "Message-Id"), SPAN(".FML")) >= 0 || /* fml(8) */
	       notice_has(span_of(in->root->content_type), boundaries);
}

static bool
begins_with(struct span subject, const char *const *marks)
{
	for (; *marks != NULL; marks++)
		if (span_istarts(subject, span_of(*marks)))
			return true;
	return false;
}

static bool
is_person(const struct format_input *in)
{
	static const char *const programs[] = { "outlook", "thunderbird", "apple mail", "iphone",
		"ipad", "mozilla", "mutt", "the bat!", "evolution", "roundcube", "squirrelmail",
		"webmail", "eudora", "alpine", "kmail", "foxmail", "zimbra", "lotus notes", NULL };
	static const char *const forwarded[] = { "fw:", "fwd:", "wg:", "tr:", "rv:", "i:", "enc:",
		"vl:", "vb:", "doorst:", "pd:", "转发:", "轉寄:", NULL };
	static const char *const answered[] = { "re:", "aw:", "sv:", "vs:", "odp:", "ynt:", "antw:",
		"rif:", "res:", NULL };
	/* of those who ask about a notice that they quote */
	static const char *const asking[] = { "i got ", "i get ", "i am getting", "i'm getting",
		"we get ", "we are getting", "i received", "i keep getting", "any idea",
		"can anyone", "does anyone", "please help", "can you help", "what does this mean",
		"ich habe ", "ich bekomme", "bekomme ich", "wir bekommen", "j'ai reçu", "je reçois",
		"recibo ", "ho ricevuto", "ricevo ", "recebi ", NULL };
	static const char *const quotes[] = { "forwarded message", "original message ----",
		"weitergeleitete nachricht", "message transféré", "mensaje reenviado",
		"messaggio inoltrato", "begin forwarded", "ursprüngliche nachricht",
		" wrote:", " schrieb", " a écrit", " escribió", " ha scritto", NULL };
	struct span header = in->root->header;
	struct span subject = span_of(in->subject);

	return notice_has(header_raw(header, "X-Mailer"), programs) ||
	       notice_has(header_raw(header, "User-Agent"), programs) ||
	       header_raw(header, "In-Reply-To").ptr != NULL || begins_with(subject, forwarded) ||
	       (begins_with(subject, answered) && header_raw(header, "References").ptr != NULL) ||
	       notice_has_by(&in->pairs, begin_of(in->text, OPENING_MAX), quotes) ||
	       notice_has_by(&in->pairs, begin_of(in->text, ASKING_MAX), asking) ||
	       span_starts(span_trim(in->text), SPAN(">"));
}

/* What a list's own program writes about somebody's message is no mail to the list. */
static bool
is_list_program(const struct format_input *in)
{
	static const char *const programs[] = { "-admin@", "-request@", "-bounces@", "majordomo@",
		"listserv@", "mailman@", NULL };

	return notice_has(span_of(in->from), programs);
}

static bool
is_list(const struct format_input *in)
{
	static const char *const names[] = { "List-Id", "List-Unsubscribe", "List-Post",
		"Mailing-List", NULL };

	return has_field(in->root->header, names) && !is_list_program(in);
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

bool
evidence_is_ordinary(const struct format_input *in)
{
	struct span header = in->root->header;
	struct span subject = span_of(in->subject);

	if (formats_is_daemon(in) || is_null_path(header) || is_automatic(in))
		return false;
	if (is_person(in) || is_list(in))
		return true;
	return !is_return_address(header) && !is_list_program(in) &&
	       !notice_has(subject, notice_words_trouble) &&
	       !notice_has(subject, notice_words_failure) &&
	       !notice_has(subject, notice_words_delay) && !has_returned(in);
}

void
evidence_read(const struct format_input *in, struct evidence *evidence)
{
	struct span header = in->root->header;
	struct span subject = span_of(in->subject);

	*evidence = (struct evidence){
		.daemon = formats_is_daemon(in),
		.null_path = is_null_path(header),
		.real_path = is_real_path(header),
		.to_return = is_return_address(header),
		.subject = notice_has(subject, notice_words_failure) ||
			   notice_has(subject, notice_words_delay),
		.automatic = is_automatic(in),
		.person = is_person(in),
		.list = is_list(in),
		.receipt = span_ifind(span_of(in->root->content_type),
			       SPAN("disposition-notification")) >= 0,
	};
	evidence->trouble = evidence->subject || notice_has(subject, notice_words_trouble);
	if (!evidence->daemon && !evidence->null_path && !evidence->subject)
		return; /* ordinary mail: spare it the search */
	evidence->returned = has_returned(in);
	evidence->opening =
	    notice_has_by(&in->pairs, begin_of(in->text, OPENING_MAX), notice_words_failure);
	evidence->phrase =
	    evidence->opening ||
	    notice_has_by(&in->pairs, begin_of(in->text, PHRASE_MAX), notice_words_failure) ||
	    notice_has_by(&in->pairs, begin_of(in->text, PHRASE_MAX), notice_words_delay);
	evidence->refusal =
	    evidence->phrase ||
	    notice_has_by(&in->pairs, begin_of(in->text, PHRASE_MAX), notice_words_refusal);
	evidence->reply = formats_has_reply(begin_of(in->text, PHRASE_MAX));
}

static int
weight(const struct evidence *e)
{
	int sender = e->daemon && e->null_path ? 3 : e->daemon || e->null_path ? 2 : 0;
	int subject = e->subject ? 2 : e->trouble ? 1 : 0;
	int text = (e->phrase ? 2 : e->refusal ? 1 : 0) + (e->reply ? 1 : 0);

	return sender + subject + text + e->returned + e->automatic + e->to_return;
}

/* From a mail system, which may announce its maintenance, too. */
static bool
is_daemon_notice(const struct evidence *e)
{
	if (e->real_path && !e->to_return && !e->returned && !e->automatic && !e->reply)
		return false; /* or nobody but who pretends to be one */
	if (e->null_path)
		return e->trouble || e->returned || e->automatic || e->phrase || e->reply;
	return (e->trouble && (e->refusal || e->subject)) || e->returned || e->automatic ||
	       (e->phrase && e->reply);
}

bool
evidence_is_notice(const struct evidence *e)
{
	if (e->receipt || weight(e) < NOTICE_ENOUGH)
		return false;
	if (!e->refusal && !e->reply && !e->subject)
		return false;
	if (e->daemon)
		return is_daemon_notice(e);
	/* Some systems answer under the header of the list's message. */
	if (e->list && !(e->automatic && e->returned) &&
	    !(e->to_return && e->opening && e->subject))
		return false;
	if (e->person)
		return false;
	if (e->null_path)
		return weight(e) > NOTICE_ENOUGH;
	if (e->real_path && e->list && !e->returned)
		return false; /* a newsletter that tells of notices */
	/* Anybody can write such words; mail that came back to where it belongs, or has the
	 * message with it, was hardly written by anybody. */
	if (!e->opening)
		return false;
	return e->to_return ? e->trouble : e->subject && (e->returned || e->automatic);
}

bool
evidence_is_clear(const struct evidence *e)
{
	return evidence_is_notice(e) && e->subject &&
	       (e->null_path || e->returned || e->automatic) && weight(e) >= CLEAR_ENOUGH;
}
