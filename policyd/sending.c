#include "sending.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "domain.h"

/* The source address the kernel would use towards a public one. Connecting a datagram socket sends
 * nothing. */
static bool
source_towards(const struct sockaddr *to, socklen_t len, char out[SENDING_IP_SIZE])
{
	struct sockaddr_storage own;
	socklen_t own_len = sizeof(own);
	const void *addr = &((struct sockaddr_in *)(void *)&own)->sin_addr;
	int fd = socket(to->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool found;

	if (fd < 0)
		return false;
	found =
	    connect(fd, to, len) == 0 && getsockname(fd, (struct sockaddr *)&own, &own_len) == 0;
	close(fd);
	if (!found)
		return false;
	if (to->sa_family == AF_INET6)
		addr = &((struct sockaddr_in6 *)(void *)&own)->sin6_addr;
	return inet_ntop(to->sa_family, addr, out, SENDING_IP_SIZE) != NULL;
}

static bool
is_on_node(const struct sending_ip *ip, const char *node)
{
	for (size_t i = 0; i < ip->nodes.count; i++)
		if (strcmp(ip->nodes.items[i], node) == 0)
			return true;
	return ip->nodes.count == 0;
}

void
sending_ip_name(const struct settings *settings, char out[SENDING_IP_SIZE])
{
	struct sockaddr_in to4 = { .sin_family = AF_INET, .sin_port = htons(25) };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = htons(25) };

	for (size_t i = 0; i < settings->sending_ip_count; i++)
		if (is_on_node(&settings->sending_ips[i], settings->node)) {
			snprintf(out, SENDING_IP_SIZE, "%s", settings->sending_ips[i].name);
			return;
		}
	inet_pton(AF_INET, "192.0.2.1", &to4.sin_addr); /* RFC 5737, 3849: for documents only */
	inet_pton(AF_INET6, "2001:db8::1", &to6.sin6_addr);
	if (!source_towards((struct sockaddr *)&to4, sizeof(to4), out) &&
	    !source_towards((struct sockaddr *)&to6, sizeof(to6), out))
		snprintf(out, SENDING_IP_SIZE, "127.0.0.1");
}

size_t
sending_count(const struct settings *settings)
{
	return settings->sending_ip_count > 0 ? settings->sending_ip_count : 1;
}

bool
sending_get(const struct settings *settings, const char *node_name, size_t number,
    struct sending *sending)
{
	const struct sending_ip *ip;

	if (number < 1 || number > sending_count(settings))
		return false;
	*sending = (struct sending){ .number = number, .bind4 = "", .bind6 = "" };
	if (settings->sending_ip_count == 0) {
		snprintf(sending->name, sizeof(sending->name), "%s", node_name);
		return true;
	}
	ip = &settings->sending_ips[number - 1];
	snprintf(sending->name, sizeof(sending->name), "%s", ip->name);
	sending->bind4 = ip->bind4;
	sending->bind6 = ip->bind6;
	return is_on_node(ip, settings->node);
}

const struct pool *
sending_pool(const struct settings *settings, const char *sender)
{
	if (*sender == '\0')
		sender = "<>";
	for (size_t i = 0; i < settings->pool_count; i++) {
		const struct pool *pool = &settings->pools[i];

		for (size_t k = 0; k < pool->senders.count; k++)
			if (domain_matches(pool->senders.items[k], sender))
				return pool;
	}
	return NULL;
}

bool
sending_pool_has(const struct pool *pool, const char *name)
{
	for (size_t i = 0; pool != NULL && i < pool->ips.count; i++)
		if (strncmp(pool->ips.items[i], name, SENDING_IP_SIZE - 1) == 0)
			return true;
	return pool == NULL;
}
