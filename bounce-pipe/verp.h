/*
 * verp - variable envelope return paths: "bounces+user=example.org@lists.example.com" is where
 * bounces of mail to user@example.org come back (postconf(5): verp_delimiter_filter).
 */
#ifndef VERP_H
#define VERP_H

#include "addr.h"
#include "span.h"

/* The recipient that stands in an envelope recipient, in the form of addr_normalise(). delimiters:
 * two characters, Postfix's default_verp_delimiters ("+="): behind the first one begins the
 * recipient, the last of the second ones is its @. -1: there is none. */
int verp_parse(struct span envelope_recipient, const char *delimiters, char out[ADDR_SIZE]);

#endif
