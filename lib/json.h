/*
 * json - writing JSON (RFC 8259) into a str. One line; the caller puts the commas where json_key
 * and json_next do not.
 */
#ifndef JSON_H
#define JSON_H

#include <stdint.h>

#include "str.h"

/* A quoted string; bytes that are not UTF-8 become U+FFFD. */
void json_string(struct str *out, struct span text);
/* `"key":`, with a comma before it unless the object was just opened. */
void json_key(struct str *out, const char *key);
void json_key_string(struct str *out, const char *key, const char *value); /* NULL is "" */
void json_key_number(struct str *out, const char *key, int64_t value);
void json_key_bool(struct str *out, const char *key, int value);
/* A comma unless an object or array was just opened. */
void json_next(struct str *out);

#endif
