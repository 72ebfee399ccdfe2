/* mxctl against a private redis-server: what goes on now (status, --watch), and explain at delivery
 * time. */
#include "test_ctl_redis.h"

#include <sys/ioctl.h>

#include "store_egress.h"
#include "watch.h"

#define CONF                                                                                    \
	"redis = \"unix:FOLDER/redis.sock\"; store_timeout = \"5s\"; mx_rules = "               \
	"\"mx-rules.conf\";\n"                                                                  \
	"mx_rules_local = \"\"; bounce_rules = \"\"; node = \"mta1\"; local_domains = \"here."  \
	"test\";\n"                                                                             \
	"sending_ips = ( { name = \"192.0.2.1\"; }, { name = \"192.0.2.2\"; nodes = [ \"mta2\"" \
	" ]; }, { name = \"192.0.2.3\"; } );\n"

static const char admission_conf[] = CONF;
static const char egress_conf[] = CONF
    "enforce = \"egress\"; dns_servers = \"127.0.0.9\"; dns_timeout = \"100ms\"; active_queue_limit = 400; transport_exceptions = \"left.test\";\n"
    "pools = ( { name = \"news\"; senders = \"*@news.test\"; ips = \"192.0.2.3\"; },\n"
    "          { name = \"one\"; senders = \"*@one.test\"; ips = \"192.0.2.1\"; },\n"
    "          { name = \"far\"; senders = \"*@far.test\"; ips = \"192.0.2.2\"; } );\n";
static const char away_conf[] =
    "redis = \"unix:FOLDER/no-redis\"; mx_rules = \"mx-rules.conf\"; mx_rules_local = \"\";\n"
    "bounce_rules = \"\"; node = \"mta1\"; enforce = \"egress\";\n"
    "sending_ips = ( { name = \"192.0.2.1\"; } );\n";
static const char observe_conf[] = CONF "enforce = \"observe\";\n";

static const char mx_rules_text[] =
    "mx_rules = (\n"
    "  { name = \"five\"; mx = \"[192.0.2.5]\"; limits = \"5/10s\"; },\n"
    "  { name = \"slots\"; mx = \"[192.0.2.6]\"; connections = 3; messages_per_connection = 50;\n"
    "    limits = \"100/1m\"; },\n"
    "  { name = \"shared\"; mx = \"[192.0.2.7]\"; per = \"group\"; limits = \"50/1h\"; },\n"
    "  { name = \"default\"; mx = \"*\"; scope = \"site\"; limits = \"7/10s\"; } );\n";

/* -- what goes on ------------------------------------------------------------------------------ */

static void
use_group(const char *group)
{
	store_put_group_used(&batch, group, clock_wall_s());
	must();
}

static void
tell_queue(const char *group, const char *ip, const char *node, int64_t waiting, int64_t queued,
    double per_minute)
{
	const struct store_queue queue = { .waiting = waiting,
		.queued = queued,
		.per_minute = per_minute };

	store_put_queue(&batch, group, ip, node, &queue, clock_wall_s());
	use_group(group);
}

static void
order(const char *group, const char *ip, bool suspend, int64_t per_hour, int64_t connections,
    const char *why)
{
	const struct store_order orders = { .group = group,
		.ip = ip,
		.suspend = suspend,
		.per_hour = per_hour,
		.connections = connections,
		.for_ms = 1800000,
		.why = why,
		.by = "ann" };
	struct store_backoff backoff;

	store_put_backoff_set(&batch, &orders, &backoff);
	use_group(group);
}

static void
beat(const char *node, const char *enforce, const char *kernel_view)
{
	const struct store_event_field fields[] = {
		{ "version", "0.1.0" },
		{ "enforce", enforce },
		{ "kernel_view", kernel_view },
	};
	struct str before = { 0 };

	store_put_node(&batch, node, fields, COUNT(fields), clock_wall_s(), &before);
	must();
	str_free(&before);
}

/* Groups of every kind. */
static int
fill_redis(void **state)
{
	struct limit slots = limit_of("100/1m"), five = limit_of("5/10s");

	empty_redis(state);
	beat("mta1", "egress", "seen");
	use_group("idle");
	take("slots", "192.0.2.1", &slots, true);
	store_put_open(&batch, "slots", "192.0.2.1", "mta1", 2, clock_wall_s());
	tell_queue("slots", "192.0.2.1", "mta1", 3, 120, 60);
	tell_queue("slots", "192.0.2.1", "mta2", 1, 40, 20);
	store_put_open(&batch, "slots", "192.0.2.3", "mta2", 3, clock_wall_s());
	tell_queue("slots", "192.0.2.3", "gone", 9, 9, 9);
	store_put_queue(&batch, "slots", "192.0.2.3", "gone",
	    &(struct store_queue){ .queued = 1000000 }, clock_wall_s() - 100);
	for (int i = 0; i < 5; i++)
		take("five", "192.0.2.1", &five, true);
	tell_queue("five", "192.0.2.1", "mta1", 2, 2, 30);
	tell_queue("five", "192.0.2.3", "mta1", 1, 0, 20);
	order("five", "192.0.2.3", false, 120, 2, "too many complaints, they say");
	take("five", "192.0.2.3", &five, true);
	order("default/[192.0.2.9]", "192.0.2.1", false, 0, 1, "");
	order("shared", "all", true, 0, 0, "421 4.7.0 busy");
	tell_queue("shared", "all", "mta1", 0, 60, 60);
	store_put_pause(&batch, "default/[192.0.2.8]", "they\x1bmove");
	tell_queue("default/[192.0.2.8]", "192.0.2.3", "mta1", 0, 7, 42);
	return 0;
}

#define WATCH "status --watch --for 1ms"

static const struct shown_row {
	const char *label, *line, *stream;
} shown_rows[] = {
	{ "sums of all nodes", WATCH,
	    "  slots              192.0.2.1    2/3     4     160  1/100 1m  in 2m   -\n" },
	{ "a node that is gone counts no more", WATCH,
	    "  slots              192.0.2.3    3/3     0       0  0/100 1m  now     -\n" },
	{ "a limit that is full", WATCH, "  5/5 10s" },
	{ "backoff: less of both, and time to drain by it", WATCH,
	    "  five               192.0.2.3    0/2     1       0  1/5 10s   in 30s  120/h\n" },
	{ "backoff of connections alone", WATCH, "0/1     0       0  0/7 10s   now     backoff\n" },
	{ "suspended: drained after that, 1 of 10 to begin with", WATCH,
	    "all            0     0      60  0/50 1h   in 40m  suspended\n" },
	{ "paused: nobody knows when", WATCH,
	    "192.0.2.3      0     0       7  0/7 10s   -       paused\n" },
	{ "why, once a group", WATCH,
	    "\n                    default/[192.0.2.8]: paused: they?move\n" },
	{ "why, of a sending IP", WATCH,
	    "five from 192.0.2.3: at most 120 messages an hour over 2\n"
	    "                    connections for another 30m (by ann): too many complaints,\n"
	    "                    they say\n" },
	{ "why, of all together", WATCH,
	    "shared: suspended for another 30m (by ann): 421 4.7.0 busy\n" },
	{ "one connection", WATCH, "default/[192.0.2.9] from 192.0.2.1: at most 1 connection" },
	{ "JSON", "status --json",
	    "{\"group\":\"slots\",\"sending_ip\":\"192.0.2.1\",\"open\":{\"used\":2,\"limit\":3},"
	    "\"waiting\":4,\"queued\":160,\"messages\":[{\"period\":\"1m\",\"used\":1,\"limit\":"
	    "100}],\"per_hour\":4800,\"drain_s\":120,\"paused\":null,\"backoff\":null," },
	{ "JSON: backoff", "status --json",
	    "\"backoff\":\"reduce\",\"backoff_per_hour\":120,\"backoff_connections\":2,"
	    "\"backoff_for_s\":1800,\"backoff_why\":\"too many complaints, they say\","
	    "\"backoff_by\":\"ann\"}" },
	{ "JSON: paused", "status --json", "\"drain_s\":null,\"paused\":\"they?move\"," },
};

static void
shows_what_goes_on(void **state)
{
	const struct shown_row *row = *state;

	fill_redis(NULL);
	check_run_of(row->line, CTL_DONE, row->stream, "");
}

static void
shows_no_idle_group(void **state)
{
	struct done done;

	(void)state;
	fill_redis(NULL);
	done = run("-c mxpace.conf " WATCH, "\n");
	assert_int_equal(done.rc, CTL_DONE);
	assert_null(strstr(done.stream, "idle"));
	assert_int_equal(occurrences(done.stream, "192.0.2.2"), 1); /* of the paused group */
	assert_int_equal(occurrences(done.stream, "they?move"), 1); /* of three sending IPs */
	free_done(&done);
	empty_redis(NULL);
	beat("mta1", "egress", "seen");
	check_run_of("status", CTL_DONE, "Open, waiting, queued or held back\n  Nothing.\n", "");
}

/* More than a batch, with idle ones in between. */
static void
shows_the_most_first(void **state)
{
	enum { GROUPS = 50 };
	struct done done;

	(void)state;
	empty_redis(NULL);
	beat("mta1", "egress", "seen");
	for (int i = 0; i < 2 * GROUPS; i++) {
		char name[64];

		snprintf(name, sizeof(name), "default/mx%d.foo.test", i);
		if (i % 2 == 0)
			tell_queue(name, "192.0.2.3", "mta1", 0, 1 + (i * 7) % 100, 60);
		else
			use_group(name);
	}
	done = run("-c mxpace.conf " WATCH, "\n");
	assert_int_equal(occurrences(done.stream, "0/7 10s"), 40);
	assert_non_null(strstr(done.stream, "  and 10 more: mxctl --json status shows all\n"));
	assert_non_null(strstr(done.stream, "HELD BACK\n  default/mx14.foo.test  "));
	free_done(&done);
	done = run("-c mxpace.conf status --json", "\n");
	assert_int_equal(occurrences(done.stream, "\"queued\":"), GROUPS);
	for (int i = 0; i < 2 * GROUPS; i += 2) {
		char part[64];

		snprintf(part, sizeof(part), "\"queued\":%d,", 1 + (i * 7) % 100);
		assert_non_null(strstr(done.stream, part));
	}
	free_done(&done);
}

static void
shows_nodes(void **state)
{
	struct done done;

	(void)state;
	empty_redis(NULL);
	beat("mta1", "egress", "seen");
	beat("mta2", "egress", "none");
	beat("mta3", "admission", "unused");
	beat("mta4", "egress", "none");
	beat("mta5", "egress", "seen");
	store_put_node_gone(&batch, "mta5");
	must();
	check_run_of("status", CTL_DONE, "  Nodes             1 admission, 3 egress, 1 silent\n",
	    "");
	check_run_of("status", CTL_DONE, "      UP  ENFORCE\n", "");
	check_run_of("status", CTL_DONE, "Kernel view: none on mta", "");
	check_run_of("status", CTL_DONE, ": no connection of Postfix is seen there\n", "");
	check_run_of("--json status", CTL_DONE,
	    "\"nodes_by_enforce\":{\"observe\":0,\"admission\":1,\"egress\":3,\"silent\":1}", "");
	check_run_of("--json status", CTL_DONE, "\"enforce\":\"egress\",\"kernel_view\":\"none\"}",
	    "");
	beat("mta2", "egress", "seen");
	beat("mta4", "egress", "seen");
	check_run_of("--json status --json", CTL_DONE, "\"kernel_view\":\"unused\"}", "");
	done = run("-c mxpace.conf status", "\n");
	assert_null(strstr(done.stream, "Kernel"));
	free_done(&done);
}

/* -- again and again --------------------------------------------------------------------------- */

struct watching {
	pid_t pid;
	int fd;
	struct str seen;
};

static pid_t watcher; /* the process of a test that failed must not go on */

static void
end_watcher(void)
{
	if (watcher > 0)
		kill(watcher, SIGKILL);
}

/* mxctl in a process of its own that writes to `to`; what it writes is read from `from`. */
static void
start_watching(struct watching *watching, int to, int from)
{
	char *argv[] = { (char *)(uintptr_t) "mxctl", (char *)(uintptr_t) "-c",
		(char *)(uintptr_t) "mxpace.conf", (char *)(uintptr_t) "status",
		(char *)(uintptr_t) "--watch", (char *)(uintptr_t) "--for",
		(char *)(uintptr_t) "60s", NULL };

	*watching = (struct watching){ .fd = from };
	assert_int_equal(chdir(folder), 0);
	watching->pid = fork();
	assert_true(watching->pid >= 0);
	watcher = watching->pid;
	if (watching->pid == 0) {
		FILE *stream = fdopen(to, "w");
		int rc;

		close(from);
		rc = command_main(7, argv, stdin, stream, stderr);

		fclose(stream);
		_exit(rc);
	}
	close(to);
}

/* Reads until that was written so often. */
static void
watch_for(struct watching *watching, const char *part, size_t times)
{
	int64_t deadline_ms = clock_monotonic_ms() + 20000;
	struct pollfd poll_fd = { .fd = watching->fd, .events = POLLIN };
	char bytes[4096];

	while (occurrences(str_text(&watching->seen), part) < times) {
		ssize_t n;

		if (clock_monotonic_ms() > deadline_ms)
			fail_msg("waited in vain for %s: %s", part, str_text(&watching->seen));
		if (poll(&poll_fd, 1, 1000) <= 0)
			continue;
		n = read(watching->fd, bytes, sizeof(bytes));
		assert_true(n > 0);
		str_add(&watching->seen, bytes, (size_t)n);
	}
}

static void
end_watching(struct watching *watching, int number, int rc)
{
	int status = -1;

	kill(watching->pid, number);
	for (int i = 0; i < 2000 && waitpid(watching->pid, &status, WNOHANG) == 0; i++)
		poll(NULL, 0, 10);
	watcher = 0;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), rc);
	close(watching->fd);
	str_free(&watching->seen);
}

static const struct end_row {
	const char *label;
	int number;
} end_rows[] = {
	{ "SIGINT", SIGINT },
	{ "SIGTERM", SIGTERM },
};

static void
watches_until_told_to_stop(void **state)
{
	const struct end_row *row = *state;
	struct watching watching;
	int fds[2];

	fill_redis(NULL);
	assert_int_equal(pipe(fds), 0);
	start_watching(&watching, fds[1], fds[0]);
	watch_for(&watching, "nodes alive: 1 of 1\n", 1);
	tell_queue("slots", "192.0.2.1", "mta1", 3, 777, 60);
	watch_for(&watching, "  817  ", 1); /* with mta2's 40 */
	STORE_PUT(&batch, NULL, NULL, "HSET", "mxpace:levels", "all", "fast");
	must();
	watch_for(&watching, "  2/4  ", 1); /* 3 connections * 1.5 */
	watch_for(&watching, "nodes alive: 1 of 1\n", 3);
	assert_true(occurrences(str_text(&watching.seen), "(by ann)\n\n20") >= 1);
	assert_null(strchr(str_text(&watching.seen), '\033'));
	end_watching(&watching, row->number, CTL_DONE);
}

/* It goes on when Redis hangs up, and says so when it is away. */
static void
watches_through_a_lost_connection(void **state)
{
	struct watching watching;
	int fds[2];

	(void)state;
	fill_redis(NULL);
	assert_int_equal(pipe(fds), 0);
	start_watching(&watching, fds[1], fds[0]);
	watch_for(&watching, "nodes alive: 1 of 1\n", 1);
	STORE_PUT(&batch, NULL, NULL, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
	must();
	watch_for(&watching, "Z  Redis at unix:", 1);
	watch_for(&watching, "nodes alive: 1 of 1\n", 2);
	end_watching(&watching, SIGINT, CTL_DONE);
}

static bool
catches_sigint(pid_t pid)
{
	char path[64], line[256];
	unsigned long long caught = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "r");
	assert_non_null(file);
	while (
	    fgets(line, sizeof(line), file) != NULL && sscanf(line, "SigCgt: %llx", &caught) != 1)
		;
	fclose(file);
	return (caught & 1ULL << (SIGINT - 1)) != 0;
}

/* As behind a pager that was left alone: the pipe is full before the first picture. */
static void
stops_in_the_middle_of_a_write(void **state)
{
	int64_t deadline_ms = clock_monotonic_ms() + 20000;
	struct watching watching;
	char page[4096] = { 0 };
	const char *preloaded = getenv("LD_PRELOAD");
	int fds[2];

	(void)state;
	/* valgrind catches every signal, and hands none on while a write does not return. */
	if (preloaded != NULL && strstr(preloaded, "vgpreload") != NULL)
		skip();
	fill_redis(NULL);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(fcntl(fds[1], F_SETPIPE_SZ, (int)sizeof(page)), sizeof(page));
	assert_int_equal(write(fds[1], page, sizeof(page)), sizeof(page));
	start_watching(&watching, fds[1], fds[0]);
	while (!catches_sigint(watching.pid))
		assert_true(clock_monotonic_ms() < deadline_ms);
	poll(NULL, 0, 200); /* most likely it writes by now; it must end as well if not */
	end_watching(&watching, SIGINT, CTL_DONE);
}

static int
open_terminal(int *to, unsigned short lines, unsigned short columns)
{
	struct winsize size = { .ws_row = lines, .ws_col = columns };
	int from = posix_openpt(O_RDWR | O_NOCTTY);

	assert_true(from >= 0);
	assert_int_equal(grantpt(from), 0);
	assert_int_equal(unlockpt(from), 0);
	*to = open(ptsname(from), O_RDWR | O_NOCTTY);
	assert_true(*to >= 0);
	assert_int_equal(ioctl(*to, TIOCSWINSZ, &size), 0);
	return from;
}

static const struct terminal_row {
	const char *label;
	unsigned short lines, columns;
	bool fits;
} terminal_rows[] = {
	{ "high enough", 50, 80, true },
	{ "just not high enough", 15, 200, false },
	{ "two lines", 2, 80, false },
	{ "nobody knows how high", 0, 0, true },
};

/* Each picture begins at the top and scrolls nothing away. */
static void
draws_what_fits(void **state)
{
	const struct terminal_row *row = *state;
	const char *const end = row->fits ? "(by ann)\r\n\033" : "(more than fits)";
	struct watching watching;
	const char *picture;
	int to, from = open_terminal(&to, row->lines, row->columns);

	fill_redis(NULL);
	start_watching(&watching, to, from);
	watch_for(&watching, "\033[H\033[J", 3);
	picture = strstr(str_text(&watching.seen), "\033[H\033[J");
	assert_ptr_equal(picture, str_text(&watching.seen));
	for (int i = 0; i < 2; i++) {
		const char *next = strstr(picture + 1, "\033[H");
		char text[8192];

		snprintf(text, sizeof(text), "%.*s", (int)(next - picture + 1), picture);
		assert_non_null(strstr(text, end));
		assert_true(row->lines == 0 || occurrences(text, "\n") < row->lines);
		assert_true(row->fits || occurrences(text, "\n") == row->lines - 1U);
		picture = next;
	}
	end_watching(&watching, SIGINT, CTL_DONE);
}

static const struct watch_usage_row {
	const char *label, *line, *errors;
} watch_usage_rows[] = {
	{ "JSON", "status --watch --json", "--watch is for people" },
	{ "no time", "status --watch --for ever", "\"ever\" is no time such as 90s or 10m" },
	{ "no time at all", "status --watch --for 0", "\"0\" is no time such as" },
	{ "--for alone", "status --for 5s", "--for says how long to --watch" },
};

static void
refuses_to_watch(void **state)
{
	const struct watch_usage_row *row = *state;

	check_run_of(row->line, CTL_USAGE, "", row->errors);
}

static void
watches_for_so_long(void **state)
{
	int64_t began_ms = clock_monotonic_ms();
	struct done done;

	(void)state;
	empty_redis(NULL);
	watch_every_ms = 1000;
	done = run("-c mxpace.conf status --watch --for 1200ms", "\n");
	assert_in_range(clock_monotonic_ms() - began_ms, 1200, 5000);
	assert_int_equal(done.rc, CTL_AWAY); /* no node is alive */
	assert_int_equal(occurrences(done.stream, "nodes alive: 0 of 0\n"), 2);
	free_done(&done);
	check_run_of("-c away.conf status --watch --for 1ms", CTL_AWAY, "Z  Redis at unix:", "");
}

/* -- explain at delivery time ------------------------------------------------------------------ */

static const struct explain_row {
	const char *label, *line;
	int rc;
	const char *stream;
} explain_rows[] = {
	{ "by the sending IP with the most room", "explain u@[192.0.2.6]", CTL_NO,
	    "  Verdict           send (paced)\n  qmgr is told      OK mxp-slots-3:\n"
	    "  Transport class   slots\n  Pool              by the sender (--sender)\n" },
	{ "the sending IPs of this node alone", "explain u@[192.0.2.6]", CTL_NO,
	    "  SENDING IP  TRANSPORT    OPEN  SLOT  WAIT  QUEUED  SENT         NEXT\n"
	    "  192.0.2.1   mxp-slots-1   2/3  yes      4     160  1/100 in 1m  now\n"
	    "  192.0.2.3   mxp-slots-3   3/3  no       0       0  0/100 in 1m  now\n"
	    "  Has to wait       192.0.2.3: 3 of 3 connections in use\n" },
	{ "more is queued than can be sent", "explain u@[192.0.2.6] --sender x@one.test", CTL_NO,
	    "  Verdict           retry (queue_full)\n  qmgr is told      OK retry:4.7.1 mxpace: "
	    "group slots: 120 messages are queued for it at 100/1m, next attempt in about 2m\n" },
	{ "a pool", "explain u@[192.0.2.9] --sender X@News.test", CTL_DONE,
	    "OK mxp-default-3:\n  Transport class   default\n  Pool              news\n" },
	{ "a pool of another node", "explain u@[192.0.2.9] --sender x@far.test", CTL_NO,
	    "  Verdict           retry (no_sending_ip)\n" },
	{ "a pool of another node: none to show", "explain u@[192.0.2.9] --sender x@far.test",
	    CTL_NO, "  Pool              far\n  No sending IP of this node may send it.\n" },
	{ "the null sender, of no pool", "explain u@[192.0.2.9] --sender <>", CTL_DONE,
	    "  Pool              none: any sending IP\n" },
	{ "a limit that is full", "explain u@[192.0.2.5] --sender x@one.test", CTL_NO,
	    "  Has to wait       192.0.2.1: limit 5/10s reached\n" },
	{ "backoff lets the next go later", "explain u@[192.0.2.5] --sender x@news.test", CTL_NO,
	    "  Has to wait       192.0.2.3: at most 120 messages an hour over 2 connections\n" },
	{ "backoff: when", "explain u@[192.0.2.5] --sender x@news.test", CTL_NO,
	    "1/5 in 10s  in 30s\n" },
	{ "paused", "explain u@[192.0.2.8]", CTL_NO,
	    "  Has to wait       192.0.2.1: paused: they?move\n" },
	{ "paused: when", "explain u@[192.0.2.8]", CTL_NO, "0/7 in 10s  paused\n" },
	{ "suspended, counted together", "explain u@[192.0.2.7] --sender x@one.test", CTL_NO,
	    "  192.0.2.1   mxp-shared-1     0  no       0      60  0/50 in 1h  in 30m\n"
	    "  Has to wait       192.0.2.1: suspended for another 30m (by ann): 421 4.7.0\n" },
	{ "quarantined", "explain gone@[192.0.2.9]", CTL_NO,
	    "  Verdict           refuse (quarantined)\n  qmgr is told      OK error:5.1.1 mxpace: "
	    "gone@[192.0.2.9] is quarantined since " },
	{ "left to the site", "explain u@left.test", CTL_NO,
	    "  Verdict           leave (exception)\n  qmgr is told      NOTFOUND\n" },
	{ "DNS away", "explain u@any.test", CTL_NO,
	    "  Verdict           retry (mx_failed)\n  qmgr is told      OK retry:4.4.3 mxpace: MX "
	    "look-up of any.test failed: " },
	{ "local", "explain u@here.test", CTL_DONE, "  Verdict           leave (local_domain)\n" },
	{ "no address", "explain u@", CTL_NO, "  Verdict           leave (bad_recipient)\n" },
	{ "observe", "-c observe.conf explain u@[192.0.2.9]", CTL_DONE,
	    "OK mxp-default-1:\n                    observe only logs this: in fact it is told "
	    "NOTFOUND\n  Transport class   default\n  SENDING IP " },
	{ "observe, with nothing to do", "-c observe.conf explain u@here.test", CTL_DONE,
	    "  qmgr is told      NOTFOUND\n" },
	{ "Redis away", "-c away.conf explain u@[192.0.2.9]", CTL_AWAY,
	    "  qmgr is told      OK mxp-default-1:\n  Transport class   default\n"
	    "  Without Redis nothing is known of it.\n" },
	{ "JSON", "explain u@[192.0.2.5] --sender x@one.test --json", CTL_NO,
	    "\"delivery\":{\"verdict\":\"send\",\"reason\":\"paced\",\"answer\":\"OK "
	    "mxp-five-1:\",\"class\":\"five\",\"messages_per_connection\":null,\"pool\":"
	    "\"one\",\"sending_ips\":[{\"sending_ip\":\"192.0.2.1\",\"transport\":"
	    "\"mxp-five-1\",\"counted_by\":\"192.0.2.1\",\"level\":\"normal\",\"open\":{\"used\":0,\"limit\":null},"
	    "\"slot_free\":true,\"waiting\":2,\"queued\":2,\"messages\":[{\"period\":\"10s\","
	    "\"used\":5,\"limit\":5}],\"next_s\":1" },
	{ "JSON: why", "explain u@[192.0.2.5] --sender x@one.test --json", CTL_NO,
	    "\"why\":\"limit 5/10s reached\"}]}}\n" },
};

static void
explains_the_way_out(void **state)
{
	const struct quarantine_entry entry = { .status = QUARANTINE_QUARANTINED,
		.type = BOUNCE_HARD,
		.reason = REASON_USER_UNKNOWN,
		.since_s = clock_wall_s(),
		.text = "550 5.1.1 unknown",
		.by = "ann" };
	const struct explain_row *row = *state;
	char line[300];

	fill_redis(NULL);
	store_put_quarantine_add(&batch, "gone@[192.0.2.9]", &entry);
	must();
	snprintf(line, sizeof(line), "-c egress.conf %s", row->line);
	check_run_of(line, row->rc, row->stream, "");
}

/* What mxctl looks at it does not take. */
static void
explains_without_taking(void **state)
{
	struct limit limit = limit_of("5/10s");

	(void)state;
	empty_redis(NULL);
	for (int i = 0; i < 5; i++) {
		check_run_of("-c egress.conf explain u@[192.0.2.5] --sender x@one.test", CTL_DONE,
		    "  now\n", "");
		assert_int_equal(take("five", "192.0.2.1", &limit, true).outcome, STORE_TAKEN);
	}
	check_run_of("-c egress.conf explain u@[192.0.2.5] --sender x@one.test", CTL_NO,
	    "limit 5/10s reached", "");
}

int
main(void)
{
	struct check_list list = { 0 };
	int rc;

	if (!begin_redis(admission_conf, mx_rules_text))
		return 1;
	atexit(end_watcher);
	write_file("egress.conf", egress_conf);
	write_file("observe.conf", observe_conf);
	write_file("away.conf", away_conf);
	CHECK_ROWS(&list, shows_what_goes_on, shown_rows);
	CHECK(&list, shows_no_idle_group);
	CHECK(&list, shows_the_most_first);
	CHECK(&list, shows_nodes);
	watch_every_ms = 200;
	CHECK_ROWS(&list, watches_until_told_to_stop, end_rows);
	CHECK(&list, watches_through_a_lost_connection);
	CHECK(&list, stops_in_the_middle_of_a_write);
	CHECK_ROWS(&list, draws_what_fits, terminal_rows);
	CHECK_ROWS(&list, refuses_to_watch, watch_usage_rows);
	CHECK(&list, watches_for_so_long);
	CHECK_ROWS(&list, explains_the_way_out, explain_rows);
	CHECK(&list, explains_without_taking);
	rc = check_run(&list, "ctl_traffic");
	remove_file("egress.conf");
	remove_file("observe.conf");
	remove_file("away.conf");
	end_redis();
	return rc;
}
