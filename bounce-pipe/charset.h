/*
 * charset - text of any charset as UTF-8, by glibc's iconv.
 *
 * ASCII, UTF-8 and windows-1252 (with its part ISO-8859-1) need no iconv: most mail is in these,
 * and iconv_open() reads files.
 */
#ifndef CHARSET_H
#define CHARSET_H

#include <stdbool.h>

#include "arena.h"
#include "span.h"

/* Bytes of a charset ("" unknown, any case) as UTF-8; bytes that mean nothing in it become U+FFFD.
 * Without a known charset, or where the text proves the label wrong: UTF-8 if it is that, else what
 * charset_guess() says. What is UTF-8 already is returned as it is, not copied. */
struct span charset_to_utf8(struct arena *arena, struct span bytes, const char *charset);

bool charset_is_utf8(struct span bytes);

/* The longest start of a UTF-8 text of at most max bytes that cuts no character. */
struct span charset_cut(struct span text, size_t max);

#endif
