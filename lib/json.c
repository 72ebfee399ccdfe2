#include "json.h"

#include <inttypes.h>

#include "utf8.h"

/* Of what stands for itself, from the beginning on. */
static size_t
plain_length(struct span text)
{
	size_t i = 0;

	while (i < text.len && text.ptr[i] >= ' ' && text.ptr[i] <= '~' && text.ptr[i] != '"' &&
	       text.ptr[i] != '\\')
		i++;
	return i;
}

void
json_string(struct str *out, struct span text)
{
	str_addc(out, '"');
	for (size_t i = 0; i < text.len;) {
		const unsigned char *p = (const unsigned char *)text.ptr + i;
		size_t len = plain_length(span_from(text, i));

		if (len > 0) {
			str_add(out, p, len);
			i += len;
			continue;
		}
		len = utf8_length(p, text.len - i);
		if (len == 0) {
			str_adds(out, "\xef\xbf\xbd");
			len = 1;
		} else if (*p == '"' || *p == '\\') {
			str_addc(out, '\\');
			str_addc(out, (char)*p);
		} else if (*p == '\n') {
			str_adds(out, "\\n");
		} else if (*p == '\t') {
			str_adds(out, "\\t");
		} else if (*p < 0x20 || *p == 0x7f) {
			str_addf(out, "\\u%04x", *p);
		} else {
			str_add(out, p, len);
		}
		i += len;
	}
	str_addc(out, '"');
}

void
json_next(struct str *out)
{
	char last = out->len > 0 ? out->data[out->len - 1] : '\0';

	if (last != '{' && last != '[' && last != '\0' && last != '\n')
		str_addc(out, ',');
}

void
json_key(struct str *out, const char *key)
{
	json_next(out);
	json_string(out, span_of(key));
	str_addc(out, ':');
}

void
json_key_string(struct str *out, const char *key, const char *value)
{
	json_key(out, key);
	json_string(out, span_of(value));
}

void
json_key_number(struct str *out, const char *key, int64_t value)
{
	json_key(out, key);
	str_addf(out, "%" PRId64, value);
}

void
json_key_bool(struct str *out, const char *key, int value)
{
	json_key(out, key);
	str_adds(out, value ? "true" : "false");
}
