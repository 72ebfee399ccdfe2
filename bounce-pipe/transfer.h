/*
 * transfer - content transfer encodings (RFC 2045, section 6; RFC 2231), read leniently.
 *
 * The first two write at most max bytes and skip what does not belong to the encoding.
 */
#ifndef TRANSFER_H
#define TRANSFER_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "span.h"

/* Padding within the text only ends a group; the rest is decoded too. */
struct span transfer_base64(struct arena *arena, struct span in, size_t max);

/* underscores: '_' is a blank, as in RFC 2047's "Q". An '=' that starts no escape stays. */
struct span transfer_quoted_printable(struct arena *arena, struct span in, bool underscores,
    size_t max);

/* The "%41" of RFC 2231. */
struct span transfer_percent(struct arena *arena, struct span in);

#endif
