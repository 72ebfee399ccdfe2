/* clients: how many of each kind, and how they are let go; the connections are the test's own. */
#include "fake_redis.h"

#include "clients.h"
#include "conn.h"
#include "egress.h"
#include "log.h"
#include "map_conn.h"

enum { PLENTY = 16 };

/* One connection of either kind. */
struct fake_conn {
	int fd;
	bool open, busy, held; /* busy: not closed by a drain; held: it is, of the kind "map" */
	unsigned drains;
	int64_t name;   /* handed over */
	bool senseless; /* packs nothing that can be read */
	conn_closed *policy_closed;
	map_conn_closed *map_closed;
	void *arg;
};

static struct event_base *base;
static struct engine engine;
static struct egress egress;
static struct settings settings;
static struct clients *clients;
static struct fake_conn conns[PLENTY];
static unsigned conn_count, drained;

static struct fake_conn *
add_conn(int fd, void *arg)
{
	assert_true(conn_count < PLENTY);
	conns[conn_count] = (struct fake_conn){ .fd = fd, .open = true, .arg = arg };
	return &conns[conn_count++];
}

static void
close_conn(struct fake_conn *conn)
{
	assert_true(conn->open);
	conn->open = false;
	close(conn->fd);
	if (conn->policy_closed != NULL)
		conn->policy_closed(conn->arg, (struct conn *)conn);
	if (conn->map_closed != NULL)
		conn->map_closed(conn->arg, (struct map_conn *)conn);
}

static void
drain_conn(struct fake_conn *conn)
{
	conn->drains++;
	if (!conn->busy || conn->held)
		close_conn(conn);
}

static void
free_conn(struct fake_conn *conn)
{
	assert_true(conn->open);
	conn->open = false;
	close(conn->fd);
}

struct conn *
conn_new(struct engine *of, int fd, conn_closed *closed, void *arg)
{
	struct fake_conn *conn = add_conn(fd, arg);

	assert_ptr_equal(of, &engine);
	conn->policy_closed = closed;
	return (struct conn *)conn;
}

void
conn_free(struct conn **conn)
{
	free_conn((struct fake_conn *)*conn);
	*conn = NULL;
}

void
conn_drain(struct conn *conn)
{
	drain_conn((struct fake_conn *)conn);
}

/* What it is called, to be told from the others. */
static void
pack_conn(const struct fake_conn *conn, struct str *out)
{
	if (!conn->senseless)
		pack_number(out, conn->name);
}

static void
unpack_conn(struct fake_conn *conn, struct unpack *in)
{
	conn->name = unpack_number(in);
}

bool
conn_park(struct conn *conn)
{
	((struct fake_conn *)conn)->drains++;
	return !((struct fake_conn *)conn)->busy;
}

void
conn_pack(struct conn *conn, struct str *out)
{
	pack_conn((const struct fake_conn *)conn, out);
}

void
conn_unpack(struct conn *conn, struct unpack *in)
{
	unpack_conn((struct fake_conn *)conn, in);
}

bool
map_conn_park(struct map_conn *conn)
{
	return conn_park((struct conn *)conn);
}

void
map_conn_pack(struct map_conn *conn, struct str *out)
{
	pack_conn((struct fake_conn *)conn, out);
}

void
map_conn_unpack(struct map_conn *conn, struct unpack *in)
{
	unpack_conn((struct fake_conn *)conn, in);
}

struct map_conn *
map_conn_new(struct egress *of, int fd, map_conn_closed *closed, void *arg)
{
	struct fake_conn *conn = add_conn(fd, arg);

	assert_ptr_equal(of, &egress);
	conn->map_closed = closed;
	return (struct map_conn *)conn;
}

void
map_conn_free(struct map_conn **conn)
{
	free_conn((struct fake_conn *)*conn);
	*conn = NULL;
}

void
map_conn_drain(struct map_conn *conn)
{
	drain_conn((struct fake_conn *)conn);
}

static int
set_up(void **state)
{
	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	base = event_base_new();
	settings = (struct settings){ .max_clients = 3 };
	engine = (struct engine){ .base = base, .settings = &settings, .egress = &egress };
	clients = clients_new(&engine);
	conn_count = drained = 0;
	return 0;
}

static int
take_down(void **state)
{
	(void)state;
	clients_free(&clients);
	for (unsigned i = 0; i < conn_count; i++)
		assert_false(conns[i].open);
	assert_int_equal(engine.metrics.clients, 0);
	event_base_free(base);
	return 0;
}

/* Returns the client's end; the other is `kind`'s. */
static int
add(enum client_kind kind)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	clients_add(clients, kind, fds[1]);
	return fds[0];
}

static void
expect_closed(int fd)
{
	char byte;

	assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), 0);
	close(fd);
}

static void
counts_both_kinds_together(void **state)
{
	int fds[] = { add(CLIENT_POLICY), add(CLIENT_MAP), add(CLIENT_POLICY) };

	(void)state;
	assert_int_equal(engine.metrics.clients, 3);
	assert_int_equal(engine.metrics.accepted, 3);
	expect_closed(add(CLIENT_MAP));
	expect_closed(add(CLIENT_POLICY));
	assert_int_equal(engine.metrics.turned_away, 2);
	assert_int_equal(conn_count, 3);
	close_conn(&conns[0]);
	assert_int_equal(engine.metrics.clients, 2);
	close(add(CLIENT_MAP));
	assert_int_equal(engine.metrics.clients, 3);
	assert_int_equal(engine.metrics.accepted, 4);
	for (size_t i = 0; i < COUNT(fds); i++)
		close(fds[i]);
}

static void
closes_those_nobody_wants(void **state)
{
	(void)state;
	expect_closed(add(CLIENT_UNWANTED));
	expect_closed(add(CLIENT_UNWANTED));
	assert_int_equal(engine.metrics.turned_away, 2);
	assert_int_equal(engine.metrics.clients, 0);
	assert_int_equal(conn_count, 0);
}

static void
on_drained(void *arg)
{
	assert_ptr_equal(arg, &drained);
	drained++;
}

static void
drains_nobody(void **state)
{
	(void)state;
	clients_drain(clients, on_drained, &drained);
	assert_int_equal(drained, 0); /* later */
	WAIT_FOR(base, drained > 0);
	turn(base);
	assert_int_equal(drained, 1);
}

static const struct drain_row {
	const char *label;
	enum client_kind kind;
} drain_rows[] = {
	{ "a policy client", CLIENT_POLICY },
	{ "a map client", CLIENT_MAP },
};

static void
drains_when_the_last_has_gone(void **state)
{
	const struct drain_row *row = *state;
	int idle, busy;

	set_up(NULL);
	idle = add(row->kind);
	busy = add(row->kind);
	conns[1].busy = true;
	clients_drain(clients, on_drained, &drained);
	assert_false(conns[0].open);
	WAIT_FOR(base, conns[1].drains > 2); /* again and again: it may have come to be held */
	assert_int_equal(drained, 0);
	conns[1].held = true;
	WAIT_FOR(base, drained > 0);
	assert_false(conns[1].open);
	turn(base);
	assert_int_equal(drained, 1);
	close(idle);
	close(busy);
	take_down(NULL);
}

static void
drains_as_soon_as_it_can(void **state)
{
	int busy = add(CLIENT_MAP);

	(void)state;
	conns[0].busy = true;
	clients_drain(clients, on_drained, &drained);
	WAIT_FOR(base, conns[0].drains > 1);
	close_conn(&conns[0]);
	event_base_loop(base, EVLOOP_NONBLOCK); /* not only at the next look */
	assert_int_equal(drained, 1);
	close(busy);
}

static void
is_freed_with_clients(void **state)
{
	int fds[] = { add(CLIENT_POLICY), add(CLIENT_MAP) };

	(void)state;
	conns[0].busy = conns[1].busy = true;
	clients_drain(clients, on_drained, &drained);
	clients_free(&clients);
	assert_int_equal(drained, 0);
	assert_int_equal(engine.metrics.clients, 0);
	clients_free(&clients); /* nothing */
	for (size_t i = 0; i < COUNT(fds); i++)
		expect_closed(fds[i]);
	clients = clients_new(&engine);
}

/* -- to another process ------------------------------------------------------------------------ */

static void
parks_until_nothing_is_under_way(void **state)
{
	int fds[] = { add(CLIENT_POLICY), add(CLIENT_MAP) };

	(void)state;
	conns[1].busy = true;
	clients_park(clients, on_drained, &drained);
	WAIT_FOR(base, conns[1].drains > 2);
	assert_int_equal(drained, 0);
	conns[1].busy = false;
	WAIT_FOR(base, drained > 0);
	turn(base);
	assert_int_equal(drained, 1);
	for (size_t i = 0; i < COUNT(fds); i++) {
		assert_true(conns[i].open);
		close(fds[i]);
	}
}

/* Their sockets come in any order, with strangers' among them, and one has gone. */
static void
go_on_in_another_process(void **state)
{
	int ends[] = { add(CLIENT_POLICY), add(CLIENT_MAP), add(CLIENT_POLICY) };
	int fds[3], copies[4];
	struct str out = { 0 };
	struct unpack in;

	(void)state;
	for (int i = 0; i < 3; i++)
		conns[i].name = 7 + i;
	assert_int_equal(clients_count(clients), 3);
	clients_pack(clients, &out, fds);
	copies[0] = dup(0);
	copies[1] = dup(fds[2]);
	copies[2] = dup(fds[1]);
	copies[3] = -1;
	clients_free(&clients);
	clients = clients_new(&engine);
	in = unpack_make(span_make(out.data, out.len));
	assert_int_equal(clients_unpack(clients, &in, copies, COUNT(copies)), 2);
	assert_false(in.failed);
	assert_int_equal(in.at, out.len);
	assert_int_equal(clients_count(clients), 2);
	assert_int_equal(conns[3].name, 8);
	assert_non_null(conns[3].map_closed);
	assert_int_equal(conns[4].name, 9);
	assert_non_null(conns[4].policy_closed);
	assert_true(copies[0] >= 0); /* the stranger's */
	assert_int_equal(copies[1], -1);
	assert_int_equal(copies[2], -1);
	close(copies[0]);
	expect_closed(ends[0]);
	close(ends[1]);
	close(ends[2]);
	str_free(&out);
}

static void
bear_what_is_cut_short(void **state)
{
	struct str out = { 0 };
	int fd = add(CLIENT_MAP), fds[1];

	(void)state;
	clients_pack(clients, &out, fds);
	for (size_t len = 0; len < out.len; len += 4) {
		struct unpack in = unpack_make(span_make(out.data, len));
		int copy = dup(fds[0]);

		clients_unpack(clients, &in, &copy, 1);
		if (copy >= 0)
			close(copy);
		assert_int_equal(clients_count(clients), 1);
	}
	close(fd);
	str_free(&out);
}

/* What is known of one makes no sense: it alone is closed. */
static void
close_one_that_cannot_be_read(void **state)
{
	int ends[] = { add(CLIENT_POLICY), add(CLIENT_MAP) }, fds[2];
	struct str out = { 0 };
	struct unpack in;

	(void)state;
	conns[0].senseless = true;
	clients_pack(clients, &out, fds);
	for (int i = 0; i < 2; i++)
		fds[i] = dup(fds[i]);
	clients_free(&clients);
	clients = clients_new(&engine);
	in = unpack_make(span_make(out.data, out.len));
	assert_int_equal(clients_unpack(clients, &in, fds, COUNT(fds)), 1);
	assert_false(in.failed);
	assert_int_equal(clients_count(clients), 1);
	expect_closed(ends[0]);
	close(ends[1]);
	str_free(&out);
}

static void
run_one(void **state)
{
	void (*test)(void **) = *(void (**)(void **)) * state;

	set_up(NULL);
	test(NULL);
	take_down(NULL);
}

static const struct test_row {
	void (*test)(void **state);
	const char *label;
} test_rows[] = {
	{ counts_both_kinds_together, "counts both kinds together" },
	{ closes_those_nobody_wants, "closes those nobody wants" },
	{ drains_nobody, "drains nobody" },
	{ drains_as_soon_as_it_can, "drains as soon as it can" },
	{ is_freed_with_clients, "is freed with clients" },
	{ parks_until_nothing_is_under_way, "parks until nothing is under way" },
	{ go_on_in_another_process, "go on in another process" },
	{ close_one_that_cannot_be_read, "close one that cannot be read" },
	{ bear_what_is_cut_short, "bear what is cut short" },
};

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, run_one, test_rows);
	CHECK_ROWS(&list, drains_when_the_last_has_gone, drain_rows);
	return check_run(&list, "clients");
}
