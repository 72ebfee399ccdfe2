#include "sending.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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
