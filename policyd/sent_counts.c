#include "sent_counts.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "mem.h"

enum { FORGET_S = 3600 }; /* a sender that sent nothing for so long */

static void
free_parts(struct sent *sent)
{
	struct sent_part *part;

	while ((part = sent->parts) != NULL) {
		sent->parts = part->next;
		free(part);
	}
}

static void
free_sent(struct sent_counts *counts, struct sent *sent)
{
	if (sent->parts != NULL)
		TAILQ_REMOVE(&counts->waiting, sent, link);
	free_parts(sent);
	HASH_DEL(counts->table, sent);
	free(sent);
}

static void
forget_idle(struct sent_counts *counts, int64_t now_s)
{
	struct sent *sent, *next;

	HASH_ITER (hh, counts->table, sent, next) {
		if (sent->parts == NULL && sent->used_s + FORGET_S < now_s)
			free_sent(counts, sent);
	}
}

/* NULL: there are too many. */
static struct sent *
sent_of(struct sent_counts *counts, enum sender_kind kind, const char *name)
{
	char key[1 + SENDER_NAME_SIZE];
	size_t len = strlen(name) + 1;
	struct sent *sent = NULL;

	key[0] = sender_kind_tag(kind);
	memcpy(key + 1, name, len);
	HASH_FIND(hh, counts->table, key, len, sent);
	if (sent != NULL)
		return sent;
	if (HASH_COUNT(counts->table) >= SENT_COUNTS_MAX)
		forget_idle(counts, clock_wall_s());
	if (HASH_COUNT(counts->table) >= SENT_COUNTS_MAX)
		return NULL;
	sent = mem_alloc(sizeof(*sent) + len + 1);
	sent->kind = kind;
	sent->len = len;
	memcpy(sent->key, key, len);
	HASH_ADD_KEYPTR(hh, counts->table, sent->key, len, sent);
	return sent;
}

static void
add_part(struct sent *sent, const char *group, int64_t count)
{
	struct sent_part *part = sent->parts;
	size_t parts = 0, len = group != NULL ? strlen(group) : 0;
	bool is_all = group == NULL;

	for (; part != NULL; part = part->next, parts++)
		if (is_all ? strcmp(part->name, "sent") == 0
			   : strncmp(part->name, "group:", 6) == 0 &&
				 strncmp(part->name + 6, group, len) == 0 &&
				 strcmp(part->name + 6 + len, ":sent") == 0)
			break;
	if (part == NULL && parts >= SENT_PARTS)
		return;
	if (part == NULL) {
		struct str name = { 0 };

		str_adds(&name, is_all ? "sent" : "group:");
		str_adds(&name, is_all ? "" : group);
		str_adds(&name, is_all ? "" : ":sent");
		part = mem_alloc(sizeof(*part) + name.len + 1);
		memcpy(part->name, name.data, name.len + 1);
		part->next = sent->parts;
		sent->parts = part;
		str_free(&name);
	}
	part->count += count;
}

bool
sent_counts_add(struct sent_counts *counts, enum sender_kind kind, const char *name,
    const struct transaction_recipients *list, size_t count)
{
	struct sent *sent = sent_of(counts, kind, name);
	bool waits;
	int64_t all = 0;

	if (sent == NULL)
		return false;
	waits = sent->parts != NULL;
	for (size_t i = 0; i < count; i++)
		all += list[i].recipients;
	add_part(sent, NULL, all); /* before groups may have taken all room */
	for (size_t i = 0; i < count; i++)
		if (list[i].group != NULL)
			add_part(sent, list[i].group, list[i].recipients);
	sent->used_s = clock_wall_s();
	if (!waits)
		TAILQ_INSERT_TAIL(&counts->waiting, sent, link);
	return true;
}

void
sent_counts_done(struct sent_counts *counts, struct sent *sent)
{
	TAILQ_REMOVE(&counts->waiting, sent, link);
	free_parts(sent);
}

size_t
sent_counts_waiting(const struct sent_counts *counts)
{
	const struct sent *sent;
	size_t count = 0;

	TAILQ_FOREACH (sent, &counts->waiting, link)
		count++;
	return count;
}

void
sent_counts_init(struct sent_counts *counts)
{
	counts->table = NULL;
	TAILQ_INIT(&counts->waiting);
}

void
sent_counts_clear(struct sent_counts *counts)
{
	struct sent *sent, *next;

	HASH_ITER (hh, counts->table, sent, next) {
		free_sent(counts, sent);
	}
}
