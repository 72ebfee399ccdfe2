/*
 * keys - the names in Redis, all of them made here.
 *
 *   mxpace:{g:GROUP}:conn:IP         hash    node -> "OPEN until UNIXTIME"
 *   mxpace:{g:GROUP}:wait:IP         hash    node -> "SINCE_MS until MS" (grant.lua)
 *   mxpace:{g:GROUP}:sent:IP:PERIOD  hash    ring of buckets: head, total, 0..64 (ring.lua)
 *   mxpace:{g:GROUP}:told:IP         hash    node -> messages ever (take.lua, restore.lua)
 *   mxpace:{g:GROUP}:backoff:IP      hash    what a provider's replies led to (force.lua)
 *   mxpace:{g:GROUP}:hits:IP         hash    number of a backoff rule -> its hits (backoff.lua)
 *   mxpace:{g:GROUP}:pace:IP         hash    messages accepted per second (settle.lua)
 *   mxpace:{g:GROUP}:pause           string  an operator's words: nothing goes
 *   mxpace:{g:GROUP}:queue:IP        hash    node -> what waits there
 *   mxpace:{g:GROUP}:stats:HOUR      hash    "IP delivered" ... -> recipients (settle.lua)
 *   mxpace:{g:GROUP}:seen:DAY        set     feedback reports that were counted (complained.lua)
 *   mxpace:{g:GROUP}:answers         hash    recipients tried a minute, how many refused (answers.lua)
 *   mxpace:{g:GROUP}:guard:REASON    hash    outage guard: errors, what is usual (guard_count.lua)
 *   mxpace:{g:GROUP}:guarded:REASON  zset    addresses it holds -> since when
 *   mxpace:{g:GROUP}:lately:REASON   zset    addresses quarantined before it held -> when
 *   mxpace:{g:GROUP}:addr            hash    IP address of an MX host -> UNIXTIME until
 *   mxpace:{q:ADDRESS}               hash    quarantine entry (error.lua)
 *   mxpace:{a:ACCOUNT}               hash    an account's state (sender.lua)
 *   mxpace:{a:ACCOUNT}:stats:PERIOD  hash    counts of an hour or day (sender.lua)
 *   mxpace:{c:CAMPAIGN}:stats:PERIOD hash    likewise
 *   mxpace:{l:LIST}:stats:PERIOD     hash    likewise
 *   mxpace:{a:ACCOUNT}:seen:DAY      set     ids of what counts once (sender.lua)
 *   mxpace:{a:ACCOUNT}:log           hash    log or stream -> how far it was counted (delivered_count.lua)
 *   mxpace:{a:SENDER}:users          hash    account that logged in for that sender -> when
 *   mxpace:accounts                  zset    accounts by last use (Unix time)
 *   mxpace:campaigns                 zset    likewise
 *   mxpace:lists                     zset    likewise
 *   mxpace:suspended                 zset    accounts nothing is taken from -> since when
 *   mxpace:suspended:version         string  another one with each change of it
 *   mxpace:levels                    hash    "all", "ip:NAME"... -> "LEVEL since UNIXTIME by WHO"
 *   mxpace:pace:version              string  counts changes of levels, warm-ups and traces
 *   mxpace:trace                     hash    what is traced -> "UNIXTIME by WHO" (trace.lua)
 *   mxpace:trace:lines               stream  what came of it
 *   mxpace:texts:DAY                 zset    "REASON TEXT" of failures, by count
 *   mxpace:quarantine                zset    addresses by expiry, +inf = until removed
 *   mxpace:{m:ADDRESS}:mails         zset    events mailed to somebody -> when, in ms (mail_take.lua)
 *   mxpace:{m:ADDRESS}:more          zset    what waits for a digest -> when it came, in ms
 *   mxpace:{m:ADDRESS}:digest        zset    what the digest being mailed tells of
 *   mxpace:{m:ADDRESS}:state         hash    when the digest is due, who mails it
 *   mxpace:mails                     zset    addresses for whom a digest waits -> when due, in ms
 *   mxpace:undo:ID                   hash    an undo: who, when, which, how many
 *   mxpace:undo:ID:NUMBER            string  entries it took away, one a line
 *   mxpace:undos                     zset    IDs of undos by time
 *   mxpace:groups                    zset    groups by last use (Unix time)
 *   mxpace:mx:DOMAIN                 string  the MX set, for people, other nodes and mxctl
 *   mxpace:group:DOMAIN              string  its MX group, for mxbounce
 *   mxpace:guards                    hash    "GROUP REASON" -> since when, " quiet": holds no more
 *   mxpace:failed                    hash    reason -> errors counted ever, all groups
 *   mxpace:bounced                   hash    "REASON WHAT" -> notices ever, all groups
 *   mxpace:warmups                   hash    sending IP -> plan of its warm-up
 *   mxpace:{w:IP}                    hash    its warm-up (warmup_state.h)
 *   mxpace:{w:IP}:history            stream  what became of it
 *   mxpace:warmup:lock               string  the mxpolicyd that judges warm-ups now
 *   mxpace:node:NODE                 hash    a running mxpolicyd
 *   mxpace:nodes                     zset    nodes by when they were last heard of
 *   mxpace:probe                     string  for a second, while Redis answered with errors
 *   mxpace:events                    stream  bounces, quarantines, removals
 *   mxpace:notify                    group   consumers of mxpace:events: mxctl notify
 *   mxpace:delivered                 stream  deliveries an application knows of
 *   mxpace:rules                     hash    the rules that the fleet should use: a signed bundle
 *   mxpace:unclassified              zset    normalised texts no rule knew, by count
 *
 * What stands in braces is the hash tag: a script touches keys of one tag only, so that all of it
 * works on a cluster. GROUP, ADDRESS, ... are foreign bytes: everything outside '!'..'~', and
 * '{', '}' and '%', is percent-encoded; over 200 bytes a BLAKE2b (RFC 7693, 20 bytes, hex, with
 * "blake2b-" before it) stands instead. mxpace-redis(7) describes the values.
 */
#ifndef KEYS_H
#define KEYS_H

#include <stdint.h>

#include "str.h"

enum { KEYS_MAX_TEXT = 200 };

/* Each adds the key to `out`. */
void keys_group_connections(struct str *out, const char *group, const char *ip);
void keys_group_wait(struct str *out, const char *group, const char *ip);
void keys_group_sent(struct str *out, const char *group, const char *ip, const char *period);
void keys_group_told(struct str *out, const char *group, const char *ip);
void keys_group_backoff(struct str *out, const char *group, const char *ip);
void keys_group_hits(struct str *out, const char *group, const char *ip);
void keys_group_pace(struct str *out, const char *group, const char *ip);
void keys_group_queue(struct str *out, const char *group, const char *ip);
void keys_group_pause(struct str *out, const char *group);
/* hour: "2026112208", UTC; "": what settle.lua adds it to. */
void keys_group_stats(struct str *out, const char *group, const char *hour);
void keys_group_seen(struct str *out, const char *group);
void keys_group_answers(struct str *out, const char *group);
void keys_group_guard(struct str *out, const char *group, const char *reason);
void keys_group_guarded(struct str *out, const char *group, const char *reason);
void keys_group_lately(struct str *out, const char *group, const char *reason);
/* "GROUP REASON", a field of KEYS_GUARDS. */
void keys_guards_field(struct str *out, const char *group, const char *reason);
void keys_domain_group(struct str *out, const char *domain);
void keys_group_addresses(struct str *out, const char *group);
void keys_quarantine(struct str *out, const char *addr);
/* kind: sender_kind_tag(). */
void keys_sender(struct str *out, char kind, const char *name);
/* period: "2026112208" or "20261122", UTC; "": what sender.lua adds it to. */
void keys_sender_stats(struct str *out, char kind, const char *name, const char *period);
void keys_sender_seen(struct str *out, char kind, const char *name);
/* How far what tells of deliveries was counted. */
void keys_sender_log(struct str *out, char kind, const char *name);
void keys_sender_users(struct str *out, const char *sender);
/* part: "mails", "more", "digest", "state". */
void keys_mail(struct str *out, const char *recipient, const char *part);
void keys_texts(struct str *out, const char *day);
void keys_mx(struct str *out, const char *domain);
/* The encoded domain of such a key; empty: it is none. */
struct span keys_mx_domain(struct span key);
void keys_warmup(struct str *out, const char *ip);
void keys_warmup_history(struct str *out, const char *ip);
void keys_node(struct str *out, const char *node);
void keys_undo(struct str *out, const char *id);
void keys_undo_chunk(struct str *out, const char *id, int64_t number); /* from 0 */

#define KEYS_QUARANTINE_INDEX "mxpace:quarantine"
#define KEYS_UNDOS            "mxpace:undos"
#define KEYS_GROUPS           "mxpace:groups"
#define KEYS_PROBE            "mxpace:probe"
#define KEYS_EVENTS           "mxpace:events"
#define KEYS_DELIVERED        "mxpace:delivered"
#define KEYS_UNCLASSIFIED     "mxpace:unclassified"
#define KEYS_RULES            "mxpace:rules"
#define KEYS_NODES            "mxpace:nodes"
#define KEYS_ACCOUNTS         "mxpace:accounts"
#define KEYS_CAMPAIGNS        "mxpace:campaigns"
#define KEYS_LISTS            "mxpace:lists"
#define KEYS_SUSPENDED        "mxpace:suspended"
#define KEYS_SUSPENDED_STAMP  "mxpace:suspended:version"
#define KEYS_LEVELS           "mxpace:levels"
#define KEYS_PACE_VERSION     "mxpace:pace:version"
#define KEYS_MX               "mxpace:mx:"
#define KEYS_NOTIFY           "mxpace:notify"
#define KEYS_MAILS            "mxpace:mails"
#define KEYS_GUARDS           "mxpace:guards"
#define KEYS_WARMUPS          "mxpace:warmups"
#define KEYS_WARMUP_LOCK      "mxpace:warmup:lock"
#define KEYS_FAILED           "mxpace:failed"
#define KEYS_TRACE            "mxpace:trace"
#define KEYS_TRACE_LINES      "mxpace:trace:lines"
#define KEYS_BOUNCED          "mxpace:bounced"

/* The encoding alone, and back (an index holds encoded addresses). -1: not an encoding of ours. */
void keys_encode(struct str *out, struct span text);
int keys_decode(struct str *out, struct span text);

#endif
