/*
 * quarantine - which addresses are not mailed any more: the policy per reason, and an entry as it
 * stands in Redis (hash mxpace:{q:ADDRESS}, written by lua/error.lua and lua/delivered.lua).
 *
 *   counting ---errors reached---> quarantined ---release is over, delivered, removed---> released
 *      |  `----errors reached, a guard holds group and reason----> held ---confirmed---> quarantined
 *      `---quiet_reset without an error, delivered---> none              (released: quiet_reset later)
 *
 * Only QUARANTINE_QUARANTINED keeps mail away. Time passes without anybody writing: whoever reads an
 * entry calls quarantine_entry_settle() before he looks at its status.
 *
 * The hash may carry what is not the entry's (fields "not:..."); whoever adds such a field sets the
 * field "keep" as well: the Unix time until which the hash must stay, 0 for ever. The scripts then
 * end an entry without ending its hash.
 */
#ifndef QUARANTINE_H
#define QUARANTINE_H

#include <stdbool.h>
#include <stdint.h>

#include "reason.h"
#include "str.h"

struct quarantine_rule {
	int64_t errors;         /* after so many the address is quarantined; 0: never */
	int64_t release_ms;     /* and released after so long; 0: until removed */
	int64_t significant_ms; /* at most one error per address counts within this */
	int64_t quiet_ms;       /* without an error for so long, counting starts anew */
};

struct quarantine_policy {
	int64_t significant_ms, quiet_ms; /* of every reason that does not say otherwise */
	struct quarantine_rule rules[REASON_COUNT];
};

void quarantine_policy_defaults(struct quarantine_policy *policy); /* design section 3 */
/* Gives every reason the significant_ms and quiet_ms of the policy. */
void quarantine_policy_spread(struct quarantine_policy *policy);

enum quarantine_status {
	QUARANTINE_NONE,
	QUARANTINE_COUNTING,
	QUARANTINE_QUARANTINED,
	QUARANTINE_HELD,     /* would be quarantined but for an outage guard: is mailed */
	QUARANTINE_RELEASED, /* was quarantined; is mailed, its story can still be read */
};

enum { QUARANTINE_TEXT_SIZE = 256, QUARANTINE_NAME_SIZE = 128, QUARANTINE_PIECE = 64 };

struct quarantine_entry {
	enum quarantine_status status;
	enum bounce_type type;
	enum reason reason;
	int64_t errors;                  /* of all reasons */
	int64_t errors_by[REASON_COUNT]; /* of each */
	int64_t first_s, last_s; /* Unix time of the first and the last error that counted */
	int64_t late_s;          /* a further notice came in spite of the quarantine; 0: none */
	int64_t held_s;          /* held since; 0: not */
	int64_t since_s;         /* quarantined since; 0: was not */
	int64_t release_s;       /* released then; 0: until removed */
	int64_t delivered_s;     /* last success known; 0: none */
	int64_t quiet_s;         /* seconds without an error after which counts are forgotten */
	char code[16];           /* reply code or enhanced status of the last error */
	char text[QUARANTINE_TEXT_SIZE]; /* its diagnostic */
	char mx[QUARANTINE_TEXT_SIZE];
	char message[QUARANTINE_TEXT_SIZE]; /* Message-ID of the mail that came back, without < > */
	char campaign[QUARANTINE_TEXT_SIZE];
	char list[QUARANTINE_NAME_SIZE];
	char account[QUARANTINE_NAME_SIZE];
	char group[QUARANTINE_NAME_SIZE];
	char rule[64];     /* the bounce rule that matched */
	char by[64];       /* who put it there: mxbounce, an operator */
	char released[64]; /* who released it: "delivered", an operator; "": its time was over */
	/* Whose mail it complained about, a line each: "all", "account:NAME", "list:NAME". */
	char complaints[320];
};

const char *quarantine_status_name(enum quarantine_status status); /* "none" "counting" ... */

/* Sets one field of an entry from its text in Redis; unknown names and bad values are left out. */
void quarantine_entry_set(struct quarantine_entry *entry, struct span field, struct span value);

/* A text of more than QUARANTINE_PIECE bytes stands in several fields, "text", "text:2" to "text:4". Which piece of
 * the name that would be, from 0. */
size_t quarantine_piece(struct span field, struct span *name);

/* What the entry is at that time, with what the scripts leave out (lua/prelude/entry.lua): quarantined becomes released once release_s is reached, and what
 * quiet_s has ended becomes QUARANTINE_NONE. */
void quarantine_entry_settle(struct quarantine_entry *entry, int64_t now_s);

/* Whether the address complained about mail of that account (NULL and "": not known), that list, or all. */
bool quarantine_entry_forbids(const struct quarantine_entry *entry, const char *account,
    const char *list);

/* When a settled entry ends by itself, Unix time; 0: never. The score of the index. */
int64_t quarantine_entry_expiry(const struct quarantine_entry *entry);

/* Why the address is not mailed, in words for a refusal:
 * "quarantined since 2026-11-22: user_unknown (550 5.1.1 no such user)". */
void quarantine_entry_words(const struct quarantine_entry *entry, struct str *out);

#endif
