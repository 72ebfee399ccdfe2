/*
 * vocabulary - the words that the bounce rules know: those of their patterns, and of their samples
 * without what stands for addresses, hosts and numbers. Who has the rules has these words already,
 * so they tell nothing about anybody.
 */
#ifndef VOCABULARY_H
#define VOCABULARY_H

#include "bounce_rules.h"
#include "span.h"

struct vocabulary;

struct vocabulary *vocabulary_new(const struct bounce_rules *rules);
void vocabulary_free(struct vocabulary **vocabulary);

/* Whether the word, of letters only (ASCII case ignored; every byte above 127 is one), is known. */
bool vocabulary_has(const struct vocabulary *vocabulary, struct span word);

/* Whether a byte is part of a word in this sense. */
bool vocabulary_is_letter(char c);

#endif
