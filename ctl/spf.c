#include "spf.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sockets.h"
#include "span.h"

bool
spf_is(const char *text)
{
	return strncasecmp(text, "v=spf1", 6) == 0 && (text[6] == '\0' || text[6] == ' ');
}

/* "198.51.100.0/24" */
static bool
covers(struct span network, const struct sockets_address *ip)
{
	long slash = span_find(network, SPAN("/"));
	unsigned long long bits = ip->family == AF_INET ? 32 : 128;
	struct span name = slash < 0 ? network : span_make(network.ptr, (size_t)slash);
	struct sockets_address base;
	char text[SOCKETS_ADDRESS_SIZE];

	if (name.len >= sizeof(text))
		return false;
	memcpy(text, name.ptr, name.len);
	text[name.len] = '\0';
	if (!sockets_address_parse(text, &base) || base.family != ip->family)
		return false;
	if (slash >= 0 && (!span_number(span_from(network, (size_t)slash + 1), &bits) ||
			      bits > (ip->family == AF_INET ? 32 : 128)))
		return false;
	if (memcmp(base.bytes, ip->bytes, bits / 8) != 0)
		return false;
	return bits % 8 == 0 || (base.bytes[bits / 8] ^ ip->bytes[bits / 8]) >> (8 - bits % 8) == 0;
}

static bool
needs_dns(struct span word)
{
	static const char *const names[] = { "a", "mx", "ptr", "include", "exists", "redirect" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = strlen(names[i]);

		if (span_istarts(word, span_of(names[i])) &&
		    (word.len == len || strchr(":/=", word.ptr[len]) != NULL))
			return true;
	}
	return false;
}

enum spf_verdict
spf_judge(const char *text, const char *ip)
{
	struct span rest = span_of(text + strcspn(text, " "));
	enum spf_verdict verdict = SPF_FAIL;
	struct sockets_address address;

	if (!sockets_address_parse(ip, &address))
		return SPF_UNKNOWN;
	while ((rest = span_trim(rest)).len > 0) {
		size_t len = 0;
		struct span word;
		char qualifier = '+';

		while (len < rest.len && rest.ptr[len] != ' ')
			len++;
		word = span_make(rest.ptr, len);
		rest = span_from(rest, len);
		if (strchr("+-~?", word.ptr[0]) != NULL) {
			qualifier = word.ptr[0];
			word = span_from(word, 1);
		}
		if (span_ieq(word, SPAN("all")))
			return verdict == SPF_UNKNOWN ? SPF_UNKNOWN
			       : qualifier == '+'     ? SPF_ANYBODY
						      : SPF_FAIL;
		if ((span_istarts(word, SPAN("ip4:")) || span_istarts(word, SPAN("ip6:"))) &&
		    covers(span_from(word, 4), &address))
			return qualifier == '+' ? SPF_PASS : verdict;
		if (needs_dns(word))
			verdict = SPF_UNKNOWN;
	}
	return verdict;
}
