/* map_conn: bytes of map clients of every behaviour, over a real socket. */
#include "fake_clock.h"
#include "fake_maps.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>

#include "map_conn.h"
#include "test_engine.h"

static struct client client;
static struct map_conn *conn; /* NULL once it has closed itself */
static int served_fd;         /* its socket */
static struct egress egress;

static void
on_closed(void *arg, struct map_conn *closed)
{
	assert_ptr_equal(arg, &client);
	assert_ptr_equal(closed, conn);
	conn = NULL;
}

static void
open_fds(int fd, int served)
{
	client = (struct client){ .fd = fd, .served = served };
	fcntl(fd, F_SETFL, O_NONBLOCK);
	fcntl(served, F_SETFL, O_NONBLOCK);
	conn = map_conn_new(&egress, served, on_closed, &client);
	served_fd = served;
}

static void
leave(void)
{
	if (client.fd >= 0)
		close(client.fd);
	client.fd = -1;
	str_free(&client.got);
}

static int
set_up(void **state)
{
	struct conf_errors errors = { 0 };
	int fds[2];

	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	skipped_ms = 0;
	fake_maps = (struct fake_maps){ 0 };
	base = event_base_new();
	engine = (struct engine){ .base = base };
	engine.settings =
	    settings_parse("policy_timeout = \"10s\"; policy_idle = \"1s\"; enforce = \"egress\";",
		"test", &errors);
	assert_non_null(engine.settings);
	egress = (struct egress){ .engine = &engine };
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	open_fds(fds[0], fds[1]);
	return 0;
}

static int
take_down(void **state)
{
	(void)state;
	map_conn_free(&conn);
	leave();
	assert_int_equal(fake_maps.deliveries + fake_maps.routes, 0);
	settings_release(&engine.settings);
	event_base_free(base);
	return 0;
}

static void
over_tcp(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);

	map_conn_free(&conn);
	leave();
	assert_int_equal(bind(listener, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&addr, &len), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, len), 0);
	open_fds(fd, accept(listener, NULL, NULL));
	close(listener);
}

static void
settle(void)
{
	for (int i = 0; i < 20; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

/* Waits for so many bytes, and returns them all. */
static const char *
answers(size_t len)
{
	WAIT_FOR(base, (client_read(&client), client.got.len >= len || client.ended));
	return str_text(&client.got);
}

#define ANSWERED(text) assert_string_equal(answers(strlen(text)), text)

/* -- look-ups ---------------------------------------------------------------------------------- */

static void
answers_look_ups(void **state)
{
	(void)state;
	client_says(&client, "10:sender a@b,");
	ANSWERED("19:OK route sender a@b,");
}

/* Then the socket is open for return paths alone. */
static void
serves_return_paths_in_admission_mode(void **state)
{
	(void)state;
	engine.settings->enforce = ENFORCE_ADMISSION;
	client_says(&client, "7:dns/s x,18:returnpath a@b.org,");
	ANSWERED("42:TEMP not asked while enforce = \"admission\",9:NOTFOUND ,");
}

static const struct map_row {
	const char *label, *query, *answer;
	enum sockmap_map map;
	unsigned deliveries, routes; /* that were made for it */
} map_rows[] = {
	{ "sender", "8:sender x,", "17:OK route sender x,", MAP_SENDER, 0, 1 },
	{ "transport", "11:transport *,", "20:OK route transport *,", MAP_TRANSPORT, 0, 1 },
	{ "dns", "7:dns/s x,", "19:OK delivery dns/s x,", MAP_DNS, 1, 0 },
	{ "connect", "11:connect/s x,", "23:OK delivery connect/s x,", MAP_CONNECT, 1, 0 },
	{ "cache", "9:cache/s x,", "21:OK delivery cache/s x,", MAP_CACHE, 1, 0 },
	{ "status", "10:status/s x,", "22:OK delivery status/s x,", MAP_STATUS, 1, 0 },
	{ "returnpath, of a domain that is not signed", "18:returnpath a@b.org,", "9:NOTFOUND ,",
	    MAP_RETURNPATH, 0, 0 },
	{ "another", "7:virus x,",
	    "91:PERM no such map: virus (sender, transport, dns, connect, cache, status and "
	    "returnpath are),",
	    MAP_UNKNOWN, 0, 0 },
};

static void
asks_who_knows_the_map(void **state)
{
	const struct map_row *row = *state;
	struct str twice = { 0 };

	set_up(NULL);
	client_says(&client, row->query);
	ANSWERED(row->answer);
	client_says(&client, row->query);
	str_addf(&twice, "%s%s", row->answer, row->answer);
	ANSWERED(str_text(&twice));
	str_free(&twice);
	assert_int_equal(fake_maps.deliveries, row->deliveries);
	assert_int_equal(fake_maps.routes, row->routes);
	for (int map = 0; map < EGRESS_LOOKUPS; map++)
		assert_int_equal(egress.figures.lookups[map], map == (int)row->map ? 2 : 0);
	take_down(NULL);
}

static void
answers_one_that_trickles_in(void **state)
{
	static const char query[] = "7:dns/s x,";

	(void)state;
	for (size_t i = 0; i < sizeof(query) - 1; i++) {
		client_read(&client);
		assert_int_equal(client.got.len, 0);
		client_send(&client, &query[i], 1);
		settle();
	}
	ANSWERED("19:OK delivery dns/s x,");
}

/* Those that must wait and those that need not: in the order of the queries. */
static void
answers_joined_queries_in_order(void **state)
{
	(void)state;
	client_says(&client, "5:dns a,8:dns held,8:sender b,8:dns slow,5:dns c,5:dn");
	ANSWERED("17:OK delivery dns a,");
	settle();
	fake_maps_answer();
	ANSWERED("17:OK delivery dns a,20:OK delivery dns held,17:OK route sender b,");
	settle();
	fake_maps_answer();
	client_says(&client, "s d,");
	ANSWERED("17:OK delivery dns a,20:OK delivery dns held,17:OK route sender b,"
		 "20:OK delivery dns slow,17:OK delivery dns c,17:OK delivery dns d,");
}

/* What is sent ahead of a held look-up is kept up to the longest query, and answered. */
static void
keeps_what_is_sent_ahead_within_bounds(void **state)
{
	static const char query[] = "5:dns a,";
	size_t sent = 0, after = 0, len = sizeof(query) - 1;
	int narrow = 4096;
	ssize_t n;

	(void)state;
	setsockopt(client.fd, SOL_SOCKET, SO_SNDBUF, &narrow, sizeof(narrow));
	client_says(&client, "8:dns held,");
	for (int quiet = 0; quiet < 20; quiet++) {
		while (sent < 1 << 20 &&
		       (n = send(client.fd, query + sent % len, len - sent % len, 0)) > 0) {
			sent += (size_t)n;
			quiet = 0;
		}
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	assert_in_range(sent, SOCKMAP_WIRE_MAX, 2 * SOCKMAP_WIRE_MAX);
	fake_maps_answer();
	client_send(&client, query + sent % len, len - sent % len);
	sent += len - sent % len;
	answers(strlen("20:OK delivery dns held,") + sent / len * strlen("17:OK delivery dns a,"));
	for (const char *at = str_text(&client.got); (at = strstr(at, "dns a,")) != NULL; at++)
		after++;
	assert_int_equal(after, sent / len);
	assert_int_equal(egress.figures.lookups[MAP_DNS], 1 + sent / len);
}

static void
closes_one_who_is_malformed(void **state)
{
	(void)state;
	client_says(&client, "5:dns a,05:dns b,5:dns c,");
	WAIT_FOR(base, client_ended(&client));
	assert_string_equal(str_text(&client.got), "17:OK delivery dns a,");
	assert_null(conn);
	assert_int_equal(egress.figures.malformed, 1);
	assert_int_equal(egress.figures.lookups[MAP_DNS], 1);
	assert_int_equal(egress.figures.hung_up, 0);
}

/* -- hanging up -------------------------------------------------------------------------------- */

static void
lets_go_of_one_who_hangs_up_while_held(void **state)
{
	(void)state;
	client_says(&client, "8:dns held,5:dns a,5:d");
	settle();
	assert_non_null(fake_maps.waiting);
	leave();
	WAIT_FOR(base, conn == NULL);
	assert_int_equal(fake_maps.deliveries, 0);
	assert_int_equal(egress.figures.hung_up, 1);
	assert_int_equal(egress.figures.lookups[MAP_DNS], 1);
}

static void
lets_go_of_one_who_hangs_up_over_tcp(void **state)
{
	(void)state;
	over_tcp();
	client_says(&client, "8:dns held,");
	settle();
	leave();
	WAIT_FOR(base, conn == NULL);
	assert_int_equal(egress.figures.hung_up, 1);
}

static void
lets_go_of_one_who_resets(void **state)
{
	struct linger none = { 1, 0 };

	(void)state;
	over_tcp();
	client_says(&client, "8:dns held,");
	settle();
	setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	leave();
	WAIT_FOR(base, conn == NULL);
	assert_int_equal(egress.figures.hung_up, 1);
}

static void
answers_one_who_only_sends_no_more(void **state)
{
	(void)state;
	client_says(&client, "8:dns held,5:dns a,");
	shutdown(client.fd, SHUT_WR);
	settle();
	fake_maps_answer();
	WAIT_FOR(base, client_ended(&client));
	assert_string_equal(str_text(&client.got), "20:OK delivery dns held,17:OK delivery dns a,");
	assert_null(conn);
	assert_int_equal(egress.figures.hung_up, 0);
}

static void
closes_when_the_client_does(void **state)
{
	(void)state;
	client_says(&client, "5:dns a,");
	ANSWERED("17:OK delivery dns a,");
	leave();
	WAIT_FOR(base, conn == NULL);
	assert_int_equal(fake_maps.deliveries, 0);
	assert_int_equal(egress.figures.hung_up, 0);
}

static void
is_freed_while_held(void **state)
{
	(void)state;
	client_says(&client, "8:dns held,");
	settle();
	map_conn_free(&conn);
	assert_int_equal(fake_maps.deliveries, 0);
	assert_int_equal(egress.figures.hung_up, 0);
	map_conn_free(&conn); /* nothing */
}

/* -- deadlines --------------------------------------------------------------------------------- */

static void
pass_time(int64_t ms)
{
	skipped_ms += ms;
	fire_timers(base);
}

static void
ends_silence_in_the_middle_of_a_look_up(void **state)
{
	(void)state;
	client_says(&client, "5:dns");
	settle();
	pass_time(9000);
	assert_non_null(conn);
	pass_time(1500);
	assert_null(conn);
	assert_int_equal(engine.metrics.timed_out, 1);
}

static void
bears_idleness_for_long(void **state)
{
	(void)state;
	client_says(&client, "5:dns a,");
	ANSWERED("17:OK delivery dns a,");
	pass_time(MAP_CONN_IDLE_MS - 5000);
	assert_non_null(conn);
	pass_time(6000);
	assert_null(conn);
	assert_int_equal(engine.metrics.timed_out, 0); /* nothing was lost by it */
}

/* It has a deadline of its own, whatever is sent ahead of its answer. */
static void
waits_for_a_held_look_up(void **state)
{
	(void)state;
	client_says(&client, "8:dns held,5:dn");
	settle();
	pass_time(60000);
	pass_time(60000);
	assert_non_null(conn);
	fake_maps_answer();
	client_says(&client, "s a,");
	ANSWERED("20:OK delivery dns held,17:OK delivery dns a,");
	assert_int_equal(engine.metrics.timed_out, 0);
}

/* -- drain ------------------------------------------------------------------------------------- */

static void
drains_when_idle(void **state)
{
	(void)state;
	map_conn_drain(conn);
	assert_null(conn);
	assert_true(client_ended(&client));
}

static void
drains_at_once_when_held(void **state)
{
	(void)state;
	client_says(&client, "8:dns held,");
	settle();
	map_conn_drain(conn);
	assert_null(conn);
	assert_true(client_ended(&client));
	assert_int_equal(client.got.len, 0); /* Postfix repeats it */
	assert_int_equal(egress.figures.hung_up, 0);
}

static const struct slow_row {
	const char *label, *query, *answer, *after;
} slow_rows[] = {
	{ "a delivery's", "8:dns slow,5:dns a,", "20:OK delivery dns slow,",
	    "20:OK delivery dns slow,17:OK delivery dns a," },
	{ "a route's", "11:sender slow,5:dns a,", "20:OK route sender slow,",
	    "20:OK route sender slow,17:OK delivery dns a," },
};

static void
drains_after_the_answer(void **state)
{
	const struct slow_row *row = *state;

	set_up(NULL);
	client_says(&client, row->query);
	settle();
	map_conn_drain(conn);
	map_conn_drain(conn);
	assert_non_null(conn);
	fake_maps_answer();
	assert_null(conn);
	assert_true(client_ended(&client));
	assert_string_equal(str_text(&client.got), row->answer);
	take_down(NULL);
}

static void
drains_one_that_comes_to_be_held(void **state)
{
	(void)state;
	client_says(&client, "8:dns slow,");
	settle();
	map_conn_drain(conn);
	assert_non_null(conn);
	fake_maps.waiting->held = true;
	map_conn_drain(conn);
	assert_null(conn);
}

/* -- to another process ------------------------------------------------------------------------ */

/* Another one goes on with the connection. */
static void
hand_over(void)
{
	int copy = dup(served_fd);
	struct str out = { 0 };
	struct unpack in;

	map_conn_pack(conn, &out);
	map_conn_free(&conn);
	served_fd = copy;
	conn = map_conn_new(&egress, copy, on_closed, &client);
	in = unpack_make(span_make(out.data, out.len));
	map_conn_unpack(conn, &in);
	assert_false(in.failed);
	assert_int_equal(in.at, out.len);
	str_free(&out);
}

static void
is_asked_again_elsewhere(void **state)
{
	(void)state;
	client_says(&client, "10:sender a@b,8:dns held,5:dn");
	ANSWERED("19:OK route sender a@b,");
	settle();
	assert_true(map_conn_park(conn));
	assert_null(fake_maps.waiting);
	client_says(&client, "s a,");
	settle();
	hand_over();
	assert_int_equal(fake_maps.routes, 1);
	assert_int_equal(fake_maps.deliveries, 1);
	settle();
	assert_non_null(fake_maps.waiting);
	fake_maps_answer();
	ANSWERED("19:OK route sender a@b,20:OK delivery dns held,17:OK delivery dns a,");
	assert_int_equal(egress.figures.hung_up, 0);
}

static void
is_parked_after_the_answer(void **state)
{
	const struct slow_row *row = *state;

	set_up(NULL);
	client_says(&client, row->query);
	settle();
	assert_false(map_conn_park(conn));
	fake_maps_answer();
	assert_non_null(conn);
	assert_true(map_conn_park(conn));
	settle();
	assert_string_equal(answers(strlen(row->answer)), row->answer); /* and no further one */
	hand_over();
	ANSWERED(row->after);
	take_down(NULL);
}

static void
is_not_parked_before_redis_has_answered(void **state)
{
	(void)state;
	client_says(&client, "8:dns held,");
	settle();
	fake_maps.unsettled = true;
	assert_false(map_conn_park(conn));
	fake_maps.unsettled = false;
	assert_true(map_conn_park(conn));
}

static void
bears_what_is_cut_short(void **state)
{
	struct unpack in = unpack_make(SPAN("\1"));

	(void)state;
	map_conn_unpack(conn, &in);
	client_says(&client, "10:sender a@b,");
	ANSWERED("19:OK route sender a@b,");
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
	{ answers_look_ups, "answers look-ups" },
	{ serves_return_paths_in_admission_mode, "serves return paths in admission mode" },
	{ answers_one_that_trickles_in, "answers one that trickles in" },
	{ answers_joined_queries_in_order, "answers joined queries in order" },
	{ keeps_what_is_sent_ahead_within_bounds, "keeps what is sent ahead within bounds" },
	{ closes_one_who_is_malformed, "closes one who is malformed" },
	{ lets_go_of_one_who_hangs_up_while_held, "lets go of one who hangs up while held" },
	{ lets_go_of_one_who_hangs_up_over_tcp, "lets go of one who hangs up over TCP" },
	{ lets_go_of_one_who_resets, "lets go of one who resets" },
	{ answers_one_who_only_sends_no_more, "answers one who only sends no more" },
	{ closes_when_the_client_does, "closes when the client does" },
	{ is_freed_while_held, "is freed while held" },
	{ ends_silence_in_the_middle_of_a_look_up, "ends silence in the middle of a look-up" },
	{ bears_idleness_for_long, "bears idleness for long" },
	{ waits_for_a_held_look_up, "waits for a held look-up" },
	{ drains_when_idle, "drains when idle" },
	{ drains_at_once_when_held, "drains at once when held" },
	{ drains_one_that_comes_to_be_held, "drains one that comes to be held" },
	{ is_asked_again_elsewhere, "is asked again elsewhere" },
	{ is_not_parked_before_redis_has_answered, "is not parked before Redis has answered" },
	{ bears_what_is_cut_short, "bears what is cut short" },
};

int
main(void)
{
	struct check_list list = { 0 };

	signal(SIGPIPE, SIG_IGN);
	CHECK_ROWS(&list, run_one, test_rows);
	CHECK_ROWS(&list, asks_who_knows_the_map, map_rows);
	CHECK_ROWS(&list, drains_after_the_answer, slow_rows);
	CHECK_ROWS(&list, is_parked_after_the_answer, slow_rows);
	return check_run(&list, "map_conn");
}
