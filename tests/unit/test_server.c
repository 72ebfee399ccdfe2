/* server: whom it takes in, what a reload does to its sockets, and how it drains. */
#include "check.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "policy.h"
#include "server.h"
#include "test_engine.h"

static char folder[32];
static struct server *server;
static unsigned drained;

static void
add_addresses(struct str *conf, const char *key, const char *names)
{
	str_addf(conf, "%s = \"", key);
	for (const char *name = names; *name != '\0'; name++)
		str_addf(conf, "unix:%s/%c ", folder, *name);
	str_adds(conf, "\";");
}

/* Policy clients and map clients at sockets of these names, a letter each. */
static int
listen_for(const char *enforce, const char *policy, const char *map, struct err *err)
{
	struct settings *settings;
	struct str conf = { 0 };
	int rc;

	str_addf(&conf, "enforce = \"%s\"; socket_mode = \"0600\";", enforce);
	add_addresses(&conf, "policy_listen", policy);
	add_addresses(&conf, "map_listen", map);
	settings = engine_settings(&redis, str_text(&conf));
	rc = server_listen(server, settings, err);
	str_free(&conf);
	settings_release(&settings);
	return rc;
}

static int
listen_at(const char *names, struct err *err)
{
	return listen_for("admission", names, "m", err);
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
	assert_non_null(strstr(lines, "20 clients are connected (max_clients)"));
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
	assert_int_equal(listen_at("aa", &err), -1);
	assert_non_null(strstr(err.text, "/a is there twice"));
	client = visit('a');
	assert_true(is_served(&client));
	client_close(&client);
	close(fd);
	unlink(path);
}

static void
on_drained(void *arg)
{
	assert_ptr_equal(arg, &drained);
	drained++;
}

/* -- maps -------------------------------------------------------------------------------------- */

/* Asks for a map that is none: the connection itself answers. */
static bool
is_map(struct client *client)
{
	client_says(client, "3:x y,");
	WAIT_FOR(base, (client_read(client), client->got.len > 0 || client->ended));
	return strstr(str_text(&client->got), ":PERM no such map: x") != NULL;
}

static void
is_described(const char *want)
{
	struct str text = { 0 }, folded = { 0 };

	server_describe(server, &text);
	for (const char *at = str_text(&text); *at != '\0';) {
		bool here = strncmp(at, folder, strlen(folder)) == 0;

		str_addc(&folded, here ? '~' : *at);
		at += here ? strlen(folder) : 1;
	}
	assert_string_equal(str_text(&folded), want);
	str_free(&text);
	str_free(&folded);
}

static const struct enforce_row {
	const char *label;
	bool maps;
} enforce_rows[] = {
	{ "observe", true },
	{ "admission", false },
	{ "egress", true },
};

static void
serves_maps(void **state)
{
	const struct enforce_row *row = *state;
	struct client policy, map;

	set_up(NULL);
	assert_int_equal(listen_for(row->label, "a", "mn", NULL), 0);
	is_described(row->maps ? "policy unix:~/a, map unix:~/m unix:~/n" : "policy unix:~/a");
	policy = visit('a');
	assert_true(is_served(&policy));
	map = visit('n');
	assert_int_equal(map.fd >= 0, row->maps);
	if (row->maps) {
		assert_true(is_map(&map));
		assert_int_equal(engine.metrics.clients, 2);
	}
	client_close(&policy);
	client_close(&map);
	take_down(NULL);
}

static void
changes_what_a_socket_is_for(void **state)
{
	struct client before, after;

	(void)state;
	assert_int_equal(listen_for("egress", "ab", "m", NULL), 0);
	before = visit('b');
	assert_true(is_served(&before));
	assert_int_equal(listen_for("egress", "a", "mb", NULL), 0);
	after = visit('b');
	assert_true(is_map(&after));
	assert_true(is_served(&before));
	client_close(&before);
	client_close(&after);
}

static void
refuses_one_socket_for_both(void **state)
{
	struct err err = { "" };

	(void)state;
	assert_int_equal(listen_for("egress", "ab", "mb", &err), -1);
	assert_true(strncmp(err.text, "map_listen: ", 12) == 0);
	assert_non_null(strstr(err.text, "/b is there twice"));
	assert_int_equal(connect_to('m'), -1);
	is_described("policy unix:~/a");
}

/* -- inherited sockets ------------------------------------------------------------------------- */

/* As a service manager opens one, and keeps it. */
static int
open_manager(char name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/%c", folder, name);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(chmod(addr.sun_path, 0640), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static void
close_manager(int fd, char name)
{
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "%s/%c", folder, name);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640); /* nobody else's to change, or remove */
	close(fd);
	unlink(path);
}

/* A second process takes over where the first ended; who came between is served. */
static void
hands_an_inherited_socket_on(void **state)
{
	int manager = open_manager('p'), maps = open_manager('m');
	struct client early = visit('p'), between;

	(void)state;
	server_inherit(server, dup(manager));
	server_inherit(server, dup(maps));
	assert_int_equal(listen_for("egress", "p", "m", NULL), 0);
	is_described("policy unix:~/p, map unix:~/m");
	assert_true(is_served(&early));
	server_drain(server, on_drained, &drained);
	WAIT_FOR(base, drained);
	assert_true(client_ended(&early));
	between = visit('m');
	server_free(&server);

	server = server_new(&engine);
	server_inherit(server, maps);
	server_inherit(server, manager);
	assert_int_equal(listen_for("egress", "p", "m", NULL), 0);
	assert_true(is_map(&between));
	client_close(&early);
	client_close(&between);
	server_free(&server);
	close_manager(manager, 'p');
	close_manager(maps, 'm');
}

/* Also through reloads that leave its address, and come back. */
static void
closes_clients_of_one_that_is_not_named(void **state)
{
	int manager = open_manager('m');
	struct client client = visit('m');

	(void)state;
	server_inherit(server, manager);
	assert_int_equal(listen_for("admission", "a", "m", NULL), 0);
	is_described("policy unix:~/a");
	WAIT_FOR(base, client_ended(&client));
	assert_int_equal(engine.metrics.turned_away, 1);
	assert_int_equal(listen_for("egress", "a", "m", NULL), 0);
	client_close(&client);
	client = visit('m');
	assert_true(is_map(&client));
	assert_int_equal(listen_for("egress", "am", "n", NULL), 0);
	client_close(&client);
	client = visit('m');
	assert_true(is_served(&client));
	assert_int_equal(listen_for("egress", "a", "n", NULL), 0);
	client_close(&client);
	client = visit('m');
	WAIT_FOR(base, client_ended(&client));
	client_close(&client);
	server_free(&server);
	close_manager(manager, 'm');
}

static void
keeps_an_inherited_socket_when_another_fails(void **state)
{
	int manager = open_manager('p'), other = open_manager('x');
	struct client client = visit('p');
	struct err err = { "" };

	(void)state;
	server_inherit(server, manager);
	assert_int_equal(listen_at("px", &err), -1);
	assert_non_null(strstr(err.text, "is served by another process"));
	assert_int_equal(listen_at("p", &err), 0);
	assert_true(is_served(&client));
	client_close(&client);
	server_free(&server);
	close_manager(manager, 'p');
	close_manager(other, 'x');
}

/* -- drain ------------------------------------------------------------------------------------- */

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
	{ serves_up_to_max_clients, "serves up to max_clients" },
	{ tells_of_a_crowd_once, "tells of a crowd once" },
	{ waits_for_descriptors, "waits for descriptors" },
	{ moves_and_keeps_its_connections, "moves and keeps its connections" },
	{ keeps_a_listener_with_those_who_wait_at_it, "keeps a listener with those who wait" },
	{ stays_as_it_was_when_one_cannot_be_opened, "stays as it was when one can't be opened" },
	{ changes_what_a_socket_is_for, "changes what a socket is for" },
	{ refuses_one_socket_for_both, "refuses one socket for both" },
	{ hands_an_inherited_socket_on, "hands an inherited socket on" },
	{ closes_clients_of_one_that_is_not_named, "closes clients of one that is not named" },
	{ keeps_an_inherited_socket_when_another_fails, "keeps it when another fails" },
	{ drains_without_clients, "drains without clients" },
	{ drains_after_what_is_under_way, "drains after what is under way" },
	{ is_freed_with_requests_under_way, "is freed with requests under way" },
};

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, run_one, test_rows);
	CHECK_ROWS(&list, serves_maps, enforce_rows);
	return check_run(&list, "server");
}
