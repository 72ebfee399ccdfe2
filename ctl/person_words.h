/*
 * person_words - words beside which a name is to be expected, and those that link the two, in most
 * of the languages that bounce rules know. For anonymous.
 */
#ifndef PERSON_WORDS_H
#define PERSON_WORDS_H

#include "span.h"

/* "user", "mailbox", "Herr"; ASCII case ignored. */
bool person_words_has(struct span word);

/* "of", "named": between such a word and the name. */
bool person_words_links(struct span word);

#endif
