#include "dns_record.h"

#include <arpa/inet.h>
#include <string.h>

/* Up to the next blank, which goes too. */
static struct span
take_word(struct span *rest)
{
	long blank = span_find(*rest, SPAN(" "));
	struct span word = *rest;

	if (blank >= 0)
		word.len = (size_t)blank;
	*rest = span_from(*rest, blank >= 0 ? word.len + 1 : word.len);
	return word;
}

static bool
take_number(struct span *rest, unsigned long long max, unsigned long long *number)
{
	return span_number(take_word(rest), number) && *number <= max;
}

/* DNS knows no address literals, domain_normalise does. */
static bool
read_name(struct span text, char out[DOMAIN_SIZE])
{
	return domain_normalise(text, out, NULL) == 0 && out[0] != '[';
}

static bool
read_mx(struct span rest, struct dns_record *record)
{
	unsigned long long preference;

	if (!take_number(&rest, UINT16_MAX, &preference))
		return false;
	record->type = DNS_RECORD_MX;
	record->preference = (unsigned)preference;
	return span_eq(rest, SPAN(".")) || read_name(rest, record->target);
}

static bool
read_address(struct span rest, int family, struct dns_record *record)
{
	char text[INET6_ADDRSTRLEN];

	if (rest.len >= sizeof(text))
		return false;
	memcpy(text, rest.ptr, rest.len);
	text[rest.len] = '\0';
	record->type = DNS_RECORD_ADDRESS;
	record->family = family;
	return strlen(text) == rest.len && inet_pton(family, text, record->address) == 1;
}

static bool
read_a(struct span rest, struct dns_record *record)
{
	return read_address(rest, AF_INET, record);
}

static bool
read_aaaa(struct span rest, struct dns_record *record)
{
	return read_address(rest, AF_INET6, record);
}

static const struct {
	struct span name;
	bool (*read)(struct span rest, struct dns_record *record);
} types[] = {
	{ { "MX", 2 }, read_mx },
	{ { "A", 1 }, read_a },
	{ { "AAAA", 4 }, read_aaaa },
};

bool
dns_record_parse(struct span text, struct dns_record *record)
{
	struct span owner = take_word(&text), type;
	unsigned long long ttl_s;

	*record = (struct dns_record){ .type = DNS_RECORD_OTHER };
	if (!read_name(owner, record->owner) || !take_number(&text, UINT32_MAX, &ttl_s) ||
	    !span_ieq(take_word(&text), SPAN("IN")))
		return false;
	record->ttl_s = (int64_t)ttl_s;
	type = take_word(&text);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (span_ieq(type, types[i].name))
			return types[i].read(text, record);
	return type.len > 0;
}
