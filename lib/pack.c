#include "pack.h"

#include <string.h>

void
pack_number(struct str *out, int64_t number)
{
	str_add(out, &number, sizeof(number));
}

void
pack_text(struct str *out, const char *text)
{
	size_t len = strlen(text);

	pack_number(out, (int64_t)len);
	str_add(out, text, len + 1);
}

static size_t
aligned(size_t at)
{
	return (at + PACK_ALIGN - 1) / PACK_ALIGN * PACK_ALIGN;
}

void
pack_bytes(struct str *out, struct span bytes)
{
	static const char padding[PACK_ALIGN];

	pack_number(out, (int64_t)bytes.len);
	str_add(out, padding, aligned(out->len) - out->len);
	str_add(out, bytes.ptr, bytes.len);
}

uint64_t
pack_hash(uint64_t hash, struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		hash = (hash ^ (unsigned char)bytes.ptr[i]) * UINT64_C(0x100000001b3);
	return hash;
}

uint64_t
pack_sum(struct span bytes)
{
	uint64_t sum = PACK_HASH_START, word;
	size_t i;

	for (i = 0; i + sizeof(word) <= bytes.len; i += sizeof(word)) {
		memcpy(&word, bytes.ptr + i, sizeof(word));
		sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		sum ^= sum >> 29;
	}
	return pack_hash(sum, span_from(bytes, i));
}

uint64_t
pack_hash_names(const char *const *names)
{
	uint64_t hash = PACK_HASH_START;

	for (; *names != NULL; names++)
		hash = pack_hash(hash, span_make(*names, strlen(*names) + 1));
	return hash;
}

struct unpack
unpack_make(struct span bytes)
{
	return (struct unpack){ .begin = bytes.ptr, .len = bytes.len };
}

static const char *
take(struct unpack *in, size_t len)
{
	const char *taken = in->begin + in->at;

	if (in->failed || in->at > in->len || len > in->len - in->at) {
		in->failed = true;
		return NULL;
	}
	in->at += len;
	return taken;
}

int64_t
unpack_number(struct unpack *in)
{
	const char *bytes = take(in, sizeof(int64_t));
	int64_t number = 0;

	if (bytes != NULL)
		memcpy(&number, bytes, sizeof(number));
	return number;
}

int64_t
unpack_past_ms(struct unpack *in, int64_t now_ms)
{
	int64_t number = unpack_number(in);

	if (number >= 0 && number <= now_ms)
		return number;
	in->failed = true;
	return 0;
}

size_t
unpack_count(struct unpack *in)
{
	int64_t number = unpack_number(in);

	if (number >= 0 && (uint64_t)number <= in->len)
		return (size_t)number;
	in->failed = true;
	return 0;
}

const char *
unpack_text(struct unpack *in)
{
	size_t len = unpack_count(in);
	const char *text = take(in, len + 1);

	if (text != NULL && text[len] == '\0')
		return text;
	in->failed = true;
	return "";
}

struct span
unpack_bytes(struct unpack *in)
{
	size_t len = unpack_count(in);
	const char *bytes;

	in->at = aligned(in->at);
	bytes = take(in, len);
	return bytes != NULL ? span_make(bytes, len) : SPAN("");
}
