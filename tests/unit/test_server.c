/* server: whom it takes in, what a reload does to its sockets, and how it drains. */
#include "check.h"

#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include "policy.h"
#include "server.h"
#include "test_engine.h"

static char folder[32];
static struct server *server;
static unsigned drained;

static struct settings *
settings_at(const char *names, int max_clients)
{
	struct span rest = span_of(names);
	struct str conf = { 0 };
	struct settings *settings;

	str_addf(&conf, "max_clients = %d; policy_listen = \"", max_clients);
	for (size_t i = 0; i < rest.len; i++)
		str_addf(&conf, "unix:%s/%c ", folder, rest.ptr[i]);
	str_adds(&conf, "\";");
	settings = engine_settings(&redis, str_text(&conf));
	str_free(&conf);
	return settings;
}

static int
listen_at(const char *names, struct err *err)
{
	struct settings *settings = settings_at(names, 2000);
	int rc = server_listen(server, settings, err);

	settings_release(&settings);
	return rc;
}

static int
set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/mxpace-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	engine_set_up("max_clients = 3;");
	server = server_new(&engine);
	drained = 0;
	assert_int_equal(listen_at("a", NULL), 0);
	return 0;
}

static int
take_down(void **state)
{
	(void)state;
	server_free(&server);
	engine_take_down();
	assert_int_equal(rmdir(folder), 0); /* its sockets are gone */
	return 0;
}

static int
connect_to(char name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/%c", folder, name);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0) {
		fcntl(fd, F_SETFL, O_NONBLOCK);
		return fd;
	}
	close(fd);
	return -1;
}

static struct client
visit(char name)
{
	return (struct client){ .fd = connect_to(name) };
}

static bool
is_served(struct client *client)
{
	unsigned before = client_answers(client);

	client_says(client, END_OF_MESSAGE("0.0"));
	WAIT_FOR(base, client_answers(client) > before || client->ended);
	return !client->ended;
}

static void
serves_up_to_max_clients(void **state)
{
	struct client clients[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		clients[i] = visit('a');
	for (int i = 0; i < 3; i++)
		assert_true(is_served(&clients[i]));
	assert_false(is_served(&clients[3]));
	assert_int_equal(engine.metrics.clients, 3);
	assert_int_equal(engine.metrics.turned_away, 1);
	client_close(&clients[0]);
	client_close(&clients[3]);
	WAIT_FOR(base, engine.metrics.clients == 2);
	clients[0] = visit('a');
	assert_true(is_served(&clients[0]));
	for (int i = 0; i < 3; i++)
		client_close(&clients[i]);
	WAIT_FOR(base, engine.metrics.clients == 0);
	assert_int_equal(engine.metrics.accepted, 4);
}

/* A crowd at the door is one line in the log, though its numbers go up and down. */
static void
tells_of_a_crowd_once(void **state)
{
	enum { MANY = 20 };
	struct client clients[MANY + 1];
	int ends[2], terminal = dup(STDERR_FILENO);
	char lines[4096];
	ssize_t len;

	(void)state;
	engine.settings->max_clients = MANY;
	assert_int_equal(pipe(ends), 0);
	log_set_level(LOG_LEVEL_WARNING);
	dup2(ends[1], STDERR_FILENO);
	for (int i = 0; i < MANY; i++)
		clients[i] = visit('a');
	for (int i = 0; i < 5; i++) {
		assert_true(is_served(&clients[MANY - 1]));
		clients[MANY] = visit('a');
		assert_false(is_served(&clients[MANY]));
		client_close(&clients[MANY]);
		client_close(&clients[MANY - 1]);
		WAIT_FOR(base, engine.metrics.clients == MANY - 1);
		clients[MANY - 1] = visit('a');
	}
	dup2(terminal, STDERR_FILENO);
	close(terminal);
	close(ends[1]);
	len = read(ends[0], lines, sizeof(lines) - 1);
	close(ends[0]);
	assert_true(len > 0);
	lines[len] = '\0';
	assert_non_null(strstr(lines, "20 policy clients are connected (max_clients)"));
	assert_ptr_equal(strchr(lines, '\n'), lines + len - 1);
	for (int i = 0; i < MANY; i++)
		client_close(&clients[i]);
}

static bool
under_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload != NULL && strstr(preload, "vgpreload") != NULL;
}

/* Descriptors run out: it waits, without burning the CPU, and goes on when there are some. */
static void
waits_for_descriptors(void **state)
{
	struct client client = visit('a');
	struct rlimit old, none;
	int64_t start_ms = clock_monotonic_ms();
	clock_t cpu;
	int lowest = dup(0);

	(void)state;
	close(lowest);
	if (under_valgrind()) { /* accepts, and then closes what is over the limit */
		client_close(&client);
		return;
	}
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = (struct rlimit){ (rlim_t)lowest, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	cpu = clock();
	while (clock_monotonic_ms() - start_ms < 500)
		turn(base);
	cpu = clock() - cpu;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(engine.metrics.accepted, 0);
	assert_true(cpu < CLOCKS_PER_SEC / 4);
	assert_true(is_served(&client));
	client_close(&client);
	WAIT_FOR(base, engine.metrics.clients == 0);
}

/* -- reload ------------------------------------------------------------------------------------ */

static void
moves_and_keeps_its_connections(void **state)
{
	struct client client = visit('a'), other;

	(void)state;
	assert_true(is_served(&client));
	assert_int_equal(listen_at("bc", NULL), 0);
	assert_int_equal(connect_to('a'), -1);
	assert_true(is_served(&client));
	other = visit('c');
	assert_true(is_served(&other));
	client_close(&client);
	client_close(&other);
}

static void
keeps_a_listener_with_those_who_wait_at_it(void **state)
{
	struct client waiting = visit('a'); /* not accepted yet */

	(void)state;
	assert_int_equal(listen_at("ba", NULL), 0);
	assert_true(is_served(&waiting));
	client_close(&waiting);
}

static void
stays_as_it_was_when_one_cannot_be_opened(void **state)
{
	struct err err = { "" };
	struct client client;
	char path[64];
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/x", folder);
	fd = open(path, O_CREAT | O_WRONLY, 0600); /* no socket */
	assert_int_equal(listen_at("bx", &err), -1);
	assert_true(strncmp(err.text, "policy_listen: ", 15) == 0);
	assert_non_null(strstr(err.text, "is not a socket"));
	assert_int_equal(connect_to('b'), -1);
	client = visit('a');
	assert_true(is_served(&client));
	client_close(&client);
	assert_int_equal(listen_at("aa", &err), -1); /* the same twice */
	client = visit('a');
	assert_true(is_served(&client));
	client_close(&client);
	close(fd);
	unlink(path);
}

/* -- drain ------------------------------------------------------------------------------------- */

static void
on_drained(void *arg)
{
	assert_ptr_equal(arg, &drained);
	drained++;
}

static void
drains_without_clients(void **state)
{
	(void)state;
	server_drain(server, on_drained, &drained);
	assert_int_equal(drained, 0);
	WAIT_FOR(base, drained);
	assert_int_equal(connect_to('a'), -1);
}

static void
drains_after_what_is_under_way(void **state)
{
	struct client idle = visit('a'), busy = visit('a');

	(void)state;
	assert_true(is_served(&idle) && is_served(&busy));
	redis.holding = true;
	client_says(&busy, RCPT("u@[192.0.2.5]", "1.1"));
	WAIT_FOR(base, fake_has(&redis, "EVALSHA"));
	server_drain(server, on_drained, &drained);
	WAIT_FOR(base, client_ended(&idle));
	for (int i = 0; i < 10; i++)
		turn(base);
	assert_int_equal(drained, 0);
	assert_int_equal(connect_to('a'), -1);
	fake_release(&redis);
	WAIT_FOR(base, drained);
	assert_true(client_ended(&busy));
	assert_string_equal(str_text(&busy.got), DUNNO DUNNO);
	assert_int_equal(engine.metrics.clients, 0);
	client_close(&idle);
	client_close(&busy);
}

static void
is_freed_with_requests_under_way(void **state)
{
	struct client client = visit('a');

	(void)state;
	redis.holding = true;
	client_says(&client, RCPT("u@[192.0.2.5]", "1.1") RCPT("u@[192.0.2.5]", "1.2"));
	WAIT_FOR(base, fake_has(&redis, "EVALSHA"));
	server_free(&server);
	assert_int_equal(groups_open(engine.groups), 0);
	assert_true(client_ended(&client));
	client_close(&client);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, take_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(serves_up_to_max_clients),
		TEST(tells_of_a_crowd_once),
		TEST(waits_for_descriptors),
		TEST(moves_and_keeps_its_connections),
		TEST(keeps_a_listener_with_those_who_wait_at_it),
		TEST(stays_as_it_was_when_one_cannot_be_opened),
		TEST(drains_without_clients),
		TEST(drains_after_what_is_under_way),
		TEST(is_freed_with_requests_under_way),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
