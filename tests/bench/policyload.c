/*
 * policyload: load for a Postfix policy server, as many smtpd(8) processes make it.
 *
 * N connections, each strictly one request at a time, as Postfix asks; one thread, epoll, libc
 * only. Every answer must be exactly one well-formed `action=` line and an empty line, or the
 * program ends. Every wait is bounded. Prints one JSON line: throughput, latencies, what the
 * luckiest and the unluckiest connection got. All that is of requests at RCPT; with -e each message's
 * END-OF-MESSAGE is asked as well and only counted. With -x the same client asks Redis itself, one
 * command over and over: what a decision is compared with, by the same clock. Not for: other protocol
 * states, malformed requests (the end-to-end tests send those).
 */

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hist.h"

#define NS_PER_S         UINT64_C(1000000000)
#define NS_PER_MS        UINT64_C(1000000)
#define OVERDUE_CHECK_MS 100
#define EVENTS_PER_WAIT  256
#define REQUEST_SIZE     1280
#define ANSWER_SIZE      2048
#define WORDS_MAX        32
#define WORD_SIZE        32
#define DEFAULT_REQUESTS 10000

struct options {
	const char *address; /* unix:PATH or inet:HOST:PORT */
	const char *suffix;  /* recipients are uNNN@dNNN.SUFFIX */
	uint64_t connections;
	uint64_t requests;    /* 0: bounded by time only */
	uint64_t duration_ms; /* 0: bounded by requests only */
	uint64_t wait_ms;     /* for a connection, and for each answer */
	uint64_t addresses;
	uint64_t domains;
	uint64_t repeat; /* requests with one instance, as for a message to several recipients */
	bool ends;       /* END-OF-MESSAGE after them */
	const char *command; /* a file: this is sent instead, to Redis; NULL: policy requests */
};

struct conn {
	int fd;
	bool waiting;     /* a request is out, its answer is not complete */
	bool wants_write; /* the kernel did not take the whole request */
	uint64_t sent_ns;
	uint64_t answered;
	uint64_t instance;
	uint64_t instance_uses;
	uint64_t recipient;
	bool at_end; /* the last request was END-OF-MESSAGE */
	size_t out_len, out_done, in_len;
	char out[REQUEST_SIZE];
	char in[ANSWER_SIZE];
};

struct word {
	char text[WORD_SIZE];
	uint64_t count;
};

struct load {
	const struct options *opt;
	int epoll_fd;
	struct conn *conns;
	unsigned waiting; /* connections with a request out */
	uint64_t issued;
	uint64_t ends; /* END-OF-MESSAGEs answered */
	uint64_t start_ns, last_answer_ns;
	uint64_t instances; /* given out so far */
	uint64_t random;
	struct hist latency_ns;
	struct word words[WORDS_MAX];
	unsigned nwords;
	char command[REQUEST_SIZE]; /* of -x, as it goes to Redis */
	size_t command_len;
};

static void die(const char *, ...) __attribute__((noreturn, format(printf, 1, 2)));

static void
die(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fputs("policyload: ", stderr);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

static void conn_die(const struct load *, const struct conn *, const char *, ...)
    __attribute__((noreturn, format(printf, 3, 4)));

static void
conn_die(const struct load *load, const struct conn *conn, const char *format, ...)
{
	char why[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, sizeof(why), format, ap);
	va_end(ap);
	die("connection %td, after %" PRIu64 " answers: %s", conn - load->conns + 1, conn->answered,
	    why);
}

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* xorshift64*: the same recipients in the same order in every run. */
static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(2685821657736338717);
}

/* A message's requests at RCPT are over, and its END-OF-MESSAGE is due. */
static bool
is_at_end(const struct load *load, const struct conn *conn)
{
	return load->opt->ends && conn->answered > 0 && conn->instance_uses == 0 && !conn->at_end;
}

/* Which message and recipient the next request is about. */
static void
next_request(struct load *load, struct conn *conn)
{
	conn->at_end = is_at_end(load, conn);
	if (conn->at_end)
		return;
	conn->recipient = next_random(&load->random) % load->opt->addresses;
	if (conn->instance_uses == 0)
		conn->instance = load->instances++;
	conn->instance_uses = (conn->instance_uses + 1) % load->opt->repeat;
	load->issued++;
}

static void
command_read(struct load *load)
{
	FILE *file = fopen(load->opt->command, "rb");

	if (file == NULL)
		die("%s: %s", load->opt->command, strerror(errno));
	load->command_len = fread(load->command, 1, sizeof(load->command), file);
	fclose(file);
	if (load->command_len == 0 || load->command_len == sizeof(load->command))
		die("%s: not a command of 1 to %zu bytes", load->opt->command,
		    sizeof(load->command) - 1);
}

static void
command_put(const struct load *load, struct conn *conn)
{
	memcpy(conn->out, load->command, load->command_len);
	conn->out_len = load->command_len;
	conn->out_done = 0;
}

/* What smtpd(8) of Postfix 3.7 sends, all attributes, in its order. */
static void
request_format(struct load *load, struct conn *conn)
{
	static const char format[] =
	    "request=smtpd_access_policy\nprotocol_state=%s\nprotocol_name=ESMTP\n"
	    "client_address=192.0.2.25\nclient_name=app.example.test\nclient_port=40512\n"
	    "reverse_client_name=app.example.test\nserver_address=192.0.2.1\nserver_port=25\n"
	    "helo_name=app.example.test\nsender=news@example.test\n"
	    "recipient=u%" PRIu64 "@d%" PRIu64 ".%s\nrecipient_count=%d\nqueue_id=%s\n"
	    "instance=%x.%" PRIx64 ".%" PRIx64 ".0\nsize=20480\netrn_domain=\nstress=\n"
	    "sasl_method=\nsasl_username=\nsasl_sender=\nccert_subject=\nccert_issuer=\n"
	    "ccert_fingerprint=\nccert_pubkey_fingerprint=\nencryption_protocol=\n"
	    "encryption_cipher=\nencryption_keysize=0\npolicy_context=\n\n";
	const struct options *opt = load->opt;
	int len;

	len =
	    snprintf(conn->out, sizeof(conn->out), format, conn->at_end ? "END-OF-MESSAGE" : "RCPT",
		conn->recipient, conn->recipient % opt->domains, opt->suffix, conn->at_end ? 1 : 0,
		conn->at_end ? "4B1Yw00000z5n" : "", (unsigned)getpid(), load->start_ns / 1000,
		conn->instance);
	if (len < 0 || (size_t)len >= sizeof(conn->out))
		die("the domain suffix is too long");
	conn->out_len = (size_t)len;
	conn->out_done = 0;
}

static void
conn_watch(struct load *load, struct conn *conn, int op)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = conn };

	if (conn->wants_write)
		event.events |= EPOLLOUT;
	if (epoll_ctl(load->epoll_fd, op, conn->fd, &event) == -1)
		die("epoll_ctl: %s", strerror(errno));
}

static void
conn_send(struct load *load, struct conn *conn)
{
	bool wants_write;
	ssize_t n;

	n = send(conn->fd, conn->out + conn->out_done, conn->out_len - conn->out_done,
	    MSG_NOSIGNAL);
	if (n == -1 && errno != EAGAIN && errno != EINTR)
		conn_die(load, conn, "send: %s", strerror(errno));
	if (n > 0)
		conn->out_done += (size_t)n;
	wants_write = conn->out_done < conn->out_len;
	if (wants_write != conn->wants_write) {
		conn->wants_write = wants_write;
		conn_watch(load, conn, EPOLL_CTL_MOD);
	}
}

static bool
load_is_over(const struct load *load, uint64_t now)
{
	const struct options *opt = load->opt;

	return (opt->requests > 0 && load->issued >= opt->requests) ||
	       (opt->duration_ms > 0 && now - load->start_ns >= opt->duration_ms * NS_PER_MS);
}

static void
conn_ask(struct load *load, struct conn *conn)
{
	next_request(load, conn);
	if (load->opt->command != NULL)
		command_put(load, conn);
	else
		request_format(load, conn);
	conn->waiting = true;
	load->waiting++;
	conn->sent_ns = now_ns();
	conn_send(load, conn);
}

/* Counts an answer under the first word of its action: DUNNO, DEFER_IF_PERMIT, 550. */
static void
words_add(struct load *load, const struct conn *conn, const char *text, size_t len)
{
	size_t n = 0;
	unsigned i;

	while (n < len && (isalnum((unsigned char)text[n]) || text[n] == '_'))
		n++;
	if (n == 0 || n >= WORD_SIZE || (n < len && text[n] != ' '))
		conn_die(load, conn, "no action in the answer: action=%.*s", (int)len, text);
	for (i = 0; i < load->nwords; i++)
		if (strlen(load->words[i].text) == n && memcmp(load->words[i].text, text, n) == 0)
			break;
	if (i == load->nwords) {
		if (load->nwords == WORDS_MAX)
			die("more than %d different actions", WORDS_MAX);
		memcpy(load->words[i].text, text, n);
		load->words[load->nwords++].text[n] = '\0';
	}
	load->words[i].count++;
}

/* As answer_is_complete(), of Redis: an integer, which it counts under that name. */
static bool
reply_is_complete(struct load *load, const struct conn *conn)
{
	const char *newline = memchr(conn->in, '\n', conn->in_len);

	if (conn->in[0] != ':')
		conn_die(load, conn, "not an integer from Redis: %.*s", (int)conn->in_len,
		    conn->in);
	if (newline != NULL && (size_t)(newline - conn->in) + 1 < conn->in_len)
		conn_die(load, conn, "bytes nobody asked for after the reply");
	if (newline == NULL)
		return false;
	words_add(load, conn, "integer", strlen("integer"));
	return true;
}

/* True: the bytes read are a whole answer. Ends the program when they cannot become one. */
static bool
answer_is_complete(struct load *load, const struct conn *conn)
{
	static const char head[] = "action=";
	const size_t head_len = sizeof(head) - 1;
	const char *in = conn->in, *newline = memchr(in, '\n', conn->in_len);
	size_t line_len = newline == NULL ? conn->in_len : (size_t)(newline - in);

	if (memcmp(in, head, conn->in_len < head_len ? conn->in_len : head_len) != 0 ||
	    memchr(in, '\0', conn->in_len) != NULL)
		conn_die(load, conn, "malformed answer: %.*s", (int)line_len, in);
	if (newline == NULL && conn->in_len == sizeof(conn->in))
		conn_die(load, conn, "answer longer than %zu bytes", sizeof(conn->in));
	if (newline == NULL || conn->in_len == line_len + 1)
		return false;
	if (newline[1] != '\n')
		conn_die(load, conn, "more than one line in the answer: %.*s", (int)conn->in_len,
		    in);
	if (conn->in_len > line_len + 2)
		conn_die(load, conn, "bytes nobody asked for after the answer");
	if (line_len < head_len)
		conn_die(load, conn, "malformed answer: %.*s", (int)line_len, in);
	words_add(load, conn, in + head_len, line_len - head_len);
	return true;
}

static void
conn_read(struct load *load, struct conn *conn)
{
	uint64_t now;
	ssize_t n;

	n = recv(conn->fd, conn->in + conn->in_len, sizeof(conn->in) - conn->in_len, 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == -1)
		conn_die(load, conn, "recv: %s", strerror(errno));
	if (n == 0)
		conn_die(load, conn, "closed by the server, %zu bytes into an answer",
		    conn->in_len);
	if (!conn->waiting)
		conn_die(load, conn, "bytes nobody asked for");
	conn->in_len += (size_t)n;
	if (!(load->opt->command != NULL ? reply_is_complete : answer_is_complete)(load, conn))
		return;
	conn->in_len = 0;
	now = now_ns();
	load->waiting--;
	conn->waiting = false;
	load->last_answer_ns = now;
	if (conn->at_end) {
		load->ends++;
	} else {
		hist_add(&load->latency_ns, now - conn->sent_ns);
		conn->answered++;
	}
	if (!load_is_over(load, now))
		conn_ask(load, conn);
}

static void
load_check_overdue(const struct load *load, uint64_t now)
{
	for (uint64_t i = 0; i < load->opt->connections; i++) {
		const struct conn *conn = &load->conns[i];

		if (conn->waiting && now - conn->sent_ns > load->opt->wait_ms * NS_PER_MS)
			conn_die(load, conn, "no answer within %" PRIu64 " ms", load->opt->wait_ms);
	}
}

static void
load_run(struct load *load)
{
	struct epoll_event events[EVENTS_PER_WAIT];
	uint64_t next_check;

	load->start_ns = load->last_answer_ns = now_ns();
	next_check = load->start_ns + OVERDUE_CHECK_MS * NS_PER_MS;
	for (uint64_t i = 0; i < load->opt->connections && !load_is_over(load, load->start_ns); i++)
		conn_ask(load, &load->conns[i]);
	while (load->waiting > 0) {
		int n = epoll_wait(load->epoll_fd, events, EVENTS_PER_WAIT, OVERDUE_CHECK_MS);
		uint64_t now;

		if (n == -1 && errno != EINTR)
			die("epoll_wait: %s", strerror(errno));
		for (int i = 0; i < n; i++) {
			struct conn *conn = events[i].data.ptr;

			if (conn->wants_write && events[i].events & EPOLLOUT)
				conn_send(load, conn);
			if (events[i].events & ~(uint32_t)EPOLLOUT)
				conn_read(load, conn);
		}
		now = now_ns();
		if (now >= next_check) {
			load_check_overdue(load, now);
			next_check = now + OVERDUE_CHECK_MS * NS_PER_MS;
		}
	}
}

static socklen_t
unix_address(const char *path, struct sockaddr_storage *storage)
{
	struct sockaddr_un *addr = (struct sockaddr_un *)storage;

	if (strlen(path) >= sizeof(addr->sun_path))
		die("%s: longer than a socket's path can be", path);
	addr->sun_family = AF_UNIX;
	strcpy(addr->sun_path, path);
	return sizeof(*addr);
}

/* HOST is numeric, in brackets if it is IPv6: no look-up. */
static socklen_t
inet_address(const char *text, struct sockaddr_storage *storage)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM };
	const char *colon = strrchr(text, ':');
	struct addrinfo *found;
	char host[64];
	socklen_t len;
	int rc;

	if (colon == NULL)
		die("inet:%s: no port", text);
	if (text[0] == '[' && colon > text + 1 && colon[-1] == ']')
		rc = snprintf(host, sizeof(host), "%.*s", (int)(colon - text - 2), text + 1);
	else
		rc = snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
	if (rc < 0 || (size_t)rc >= sizeof(host))
		die("inet:%s: host too long", text);
	if ((rc = getaddrinfo(host, colon + 1, &hints, &found)) != 0)
		die("inet:%s: %s", text, gai_strerror(rc));
	len = found->ai_addrlen;
	memcpy(storage, found->ai_addr, len);
	freeaddrinfo(found);
	return len;
}

/*
 * Connects before the measurement starts. Blocking, with SO_SNDTIMEO: the one way to wait, bounded,
 * for room in a unix socket's backlog.
 */
static void
conn_open(struct load *load, struct conn *conn, const struct sockaddr_storage *addr, socklen_t len)
{
	struct timeval wait = { .tv_sec = (time_t)(load->opt->wait_ms / 1000),
		.tv_usec = (suseconds_t)(load->opt->wait_ms % 1000 * 1000) };
	int on = 1;

	conn->fd = socket(addr->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (conn->fd == -1)
		conn_die(load, conn, "socket: %s", strerror(errno));
	if (setsockopt(conn->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) == -1)
		die("setsockopt: %s", strerror(errno));
	if (connect(conn->fd, (const struct sockaddr *)addr, len) == -1)
		conn_die(load, conn, "%s: %s", load->opt->address,
		    errno == EAGAIN ? "no room in the backlog in time" : strerror(errno));
	if (addr->ss_family != AF_UNIX &&
	    setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1)
		die("setsockopt: %s", strerror(errno));
	if (fcntl(conn->fd, F_SETFL, O_NONBLOCK) == -1)
		die("fcntl: %s", strerror(errno));
	conn_watch(load, conn, EPOLL_CTL_ADD);
}

static void
raise_file_limit(uint64_t connections)
{
	struct rlimit limit;
	rlim_t wanted = connections + 16;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		die("getrlimit: %s", strerror(errno));
	if (limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = wanted;
	if (limit.rlim_max < wanted || setrlimit(RLIMIT_NOFILE, &limit) == -1)
		die("%" PRIu64 " connections need %ju open files, the limit is %ju", connections,
		    (uintmax_t)wanted, (uintmax_t)limit.rlim_max);
}

static void
load_open(struct load *load)
{
	const char *address = load->opt->address;
	struct sockaddr_storage addr;
	socklen_t len;

	memset(&addr, 0, sizeof(addr));
	if (strncmp(address, "unix:", 5) == 0)
		len = unix_address(address + 5, &addr);
	else if (strncmp(address, "inet:", 5) == 0)
		len = inet_address(address + 5, &addr);
	else
		die("%s: neither unix:PATH nor inet:HOST:PORT", address);
	raise_file_limit(load->opt->connections);
	if ((load->epoll_fd = epoll_create1(EPOLL_CLOEXEC)) == -1)
		die("epoll_create1: %s", strerror(errno));
	load->conns = calloc(load->opt->connections, sizeof(*load->conns));
	if (load->conns == NULL)
		die("no memory for %" PRIu64 " connections", load->opt->connections);
	for (uint64_t i = 0; i < load->opt->connections; i++)
		conn_open(load, &load->conns[i], &addr, len);
}

static void
load_close(struct load *load)
{
	for (uint64_t i = 0; i < load->opt->connections; i++)
		close(load->conns[i].fd);
	close(load->epoll_fd);
	free(load->conns);
}

static double
microseconds(uint64_t ns)
{
	return (double)ns / 1000.0;
}

static void
load_print(const struct load *load)
{
	const struct hist *hist = &load->latency_ns;
	double seconds = (double)(load->last_answer_ns - load->start_ns) / (double)NS_PER_S;
	uint64_t least = UINT64_MAX, most = 0;
	struct rusage usage;

	for (uint64_t i = 0; i < load->opt->connections; i++) {
		uint64_t answered = load->conns[i].answered;

		least = answered < least ? answered : least;
		most = answered > most ? answered : most;
	}
	getrusage(RUSAGE_SELF, &usage);
	printf("{\"connections\":%" PRIu64 ",\"requests\":%" PRIu64
	       ",\"seconds\":%.6f,\"per_second\":%.1f,",
	    load->opt->connections, hist->total, seconds, (double)hist->total / seconds);
	printf("\"mean_us\":%.2f,\"p50_us\":%.2f,\"p90_us\":%.2f,\"p99_us\":%.2f,\"p999_us\":%.2f,"
	       "\"max_us\":%.2f,",
	    microseconds(hist->sum) / (double)hist->total, microseconds(hist_quantile(hist, 500)),
	    microseconds(hist_quantile(hist, 900)), microseconds(hist_quantile(hist, 990)),
	    microseconds(hist_quantile(hist, 999)), microseconds(hist->max));
	printf("\"min_per_connection\":%" PRIu64 ",\"max_per_connection\":%" PRIu64 ",", least,
	    most);
	printf("\"ends\":%" PRIu64 ",\"own_cpu_us\":%" PRIu64 ",\"answers\":{", load->ends,
	    (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
		(uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec));
	for (unsigned i = 0; i < load->nwords; i++)
		printf("%s\"%s\":%" PRIu64, i == 0 ? "" : ",", load->words[i].text,
		    load->words[i].count);
	puts("}}");
}

static void usage(FILE *, int) __attribute__((noreturn));

static void
usage(FILE *to, int status)
{
	fputs("usage: policyload [options] unix:PATH | inet:HOST:PORT\n"
	      "  -c N     connections (1)\n"
	      "  -n N     end after N requests (10000 without -t)\n"
	      "  -t N     end after N milliseconds; with -n: whichever comes first\n"
	      "  -a N     different recipient addresses (10000)\n"
	      "  -d N     over so many domains (100)\n"
	      "  -s NAME  which end in NAME (bench.test): u7@d7.bench.test\n"
	      "  -r N     requests with the same instance on a connection (1)\n"
	      "  -e       END-OF-MESSAGE after them\n"
	      "  -x FILE  instead, send the Redis command in FILE (RESP; its reply an integer)\n"
	      "  -w N     wait at most N ms for a connection, and for each answer (10000)\n",
	    to);
	exit(status);
}

static const struct number_option {
	char letter;
	uint64_t min, max;
	size_t offset;
} number_options[] = {
	{ 'c', 1, 20000, offsetof(struct options, connections) },
	{ 'n', 1, 1000000000, offsetof(struct options, requests) },
	{ 't', 1, 3600000, offsetof(struct options, duration_ms) },
	{ 'a', 1, 100000000, offsetof(struct options, addresses) },
	{ 'd', 1, 1000000, offsetof(struct options, domains) },
	{ 'r', 1, 1000000, offsetof(struct options, repeat) },
	{ 'w', 1, 600000, offsetof(struct options, wait_ms) },
};

static void
number_set(struct options *opt, const struct number_option *row, const char *text)
{
	uintmax_t value;
	char *end;

	errno = 0;
	value = strtoumax(text, &end, 10);
	if (errno != 0 || !isdigit((unsigned char)text[0]) || *end != '\0' || value < row->min ||
	    value > row->max)
		die("-%c %s: not a number from %" PRIu64 " to %" PRIu64, row->letter, text,
		    row->min, row->max);
	*(uint64_t *)((char *)opt + row->offset) = value;
}

static void
options_parse(struct options *opt, int argc, char **argv)
{
	const size_t rows = sizeof(number_options) / sizeof(number_options[0]);
	size_t i;
	int c;

	while ((c = getopt(argc, argv, "c:n:t:a:d:s:r:ex:w:h")) != -1) {
		for (i = 0; i < rows && number_options[i].letter != c; i++)
			continue;
		if (i < rows)
			number_set(opt, &number_options[i], optarg);
		else if (c == 's')
			opt->suffix = optarg;
		else if (c == 'e')
			opt->ends = true;
		else if (c == 'x')
			opt->command = optarg;
		else
			usage(c == 'h' ? stdout : stderr, c == 'h' ? 0 : 2);
	}
	if (argc - optind != 1)
		usage(stderr, 2);
	opt->address = argv[optind];
	if (opt->requests == 0 && opt->duration_ms == 0)
		opt->requests = DEFAULT_REQUESTS;
}

int
main(int argc, char **argv)
{
	static struct load load;
	struct options opt = {
		.suffix = "bench.test",
		.connections = 1,
		.addresses = 10000,
		.domains = 100,
		.repeat = 1,
		.wait_ms = 10000,
	};

	options_parse(&opt, argc, argv);
	load.opt = &opt;
	if (opt.command != NULL)
		command_read(&load);
	load.random = UINT64_C(88172645463325252);
	load_open(&load);
	load_run(&load);
	load_print(&load);
	load_close(&load);
	return 0;
}
