/*
 * store_reply - Redis replies turned into result structs. Pure; trusts nothing about a reply's form.
 */
#ifndef STORE_REPLY_H
#define STORE_REPLY_H

#include "store_batch.h"

store_decode store_reply_status;  /* anything that is no error; result unused */
store_decode store_reply_group;   /* a consumer group was made, or is there already; likewise */
store_decode store_reply_entry;   /* HGETALL -> struct quarantine_entry */
store_decode store_reply_found;   /* -> struct quarantine_entry *, left as it is if there is none */
store_decode store_reply_took;    /* take.lua -> struct store_took */
store_decode store_reply_counted; /* error.lua -> struct store_counted */
store_decode store_reply_removed; /* remove.lua -> struct store_removed */
store_decode store_reply_granted; /* grant.lua -> struct store_granted */
store_decode store_reply_backoff; /* backoff.lua -> struct store_backoff */
store_decode store_reply_text;    /* string or nil -> struct str, emptied first */
store_decode store_reply_number;  /* integer -> int64_t */
store_decode store_reply_fields;  /* hash or list -> struct store_fields */
store_decode store_reply_scan;    /* ZSCAN, SCAN -> struct store_page */

/* Runs a command's decoder, or looks for an error reply where it has none. */
int store_reply_decode(const struct store_command *command, const struct redisReply *reply,
    struct err *err);

/* Whether this is Redis saying that it does not know the script. */
bool store_reply_is_noscript(const struct redisReply *reply);

#endif
