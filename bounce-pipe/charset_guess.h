/*
 * charset_guess - which charset text is in that does not say so, or says it wrongly.
 *
 * For text that is no UTF-8. By escape sequences, by what the bytes of Japanese, Korean, Chinese and
 * Russian charsets have in common, else windows-1252. A few bytes prove nothing: they are read as
 * windows-1252 too.
 */
#ifndef CHARSET_GUESS_H
#define CHARSET_GUESS_H

#include <stdbool.h>

#include "span.h"

/* A name for iconv, or NULL for windows-1252. */
const char *charset_guess(struct span bytes);

/* It has the escape sequences of an ISO-2022 charset, whatever it claims to be: its name, or NULL.
 */
const char *charset_escapes(struct span bytes);

#endif
