/*
 * addr - e-mail addresses in the one form that keys, logs and comparisons use.
 *
 * The form: no angle brackets, domain as domain_normalise() gives it, ASCII letters of the local
 * part in lower case (providers answer with other capitals than were mailed, and nobody hosts two
 * people who differ in them; Postfix folds its own look-up keys the same way). Quoted local parts
 * keep their quotes. The null address is "".
 */
#ifndef ADDR_H
#define ADDR_H

#include <stdbool.h>

#include "err.h"
#include "span.h"

enum { ADDR_SIZE = 576 }; /* longest normal form: 320 of local part and a domain, with room */

/* -1 and words: not an address. An empty `in` or "<>" gives the null address and 0. */
int addr_normalise(struct span in, char out[ADDR_SIZE], struct err *err);

/* The domain of a normal form, "" when it has none. */
const char *addr_domain(const char *addr);

/* "postmaster" at any domain, or alone (RFC 5321, 4.5.1). */
bool addr_is_postmaster(const char *addr);

#endif
