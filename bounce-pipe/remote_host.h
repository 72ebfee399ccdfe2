/*
 * remote_host - which host spoke, by the words that a sending system puts around a reply.
 *
 * For reports that leave Remote-MTA out, and systems that write no report. A table of forms, by
 * what stands before the host ("host mx.example.org[192.0.2.1] said:") and behind it ("192.0.2.1
 * does not like recipient."). Only names with a dot and IP addresses are hosts.
 */
#ifndef REMOTE_HOST_H
#define REMOTE_HOST_H

#include "arena.h"
#include "span.h"

/* The host of the surest form, of equal ones the first; as report_host() writes it, "": none. Looks
 * at the first REMOTE_HOST_TEXT_MAX bytes. */
const char *remote_host_find(struct arena *arena, struct span text);

enum { REMOTE_HOST_TEXT_MAX = 16 * 1024 };

#endif
