/*
 * findings - what a check of files has to say: mistakes, for which they are refused, and warnings,
 * which are told only. Each as "file:line: rule.key: words".
 */
#ifndef FINDINGS_H
#define FINDINGS_H

#include "conf.h"

struct findings { /* { 0 } is none */
	struct conf_errors mistakes, warnings;
};

void findings_free(struct findings *findings);

/* Moves the mistakes behind those that are there. */
void findings_give_mistakes(struct findings *findings, struct conf_errors *errors);

/* The place to tell what two keys disagree about: set by one hand it is a mistake, else a warning,
 * as a newer shipped file must not be refused for what somebody wrote over an older one. */
struct conf_errors *findings_between(struct findings *findings, const struct conf_place *a,
    const struct conf_place *b);

#endif
