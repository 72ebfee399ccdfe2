/*
 * nearby - the bounce rules that have to do with an answer: which one decided and by what words,
 * which would have after it, which came close before it (their words are there, but not their code,
 * status or host).
 */
#ifndef NEARBY_H
#define NEARBY_H

#include "classify.h"

enum nearby_part { NEARBY_DECIDED, NEARBY_ALSO, NEARBY_CLOSE };

struct nearby {
	const struct bounce_rule *rule;
	enum nearby_part part;
	struct span found;   /* the words its pattern found, in the view's text; empty: by codes */
	const char *missing; /* why it does not match, for NEARBY_CLOSE; else "" */
};

enum { NEARBY_OF_EACH = 5, NEARBY_MAX = 1 + 2 * NEARBY_OF_EACH };

/* In the order above, of each part the most trusted. decided: NULL if none did. */
size_t nearby_list(const struct bounce_rules *rules, const struct classify_view *view,
    const struct bounce_rule *decided, struct nearby all[NEARBY_MAX]);

const char *nearby_part_name(enum nearby_part part); /* "decided" "also" "close" */

#endif
