/*
 * store_quarantine - errors counted and addresses in quarantine (lua/error.lua), and their index.
 */
#ifndef STORE_QUARANTINE_H
#define STORE_QUARANTINE_H

#include "quarantine.h"
#include "store_batch.h"

void store_put_quarantine_read(struct store_batch *batch, const char *addr,
    struct quarantine_entry *entry);
/* The same where most have none: *found, NULL before, stays so then; else the caller frees it. */
void store_put_quarantine_find(struct store_batch *batch, const char *addr,
    struct quarantine_entry **found);

struct store_error { /* one failed delivery of one address */
	const char *addr;
	const char *ndr; /* id of the notice: the same one counts once */
	enum bounce_type type;
	enum reason reason;
	struct quarantine_rule rule; /* errors at least 1 */
	int64_t now_s;               /* 0: Redis time */
	int64_t at_s;                /* when it failed; 0: now */
	bool guarded;                /* an outage guard holds group and reason */
	const char *code, *text, *mx, *message, *campaign, *list, *account, *group, *bounce_rule;
};

enum store_count {
	STORE_COUNTED,     /* one more error */
	STORE_QUARANTINED, /* and it was the last */
	STORE_KNOWN,       /* was quarantined before */
	STORE_AGAIN,       /* this notice was seen before */
	STORE_SAME,        /* an error of this significant period was counted before */
	STORE_HELD_BACK,   /* enough errors for a quarantine, which a guard holds back */
	STORE_OUTDATED,    /* failed before a delivery, a release or a removal, or too long ago */
};

struct store_counted {
	enum store_count outcome;
	int64_t errors; /* of this reason */
	enum quarantine_status status;
	int64_t expiry_s; /* when the entry ends by itself; 0: never */
};

const char *store_count_name(enum store_count count);
void store_put_error(struct store_batch *batch, const struct store_error *error,
    struct store_counted *counted);
/* Keeps the index of entries: after every change of one. expiry_s 0: never. */
void store_put_index(struct store_batch *batch, const char *addr, int64_t expiry_s);
void store_put_index_gone(struct store_batch *batch, const char *addr);

/* An operator's or an import's entry, replacing what is there (lua/put.lua). Its quiet_s after
 * release_s it ends. */
void store_put_quarantine_add(struct store_batch *batch, const char *addr,
    const struct quarantine_entry *entry);
struct store_removed {
	int64_t removed;  /* 1; 0: there was nothing to remove */
	int64_t expiry_s; /* of the story that remains, for the index; 0: none does */
};

/* Mailed again, by whom (lua/remove.lua); the index is the caller's to keep. Notices of failures
 * before now do not count for quiet_ms. */
void store_put_quarantine_remove(struct store_batch *batch, const char *addr, const char *by,
    int64_t quiet_ms, struct store_removed *removed);

/* A page of the index: addresses and expiries in turn. match: a glob of Redis, "*" for all. */
void store_put_index_scan(struct store_batch *batch, const char *match, struct store_page *page);
/* Drops from the index what has expired by that time, a thousand at most (lua/prune.lua). */
void store_put_index_prune(struct store_batch *batch, int64_t wall_s);
void store_put_index_size(struct store_batch *batch, int64_t *size);

#endif
