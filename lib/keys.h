/*
 * keys - the names in Redis, all of them made here.
 *
 *   mxpace:{g:GROUP}:conn:IP         hash    node -> "OPEN until UNIXTIME"
 *   mxpace:{g:GROUP}:sent:IP:PERIOD  hash    ring of buckets: head, total, 0..64 (take.lua)
 *   mxpace:{q:ADDRESS}               hash    quarantine entry (error.lua)
 *   mxpace:quarantine                zset    addresses by expiry, +inf = until removed
 *   mxpace:groups                    zset    groups by last use (Unix time)
 *   mxpace:mx:DOMAIN                 string  the MX set, for people, other nodes and mxctl
 *   mxpace:node:NODE                 hash    a running mxpolicyd
 *   mxpace:nodes                     zset    nodes by when they were last heard of
 *   mxpace:probe                     string  for a second, while Redis answered with errors
 *   mxpace:events                    stream  bounces, quarantines, removals
 *   mxpace:unclassified              zset    normalised texts no rule knew, by count
 *
 * What stands in braces is the hash tag: a script touches keys of one tag only, so that all of it
 * works on a cluster. GROUP, ADDRESS, ... are foreign bytes: everything outside '!'..'~', and
 * '{', '}' and '%', is percent-encoded; over 200 bytes a BLAKE2b (RFC 7693, 20 bytes, hex, with
 * "blake2b-" before it) stands instead. mxpace-redis(7) describes the values.
 */
#ifndef KEYS_H
#define KEYS_H

#include "str.h"

enum { KEYS_MAX_TEXT = 200 };

/* Each adds the key to `out`. */
void keys_group_connections(struct str *out, const char *group, const char *ip);
void keys_group_sent(struct str *out, const char *group, const char *ip, const char *period);
void keys_quarantine(struct str *out, const char *addr);
void keys_mx(struct str *out, const char *domain);
void keys_node(struct str *out, const char *node);

#define KEYS_QUARANTINE_INDEX "mxpace:quarantine"
#define KEYS_GROUPS           "mxpace:groups"
#define KEYS_PROBE            "mxpace:probe"
#define KEYS_EVENTS           "mxpace:events"
#define KEYS_UNCLASSIFIED     "mxpace:unclassified"
#define KEYS_NODES            "mxpace:nodes"

/* The encoding alone, and back (an index holds encoded addresses). -1: not an encoding of ours. */
void keys_encode(struct str *out, struct span text);
int keys_decode(struct str *out, struct span text);

#endif
