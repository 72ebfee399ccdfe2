#include "sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "mem.h"

/* The kernel fills what is offered up to 32 KB at a time: about 300 sockets. */
enum { PART_SIZE = 32768, TRIES = 3, SILENCE_MS = 200 };

/* SYN_RECV is a connection that somebody else opens, perhaps with a forged address: none of ours. */
enum {
	STATES = 1 << TCP_ESTABLISHED | 1 << TCP_SYN_SENT | 1 << TCP_FIN_WAIT1 |
		 1 << TCP_FIN_WAIT2 | 1 << TCP_CLOSE_WAIT | 1 << TCP_LAST_ACK | 1 << TCP_CLOSING
};

/* The older form of the request: of SOCK_DIAG_BY_FAMILY two would be needed, IPv4 and IPv6, and each
 * walks the whole hash table of the kernel's connections, which is what costs. */
struct request {
	struct nlmsghdr header;
	struct inet_diag_req diag;
	struct nlattr filter;
	struct inet_diag_bc_op remote_port[2];
};

struct sockets {
	int fd; /* -1: to be opened */
	uint32_t sequence;
	struct sockets_entry *entries;
	size_t count, size;
	union {
		struct nlmsghdr align;
		char bytes[PART_SIZE];
	} part;
};

/* What became of an answer so far. */
enum answer { ANSWER_MORE, ANSWER_WHOLE, ANSWER_AGAIN, ANSWER_FAILED };

static int
open_netlink(struct sockets *sockets, struct err *err)
{
	/* Belt and braces: what the kernel has to say it says before send() returns. */
	struct timeval silence = { 0, SILENCE_MS * 1000 };

	if (sockets->fd >= 0)
		return 0;
	sockets->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (sockets->fd < 0) {
		err_set(err, "socket(AF_NETLINK): %s%s", strerror(errno),
		    errno == EAFNOSUPPORT ? " (RestrictAddressFamilies= must name AF_NETLINK)"
					  : "");
		return -1;
	}
	setsockopt(sockets->fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof(silence));
	return 0;
}

static void
close_netlink(struct sockets *sockets)
{
	if (sockets->fd >= 0)
		close(sockets->fd);
	sockets->fd = -1;
}

static int
send_request(struct sockets *sockets, struct err *err)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	const struct request request = {
		.header = { .nlmsg_len = sizeof(request),
		    .nlmsg_type = TCPDIAG_GETSOCK,
		    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		    .nlmsg_seq = ++sockets->sequence },
		.diag = { .idiag_family = AF_UNSPEC, .idiag_states = STATES },
		.filter = { .nla_len = sizeof(request.filter) + sizeof(request.remote_port),
		    .nla_type = INET_DIAG_REQ_BYTECODE },
		/* Equal: on to the end, accepted. Else: beyond the end, refused. */
		.remote_port = { { .code = INET_DIAG_BC_D_EQ,
				     .yes = sizeof(request.remote_port),
				     .no = sizeof(request.remote_port) + 4 },
		    { .no = SOCKETS_PORT } },
	};
	ssize_t n;

	do
		n = sendto(sockets->fd, &request, sizeof(request), 0,
		    (const struct sockaddr *)&kernel, sizeof(kernel));
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)sizeof(request))
		return 0;
	err_set(err, "asking the kernel for its TCP sockets: %s", strerror(errno));
	return -1;
}

static void
set_address(struct sockets_address *address, unsigned char family, const void *bytes)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	memset(address, 0, sizeof(*address));
	if (family == AF_INET6 && memcmp(bytes, mapped, sizeof(mapped)) == 0) {
		family = AF_INET;
		bytes = (const unsigned char *)bytes + sizeof(mapped);
	}
	address->family = family;
	memcpy(address->bytes, bytes, family == AF_INET ? 4 : 16);
}

static void
add_entry(struct sockets *sockets, const struct inet_diag_msg *socket)
{
	struct sockets_entry *entry;

	if (sockets->count == sockets->size) {
		sockets->size = sockets->size > 0 ? 2 * sockets->size : 64;
		sockets->entries =
		    mem_resize(sockets->entries, sockets->size * sizeof(*sockets->entries));
	}
	entry = &sockets->entries[sockets->count++];
	entry->cookie = (uint64_t)socket->id.idiag_cookie[1] << 32 | socket->id.idiag_cookie[0];
	set_address(&entry->local, socket->idiag_family, socket->id.idiag_src);
	set_address(&entry->remote, socket->idiag_family, socket->id.idiag_dst);
	entry->established = socket->idiag_state != TCP_SYN_SENT;
	entry->closing = entry->established && socket->idiag_state != TCP_ESTABLISHED;
}

static enum answer
fail(int error, struct err *err)
{
	err_set(err, "the kernel does not list its TCP sockets: %s%s", strerror(error),
	    error == ENOENT ? " (modules inet_diag and tcp_diag)" : "");
	return error == EINTR || error == ENOBUFS ? ANSWER_AGAIN : ANSWER_FAILED;
}

static enum answer
take_message(struct sockets *sockets, const struct nlmsghdr *message, struct err *err)
{
	const void *data = NLMSG_DATA(message);
	int error = 0;

	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		return fail(EINTR, err);
	switch (message->nlmsg_type) {
	case TCPDIAG_GETSOCK:
		if (message->nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
			return fail(EBADMSG, err);
		add_entry(sockets, data);
		return ANSWER_MORE;
	case NLMSG_ERROR: /* both begin with an int */
	case NLMSG_DONE:
		if (message->nlmsg_len >= NLMSG_LENGTH(sizeof(error)))
			memcpy(&error, data, sizeof(error));
		return error < 0 ? fail(-error, err) : ANSWER_WHOLE;
	}
	return ANSWER_MORE;
}

static enum answer
read_part(struct sockets *sockets, struct err *err)
{
	struct sockaddr_nl from = { 0 };
	struct iovec into = { sockets->part.bytes, sizeof(sockets->part.bytes) };
	struct msghdr header = { .msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &into,
		.msg_iovlen = 1 };
	const struct nlmsghdr *message = &sockets->part.align;
	enum answer answer = ANSWER_MORE;
	ssize_t n;
	size_t left;

	do
		n = recvmsg(sockets->fd, &header, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail(errno == EAGAIN ? ETIMEDOUT : errno, err);
	if (header.msg_flags & MSG_TRUNC)
		return fail(EMSGSIZE, err);
	if (from.nl_pid != 0)
		return ANSWER_MORE;
	left = (size_t)n;
	for (; answer == ANSWER_MORE && NLMSG_OK(message, left);
	     message = NLMSG_NEXT(message, left))
		if (message->nlmsg_seq == sockets->sequence)
			answer = take_message(sockets, message, err);
	return answer;
}

static enum answer
ask(struct sockets *sockets, struct err *err)
{
	enum answer answer = ANSWER_MORE;

	sockets->count = 0;
	if (open_netlink(sockets, err) != 0 || send_request(sockets, err) != 0)
		answer = ANSWER_FAILED;
	while (answer == ANSWER_MORE)
		answer = read_part(sockets, err);
	/* The rest of an answer given up must not stand before the next one. */
	if (answer != ANSWER_WHOLE)
		close_netlink(sockets);
	return answer;
}

int
sockets_list(struct sockets *sockets, const struct sockets_entry **entries, size_t *count,
    struct err *err)
{
	enum answer answer = ANSWER_AGAIN;

	for (int i = 0; answer == ANSWER_AGAIN && i < TRIES; i++)
		answer = ask(sockets, err);
	if (answer != ANSWER_WHOLE)
		return -1;
	*entries = sockets->entries;
	*count = sockets->count;
	return 0;
}

struct sockets *
sockets_new(struct err *err)
{
	struct sockets *sockets = mem_alloc(sizeof(*sockets));
	const struct sockets_entry *entries;
	size_t count;

	sockets->fd = -1;
	if (sockets_list(sockets, &entries, &count, err) != 0)
		sockets_free(&sockets);
	return sockets;
}

void
sockets_free(struct sockets **sockets)
{
	if (*sockets == NULL)
		return;
	close_netlink(*sockets);
	free((*sockets)->entries);
	free(*sockets);
	*sockets = NULL;
}

bool
sockets_address_parse(const char *text, struct sockets_address *address)
{
	unsigned char bytes[16];
	unsigned char family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;

	if (inet_pton(family, text, bytes) != 1)
		return false;
	set_address(address, family, bytes);
	return true;
}

const char *
sockets_address_format(const struct sockets_address *address, char buf[SOCKETS_ADDRESS_SIZE])
{
	if (inet_ntop(address->family, address->bytes, buf, SOCKETS_ADDRESS_SIZE) == NULL)
		buf[0] = '\0';
	return buf;
}
