#include "mx_cache.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "mem.h"

#define uthash_malloc(size) mem_alloc(size)
#include <uthash.h>

struct mx_entry {
	UT_hash_handle hh;
	TAILQ_ENTRY(mx_entry) use;
	unsigned references;
	enum mx_state state;
	int64_t expires_ms;
	struct mx_set *set;
	char *words; /* NULL: none */
	struct mx_note *note;
	char domain[];
};

struct mx_cache {
	size_t max;
	struct mx_entry *entries;              /* by domain */
	TAILQ_HEAD(mx_entries, mx_entry) used; /* latest first */
};

struct mx_entry *
mx_entry_new(const char *domain, enum mx_state state, struct mx_set *set, const char *words,
    int64_t expires_ms)
{
	size_t len = strlen(domain);
	struct mx_entry *entry = mem_alloc(sizeof(*entry) + len + 1);

	memcpy(entry->domain, domain, len + 1);
	entry->references = 1;
	entry->state = state;
	entry->set = set;
	entry->words = words[0] != '\0' ? mem_dup(words) : NULL;
	entry->expires_ms = expires_ms;
	return entry;
}

struct mx_entry *
mx_entry_hold(struct mx_entry *entry)
{
	entry->references++;
	return entry;
}

void
mx_entry_release(struct mx_entry **entry)
{
	struct mx_entry *gone = *entry;

	*entry = NULL;
	if (gone == NULL || --gone->references > 0)
		return;
	mx_set_free(&gone->set);
	free(gone->words);
	if (gone->note != NULL)
		gone->note->free(gone->note);
	free(gone);
}

void
mx_entry_answer(struct mx_entry *entry, int64_t now_ms, struct mx_answer *answer)
{
	int64_t left_ms = entry->expires_ms - now_ms;

	answer->state = entry->state;
	answer->set = entry->set;
	answer->ttl_s = left_ms > 0 ? (left_ms + 999) / 1000 : 0;
	answer->words = entry->words != NULL ? entry->words : "";
	answer->note = &entry->note;
}

struct mx_cache *
mx_cache_new(size_t max)
{
	struct mx_cache *cache = mem_alloc(sizeof(*cache));

	cache->max = max;
	TAILQ_INIT(&cache->used);
	return cache;
}

static void
drop(struct mx_cache *cache, struct mx_entry *entry)
{
	HASH_DEL(cache->entries, entry);
	TAILQ_REMOVE(&cache->used, entry, use);
	mx_entry_release(&entry);
}

void
mx_cache_free(struct mx_cache **cache)
{
	if (*cache == NULL)
		return;
	while (!TAILQ_EMPTY(&(*cache)->used))
		drop(*cache, TAILQ_FIRST(&(*cache)->used));
	free(*cache);
	*cache = NULL;
}

static struct mx_entry *
find(struct mx_cache *cache, const char *domain)
{
	struct mx_entry *entry;

	HASH_FIND_STR(cache->entries, domain, entry);
	return entry;
}

struct mx_entry *
mx_cache_find(struct mx_cache *cache, const char *domain, int64_t now_ms)
{
	struct mx_entry *entry = find(cache, domain);

	/* An expired one stays until it is replaced or its turn comes: the caller may still hold an
	 * answer made from it. */
	if (entry == NULL || entry->expires_ms <= now_ms)
		return NULL;
	TAILQ_REMOVE(&cache->used, entry, use);
	TAILQ_INSERT_HEAD(&cache->used, entry, use);
	return entry;
}

void
mx_cache_put(struct mx_cache *cache, struct mx_entry *entry)
{
	struct mx_entry *old = find(cache, entry->domain);

	if (old != NULL)
		drop(cache, old);
	else if (HASH_COUNT(cache->entries) >= cache->max)
		drop(cache, TAILQ_LAST(&cache->used, mx_entries));
	mx_entry_hold(entry);
	HASH_ADD_STR(cache->entries, domain, entry);
	TAILQ_INSERT_HEAD(&cache->used, entry, use);
}

size_t
mx_cache_count(const struct mx_cache *cache)
{
	return HASH_COUNT(cache->entries);
}
