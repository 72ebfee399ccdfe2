#include "store_hosts.h"

#include <netdb.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "mem.h"

static int
add(struct store_hosts *hosts, const struct addrinfo *found)
{
	char text[NI_MAXHOST]; /* may have a zone: fe80::1%eth0 */
	int rc = getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof(text), NULL, 0,
	    NI_NUMERICHOST);

	if (rc == 0)
		hosts->texts[hosts->count++] = mem_dup(text);
	return rc;
}

int
store_hosts_find(struct store_hosts *hosts, const char *host, struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	size_t count = 0;
	int rc = getaddrinfo(host, NULL, &hints, &found);

	*hosts = (struct store_hosts){ 0 };
	for (const struct addrinfo *p = found; rc == 0 && p != NULL; p = p->ai_next)
		count++;
	hosts->texts = mem_alloc((count + 1) * sizeof(*hosts->texts));
	for (const struct addrinfo *p = found; rc == 0 && p != NULL; p = p->ai_next)
		rc = add(hosts, p);
	if (rc != 0)
		err_set(err, "Redis host %s: %s", host, gai_strerror(rc));
	if (found != NULL)
		freeaddrinfo(found);
	return rc == 0 ? 0 : -1;
}

void
store_hosts_free(struct store_hosts *hosts)
{
	for (size_t i = 0; i < hosts->count; i++)
		free(hosts->texts[i]);
	free(hosts->texts);
	*hosts = (struct store_hosts){ 0 };
}

const char *
store_hosts_text(const struct store_hosts *hosts)
{
	return hosts->texts[hosts->at];
}

void
store_hosts_worked(struct store_hosts *hosts)
{
	hosts->failed = 0;
}

bool
store_hosts_failed(struct store_hosts *hosts)
{
	if (hosts->count == 0)
		return false;
	hosts->at = (hosts->at + 1) % hosts->count;
	hosts->failed = (hosts->failed + 1) % hosts->count;
	return hosts->failed > 0;
}
