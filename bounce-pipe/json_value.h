/*
 * json_value - looking values up in JSON (RFC 8259) that nobody promised to be well-formed.
 *
 * A value is the span of its bytes: nothing is built, nothing copied until somebody asks for a
 * string. Only what has to be told apart is checked (where a value ends, which member it is), so
 * broken JSON gives what can be found in it, or an empty span. Values nest as deep as they like;
 * nothing recurses. Names are compared as they stand: no service escapes the letters of a name.
 */
#ifndef JSON_VALUE_H
#define JSON_VALUE_H

#include <stdbool.h>

#include "arena.h"
#include "span.h"

/* The value that text begins with, behind blanks; empty: none, or it has no end. */
struct span json_value(struct span text);

/* A member of an object, the first of that name; empty: it has none, or is no object. */
struct span json_member(struct span object, const char *name);

/* What is between the brackets of an array; empty: it is none. */
struct span json_elements(struct span array);
/* Takes the next value off it. False at its end. */
bool json_element(struct span *elements, struct span *element);

/* A string without its quotes and escapes, UTF-8; a number or a word as it stands; "" for objects
 * and arrays. */
const char *json_text(struct arena *arena, struct span value);
/* json_text() of a member. */
const char *json_member_text(struct arena *arena, struct span object, const char *name);

#endif
