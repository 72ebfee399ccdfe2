#include "network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "span.h"

/* An IPv4 address mapped into IPv6 (RFC 4291, 2.5.5.2) is taken as IPv4. */
static int
raw_address(const struct sockaddr *peer, unsigned char out[16])
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (peer->sa_family == AF_INET) {
		memcpy(out, &((const struct sockaddr_in *)(const void *)peer)->sin_addr, 4);
		return AF_INET;
	}
	memcpy(out, &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr, 16);
	if (memcmp(out, mapped, sizeof(mapped)) == 0) {
		memmove(out, out + 12, 4);
		return AF_INET;
	}
	return AF_INET6;
}

bool
network_is_loopback(const struct sockaddr *peer)
{
	unsigned char raw[16];
	int family = raw_address(peer, raw);

	if (family == AF_INET)
		return raw[0] == 127;
	return memcmp(raw, &in6addr_loopback, sizeof(raw)) == 0;
}

int
network_parse(const char *text, struct network *network)
{
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	unsigned long long bits;
	char addr[64];

	if (len >= sizeof(addr))
		return -1;
	memcpy(addr, text, len);
	addr[len] = '\0';
	network->family = strchr(addr, ':') != NULL ? AF_INET6 : AF_INET;
	if (inet_pton(network->family, addr, network->raw) != 1)
		return -1;
	network->bits = network->family == AF_INET ? 32 : 128;
	if (slash != NULL) {
		if (!span_number(span_of(slash + 1), &bits) || bits > network->bits)
			return -1;
		network->bits = (unsigned)bits;
	}
	return 0;
}

static bool
is_within(const unsigned char *raw, const struct network *network)
{
	unsigned whole = network->bits / 8, rest = network->bits % 8;

	return memcmp(raw, network->raw, whole) == 0 &&
	       (rest == 0 || (raw[whole] ^ network->raw[whole]) >> (8 - rest) == 0);
}

bool
network_has(const struct network *network, const struct sockaddr *peer)
{
	unsigned char raw[16];

	return raw_address(peer, raw) == network->family && is_within(raw, network);
}
