/*
 * store - what mxpace asks of Redis: every verb, its request and its result.
 *
 * A verb adds its commands to a batch (store_batch.h); store_async (mxpolicyd) or store_sync
 * (mxbounce, mxctl) runs it. Results are written when the reply comes and stay the caller's.
 * keys.h names the keys, mxpace-redis(7) describes the values.
 */
#ifndef STORE_H
#define STORE_H

#include "limit.h"
#include "quarantine.h"
#include "store_batch.h"

/* -- limits ------------------------------------------------------------------------------------ */

enum { STORE_OPEN_TTL_S = 15 }; /* how long a node's open slots count without being renewed */

struct store_take {
	const char *group;
	const char *ip; /* sending IP, or "all" */
	const char *node;
	int64_t open; /* slots this node would then have, the new one included */
	int64_t connections; /* 0: no limit, no slot */
	const struct limit *limits;
	size_t limit_count;
	bool commit; /* false: only looks */
};

enum store_taken { STORE_TAKEN, STORE_NO_SLOT, STORE_NO_ROOM };

struct store_took {
	enum store_taken outcome;
	int64_t now_ms; /* TAKEN: Redis time, for giving back */
	int64_t open; /* NO_SLOT: slots open on all nodes, the asked one included */
	size_t limit; /* NO_ROOM: index of the limit; of several the one that lasts longest */
	int64_t used; /* NO_ROOM: messages in its window */
	int64_t wait_ms; /* NO_ROOM: until there is room */
};

void store_put_take(struct store_batch *batch, const struct store_take *take,
    struct store_took *took);
/* A take in wire form but for `open`, for those who take from one group again and again. { 0 } is
 * an unprepared one. */
struct store_take_form {
	struct str wire;
	size_t gap; /* where `open` goes */
};
void store_take_prepare(struct store_take_form *form, const struct store_take *take);
void store_put_take_form(struct store_batch *batch, const struct store_take_form *form,
    int64_t open, struct store_took *took);
void store_take_form_free(struct store_take_form *form);
/* The message of a take that was granted at now_ms will not go out after all. */
void store_put_give_back(struct store_batch *batch, const struct store_take *take, int64_t now_ms);
/* This node's open slots of a group are so many now, until wall_s + STORE_OPEN_TTL_S. */
void store_put_open(struct store_batch *batch, const char *group, const char *ip, const char *node,
    int64_t open, int64_t wall_s);

/* Messages in the window of a limit now, without taking: result of a take with commit = false and a
 * limit of 1 would tell only yes or no. */
struct store_fields { /* names and values of a hash, or members of a list, in turn; arena's */
	struct arena *arena; /* set by the caller */
	size_t count;
	struct span *items;
};
void store_put_ring(struct store_batch *batch, const char *group, const char *ip,
    const struct limit *limit, struct store_fields *ring);
/* What the ring says at a time (ms): messages in the window. */
int64_t store_ring_used(const struct store_fields *ring, const struct limit *limit, int64_t now_ms);
/* Milliseconds from then until there is room for a message; 0: there is. */
int64_t store_ring_wait(const struct store_fields *ring, const struct limit *limit, int64_t now_ms);
void store_put_connections(struct store_batch *batch, const char *group, const char *ip,
    struct store_fields *nodes);
/* Open slots in such a hash that still count at that time. */
int64_t store_open_total(const struct store_fields *nodes, int64_t wall_s);

/* The group was in use at that time, for lists. */
void store_put_group_used(struct store_batch *batch, const char *group, int64_t wall_s);
/* Groups and last use in turn, latest first. */
void store_put_groups(struct store_batch *batch, struct store_fields *groups);

/* -- quarantine -------------------------------------------------------------------------------- */

void store_put_quarantine_read(struct store_batch *batch, const char *addr,
    struct quarantine_entry *entry);

struct store_error { /* one failed delivery of one address */
	const char *addr;
	const char *ndr; /* id of the notice: the same one counts once */
	enum bounce_type type;
	enum reason reason;
	struct quarantine_rule rule; /* errors at least 1 */
	int64_t significant_ms, quiet_ms;
	int64_t now_s; /* 0: Redis time */
	const char *code, *text, *mx, *campaign, *bounce_rule;
};

enum store_count {
	STORE_COUNTED, /* one more error */
	STORE_QUARANTINED, /* and it was the last */
	STORE_KNOWN, /* was quarantined before */
	STORE_AGAIN, /* this notice was seen before */
	STORE_SAME, /* an error of this significant period was counted before */
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

/* An operator's or an import's entry, replacing what is there. */
void store_put_quarantine_add(struct store_batch *batch, const char *addr,
    const struct quarantine_entry *entry);
/* removed: 1 if there was one. Also leaves the index. */
void store_put_quarantine_remove(struct store_batch *batch, const char *addr, int64_t *removed);

struct store_page { /* of a scan */
	char cursor[24]; /* "0" at the start and when all was seen */
	struct store_fields fields; /* fields.arena set by the caller */
};
/* A page of the index: addresses and expiries in turn. match: a glob of Redis, "*" for all. */
void store_put_index_scan(struct store_batch *batch, const char *match, struct store_page *page);
/* Drops from the index what has expired by that time. */
void store_put_index_prune(struct store_batch *batch, int64_t wall_s);
void store_put_index_size(struct store_batch *batch, int64_t *size);

/* -- the rest ---------------------------------------------------------------------------------- */

enum { STORE_EVENTS_MAX = 100000 }; /* about so many stay in the stream */

struct store_event_field {
	const char *name, *value; /* NULL values are left out */
};
void store_put_event(struct store_batch *batch, const char *type,
    const struct store_event_field *fields, size_t count);
/* A text no bounce rule knew, normalised, once more. */
void store_put_unclassified(struct store_batch *batch, const char *text);

void store_put_mx(struct store_batch *batch, const char *domain, const char *set, int64_t ttl_s);
void store_put_mx_read(struct store_batch *batch, const char *domain, struct str *set);

/* A running mxpolicyd: fields of mxpace:node:NODE, for STORE_OPEN_TTL_S. `before`: the field `run`
 * as it was, to notice two that use one name. */
void store_put_node(struct store_batch *batch, const char *node,
    const struct store_event_field *fields, size_t count, int64_t wall_s, struct str *before);
void store_put_node_gone(struct store_batch *batch, const char *node);
/* Nodes and when they were last heard of in turn, latest first. */
void store_put_nodes(struct store_batch *batch, struct store_fields *nodes);
void store_put_node_read(struct store_batch *batch, const char *node, struct store_fields *fields);
void store_put_hash(struct store_batch *batch, const char *key, struct store_fields *fields);

void store_put_time(struct store_batch *batch, struct store_fields *time);
/* A small write, to see whether Redis takes any. */
void store_put_probe(struct store_batch *batch);
/* A script's text, so that EVALSHA finds it. */
void store_put_script(struct store_batch *batch, enum script script);
void store_put_login(struct store_batch *batch, const char *user, const char *password, int64_t db);

#endif
