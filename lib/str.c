#include "str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

void
str_reserve(struct str *str, size_t more)
{
	size_t need = str->len + more + 1;

	if (need <= str->cap)
		return;
	if (need < str->cap * 2)
		need = str->cap * 2;
	if (need < 64)
		need = 64;
	str->data = mem_resize(str->data, need);
	str->cap = need;
	str->data[str->len] = '\0';
}

void
str_addc(struct str *str, char c)
{
	if (str->len + 1 >= str->cap)
		str_reserve(str, 1);
	str->data[str->len++] = c;
	str->data[str->len] = '\0';
}

void
str_addf(struct str *str, const char *fmt, ...)
{
	va_list ap;
	int len;

	str_reserve(str, 64);
	va_start(ap, fmt);
	len = vsnprintf(str->data + str->len, str->cap - str->len, fmt, ap);
	va_end(ap);
	if (len < 0)
		return;
	if ((size_t)len >= str->cap - str->len) {
		str_reserve(str, (size_t)len);
		va_start(ap, fmt);
		vsnprintf(str->data + str->len, str->cap - str->len, fmt, ap);
		va_end(ap);
	}
	str->len += (size_t)len;
}

void
str_empty(struct str *str)
{
	str->len = 0;
	if (str->data != NULL)
		str->data[0] = '\0';
}

void
str_free(struct str *str)
{
	free(str->data);
	*str = (struct str){ 0 };
}

const char *
str_text(const struct str *str)
{
	return str->data == NULL ? "" : str->data;
}
