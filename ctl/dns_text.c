#include "dns_text.h"

#include <arpa/inet.h>
#include <string.h>

#include "str.h"

enum { HEADER = 12, FIXED = 10, JUMPS_MAX = 16, NAME_MAX_BYTES = 255, RECORDS_MAX = 64 };

static unsigned
number(struct span message, size_t at)
{
	const unsigned char *bytes = (const unsigned char *)message.ptr;

	return at + 2 <= message.len ? (unsigned)bytes[at] << 8 | bytes[at + 1] : 0;
}

/* A name, with what it is compressed by. out NULL: passed over. Returns where it ends; 0: broken. */
static size_t
read_name(struct span message, size_t at, struct str *out)
{
	size_t end = 0;

	for (int jumps = 0; at < message.len && jumps < JUMPS_MAX;) {
		size_t len = (unsigned char)message.ptr[at];

		if (len >= 0xc0) { /* goes on elsewhere */
			if (at + 2 > message.len)
				return 0;
			end = end != 0 ? end : at + 2;
			at = number(message, at) & 0x3fff;
			jumps++;
			continue;
		}
		if (len == 0)
			return end != 0 ? end : at + 1;
		if (len > 63 || at + 1 + len > message.len ||
		    (out != NULL && out->len + len > NAME_MAX_BYTES))
			return 0;
		if (out != NULL && out->len > 0)
			str_addc(out, '.');
		if (out != NULL)
			str_add(out, message.ptr + at + 1, len);
		at += 1 + len;
	}
	return 0;
}

static int
read_strings(struct span data, struct str *out)
{
	while (data.len > 0) {
		size_t len = (unsigned char)data.ptr[0];

		if (len + 1 > data.len)
			return -1;
		str_add(out, data.ptr + 1, len);
		data = span_from(data, len + 1);
	}
	return 0;
}

static int
read_address(struct span data, enum dns_text_type type, struct str *out)
{
	char text[INET6_ADDRSTRLEN];
	size_t len = type == DNS_A ? 4 : 16;

	if (data.len != len ||
	    inet_ntop(type == DNS_A ? AF_INET : AF_INET6, data.ptr, text, sizeof(text)) == NULL)
		return -1;
	str_adds(out, text);
	return 0;
}

/* at: of its data. */
static int
read_record(struct arena *arena, struct span message, size_t at, size_t len,
    enum dns_text_type type, struct dns_texts *out)
{
	struct span data = span_make(message.ptr + at, len);
	struct str text = { 0 };
	int rc = -1;

	switch (type) {
	case DNS_TXT:
		rc = read_strings(data, &text);
		break;
	case DNS_PTR:
		rc = read_name(message, at, &text) != 0 ? 0 : -1;
		break;
	case DNS_A:
	case DNS_AAAA:
		rc = read_address(data, type, &text);
		break;
	}
	if (rc == 0 && out->count < RECORDS_MAX)
		out->items[out->count++] = arena_dup(arena, span_make(str_text(&text), text.len));
	str_free(&text);
	return rc;
}

int
dns_text_parse(struct arena *arena, struct span message, enum dns_text_type type,
    struct dns_texts *out)
{
	size_t at = HEADER;
	unsigned questions = number(message, 4), answers = number(message, 6);

	*out = (struct dns_texts){ 0 };
	if (message.len < HEADER || (message.ptr[2] & 0x80) == 0)
		return -1;
	out->rcode = (unsigned char)message.ptr[3] & 0x0f;
	out->items = arena_alloc(arena, RECORDS_MAX * sizeof(*out->items));
	for (; questions > 0; questions--) {
		at = read_name(message, at, NULL);
		if (at == 0 || (at += 4) > message.len)
			return -1;
	}
	for (; answers > 0; answers--) {
		size_t len;

		at = read_name(message, at, NULL);
		if (at == 0 || at + FIXED > message.len)
			return -1;
		len = number(message, at + 8);
		if (at + FIXED + len > message.len)
			return -1;
		if (number(message, at) == (unsigned)type && number(message, at + 2) == 1 &&
		    read_record(arena, message, at + FIXED, len, type, out) != 0)
			return -1;
		at += FIXED + len;
	}
	return 0;
}
