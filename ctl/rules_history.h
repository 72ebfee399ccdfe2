/*
 * rules_history - who changed the rules in force, and when: STATE_DIR/rules/history, a change a line:
 * "2026-11-22T03:00:00Z update 2026112201 from 2026112101 by operator ann".
 */
#ifndef RULES_HISTORY_H
#define RULES_HISTORY_H

#include "arena.h"
#include "err.h"
#include "settings.h"

enum { RULES_HISTORY_LINES = 500 }; /* the latest stay */

struct rules_change {
	const char *at;               /* RFC 3339 */
	const char *how;              /* "update", "rollback"; "upgrade": a package's */
	const char *version, *before; /* "configured": the configured files */
	const char *by;
};

/* -1 and words. */
int rules_history_add(const struct settings *settings, const struct rules_change *change,
    struct err *err);

/* The latest first; how many there are. Texts are the arena's. */
size_t rules_history_read(const char *state_dir, struct arena *arena,
    struct rules_change **changes);

#endif
