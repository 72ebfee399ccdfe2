/*
 * rules_trial - whether rules may be put in force: read and proved by the very code that mxpolicyd,
 * mxbounce and `mxctl rules check` use, with the operator's own files over them.
 */
#ifndef RULES_TRIAL_H
#define RULES_TRIAL_H

#include "findings.h"
#include "settings.h"

struct rules_trial { /* what was read */
	size_t mx_rules, bounce_rules;
	char version[RULES_VERSION_SIZE]; /* that the files say; "": none */
};

/* Paths by enum rules_file. settings: whose own files are merged over them; NULL: none. -1: there
 * are mistakes. */
int rules_trial(const char *const paths[RULES_FILES], const struct settings *settings,
    struct rules_trial *trial, struct findings *findings);

/* The operator's own file over one. */
const char *rules_trial_own(const struct settings *settings, enum rules_file file);

#endif
