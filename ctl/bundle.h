/*
 * bundle - rules on their way: both rules files and a version in one JSON text, which is signed as
 * it is (minisign.h). Pure; the only module that includes <jansson.h>.
 *
 *   {"format":1,"version":"2026112201","made":"2026-11-22T03:00:00Z","comment":"",
 *    "files":{"mx-rules.conf":"...","bounce-rules.conf":"..."}}
 *
 * Nothing else may stand in it: what another format has to say needs another number. A version is
 * a date and a number of two digits; later ones are greater, also as text.
 */
#ifndef BUNDLE_H
#define BUNDLE_H

#include "arena.h"
#include "err.h"
#include "rules_place.h"
#include "str.h"

enum { BUNDLE_MAX = 8 << 20 }; /* bytes of its JSON text */

struct bundle {
	const char *version;
	const char *made; /* RFC 3339, UTC */
	const char *comment;
	const char *files[RULES_FILES]; /* texts, by enum rules_file */
};

/* Texts are copied into the arena. -1 and words: not JSON, or not a bundle. */
int bundle_parse(struct span text, struct arena *arena, struct bundle *bundle, struct err *err);
/* Adds its JSON text, one line. -1 and words: a file is not UTF-8, or all of it is too large. */
int bundle_format(const struct bundle *bundle, struct str *out, struct err *err);

#endif
