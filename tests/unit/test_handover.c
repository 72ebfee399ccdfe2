/* handover: what one mxpolicyd leaves and the next makes of it, whole, in part and damaged. */
#include "check.h"

#include <sys/stat.h>

#include "clients.h"
#include "handover.h"
#include "test_engine.h"

enum { CLIENTS = 2, FILES = CLIENTS + 1, FILES_MAX = FILES + 3 };

static struct server *server;
static struct client ends[CLIENTS];
static int files[FILES_MAX]; /* copies of what was left, the description first */

static int
set_up(void **state)
{
	(void)state;
	engine_set_up("");
	server = server_new(&engine);
	for (int i = 0; i < CLIENTS; i++) {
		int fds[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
		ends[i] = (struct client){ .fd = fds[0] };
		clients_add(server_clients(server), CLIENT_POLICY, fds[1]);
	}
	return 0;
}

static int
take_down(void **state)
{
	(void)state;
	for (int i = 0; i < CLIENTS; i++)
		client_close(&ends[i]);
	server_free(&server);
	engine_take_down();
	return 0;
}

/* Each has a message open; the second is in the middle of a request. */
static void
leave(void)
{
	struct err err;
	size_t count;
	int *fds;

	client_says(&ends[0], RCPT("u@[192.0.2.5]", "1.1"));
	client_says(&ends[1], RCPT("u@[192.0.2.5]", "1.2") "request=smtpd_access_policy\n");
	for (int i = 0; i < CLIENTS; i++)
		WAIT_FOR(base, client_answers(&ends[i]) == 1);
	assert_int_equal(groups_open(engine.groups), 2);
	assert_int_equal(handover_make(&engine, server, &fds, &count, &err), 0);
	assert_int_equal(count, FILES);
	for (int i = 0; i < FILES; i++)
		files[i] = i == 0 ? fds[0] : dup(fds[i]);
	free(fds);
	server_free(&server);
	transactions_free(&engine.transactions);
	engine.transactions = transactions_new(base);
	server = server_new(&engine);
	assert_int_equal(groups_open(engine.groups), 0);
}

static size_t
take(size_t count)
{
	size_t found = handover_take(&engine, server, files, count);

	assert_int_equal(engine.metrics.clients, found);
	return found;
}

static void
expect_answered(struct client *client, const char *more)
{
	client_says(client, more);
	WAIT_FOR(base, client_answers(client) == 2);
	assert_string_equal(str_text(&client->got), DUNNO DUNNO);
}

static void
goes_on(void **state)
{
	(void)state;
	leave();
	assert_int_equal(take(FILES), 2);
	assert_int_equal(groups_open(engine.groups), 2);
	str_empty(&redis.commands);
	expect_answered(&ends[0], RCPT("v@[192.0.2.5]", "1.1"));
	assert_int_equal(groups_open(engine.groups), 2); /* the same message */
	expect_answered(&ends[1], "protocol_state=END-OF-MESSAGE\ninstance=1.2\n\n");
	assert_int_equal(groups_open(engine.groups), 1);
}

static void
ends_the_slots_of_who_has_gone(void **state)
{
	(void)state;
	leave();
	close(files[2]);
	client_close(&ends[1]);
	assert_int_equal(take(2), 1);
	assert_int_equal(groups_open(engine.groups), 1);
	client_close(&ends[0]);
	WAIT_FOR(base, groups_open(engine.groups) == 0);
}

/* Of another kind, there twice, closed: the others are not harmed. */
static void
sorts_out_strangers(void **state)
{
	int first, pair[2];

	(void)state;
	leave();
	assert_int_equal(pipe(pair), 0);
	first = files[0];
	files[0] = pair[0];
	files[3] = files[1];
	files[1] = -1;
	files[4] = first;
	files[5] = dup(files[2]);
	first = files[5];
	assert_int_equal(take(FILES_MAX), 2);
	assert_int_equal(fcntl(first, F_GETFD), -1);
	assert_int_equal(fcntl(pair[0], F_GETFD), -1);
	assert_int_equal(groups_open(engine.groups), 2);
	expect_answered(&ends[0], RCPT("v@[192.0.2.5]", "1.1"));
	close(pair[1]);
}

/* Limits hold as mail goes out now: nothing is open by its transactions. */
static void
goes_on_with_another_configuration(void **state)
{
	(void)state;
	leave();
	engine.settings->enforce = ENFORCE_EGRESS;
	assert_int_equal(take(FILES), 2);
	assert_int_equal(groups_open(engine.groups), 0);
	expect_answered(&ends[0], END_OF_MESSAGE("1.1"));
	assert_int_equal(groups_open(engine.groups), 0);
	engine.settings->enforce = ENFORCE_ADMISSION;
}

/* -- damage ------------------------------------------------------------------------------------ */

static off_t
size_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_size;
}

/* Nobody is taken over, everything is closed. */
static void
expect_all_closed(size_t count)
{
	assert_int_equal(take(count), 0);
	assert_int_equal(groups_open(engine.groups), 0);
	assert_int_equal(transactions_count(engine.transactions), 0);
	for (int i = 0; i < CLIENTS; i++)
		assert_true(client_ended(&ends[i]));
}

static const struct damage_row {
	const char *label;
	off_t at; /* that byte is another; < 0: from the end */
} damage_rows[] = {
	{ "of another format", 0 },
	{ "of another byte order", 7 },
	{ "another sum", 9 },
	{ "the first byte", 16 },
	{ "in the middle", 200 },
	{ "the last byte", -1 },
};

static void
refuses_what_is_damaged(void **state)
{
	const struct damage_row *row = *state;
	unsigned char byte;
	off_t at;

	set_up(NULL);
	leave();
	at = row->at < 0 ? size_of(files[0]) + row->at : row->at;
	assert_int_equal(pread(files[0], &byte, 1, at), 1);
	byte ^= 0x40;
	assert_int_equal(pwrite(files[0], &byte, 1, at), 1);
	expect_all_closed(FILES);
	take_down(NULL);
}

static const struct cut_row {
	const char *label;
	off_t size; /* < 0: so much less */
} cut_rows[] = {
	{ "empty", 0 },
	{ "in the format", 5 },
	{ "behind the sum", 16 },
	{ "in the middle", 150 },
	{ "the last byte", -1 },
};

static void
refuses_what_is_cut_short(void **state)
{
	const struct cut_row *row = *state;

	set_up(NULL);
	leave();
	assert_int_equal(
	    ftruncate(files[0], row->size < 0 ? size_of(files[0]) + row->size : row->size), 0);
	expect_all_closed(FILES);
	take_down(NULL);
}

static void
refuses_sockets_alone(void **state)
{
	(void)state;
	leave();
	close(files[0]);
	files[0] = -1;
	expect_all_closed(FILES);
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
	{ goes_on, "goes on" },
	{ ends_the_slots_of_who_has_gone, "ends the slots of who has gone" },
	{ sorts_out_strangers, "sorts out strangers" },
	{ goes_on_with_another_configuration, "goes on with another configuration" },
	{ refuses_sockets_alone, "refuses sockets alone" },
};

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, run_one, test_rows);
	CHECK_ROWS(&list, refuses_what_is_damaged, damage_rows);
	CHECK_ROWS(&list, refuses_what_is_cut_short, cut_rows);
	return check_run(&list, "handover");
}
