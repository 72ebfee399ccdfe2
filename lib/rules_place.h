/*
 * rules_place - where the rules lie that are in force: those of the last update, or the files that
 * the configuration names.
 *
 *   STATE_DIR/rules/VERSION/{mx-rules.conf,bounce-rules.conf,bundle.json,bundle.json.minisig}
 *   STATE_DIR/rules/current     a symbolic link to VERSION; absent: the configured files
 *   STATE_DIR/rules/last        how the last update went (rules_last.h)
 *   STATE_DIR/rules/history     who changed what, one change a line
 *   STATE_DIR/rules/lock, new   while mxctl changes it
 *
 * The link alone says which hold. Configured files of a later version than the one it leads to, as a
 * package brings them, count as an update offered to this host: mxpolicyd and `mxctl rules update`
 * take the link away, unless a rollback holds updates as late (rules_last.h). And rules that others
 * offer are compared with the configured files where there is no link.
 */
#ifndef RULES_PLACE_H
#define RULES_PLACE_H

#include <stdbool.h>

#include "arena.h"
#include "span.h"

enum rules_file { RULES_FILE_MX, RULES_FILE_BOUNCE, RULES_FILES };
extern const char *const rules_file_names[RULES_FILES]; /* "mx-rules.conf" */

enum { RULES_VERSION_LEN = 10, RULES_VERSION_SIZE = RULES_VERSION_LEN + 1 };

/* Ten digits: "2026112201". */
bool rules_version_is(struct span text);

/* What `current` says: one system call. False, and "": there is none. */
bool rules_place_current(const char *state_dir, char version[RULES_VERSION_SIZE]);

/* STATE_DIR/rules/NAME; version NULL: that very file, otherwise the one of the version. */
const char *rules_place_path(struct arena *arena, const char *state_dir, const char *version,
    const char *name);

#endif
