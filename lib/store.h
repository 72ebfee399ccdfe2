/*
 * store - what mxpace asks of Redis: every verb, its request and its result. Those about limits and
 * about the quarantine have headers of their own; here is the rest.
 *
 * A verb adds its commands to a batch (store_batch.h); store_async (mxpolicyd) or store_sync
 * (mxbounce, mxctl) runs it. Results are written when the reply comes and stay the caller's.
 * keys.h names the keys, mxpace-redis(7) describes the values.
 */
#ifndef STORE_H
#define STORE_H

#include "store_batch.h"
#include "store_limits.h"
#include "store_quarantine.h"

enum { STORE_EVENTS_MAX = 100000 }; /* about so many stay in the stream */

struct store_event_field {
	const char *name, *value; /* NULL values are left out */
};
void store_put_event(struct store_batch *batch, const char *type,
    const struct store_event_field *fields, size_t count);
/* A text no bounce rule knew, normalised, once more. */
void store_put_unclassified(struct store_batch *batch, const char *text);
/* Texts and how often they came, in turn, the most frequent first. */
void store_put_unclassified_read(struct store_batch *batch, struct store_fields *texts);
/* forgotten: 1, or 0: there was no such text. */
void store_put_unclassified_forget(struct store_batch *batch, const char *text, int64_t *forgotten);

void store_put_mx(struct store_batch *batch, const char *domain, const char *set, int64_t ttl_s);
void store_put_mx_read(struct store_batch *batch, const char *domain, struct str *set);
/* A page of the keys of all MX sets, encoded (keys_mx_domain). */
void store_put_mx_scan(struct store_batch *batch, struct store_page *page);

/* A running mxpolicyd: fields of mxpace:node:NODE, for STORE_OPEN_TTL_S. `before`: the field `run`
 * as it was, to notice two that use one name. */
void store_put_node(struct store_batch *batch, const char *node,
    const struct store_event_field *fields, size_t count, int64_t wall_s, struct str *before);
void store_put_node_gone(struct store_batch *batch, const char *node);
/* Nodes and when they were last heard of in turn, latest first. */
void store_put_nodes(struct store_batch *batch, struct store_fields *nodes);
void store_put_node_read(struct store_batch *batch, const char *node, struct store_fields *fields);
void store_put_time(struct store_batch *batch, struct store_fields *time);
/* A small write, to see whether Redis takes any. */
void store_put_probe(struct store_batch *batch);
/* A script's text, so that EVALSHA finds it. */
void store_put_script(struct store_batch *batch, enum script script);
void store_put_login(struct store_batch *batch, const char *user, const char *password, int64_t db);

#endif
