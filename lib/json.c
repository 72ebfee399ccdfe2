#include "json.h"

#include <inttypes.h>

/* Length of the UTF-8 character at ptr (RFC 3629), 0 if there is none. */
static size_t
utf8_len(const unsigned char *ptr, size_t room)
{
	static const struct {
		unsigned char low, high, second_low, second_high;
		size_t len;
	} forms[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	if (ptr[0] < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (ptr[0] < forms[i].low || ptr[0] > forms[i].high)
			continue;
		if (room < forms[i].len || ptr[1] < forms[i].second_low ||
		    ptr[1] > forms[i].second_high)
			return 0;
		for (size_t k = 2; k < forms[i].len; k++)
			if ((ptr[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].len;
	}
	return 0;
}

void
json_string(struct str *out, struct span text)
{
	str_addc(out, '"');
	for (size_t i = 0; i < text.len;) {
		const unsigned char *p = (const unsigned char *)text.ptr + i;
		size_t len = utf8_len(p, text.len - i);

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
