/*
 * xtext - addresses in delivery status fields, without their escapes: '+' and '=' are "+2B" and
 * "+3D" (RFC 3461, 4), U+00FC is "\x{FC}" (RFC 6533, 3).
 */
#ifndef XTEXT_H
#define XTEXT_H

#include "arena.h"
#include "span.h"

/* What is no escape stays as it is; "+ab" is a part of an address more often than an xtext. Not
 * copied if there is none. */
struct span xtext_decode(struct arena *arena, struct span text);

#endif
