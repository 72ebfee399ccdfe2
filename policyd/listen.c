#include "listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "network.h"

static int
parse_unix(struct span path, struct listen_address *out, struct err *err)
{
	struct sockaddr_un *un = (struct sockaddr_un *)(void *)&out->addr;

	if (path.len == 0 || path.ptr[0] != '/' || path.len >= sizeof(un->sun_path)) {
		err_set(err, "\"%s\": the path must be absolute and under %zu bytes", out->text,
		    sizeof(un->sun_path));
		return -1;
	}
	out->is_unix = true;
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path.ptr, path.len);
	out->len = sizeof(*un);
	return 0;
}

static int
parse_inet(struct span rest, struct listen_address *out, struct err *err)
{
	struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *found = NULL;
	char host[64] = "", port[16] = "";
	size_t colon = rest.len;
	unsigned long long number;

	while (colon > 0 && rest.ptr[colon - 1] != ':')
		colon--;
	if (colon > 1) {
		struct span name = span_make(rest.ptr, colon - 1);

		if (name.len > 2 && name.ptr[0] == '[' && name.ptr[name.len - 1] == ']')
			name = span_make(name.ptr + 1, name.len - 2);
		snprintf(host, sizeof(host), "%.*s", (int)name.len, name.ptr);
		snprintf(port, sizeof(port), "%.*s", (int)(rest.len - colon), rest.ptr + colon);
	}
	if (strcmp(host, "localhost") == 0)
		strcpy(host, "127.0.0.1");
	/* getaddrinfo takes the low 16 bits of a larger port. */
	if (*host == '\0' || !span_number(span_of(port), &number) || number > 65535 ||
	    getaddrinfo(host, port, &hints, &found) != 0) {
		err_set(err, "\"%s\" is not inet:ADDRESS:PORT with a numeric address", out->text);
		return -1;
	}
	memcpy(&out->addr, found->ai_addr, found->ai_addrlen);
	out->len = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

static int
parse_one(struct span text, struct listen_address *out, struct err *err)
{
	*out = (struct listen_address){ 0 };
	if (text.len >= sizeof(out->text)) {
		err_set(err, "\"%.*s\" is too long", (int)text.len, text.ptr);
		return -1;
	}
	memcpy(out->text, text.ptr, text.len);
	if (span_starts(text, SPAN("unix:")))
		return parse_unix(span_from(text, 5), out, err);
	if (span_starts(text, SPAN("inet:")))
		return parse_inet(span_from(text, 5), out, err);
	err_set(err, "\"%s\" is neither unix:/path nor inet:address:port", out->text);
	return -1;
}

int
listen_parse(const char *text, struct listen_address out[LISTEN_MAX], struct err *err)
{
	int count = 0;

	for (;;) {
		size_t len;

		text += strspn(text, " ,\t\r\n");
		len = strcspn(text, " ,\t\r\n");
		if (len == 0)
			break;
		if (count == LISTEN_MAX) {
			err_set(err, "more than %d addresses", LISTEN_MAX);
			return -1;
		}
		if (parse_one(span_make(text, len), &out[count++], err) != 0)
			return -1;
		text += len;
	}
	if (count == 0)
		err_set(err, "no address");
	return count > 0 ? count : -1;
}

static const char *
path_of(const struct listen_address *address)
{
	return ((const struct sockaddr_un *)(const void *)&address->addr)->sun_path;
}

void
listen_address_of(int fd, struct listen_address *out)
{
	char host[NI_MAXHOST], port[NI_MAXSERV];

	*out = (struct listen_address){ .len = sizeof(out->addr) - 1 }; /* a NUL stays behind it */
	if (getsockname(fd, (struct sockaddr *)&out->addr, &out->len) != 0)
		out->addr.ss_family = AF_UNSPEC;
	out->is_unix = out->addr.ss_family == AF_UNIX;
	if (out->is_unix)
		snprintf(out->text, sizeof(out->text), "unix:%s", path_of(out));
	else if (getnameinfo((const struct sockaddr *)&out->addr, out->len, host, sizeof(host),
		     port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		snprintf(out->text, sizeof(out->text), "inet:%.64s:%.16s", host, port);
}

bool
listen_is_same(const struct listen_address *a, const struct listen_address *b)
{
	const struct sockaddr_in *a4 = (const struct sockaddr_in *)(const void *)&a->addr;
	const struct sockaddr_in *b4 = (const struct sockaddr_in *)(const void *)&b->addr;
	const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)(const void *)&a->addr;
	const struct sockaddr_in6 *b6 = (const struct sockaddr_in6 *)(const void *)&b->addr;

	if (a->addr.ss_family != b->addr.ss_family)
		return false;
	if (a->is_unix)
		return strcmp(path_of(a), path_of(b)) == 0;
	if (a->addr.ss_family == AF_INET)
		return a4->sin_port == b4->sin_port && a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	return a6->sin6_port == b6->sin6_port &&
	       memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof(a6->sin6_addr)) == 0;
}

/* A socket file nobody listens on any more may go. */
static int
remove_stale(const struct listen_address *address, struct err *err)
{
	const char *path = path_of(address);
	struct stat st;
	int fd, rc, error;

	if (lstat(path, &st) != 0)
		return 0;
	if (!S_ISSOCK(st.st_mode)) {
		err_set(err, "%s exists and is not a socket", path);
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	rc = fd < 0 ? -1 : connect(fd, (const struct sockaddr *)&address->addr, address->len);
	error = errno;
	if (fd >= 0)
		close(fd);
	if (rc == 0 || error == EAGAIN) {
		err_set(err, "%s is served by another process", path);
		return -1;
	}
	if (error == ECONNREFUSED && unlink(path) != 0)
		error = errno;
	if (error != ECONNREFUSED && error != ENOENT) {
		err_set(err, "%s: %s", path, strerror(error));
		return -1;
	}
	return 0;
}

int
listen_own(const struct listen_address *address, const struct settings *settings, struct err *err)
{
	const char *path = path_of(address);
	uid_t uid = (uid_t)-1;
	gid_t gid = (gid_t)-1;

	if (!address->is_unix)
		return 0;
	if (*settings->socket_owner != '\0') {
		struct passwd *user = getpwnam(settings->socket_owner);

		if (user == NULL) {
			err_set(err, "socket_owner: no user %s", settings->socket_owner);
			return -1;
		}
		uid = user->pw_uid;
	}
	if (*settings->socket_group != '\0') {
		struct group *group = getgrnam(settings->socket_group);

		if (group == NULL) {
			err_set(err, "socket_group: no group %s", settings->socket_group);
			return -1;
		}
		gid = group->gr_gid;
	}
	if ((uid != (uid_t)-1 || gid != (gid_t)-1) && chown(path, uid, gid) != 0) {
		err_set(err, "%s: owner: %s", path, strerror(errno));
		return -1;
	}
	if (chmod(path, settings->socket_mode) != 0) {
		err_set(err, "%s: mode: %s", path, strerror(errno));
		return -1;
	}
	return 0;
}

int
listen_open(const struct listen_address *address, const struct settings *settings, struct err *err)
{
	int fd, on = 1, failed;
	mode_t mask;

	if (address->is_unix && remove_stale(address, err) != 0)
		return -1;
	fd = socket(address->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		err_set(err, "%s: %s", address->text, strerror(errno));
		return -1;
	}
	if (!address->is_unix)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->addr.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	mask = umask(0177); /* until its mode is set nobody else gets in */
	failed = bind(fd, (const struct sockaddr *)&address->addr, address->len);
	umask(mask);
	if (failed != 0) {
		err_set(err, "%s: %s", address->text, strerror(errno));
	} else if (listen_own(address, settings, err) != 0) {
		failed = -1;
	} else if (listen(fd, LISTEN_BACKLOG) != 0) {
		err_set(err, "%s: %s", address->text, strerror(errno));
		failed = -1;
	}
	if (failed != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

void
listen_close(const struct listen_address *address, int fd)
{
	close(fd);
	if (address->is_unix)
		remove_stale(address, NULL);
}

bool
listen_allows(const struct settings *settings, const struct sockaddr *peer)
{
	struct network network;

	if (peer->sa_family != AF_INET && peer->sa_family != AF_INET6)
		return true; /* a unix socket's mode decides */
	if (network_is_loopback(peer))
		return true;
	for (size_t i = 0; i < settings->allow_from.count; i++)
		if (network_parse(settings->allow_from.items[i], &network) == 0 &&
		    network_has(&network, peer))
			return true;
	return false;
}

int
listen_check(const struct settings *settings, const struct listen_address *addresses, size_t count,
    struct err *err)
{
	struct network network;

	for (size_t i = 0; i < settings->allow_from.count; i++)
		if (network_parse(settings->allow_from.items[i], &network) != 0) {
			err_set(err, "allow_from: \"%s\" is not a network such as 192.0.2.0/24",
			    settings->allow_from.items[i]);
			return -1;
		}
	for (size_t i = 0; i < count; i++)
		if (!addresses[i].is_unix && settings->allow_from.count == 0 &&
		    !network_is_loopback((const struct sockaddr *)&addresses[i].addr)) {
			err_set(err,
			    "%s is not loopback: the protocol does not authenticate, so allow_from "
			    "must name the networks that may connect",
			    addresses[i].text);
			return -1;
		}
	return 0;
}
