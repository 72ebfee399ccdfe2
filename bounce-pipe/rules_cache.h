/*
 * rules_cache - settings and bounce rules as mxbounce needs them, ready made in one file.
 *
 * mxbounce runs once for each message, so reading and compiling the text files would be most of its
 * work. The file mxbounce.cache in state_dir (or, where that cannot be written, in the user's own
 * ~/.cache/mxpace) holds what they said. It is only ever a shortcut:
 *
 *	used	if it belongs to root or the user, nobody else can write it, it comes from the very same
 *		versions of mxpace and PCRE2, and the text files are as they were: the same by stat(2),
 *		or, when in doubt, by a hash of the text; the operator's own bounce rules still there, or
 *		still not;
 *	written	to a new file that takes the old one's place, by `mxctl rules check`, and by mxbounce
 *		itself when it had to read the text files;
 *	not	written for files changed within the last RULES_CACHE_SETTLED_MS, as their next change
 *		might leave no trace in stat(2), nor if one has an @include.
 *
 * Nothing of this fails loudly: without a cache the text files are read.
 */
#ifndef RULES_CACHE_H
#define RULES_CACHE_H

#include <stdint.h>

#include "bounce_rules.h"
#include "err.h"
#include "settings.h"

enum { RULES_CACHE_SETTLED_MS = 100 };

struct rules_cache {
	struct settings *settings;
	struct bounce_rules *rules;
	void *bytes; /* what both lie in */
	size_t len;
};

/* file: the path of mxpace.conf. 0, or -1 if there is none that may be used. */
int rules_cache_load(const char *file, struct rules_cache *cache);
void rules_cache_clear(struct rules_cache *cache);

/* The time to take before the text files are read, for rules_cache_save. */
int64_t rules_cache_now_ms(void);

/* Writes what was read from the text files at read_ms. -1: nothing was written, and why. */
int rules_cache_save(const struct settings *settings, const struct bounce_rules *rules,
    int64_t read_ms, struct err *err);

#endif
