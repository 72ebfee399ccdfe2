/*
 * store_doctor - what `mxctl doctor` asks of Redis.
 */
#ifndef STORE_DOCTOR_H
#define STORE_DOCTOR_H

#include "store_batch.h"

/* What Redis says of itself (INFO), "name:value" lines. */
void store_put_info(struct store_batch *batch, struct str *info);

/* Which of these commands ("hget", "script|load") the user that is logged in may not run on our
 * keys: into denied, whose arena the caller sets. A Redis before 7 cannot tell: then denied has the
 * one word "?". */
void store_put_denied(struct store_batch *batch, const char *const *commands, size_t count,
    struct store_fields *denied);

#endif
