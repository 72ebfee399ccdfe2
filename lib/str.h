/*
 * str - a growing string of bytes, always followed by a NUL that does not count.
 *
 * struct str zero = { 0 } is a valid empty string; str_free gives the memory back.
 */
#ifndef STR_H
#define STR_H

#include <stddef.h>
#include <string.h>

#include "span.h"

struct str {
	char *data; /* NULL until something was added; then NUL-terminated */
	size_t len;
	size_t cap;
};

void str_addc(struct str *str, char c);
void str_addf(struct str *str, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void str_reserve(struct str *str, size_t more); /* room for `more` further bytes */
void str_empty(struct str *str);                /* length 0, memory kept */
void str_free(struct str *str);
const char *str_text(const struct str *str); /* never NULL */

/* Here, because a decision adds some eighty times, mostly constants. */
static inline void
str_add(struct str *str, const void *bytes, size_t len)
{
	if (str->cap <= str->len + len)
		str_reserve(str, len);
	if (len > 0)
		memcpy(str->data + str->len, bytes, len);
	str->len += len;
	str->data[str->len] = '\0';
}

static inline void
str_adds(struct str *str, const char *string)
{
	str_add(str, string, strlen(string));
}

static inline void
str_add_span(struct str *str, struct span span)
{
	str_add(str, span.ptr, span.len);
}

#endif
