#include "keys.h"

#include <dlfcn.h>
#include <string.h>

/* crypto_generichash of libsodium without linking it: hardly any key is that long, and mxbounce
 * starts once a message. Without the library the text is cut; it then shares its key with others
 * of the same first bytes, which INSTALL's dependencies rule out. */
static void
add_digest(struct str *out, struct span text)
{
	static int (*digest)(unsigned char *, size_t, const unsigned char *, unsigned long long,
	    const unsigned char *, size_t);
	unsigned char hash[20];

	if (digest == NULL) {
		void *library = dlopen("libsodium.so.23", RTLD_NOW);

		if (library != NULL)
			*(void **)&digest = dlsym(library, "crypto_generichash");
	}
	if (digest == NULL ||
	    digest(hash, sizeof(hash), (const unsigned char *)text.ptr, text.len, NULL, 0) != 0) {
		str_add(out, text.ptr, KEYS_MAX_TEXT);
		return;
	}
	str_adds(out, "blake2b-");
	for (size_t i = 0; i < sizeof(hash); i++)
		str_addf(out, "%02x", hash[i]);
}

void
keys_encode(struct str *out, struct span text)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t start = out->len;

	for (size_t i = 0, run = 0;; i++) {
		unsigned char c = i < text.len ? (unsigned char)text.ptr[i] : 0;
		char code[3] = { '%', hex[c >> 4], hex[c & 15] };

		if (c >= '!' && c <= '~' && c != '{' && c != '}' && c != '%')
			continue;
		str_add(out, text.ptr + run, i - run);
		if (i == text.len)
			break;
		str_add(out, code, sizeof(code));
		run = i + 1;
	}
	if (out->len - start > KEYS_MAX_TEXT) {
		struct str long_text = { 0 };

		str_add(&long_text, out->data + start, out->len - start);
		out->len = start;
		add_digest(out, span_make(long_text.data, long_text.len));
		str_free(&long_text);
	}
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
keys_decode(struct str *out, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		int high, low;

		if (text.ptr[i] != '%') {
			str_addc(out, text.ptr[i]);
			continue;
		}
		high = i + 2 < text.len ? hex_value(text.ptr[i + 1]) : -1;
		low = i + 2 < text.len ? hex_value(text.ptr[i + 2]) : -1;
		if (high < 0 || low < 0)
			return -1;
		str_addc(out, (char)(high * 16 + low));
		i += 2;
	}
	return 0;
}

static void
add_tagged(struct str *out, const char *tag, const char *text)
{
	str_adds(out, "mxpace:{");
	str_adds(out, tag);
	keys_encode(out, span_of(text));
	str_addc(out, '}');
}

void
keys_group_connections(struct str *out, const char *group, const char *ip)
{
	add_tagged(out, "g:", group);
	str_adds(out, ":conn:");
	keys_encode(out, span_of(ip));
}

void
keys_group_sent(struct str *out, const char *group, const char *ip, const char *period)
{
	add_tagged(out, "g:", group);
	str_adds(out, ":sent:");
	keys_encode(out, span_of(ip));
	str_addc(out, ':');
	str_adds(out, period);
}

void
keys_quarantine(struct str *out, const char *addr)
{
	add_tagged(out, "q:", addr);
}

void
keys_mx(struct str *out, const char *domain)
{
	str_adds(out, "mxpace:mx:");
	keys_encode(out, span_of(domain));
}

void
keys_node(struct str *out, const char *node)
{
	str_adds(out, "mxpace:node:");
	keys_encode(out, span_of(node));
}
