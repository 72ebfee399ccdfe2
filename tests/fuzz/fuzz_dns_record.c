/* A record of any bytes: what the parser lets through keeps the promises of dns_record.h, and its
 * text, written as Postfix writes it, reads as the same. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns_record.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
extern unsigned long fuzz_accepted;
unsigned long fuzz_accepted; /* inputs that are an MX or an address record */

static void
hold(bool promise)
{
	if (!promise)
		abort();
}

static void
is_normal(const char *name)
{
	char again[DOMAIN_SIZE];

	hold(domain_normalise(span_of(name), again, NULL) == 0 && strcmp(again, name) == 0);
	hold(name[0] != '[');
}

static void
format(const struct dns_record *record, char *out, size_t size)
{
	char address[INET6_ADDRSTRLEN];

	if (record->type == DNS_RECORD_MX) {
		snprintf(out, size, "%s. %lld IN MX %u %s.", record->owner,
		    (long long)record->ttl_s, record->preference, record->target);
		return;
	}
	hold(inet_ntop(record->family, record->address, address, sizeof(address)) != NULL);
	snprintf(out, size, "%s. %lld IN %s %s", record->owner, (long long)record->ttl_s,
	    record->family == AF_INET ? "A" : "AAAA", address);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct dns_record record, again;
	char text[2 * DOMAIN_SIZE + 64];

	memset(&record, 0xa5, sizeof(record));
	if (!dns_record_parse(span_make((const char *)data, size), &record))
		return 0;
	is_normal(record.owner);
	hold(record.ttl_s >= 0 && record.ttl_s <= UINT32_MAX);
	hold((record.family != 0) == (record.type == DNS_RECORD_ADDRESS));
	if (record.type != DNS_RECORD_MX)
		hold(record.preference == 0 && record.target[0] == '\0');
	if (record.type == DNS_RECORD_OTHER)
		return 0;
	if (record.target[0] != '\0')
		is_normal(record.target);
	hold(record.preference <= UINT16_MAX);
	fuzz_accepted++;
	format(&record, text, sizeof(text));
	hold(dns_record_parse(span_of(text), &again));
	hold(again.type == record.type && again.ttl_s == record.ttl_s);
	hold(strcmp(again.owner, record.owner) == 0 && strcmp(again.target, record.target) == 0);
	hold(again.preference == record.preference && again.family == record.family);
	hold(memcmp(again.address, record.address, sizeof(record.address)) == 0);
	return 0;
}
