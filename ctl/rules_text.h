/*
 * rules_text - a rules file as a table of what it sets, to be compared with another one: by rule and
 * key, whatever order, comments or blanks the file has. Of both kinds of rules files.
 */
#ifndef RULES_TEXT_H
#define RULES_TEXT_H

#include "conf.h"

struct rules_text_value {
	const char *list; /* "mx_rules", "provider" */
	const char *rule; /* its name */
	const char *key;  /* "connections", "backoff[2].after" */
	const char *value;
};

struct rules_text { /* sorted by list, rule, key */
	size_t count;
	struct rules_text_value *values;
};

/* Adds what a file sets; one that is absent or "" sets nothing. Texts are the arena's, values are
 * free(3)'d. -1: the mistakes are in errors. */
int rules_text_read(const char *path, struct arena *arena, struct rules_text *text,
    struct conf_errors *errors);
void rules_text_free(struct rules_text *text);

/* By list, rule and key, as strcmp(3). */
int rules_text_compare(const struct rules_text_value *a, const struct rules_text_value *b);
/* NULL: it does not set that. */
const struct rules_text_value *rules_text_find(const struct rules_text *text, const char *list,
    const char *rule, const char *key);

#endif
