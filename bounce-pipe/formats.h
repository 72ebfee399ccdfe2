/*
 * formats - readers for systems that return mail without a delivery status part: a row each.
 *
 * A row has a name, a test and a reader. The first whose test says yes and whose reader finds a
 * recipient wins, so special ones come first. Pure. A new system is a row in formats.c, its two
 * functions in the file of its kind (formats_mta.c), and its sample in tests/messages/.
 */
#ifndef FORMATS_H
#define FORMATS_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "mime.h"
#include "notice.h"
#include "report.h"
#include "span.h"

struct format_input {
	struct arena *arena;
	const struct mime_part *root;
	const char *subject;        /* decoded, "" */
	const char *from;           /* decoded, "" */
	const char *own;            /* its To, From and Reply-To: addresses in them did not fail */
	const char *verp_recipient; /* "" */
	struct span text;          /* what people read, UTF-8, without the message that came back */
	struct notice_pairs pairs; /* of text */
};

struct format {
	const char *name;
	bool (*matches)(const struct format_input *in);
	/* Adds recipients with diagnostic and action. */
	void (*read)(const struct format_input *in, struct report *report);
};

/* True: a row understood it; report has kind, format and recipients. Mail of people and of lists
 * that quotes a notice is not read, and loose words only in what is a notice (evidence.h). */
bool formats_read(const struct format_input *in, struct report *report);

/* Any of these words, NULL at the end, in the text, case ignored. */
bool formats_has(const struct format_input *in, const char *const *words);
/* Where these words are in the text, case ignored; -1: nowhere. */
long formats_find(const struct format_input *in, const char *words);

/* "delayed" if the notice says that it is still being tried, else "failed". */
const char *formats_action(const struct format_input *in);

/* It comes from a mail system, by its From field. */
bool formats_is_daemon(const struct format_input *in);

/* postmaster@ and mailer-daemon@. */
bool formats_is_role(struct span address);
/* An address of the message's own header, or of a role that answers for everybody. */
bool formats_is_own(const struct format_input *in, struct span address);
/* An address in text that names whom to ask, "please contact …": the line that it stands on, or what
 * follows at once, says so. */
bool formats_is_for_questions(struct span text, struct span address);
/* There is an SMTP reply or an enhanced status of a failure in it. */
bool formats_has_reply(struct span text);

/* Adds a recipient and what its diagnostic tells; NULL when it is there already. */
struct report_recipient *formats_add(struct report *report, struct span address,
    struct span diagnostic, const char *action);

/* What the notice says about an address; where the paragraph behind it has no reply but the text
 * further down has, all of it. */
struct span formats_said(const struct format_input *in, struct span address);

/* The rows, each group in a file of its own, with a row of name NULL at its end. The first row that
 * matches and finds a recipient decides. */
extern const struct format formats_ses[];       /* Amazon SES */
extern const struct format formats_google[];    /* Gmail and Google Groups */
extern const struct format formats_service[];   /* mailbox providers, senders for others */
extern const struct format formats_gateway[];   /* filters in front of a mail server */
extern const struct format formats_mobile[];    /* mobile networks */
extern const struct format formats_japan[];     /* sentences of Japan's providers */
extern const struct format formats_exchange[];  /* Exchange and Office 365 */
extern const struct format formats_groupware[]; /* Notes, GroupWise and their like */
extern const struct format formats_exim[];
extern const struct format formats_qmail[];
extern const struct format formats_sendmail[];
extern const struct format formats_transcript[]; /* sessions that failed */
extern const struct format formats_mta[];     /* Postfix and other mail servers that people run */
extern const struct format formats_systems[]; /* with lists of addresses in words of their own */
extern const struct format formats_listing[]; /* what begins such a list in many of them */

#endif
