/*
 * mx_cache - what DNS said about domains, for as long as it may be kept.
 *
 * A bounded table; the entry used longest ago makes room. It knows no clock and asks nobody: mx.c
 * fills it.
 */
#ifndef MX_CACHE_H
#define MX_CACHE_H

#include "mx.h"

/* One domain's answer. Reference-counted: the cache holds one, a delivery under way another. */
struct mx_entry;
struct mx_cache;

/* The caller holds the one reference. set becomes the entry's; words are copied. */
struct mx_entry *mx_entry_new(const char *domain, enum mx_state state, struct mx_set *set,
    const char *words, int64_t expires_ms);
struct mx_entry *mx_entry_hold(struct mx_entry *entry);
void mx_entry_release(struct mx_entry **entry);
/* Good as long as the entry is held. */
void mx_entry_answer(struct mx_entry *entry, int64_t now_ms, struct mx_answer *answer);

struct mx_cache *mx_cache_new(size_t max); /* at least 1 entry */
void mx_cache_free(struct mx_cache **cache);
/* The domain's entry if it has not expired, else NULL. Not held for the caller: good until the next
 * put. */
struct mx_entry *mx_cache_find(struct mx_cache *cache, const char *domain, int64_t now_ms);
/* Holds the entry, which replaces one of its domain. */
void mx_cache_put(struct mx_cache *cache, struct mx_entry *entry);
size_t mx_cache_count(const struct mx_cache *cache); /* expired ones included */

#endif
