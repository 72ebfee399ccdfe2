/*
 * rules_install - the versions of the rules in STATE_DIR/rules (rules_place.h): put there, put in
 * force, listed, thrown away. A change is there as a whole or not at all, whenever it is broken off.
 *
 * Changes are made by the owner of STATE_DIR, one process at a time: rules_install_begin.
 */
#ifndef RULES_INSTALL_H
#define RULES_INSTALL_H

#include "bundle.h"
#include "rules_last.h"
#include "settings.h"

/* root becomes the owner of STATE_DIR, for good. -1 and words. */
int rules_install_own(const struct settings *settings, struct err *err);
/* That, and waits for others who change the rules. The lock lasts as long as the returned descriptor:
 * nothing that a server takes its time over belongs behind it. -1 and words. */
int rules_install_begin(const struct settings *settings, struct err *err);

/* Writes a bundle and its files to STATE_DIR/rules/new. -1 and words: nothing is left of it. */
int rules_install_stage(const struct settings *settings, const struct bundle *bundle,
    struct span text, struct span signature, struct err *err);
/* Throws that away. */
void rules_install_drop(const struct settings *settings);
/* Makes it a version that is kept, in place of one of the same name. */
int rules_install_keep(const struct settings *settings, const char *version, struct err *err);
/* Throws a kept version away. */
void rules_install_forget(const struct settings *settings, const char *version);
/* Puts a kept version in force; NULL: the configured files. */
int rules_install_use(const struct settings *settings, const char *version, struct err *err);

struct rules_versions {
	size_t count;
	char (*items)[RULES_VERSION_SIZE]; /* the latest first; free(3) */
};
void rules_install_list(const char *state_dir, struct rules_versions *versions);
bool rules_install_has(const struct rules_versions *versions, const char *version);
/* The latest kept one before the given one; NULL: none. */
const char *rules_install_before(const struct rules_versions *versions, const char *version);
/* Throws away all but the latest `rules_keep`, and the one in force. */
void rules_install_prune(const struct settings *settings);

/* STATE_DIR/rules/last: overwritten in place where no new file can be made. */
int rules_install_save_last(const struct settings *settings, const struct rules_last *last,
    struct err *err);

#endif
