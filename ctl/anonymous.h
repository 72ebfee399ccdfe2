/*
 * anonymous - texts of notices for the eyes of others: who makes the rules needs their words, and
 * nobody needs to know whom they were about or who had sent.
 *
 * A text is in the form of unclassified.h already: addresses, ids, IP addresses, hosts, URLs and
 * numbers are words in < >. What may still name somebody is taken out too, as <name>, <id> or <host>:
 *
 *   whatever else stands in < >, and words in quotes
 *   words with a digit, but codes all in capitals ("TSS04"), reply codes and statuses
 *   words that begin with, or have, a capital letter
 *   words beside one such as "user" or "mailbox", and those of signs as well ("john_smith")
 *   short words of scripts without capitals
 *   names that were given, and words that contain one
 *
 * unless the rules know the word (vocabulary.h). What is left out is replaced, so that the shape of
 * the sentence stays. A name in lower case in the midst of a sentence looks like any word and stays.
 */
#ifndef ANONYMOUS_H
#define ANONYMOUS_H

#include "bounce_rules.h"
#include "str.h"

struct anonymous;

struct anonymous *anonymous_new(const struct bounce_rules *rules);
void anonymous_free(struct anonymous **anonymous);

/* A name of the sender's own: a host, an IP's name; for a host its first label alone as well. */
void anonymous_hide(struct anonymous *anonymous, struct span name);

/* Adds the text to out. The result of a result is the same. */
void anonymous_text(const struct anonymous *anonymous, struct span text, struct str *out);

#endif
