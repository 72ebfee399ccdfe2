/*
 * quarantine - which addresses are not mailed any more: the policy per reason, and an entry as it
 * stands in Redis (hash mxpace:{q:ADDRESS}, written by lua/error.lua).
 */
#ifndef QUARANTINE_H
#define QUARANTINE_H

#include <stdbool.h>
#include <stdint.h>

#include "reason.h"
#include "str.h"

struct quarantine_rule {
	int64_t errors;     /* after so many the address is quarantined; 0: never */
	int64_t release_ms; /* and released after so long; 0: until removed */
};

struct quarantine_policy {
	int64_t significant_ms; /* at most one error per address counts within this */
	int64_t quiet_ms;       /* without an error for so long, counting starts anew */
	struct quarantine_rule rules[REASON_COUNT];
};

void quarantine_policy_defaults(struct quarantine_policy *policy); /* design section 3 */

enum quarantine_status { QUARANTINE_NONE, QUARANTINE_COUNTING, QUARANTINE_QUARANTINED };

enum { QUARANTINE_TEXT_SIZE = 256 };

struct quarantine_entry {
	enum quarantine_status status;
	enum bounce_type type;
	enum reason reason;
	int64_t errors;          /* of all reasons */
	int64_t first_s, last_s; /* Unix time of the first and the last error that counted */
	int64_t since_s;         /* quarantined since; 0: not */
	int64_t release_s;       /* 0: until removed */
	char code[16];           /* reply code or enhanced status of the last error */
	char text[QUARANTINE_TEXT_SIZE]; /* its diagnostic */
	char mx[QUARANTINE_TEXT_SIZE];
	char campaign[QUARANTINE_TEXT_SIZE];
	char rule[64]; /* the bounce rule that matched */
	char by[64];   /* who put it there: mxbounce, an operator */
};

const char *quarantine_status_name(enum quarantine_status status); /* "none" "counting" ... */

/* Sets one field of an entry from its text in Redis; unknown names and bad values are left out. */
void quarantine_entry_set(struct quarantine_entry *entry, struct span field, struct span value);

/* Why the address is not mailed, in words for a refusal:
 * "quarantined since 2026-11-22: user_unknown (550 5.1.1 no such user)". */
void quarantine_entry_words(const struct quarantine_entry *entry, struct str *out);

#endif
