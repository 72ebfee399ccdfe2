/*
 * rules_last - how the last update of the rules went: STATE_DIR/rules/last, a word and its value a
 * line. mxctl writes it; `mxctl status` and mxpolicyd's metrics tell it.
 */
#ifndef RULES_LAST_H
#define RULES_LAST_H

#include <stdint.h>

#include "rules_place.h"
#include "str.h"

/* Always so long, filled up with blanks: on a full disk it can still be written over. */
enum { RULES_LAST_SIZE = 1024, RULES_LAST_WORDS = 400 };

struct rules_last {
	int64_t succeeded_s, failed_s;  /* Unix time; 0: never */
	char held[RULES_VERSION_SIZE];  /* updates up to this one are left alone; "": none */
	char failure[RULES_LAST_WORDS]; /* why the last one failed; "": it did not */
};

/* What it does not understand is left out. */
void rules_last_parse(struct span text, struct rules_last *last);
/* Exactly RULES_LAST_SIZE bytes. */
void rules_last_format(const struct rules_last *last, struct str *out);
/* All 0 where there is no such file. */
void rules_last_load(const char *state_dir, struct rules_last *last);

#endif
