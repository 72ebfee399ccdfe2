/*
 * next_hop - the key of a `connect` look-up: where smtp(8) is told to deliver to. Pure.
 */
#ifndef NEXT_HOP_H
#define NEXT_HOP_H

#include "domain.h"
#include "span.h"

enum { NEXT_HOP_SIZE = DOMAIN_SIZE + sizeof("[]:65535") };

/* Its domain, host or address literal, in normal form where it has one: "a.test" of "a.test:587",
 * "mx.a.test" of "[mx.a.test]", "[192.0.2.1]" of "[192.0.2.1]:587". */
void next_hop_domain(struct span key, char out[DOMAIN_SIZE]);

#endif
