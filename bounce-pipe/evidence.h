/*
 * evidence - whether a message that no reader knows is the notice of a mail system.
 *
 * Judged by meaning, in the languages of notice_words.h: who sent it, what its subject says, marks
 * of programs, a message that came back, phrases of failure, replies of servers; and what speaks
 * against it: a mailing list, an answer, a person's mail program. Mail of people and newsletters
 * that merely talk about bounces must not pass: for a sender that is no mail system more is asked.
 */
#ifndef EVIDENCE_H
#define EVIDENCE_H

#include <stdbool.h>

#include "formats.h"

struct evidence {
	/* who */
	bool daemon;    /* From names a mail system */
	bool null_path; /* it can't be answered */
	bool real_path; /* it can, and what answers is no mail system */
	bool to_return; /* To is an address that bounces come back to */
	/* what */
	bool subject;   /* says that a message did not arrive */
	bool trouble;   /* the subject has a word for something wrong, at least */
	bool opening;   /* the text begins with such a phrase */
	bool phrase;    /* or has one further down */
	bool refusal;   /* or one that tells why */
	bool reply;     /* the text has an SMTP reply or a status of a failure */
	bool returned;  /* a message, or the header of one, follows */
	bool automatic; /* marked as written by a program */
	/* against it */
	bool person;  /* answers, forwards, was written with a person's mail program */
	bool list;    /* ordinary mail of a list */
	bool receipt; /* a message disposition notification (RFC 8098) */
};

/* A person wrote it, or it is a list's, and nothing about it is a mail system's: what it quotes did
 * not happen to it. */
bool evidence_is_ordinary(const struct format_input *in);

void evidence_read(const struct format_input *in, struct evidence *evidence);

/* It is a notice about a message that did not arrive, or not yet. */
bool evidence_is_notice(const struct evidence *evidence);
/* So clearly that it is one even if nobody can tell who the message was for. */
bool evidence_is_clear(const struct evidence *evidence);

#endif
