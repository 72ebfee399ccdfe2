/* sockets: real ones, in a network namespace of the test's own where port 25 is free; and answers
 * of the kernel that it gives only on bad days. */
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "sockets.h"

enum { PATIENCE_MS = 10000, MANY = 700 };

static const char *alone_failed; /* NULL: there is a namespace of our own */
static struct sockets *sockets;

/* -- the kernel's answers, changed on their way ------------------------------------------------ */

static struct {
	int times; /* that the answer is changed */
	int error; /* instead of it */
	unsigned flags, type, sequence_off;
	int done_with;
	uint32_t length;
	uint32_t from;
	int message_flags;
} bad;

static void
spoil(struct msghdr *header, struct nlmsghdr *message, ssize_t *n)
{
	size_t left = (size_t)*n;

	header->msg_flags |= bad.message_flags;
	((struct sockaddr_nl *)header->msg_name)->nl_pid = bad.from;
	message->nlmsg_flags |= (uint16_t)bad.flags;
	for (struct nlmsghdr *at = message; NLMSG_OK(at, left); at = NLMSG_NEXT(at, left))
		at->nlmsg_seq -= bad.sequence_off;
	if (bad.type != 0) {
		message->nlmsg_type = (uint16_t)bad.type;
		memcpy(NLMSG_DATA(message), &bad.done_with, sizeof(int));
	}
	if (bad.length != 0) {
		message->nlmsg_len = bad.length;
		*n = bad.length;
	}
}

/* Instead of libc's. */
ssize_t
recvmsg(int fd, struct msghdr *header, int flags)
{
	ssize_t n;

	if (bad.times > 0 && bad.error != 0) {
		bad.times--;
		errno = bad.error;
		return -1;
	}
	n = syscall(SYS_recvmsg, fd, header, flags);
	if (bad.times > 0 && n > 0) {
		bad.times--;
		spoil(header, header->msg_iov->iov_base, &n);
	}
	return n;
}

/* -- a world of connections -------------------------------------------------------------------- */

static void
set_loopback(bool up)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = up ? IFF_UP : 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	close(fd);
}

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static union address
address_of(const char *text, in_port_t port)
{
	union address address;

	memset(&address, 0, sizeof(address));
	if (inet_pton(AF_INET, text, &address.v4.sin_addr) == 1) {
		address.any.sa_family = AF_INET;
		address.v4.sin_port = htons(port);
		return address;
	}
	assert_int_equal(inet_pton(AF_INET6, text, &address.v6.sin6_addr), 1);
	address.any.sa_family = AF_INET6;
	address.v6.sin6_port = htons(port);
	return address;
}

struct pair {
	int listener, client, server; /* -1: none */
	uint64_t cookie;              /* of the client */
	unsigned client_port;
};

static uint64_t
cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len), 0);
	assert_true(cookie != 0);
	return cookie;
}

static int
bound_socket(const char *text, in_port_t port)
{
	union address address = address_of(text, port);
	int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, off = 0;

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address.any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	assert_int_equal(bind(fd, &address.any, sizeof(address)), 0);
	return fd;
}

static int
listening_socket(const char *text, in_port_t port, int backlog)
{
	int fd = bound_socket(text, port);

	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

static unsigned
port_of(int fd)
{
	union address address;
	socklen_t len = sizeof(address);

	assert_int_equal(getsockname(fd, &address.any, &len), 0);
	return ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
}

static void
connect_pair(struct pair *pair, const char *from, const char *to, in_port_t port)
{
	union address address = address_of(to, port);

	pair->listener = listening_socket(to, port, 16);
	pair->client = bound_socket(from, 0);
	pair->cookie = cookie_of(pair->client);
	assert_int_equal(connect(pair->client, &address.any, sizeof(address)), 0);
	pair->client_port = port_of(pair->client);
	pair->server = accept(pair->listener, NULL, NULL);
	assert_true(pair->server >= 0);
}

static void
close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void
close_pair(struct pair *pair)
{
	close_one(&pair->client);
	close_one(&pair->server);
	close_one(&pair->listener);
}

/* The state of the socket with that local port and a remote one, as /proc has it; 0: there is none. */
static unsigned
state_of(unsigned local_port)
{
	static const char *const tables[] = { "/proc/self/net/tcp", "/proc/self/net/tcp6" };
	unsigned found = 0;

	for (size_t i = 0; i < COUNT(tables); i++) {
		FILE *file = fopen(tables[i], "re");
		char line[512];
		unsigned local, remote, state;

		while (file != NULL && fgets(line, sizeof(line), file) != NULL)
			if (sscanf(line, " %*u: %*[^:]:%x %*[^:]:%x %x", &local, &remote, &state) ==
				3 &&
			    local == local_port && remote != 0 &&
			    (found == 0 ||
				state != TCP_TIME_WAIT)) /* of an older use of the port */
				found = state;
		if (file != NULL)
			fclose(file);
	}
	return found;
}

static void
wait_for_state(unsigned local_port, unsigned state)
{
	int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;

	while (state_of(local_port) != state) {
		if (clock_monotonic_ms() > end_ms)
			fail_msg("state %u instead of %u", state_of(local_port), state);
		poll(NULL, 0, 2);
	}
}

static const struct sockets_entry *
find(const struct sockets_entry *entries, size_t count, uint64_t cookie)
{
	const struct sockets_entry *found = NULL;

	for (size_t i = 0; i < count; i++)
		if (entries[i].cookie == cookie) {
			assert_null(found);
			found = &entries[i];
		}
	return found;
}

/* NULL: not listed. Good until the next call. */
static const struct sockets_entry *
listed(uint64_t cookie)
{
	const struct sockets_entry *entries = NULL;
	size_t count = 0;
	struct err err = { "" };

	if (sockets_list(sockets, &entries, &count, &err) != 0)
		fail_msg("%s", err.text);
	return find(entries, count, cookie);
}

static size_t
listed_to(const char *remote)
{
	struct sockets_address address;
	const struct sockets_entry *entries;
	size_t count, found = 0;

	assert_true(sockets_address_parse(remote, &address));
	assert_int_equal(sockets_list(sockets, &entries, &count, NULL), 0);
	for (size_t i = 0; i < count; i++)
		if (memcmp(&entries[i].remote, &address, sizeof(address)) == 0)
			found++;
	return found;
}

/* -- states ------------------------------------------------------------------------------------ */

static void
no_step(struct pair *pair)
{
	(void)pair;
}

static void
client_shuts_down(struct pair *pair)
{
	shutdown(pair->client, SHUT_WR);
}

static void
client_closes(struct pair *pair)
{
	close_one(&pair->client);
}

static void
server_shuts_down(struct pair *pair)
{
	shutdown(pair->server, SHUT_WR);
}

static void
fin_is_lost(struct pair *pair)
{
	set_loopback(false);
	client_closes(pair);
}

static void
last_ack_is_lost(struct pair *pair)
{
	server_shuts_down(pair);
	wait_for_state(pair->client_port, TCP_CLOSE_WAIT);
	fin_is_lost(pair);
}

static void
both_close(struct pair *pair)
{
	client_shuts_down(pair);
	wait_for_state(pair->client_port, TCP_FIN_WAIT2);
	close_one(&pair->server);
	close_one(&pair->client);
}

static void
server_resets(struct pair *pair)
{
	struct linger linger = { .l_onoff = 1 };

	setsockopt(pair->server, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close_one(&pair->server);
}

static const struct state_row {
	const char *label, *from, *to;
	in_port_t port;
	void (*step)(struct pair *pair);
	unsigned state; /* 0: gone */
	bool is_listed;
	const char *local, *remote;
} state_rows[] = {
	{ "ESTABLISHED", "127.0.0.77", "127.0.0.1", 25, no_step, TCP_ESTABLISHED, true,
	    "127.0.0.77", "127.0.0.1" },
	{ "ESTABLISHED, IPv6", "::1", "::1", 25, no_step, TCP_ESTABLISHED, true, "::1", "::1" },
	{ "ESTABLISHED, an IPv6 socket over IPv4", "::ffff:127.0.0.78", "::ffff:127.0.0.1", 25,
	    no_step, TCP_ESTABLISHED, true, "127.0.0.78", "127.0.0.1" },
	{ "another port", "127.0.0.1", "127.0.0.1", 26, no_step, TCP_ESTABLISHED, false, NULL,
	    NULL },
	{ "the port's other byte", "127.0.0.1", "127.0.0.1", 25 << 8, no_step, TCP_ESTABLISHED,
	    false, NULL, NULL },
	{ "FIN_WAIT1 of a closed socket", "127.0.0.77", "127.0.0.1", 25, fin_is_lost, TCP_FIN_WAIT1,
	    true, "127.0.0.77", "127.0.0.1" },
	{ "FIN_WAIT2", "127.0.0.77", "127.0.0.1", 25, client_shuts_down, TCP_FIN_WAIT2, true,
	    "127.0.0.77", "127.0.0.1" },
	{ "FIN_WAIT2 of a closed socket", "127.0.0.77", "127.0.0.1", 25, client_closes,
	    TCP_FIN_WAIT2, true, "127.0.0.77", "127.0.0.1" },
	{ "FIN_WAIT2 of a closed socket, IPv6", "::1", "::1", 25, client_closes, TCP_FIN_WAIT2,
	    true, "::1", "::1" },
	{ "CLOSE_WAIT", "127.0.0.77", "127.0.0.1", 25, server_shuts_down, TCP_CLOSE_WAIT, true,
	    "127.0.0.77", "127.0.0.1" },
	{ "LAST_ACK", "127.0.0.77", "127.0.0.1", 25, last_ack_is_lost, TCP_LAST_ACK, true,
	    "127.0.0.77", "127.0.0.1" },
	{ "TIME_WAIT", "127.0.0.1", "127.0.0.1", 25, both_close, TCP_TIME_WAIT, false, NULL, NULL },
	{ "TIME_WAIT, IPv6", "::1", "::1", 25, both_close, TCP_TIME_WAIT, false, NULL, NULL },
	{ "reset", "127.0.0.1", "127.0.0.1", 25, server_resets, 0, false, NULL, NULL },
};

/* The cookie is that of before the step: it stays through all states. */
static void
states(void **state)
{
	const struct state_row *row = *state;
	struct pair pair;
	const struct sockets_entry *entry;
	struct sockets_address local, remote;

	if (strchr(row->to, ':') != NULL && access("/proc/self/net/if_inet6", F_OK) != 0) {
		print_message("skipped: no IPv6 here\n");
		skip();
	}
	connect_pair(&pair, row->from, row->to, row->port);
	assert_null(listed(cookie_of(pair.server)));
	assert_null(listed(cookie_of(pair.listener)));
	row->step(&pair);
	wait_for_state(pair.client_port, row->state);
	entry = listed(pair.cookie);
	assert_true((entry != NULL) == row->is_listed);
	if (entry != NULL) {
		assert_true(entry->established);
		assert_true(entry->closing == (row->state != TCP_ESTABLISHED));
		assert_true(sockets_address_parse(row->local, &local));
		assert_true(sockets_address_parse(row->remote, &remote));
		assert_memory_equal(&entry->local, &local, sizeof(local));
		assert_memory_equal(&entry->remote, &remote, sizeof(remote));
	}
	set_loopback(true);
	close_pair(&pair);
}

static int
begin_connect(const char *to, in_port_t port)
{
	union address address = address_of(to, port);
	int fd = bound_socket("127.0.0.1", 0);

	fcntl(fd, F_SETFL, O_NONBLOCK);
	connect(fd, &address.any, sizeof(address));
	return fd;
}

/* A listener whose queue is full leaves a SYN unanswered. */
static void
connecting(void **state)
{
	int listener = listening_socket("127.0.0.9", 25, 0);
	int first = begin_connect("127.0.0.9", 25), second;
	const struct sockets_entry *entry;

	(void)state;
	wait_for_state(port_of(first), TCP_ESTABLISHED);
	second = begin_connect("127.0.0.9", 25);
	wait_for_state(port_of(second), TCP_SYN_SENT);
	entry = listed(cookie_of(second));
	assert_non_null(entry);
	assert_false(entry->established || entry->closing);
	entry = listed(cookie_of(first));
	assert_non_null(entry);
	assert_true(entry->established);
	close(first);
	close(second);
	close(listener);
}

/* Somebody who connects from port 25, and whom the kernel lets wait until he says something. */
static void
connections_of_others(void **state)
{
	union address address = address_of("127.0.0.5", 2525);
	int listener = listening_socket("127.0.0.5", 2525, 4),
	    client = bound_socket("127.0.0.6", 25);
	int seconds = 30;

	(void)state;
	setsockopt(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof(seconds));
	assert_int_equal(connect(client, &address.any, sizeof(address)), 0);
	wait_for_state(2525, TCP_SYN_RECV);
	assert_int_equal(listed_to("127.0.0.6"), 0);
	close(client);
	close(listener);
}

/* -- whole lists ------------------------------------------------------------------------------- */

/* More than fit into one part of an answer, each listed once, and gone again. */
static void
many(void **state)
{
	static struct pair pairs[MANY];
	union address address = address_of("127.0.0.3", 25);
	int listener = listening_socket("127.0.0.3", 25, MANY);

	(void)state;
	for (int i = 0; i < MANY; i++) {
		pairs[i].client = bound_socket("127.0.0.1", 0);
		pairs[i].cookie = cookie_of(pairs[i].client);
		assert_int_equal(connect(pairs[i].client, &address.any, sizeof(address)), 0);
	}
	assert_int_equal(listed_to("127.0.0.3"), MANY);
	for (int i = 0; i < MANY; i += 31)
		assert_non_null(listed(pairs[i].cookie));
	close(listener); /* resets those it has not accepted */
	for (int i = 0; i < MANY; i++)
		close(pairs[i].client);
	assert_int_equal(listed_to("127.0.0.3"), 0);
}

/* Others' sockets, as a user without rights. */
static void
any_user_may_ask(void **state)
{
	struct pair pair;
	pid_t child;
	int status;

	(void)state;
	connect_pair(&pair, "127.0.0.1", "127.0.0.1", 25);
	child = fork();
	if (child == 0) {
		if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0 && errno != EINVAL)
			_exit(2);
		sockets_free(&sockets);
		sockets = sockets_new(NULL);
		_exit(sockets != NULL && listed(pair.cookie) != NULL ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close_pair(&pair);
}

static const struct bad_row {
	const char *label;
	int times;
	const char *words; /* NULL: the list comes in the end */
	int error;
	unsigned flags, type;
	int done_with;
	uint32_t length, from, sequence_off;
	int message_flags;
	bool is_lost; /* what the changed answer said of our socket */
} bad_rows[] = {
	{ "overrun once", 1, NULL, .error = ENOBUFS },
	{ "overrun twice", 2, NULL, .error = ENOBUFS },
	{ "overrun again and again", 3, "No buffer space", .error = ENOBUFS },
	{ "a signal", 100, NULL, .error = EINTR },
	{ "silence", 1, "timed out", .error = EAGAIN },
	{ "changed while listed, once", 1, NULL, .flags = NLM_F_DUMP_INTR },
	{ "changed while listed, always", 3, "Interrupted", .flags = NLM_F_DUMP_INTR },
	{ "cut", 1, "too long", .message_flags = MSG_TRUNC },
	{ "shorter than a socket is", 1, "Bad message", .length = NLMSG_LENGTH(20) },
	{ "an error", 1, "Operation not permitted", .type = NLMSG_ERROR, .done_with = -EPERM },
	{ "no such module", 1, "modules inet_diag and tcp_diag", .type = NLMSG_ERROR,
	    .done_with = -ENOENT },
	{ "an error at the end", 1, "Invalid argument", .type = NLMSG_DONE, .done_with = -EINVAL },
	{ "a late error, of another request", 1, NULL, .type = NLMSG_ERROR, .done_with = -EPERM,
	    .sequence_off = 1, .is_lost = true },
	{ "from somebody else", 1, NULL, .type = NLMSG_ERROR, .done_with = -EPERM, .from = 77,
	    .is_lost = true },
	{ "nothing wrong", 0, NULL, .error = 0 },
};

/* What fails says so and leaves nothing behind: the next list is good. */
static void
bad_days(void **state)
{
	const struct bad_row *row = *state;
	struct pair pair;
	const struct sockets_entry *const untouched = (const void *)&pair, *entries = untouched;
	size_t count = 12345;
	struct err err = { "" };
	int rc;

	connect_pair(&pair, "127.0.0.1", "127.0.0.1", 25);
	bad.times = row->times;
	bad.error = row->error;
	bad.flags = row->flags;
	bad.type = row->type;
	bad.done_with = row->done_with;
	bad.length = row->length;
	bad.sequence_off = row->sequence_off;
	bad.from = row->from;
	bad.message_flags = row->message_flags;
	rc = sockets_list(sockets, &entries, &count, &err);
	assert_int_equal(bad.times, 0);
	memset(&bad, 0, sizeof(bad));
	if (row->words != NULL) {
		assert_int_equal(rc, -1);
		assert_non_null(strstr(err.text, row->words));
		assert_ptr_equal(entries, untouched);
		assert_int_equal(count, 12345);
	} else {
		assert_int_equal(rc, 0);
		assert_true((find(entries, count, pair.cookie) == NULL) == row->is_lost);
	}
	assert_non_null(listed(pair.cookie));
	close_pair(&pair);
}

/* -- addresses --------------------------------------------------------------------------------- */

static const struct address_row {
	const char *label, *in, *format; /* NULL: refused */
} address_rows[] = {
	{ "IPv4", "192.0.2.1", "192.0.2.1" },
	{ "IPv6", "2001:db8::1", "2001:db8::1" },
	{ "IPv6, long form", "2001:0DB8:0:0:0:0:0:1", "2001:db8::1" },
	{ "longest", "2001:db8:1111:2222:3333:4444:5555:6666",
	    "2001:db8:1111:2222:3333:4444:5555:6666" },
	{ "mapped is IPv4", "::ffff:192.0.2.1", "192.0.2.1" },
	{ "compatible is not", "::192.0.2.1", "::192.0.2.1" },
	{ "empty", "", NULL },
	{ "a name", "mx.test", NULL },
	{ "brackets", "[192.0.2.1]", NULL },
	{ "a port", "192.0.2.1:25", NULL },
	{ "a blank", "192.0.2.1 ", NULL },
	{ "too large", "192.0.2.256", NULL },
	{ "a zone", "fe80::1%lo", NULL },
};

static void
addresses(void **state)
{
	const struct address_row *row = *state;
	struct sockets_address address, again;
	char text[SOCKETS_ADDRESS_SIZE];

	memset(&address, 0xee, sizeof(address));
	assert_int_equal(sockets_address_parse(row->in, &address), row->format != NULL);
	if (row->format == NULL)
		return;
	assert_string_equal(sockets_address_format(&address, text), row->format);
	assert_true(sockets_address_parse(text, &again));
	assert_memory_equal(&address, &again, sizeof(address)); /* no byte left unset */
}

static void
no_address(void **state)
{
	const struct sockets_address none = { .family = AF_UNSPEC };
	char text[SOCKETS_ADDRESS_SIZE] = "x";

	(void)state;
	assert_string_equal(sockets_address_format(&none, text), "");
}

/* -- the namespace ----------------------------------------------------------------------------- */

static int
set_up(void **state)
{
	struct err err = { "" };

	(void)state;
	if (alone_failed != NULL)
		return 0;
	memset(&bad, 0, sizeof(bad));
	set_loopback(true);
	sockets = sockets_new(&err);
	if (sockets == NULL)
		print_error("%s\n", err.text);
	return sockets != NULL ? 0 : -1;
}

static int
take_down(void **state)
{
	(void)state;
	sockets_free(&sockets);
	assert_null(sockets);
	sockets_free(&sockets);
	return 0;
}

static void
without_namespace(void **state)
{
	(void)state;
	print_message("skipped: %s\n", alone_failed);
	skip();
}

/* From then on, tests that need the namespace are skipped if there is none. */
static void
need_namespace(struct check_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		list->tests[i].setup_func = set_up;
		list->tests[i].teardown_func = take_down;
		if (alone_failed != NULL)
			list->tests[i].test_func = without_namespace;
	}
}

static void
be_alone(void)
{
	struct rlimit files;

	if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
		alone_failed = "no network namespace of its own (unshare: not allowed)";
		return;
	}
	set_loopback(true);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

int
main(void)
{
	struct check_list list = { 0 };

	be_alone();
	CHECK_ROWS(&list, states, state_rows);
	CHECK(&list, connecting);
	CHECK(&list, connections_of_others);
	CHECK(&list, many);
	CHECK(&list, any_user_may_ask);
	CHECK_ROWS(&list, bad_days, bad_rows);
	need_namespace(&list);
	CHECK_ROWS(&list, addresses, address_rows);
	CHECK(&list, no_address);
	return check_run(&list, "sockets");
}
