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
};

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, run_one, test_rows);
	CHECK_ROWS(&list, drains_when_the_last_has_gone, drain_rows);
	return check_run(&list, "clients");
}
