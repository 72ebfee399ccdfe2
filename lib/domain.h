/*
 * domain - host and mail domain names in one form, and masks over them.
 *
 * The form: ASCII lower case, no trailing dot, internationalised labels as A-labels (RFC 5890,
 * through libidn2, which is loaded only when a name needs it). Address literals "[192.0.2.1]" keep
 * their brackets.
 */
#ifndef DOMAIN_H
#define DOMAIN_H

#include <stdbool.h>

#include "err.h"
#include "span.h"

enum { DOMAIN_MAX = 253, DOMAIN_SIZE = 256 }; /* bytes of text (RFC 1035, 2.3.4), and room */

/* -1: not a name (empty, over 253 bytes, a label over 63, a byte that no name has). Underscores
 * pass. */
int domain_normalise(struct span in, char out[DOMAIN_SIZE], struct err *err);

/* Whether a name in the normal form matches a mask: '*' any bytes, at least one; '?' one; the rest
 * as it is, ASCII case and trailing dots ignored. "*.google.com" does not match "google.com". */
bool domain_matches(const char *mask, const char *name);

#endif
