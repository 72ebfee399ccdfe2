/* conn: bytes of policy clients of every behaviour, over a real socket. */
#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "policy.h"
#include "test_engine.h"

#define BAD        "request=smtpd_access_policy\nprotocol_state=RCPT\n\n" /* refused at once */
#define BAD_ANSWER "action=DEFER_IF_PERMIT 4.3.5 mxpace: RCPT request without a recipient\n\n"

static struct client client;

static int
set_up(void **state)
{
	engine_set_up(*state != NULL ? *state : "");
	client_open(&client);
	return 0;
}

static int
take_down(void **state)
{
	(void)state;
	client_close(&client);
	engine_take_down();
	return 0;
}

/* Waits for so many answers and returns all bytes. */
static const char *
answers(unsigned count)
{
	WAIT_FOR(base, client_answers(&client) >= count || client.ended);
	return str_text(&client.got);
}

static void
answers_a_request(void **state)
{
	(void)state;
	client_says(&client, RCPT("u@[192.0.2.5]", "1.1"));
	assert_string_equal(answers(1), DUNNO);
	assert_true(fake_has(&redis, "HGETALL mxpace:{q:u@[192.0.2.5]}"));
	assert_int_equal(groups_open(engine.groups), 1);
	client_says(&client, END_OF_MESSAGE("1.1"));
	assert_string_equal(answers(2), DUNNO DUNNO);
	assert_int_equal(groups_open(engine.groups), 0);
}

static void
answers_a_request_that_trickles_in(void **state)
{
	static const char request[] = RCPT("u@[192.0.2.5]", "1.1");

	(void)state;
	for (size_t i = 0; i < sizeof(request) - 1; i++) {
		client_send(&client, &request[i], 1);
		event_base_loop(base, EVLOOP_NONBLOCK);
		assert_true(client_answers(&client) == 0 || i == sizeof(request) - 2);
	}
	assert_string_equal(answers(1), DUNNO);
}

/* Those that must wait and those that need not: in the order of the requests. */
static void
answers_joined_requests_in_order(void **state)
{
	(void)state;
	redis.holding = true;
	client_says(&client, RCPT("u@[192.0.2.5]", "1.1") BAD RCPT("v@[192.0.2.6]", "1.1")
				 END_OF_MESSAGE("1.1") BAD);
	WAIT_FOR(base, fake_has(&redis, "EVALSHA"));
	assert_int_equal(client_answers(&client), 0);
	fake_release(&redis);
	assert_string_equal(answers(5), DUNNO BAD_ANSWER DUNNO DUNNO BAD_ANSWER);
	assert_int_equal(engine.metrics.requests, 5);
}

/* More answers than are kept at once, all asked for before the first is given. */
static void
send_ahead(unsigned count)
{
	struct str ahead = { 0 };

	redis.holding = true;
	str_adds(&ahead, RCPT("u@[192.0.2.5]", "1.1"));
	for (unsigned i = 0; i < count; i++)
		str_adds(&ahead, BAD);
	client_send(&client, ahead.data, ahead.len);
	str_free(&ahead);
	WAIT_FOR(base, fake_has(&redis, "EVALSHA"));
	for (int i = 0; i < 20; i++) /* it reads as much as it keeps */
		event_base_loop(base, EVLOOP_NONBLOCK);
}

static void
answers_all_that_was_sent_ahead(void **state)
{
	enum { MANY = 1300 };

	(void)state;
	_Static_assert(MANY * sizeof(BAD) < POLICY_REQUEST_MAX, "kept as a whole");
	_Static_assert(MANY * (sizeof(BAD_ANSWER) - 1) > 65536, "more than is kept of answers");
	send_ahead(MANY);
	fake_release(&redis);
	answers(MANY + 1);
	assert_int_equal(client_answers(&client), MANY + 1);
}

/* Little goes out at once. */
static void
narrow(void)
{
	int size = 4096;

	assert_int_equal(setsockopt(client.served, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
}

static void
answers_one_who_reads_late(void **state)
{
	enum { MANY = 1300 };

	(void)state;
	narrow();
	send_ahead(MANY);
	fake_release(&redis);
	for (int i = 0; i < 50; i++)
		turn(base);
	answers(MANY + 1);
	assert_int_equal(client_answers(&client), MANY + 1);
}

static void
answers_one_who_sends_no_more(void **state)
{
	(void)state;
	redis.holding = true;
	client_says(&client, RCPT("u@[192.0.2.5]", "1.1") END_OF_MESSAGE("1.1") "request=half");
	shutdown(client.fd, SHUT_WR);
	WAIT_FOR(base, fake_has(&redis, "EVALSHA"));
	turn(base);
	assert_false(client_ended(&client));
	fake_release(&redis);
	WAIT_FOR(base, client_ended(&client));
	assert_string_equal(str_text(&client.got), DUNNO DUNNO);
	assert_null(client.conn);
}

static void
closes_when_the_client_does(void **state)
{
	(void)state;
	shutdown(client.fd, SHUT_WR);
	WAIT_FOR(base, client.conn == NULL);
	assert_true(client_ended(&client));
	assert_int_equal(client.got.len, 0);
}

/* One that goes while its request is with Redis: nothing of it stays. */
static void
lets_go_of_one_who_went(void **state)
{
	(void)state;
	redis.holding = true;
	client_says(&client, RCPT("u@[192.0.2.5]", "1.1"));
	WAIT_FOR(base, fake_has(&redis, "EVALSHA"));
	assert_int_equal(groups_open(engine.groups), 1);
	conn_free(&client.conn);
	assert_int_equal(groups_open(engine.groups), 0);
	fake_release(&redis);
	WAIT_FOR(base, fake_has(&redis, "HDEL mxpace:{g:google}:conn:192.0.2.1 mta1"));
	assert_int_equal(store_async_figures(engine.store).waiting, 0);
}

static void
refuses_what_is_malformed(void **state)
{
	(void)state;
	client_says(&client, RCPT("u@[192.0.2.5]", "1.1") "nonsense\n\n" BAD);
	WAIT_FOR(base, client_ended(&client));
	assert_string_equal(str_text(&client.got),
	    DUNNO "action=DEFER_IF_PERMIT 4.3.5 mxpace: malformed policy request: line without "
		  "name=value\n\n");
	assert_null(client.conn);
	assert_int_equal(engine.metrics.malformed, 1);
	assert_int_equal(groups_open(engine.groups), 0);
}

/* Most of its words are left unread: over TCP that ends with a reset, behind the answer. */
static void
refuses_a_flood_over_tcp(void **state)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
	struct str flood = { 0 };

	(void)state;
	client_close(&client);
	assert_int_equal(bind(listener, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&addr, &len), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, len), 0);
	client_open_fds(&client, fd, accept(listener, NULL, NULL));
	close(listener);
	while (flood.len < 1 << 20)
		str_adds(&flood, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	client_send(&client, flood.data, flood.len);
	str_free(&flood);
	shutdown(client.fd, SHUT_WR);
	WAIT_FOR(base, client_ended(&client));
	assert_string_equal(str_text(&client.got),
	    "action=DEFER_IF_PERMIT 4.3.5 mxpace: malformed policy request: line over 8192 "
	    "bytes\n\n");
	WAIT_FOR(base, client.conn == NULL);
}

/* -- deadlines --------------------------------------------------------------------------------- */

static int64_t
time_to_end(void)
{
	int64_t start_ms = clock_monotonic_ms();

	WAIT_FOR(base, client_ended(&client));
	assert_null(client.conn);
	return clock_monotonic_ms() - start_ms;
}

static void
ends_silence_in_the_middle_of_a_request(void **state)
{
	(void)state;
	client_says(&client, "request=smtpd_access_policy\n");
	assert_true(time_to_end() >= 900);
	assert_int_equal(engine.metrics.timed_out, 1);
	assert_int_equal(client.got.len, 0);
}

static void
ends_one_who_takes_no_answers(void **state)
{
	(void)state;
	narrow();
	send_ahead(1300);
	fake_release(&redis);
	WAIT_FOR(base, client.conn == NULL);
	assert_int_equal(engine.metrics.timed_out, 1);
}

static void
ends_idleness(void **state)
{
	(void)state;
	client_says(&client, RCPT("u@[192.0.2.5]", "1.1"));
	answers(1);
	assert_true(time_to_end() >= 900);
	assert_int_equal(engine.metrics.timed_out, 0); /* nothing was lost by it */
	assert_int_equal(groups_open(engine.groups), 0);
}

/* A request in two parts must not put off the end of idleness by policy_timeout. */
static void
ends_idleness_after_a_request_in_parts(void **state)
{
	(void)state;
	client_says(&client, "request=smtpd_access_policy\n");
	turn(base);
	client_says(&client, "protocol_state=CONNECT\n\n");
	answers(1);
	assert_true(time_to_end() < FAKE_PATIENCE_MS / 2);
}

static void
waits_for_a_slow_decision(void **state)
{
	int64_t start_ms = clock_monotonic_ms();

	(void)state;
	redis.holding = true;
	client_says(&client, RCPT("u@[192.0.2.5]", "1.1"));
	WAIT_FOR(base, clock_monotonic_ms() - start_ms > 1500); /* over both deadlines */
	assert_false(client_ended(&client));
	fake_release(&redis);
	assert_string_equal(answers(1), DUNNO);
	assert_true(time_to_end() >= 900);
}

/* -- drain ------------------------------------------------------------------------------------- */

static void
drains_when_idle(void **state)
{
	(void)state;
	conn_drain(client.conn);
	assert_null(client.conn);
	assert_true(client_ended(&client));
}

static void
drains_after_the_answer(void **state)
{
	(void)state;
	redis.holding = true;
	client_says(&client, RCPT("u@[192.0.2.5]", "1.1") BAD);
	WAIT_FOR(base, fake_has(&redis, "EVALSHA"));
	conn_drain(client.conn);
	assert_non_null(client.conn);
	fake_release(&redis);
	WAIT_FOR(base, client_ended(&client));
	assert_string_equal(str_text(&client.got), DUNNO);
	assert_null(client.conn);
}

/* -- to another process ------------------------------------------------------------------------ */

/* The request under way is answered here, the next, read already, there; what is counted stays so. */
static void
is_parked_and_goes_on(void **state)
{
	struct str out = { 0 };
	struct unpack in;
	int copy;

	(void)state;
	redis.holding = true;
	client_says(&client, RCPT("u@[192.0.2.5]", "1.1") BAD "request=smtpd");
	WAIT_FOR(base, fake_has(&redis, "EVALSHA"));
	assert_false(conn_park(client.conn));
	fake_release(&redis);
	WAIT_FOR(base, conn_park(client.conn));
	assert_string_equal(answers(1), DUNNO);
	transactions_pack(engine.transactions, &out);
	conn_pack(client.conn, &out);
	copy = dup(client.served);
	conn_free(&client.conn);
	transactions_free(&engine.transactions);
	assert_int_equal(groups_open(engine.groups), 0);
	engine.transactions = transactions_new(base);
	client.conn = conn_new(&engine, copy, on_client_closed, &client);
	in = unpack_make(span_make(out.data, out.len));
	transactions_unpack(engine.transactions, engine.groups, &in);
	conn_unpack(client.conn, &in);
	assert_false(in.failed);
	assert_int_equal(groups_open(engine.groups), 1);
	assert_string_equal(answers(2), DUNNO BAD_ANSWER);
	conn_free(&client.conn);
	assert_int_equal(groups_open(engine.groups), 0); /* it was its own */
	str_free(&out);
}

enum { PLENTY_OF_ANSWERS = 600 }; /* more than the socket takes */

/* It does not read: nobody waits for it, and no byte is lost or comes twice. */
static void
is_parked_with_answers_it_has_not_taken(void **state)
{
	int copy, small = 1;
	struct str out = { 0 };
	struct unpack in;

	(void)state;
	setsockopt(client.served, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	for (int i = 0; i < PLENTY_OF_ANSWERS; i++)
		client_says(&client, BAD);
	WAIT_FOR(base, engine.metrics.requests == PLENTY_OF_ANSWERS);
	assert_true(conn_park(client.conn));
	conn_pack(client.conn, &out);
	assert_true(out.len > sizeof(BAD_ANSWER)); /* some are left */
	client_read(&client);
	turn(base); /* there is room now, and it is not ours to use */
	copy = dup(client.served);
	conn_free(&client.conn);
	client.conn = conn_new(&engine, copy, on_client_closed, &client);
	in = unpack_make(span_make(out.data, out.len));
	conn_unpack(client.conn, &in);
	assert_false(in.failed);
	assert_int_equal(in.at, out.len);
	answers(PLENTY_OF_ANSWERS);
	assert_int_equal(client.got.len, PLENTY_OF_ANSWERS * (sizeof(BAD_ANSWER) - 1));
	assert_int_equal(client_answers(&client), PLENTY_OF_ANSWERS);
	str_free(&out);
}

/* It is closed when the answer is out, as it would have been. */
static void
ends_elsewhere_after_a_malformed_request(void **state)
{
	struct str packed = { 0 };
	struct unpack in;

	(void)state;
	pack_text(&packed, "");
	pack_number(&packed, 1); /* no further request */
	pack_bytes(&packed, SPAN(DUNNO));
	pack_bytes(&packed, SPAN(BAD));
	in = unpack_make(span_make(packed.data, packed.len));
	conn_unpack(client.conn, &in);
	WAIT_FOR(base, client_ended(&client));
	assert_string_equal(str_text(&client.got), DUNNO);
	str_free(&packed);
}

static char short_timeout[] = "policy_timeout = \"1s\";";
static char short_idle[] = "policy_idle = \"1s\"; policy_timeout = \"60s\";";
static char short_both[] = "policy_idle = \"1s\"; policy_timeout = \"1s\";";

#define TEST(function, conf) \
	cmocka_unit_test_prestate_setup_teardown(function, set_up, take_down, conf)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers_a_request, NULL),
		TEST(answers_a_request_that_trickles_in, NULL),
		TEST(answers_joined_requests_in_order, NULL),
		TEST(answers_all_that_was_sent_ahead, NULL),
		TEST(answers_one_who_reads_late, NULL),
		TEST(answers_one_who_sends_no_more, NULL),
		TEST(closes_when_the_client_does, NULL),
		TEST(lets_go_of_one_who_went, NULL),
		TEST(refuses_what_is_malformed, NULL),
		TEST(refuses_a_flood_over_tcp, NULL),
		TEST(ends_silence_in_the_middle_of_a_request, short_timeout),
		TEST(ends_one_who_takes_no_answers, short_timeout),
		TEST(ends_idleness, short_idle),
		TEST(ends_idleness_after_a_request_in_parts, short_idle),
		TEST(waits_for_a_slow_decision, short_both),
		TEST(drains_when_idle, NULL),
		TEST(drains_after_the_answer, NULL),
		TEST(is_parked_and_goes_on, NULL),
		TEST(is_parked_with_answers_it_has_not_taken, NULL),
		TEST(ends_elsewhere_after_a_malformed_request, NULL),
	};

	return cmocka_run_group_tests_name("conn", tests, NULL, NULL);
}
