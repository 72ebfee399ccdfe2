/* flow: what a request takes it keeps, or gives back, whatever happens on the way. */
#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "fake_clock.h"
#include "policy.h"
#include "script.h"
#include "test_engine.h"

static struct client client, second;
static int dns = -1; /* reads nothing and says nothing */

static int
set_up_with(const char *conf)
{
	engine_set_up(conf);
	client_open(&client);
	client_open(&second);
	return 0;
}

static int
set_up(void **state)
{
	return set_up_with(*state != NULL ? *state : "");
}

static int
set_up_with_silent_dns(void **state)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	char conf[80];

	(void)state;
	dns = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(dns, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(getsockname(dns, (struct sockaddr *)&addr, &len), 0);
	snprintf(conf, sizeof(conf), "dns_servers = [ \"127.0.0.1:%u\" ]; dns_timeout = \"20s\";",
	    ntohs(addr.sin_port));
	return set_up_with(conf);
}

static int
take_down(void **state)
{
	(void)state;
	client_close(&client);
	client_close(&second);
	assert_int_equal(groups_open(engine.groups), 0); /* no slot leaks, none goes twice */
	engine_take_down();
	if (dns >= 0)
		close(dns);
	dns = -1;
	return 0;
}

static const char *
ask(struct client *who, const char *request)
{
	unsigned before = client_answers(who);

	str_empty(&who->got);
	before = client_answers(who);
	client_says(who, request);
	WAIT_FOR(base, client_answers(who) > before || who->ended);
	return str_text(&who->got);
}

static void
assert_starts(const char *text, const char *start)
{
	if (strncmp(text, start, strlen(start)) != 0)
		fail_msg("\"%s\" does not start with \"%s\"", text, start);
}

/* Until nothing waits for Redis and all figures are told. */
static void
settle(void)
{
	WAIT_FOR(base, store_async_figures(engine.store).waiting == 0);
	fire_timers(base);
	WAIT_FOR(base, store_async_figures(engine.store).waiting == 0);
}

static void
reload(const struct fake_redis *at, const char *conf)
{
	struct err err;

	assert_int_equal(
	    engine_swap(&engine, engine_settings(at, conf), engine_rules_of(engine_rules), &err),
	    0);
}

/* -- what Redis says --------------------------------------------------------------------------- */

#define QUARANTINED                                                                           \
	"*8\r\n$6\r\nstatus\r\n$11\r\nquarantined\r\n$6\r\nreason\r\n$12\r\nuser_unknown\r\n" \
	"$5\r\nsince\r\n$10\r\n1795314053\r\n$4\r\ncode\r\n$3\r\n550\r\n"

static const char *
has_quarantined_bad(struct fake_redis *from, const char *line)
{
	(void)from;
	return strstr(line, "{q:bad@") != NULL ? QUARANTINED : NULL;
}

static const char *
has_no_room(struct fake_redis *from, const char *line)
{
	(void)from;
	return strncmp(line, "EVALSHA ", 8) == 0 ? "*4\r\n:2\r\n:1\r\n:1000\r\n:7000\r\n" : NULL;
}

static const char *
has_no_slot(struct fake_redis *from, const char *line)
{
	(void)from;
	return strncmp(line, "EVALSHA ", 8) == 0 ? "*3\r\n:1\r\n:6\r\n:5\r\n" : NULL;
}

static const char *
errs(struct fake_redis *from, const char *line)
{
	(void)from;
	return strncmp(line, "EVALSHA ", 8) == 0 ? "-ERR user_script:1: something\r\n" : NULL;
}

static const char *
answers_nonsense(struct fake_redis *from, const char *line)
{
	(void)from;
	return strncmp(line, "EVALSHA ", 8) == 0 ? "*1\r\n:9\r\n" : NULL;
}

#define SENT "mxpace:{g:google}:sent:192.0.2.1:1h"
#define CONN "mxpace:{g:google}:conn:192.0.2.1"

/* The give_back script has the ring as its only key; take has the connections before it. */
#define GIVE_BACK " 1 " SENT " 1700000000000 "

/* Not counted: what is told of outcomes now and then, and what gives back. */
static unsigned
takes(void)
{
	char call[64];

	snprintf(call, sizeof(call), "EVALSHA %s ", script_sha1(SCRIPT_TAKE));
	return fake_count(&redis, call);
}

/* -- taking ------------------------------------------------------------------------------------ */

static void
takes_once_for_a_transaction(void **state)
{
	(void)state;
	assert_string_equal(ask(&client, RCPT("u@[192.0.2.5]", "1.1")), DUNNO);
	assert_string_equal(ask(&client, RCPT("v@[192.0.2.5]", "1.1")), DUNNO);
	assert_string_equal(ask(&second, RCPT("w@[192.0.2.5]", "1.1")), DUNNO);
	assert_int_equal(takes(), 1);
	assert_int_equal(groups_open(engine.groups), 1);
	assert_int_equal(engine.metrics.decisions[DECIDE_WITHIN_LIMITS], 1);
	assert_int_equal(engine.metrics.decisions[DECIDE_REPEATED], 2);
	assert_string_equal(ask(&second, END_OF_MESSAGE("1.1")), DUNNO);
	assert_int_equal(groups_open(engine.groups), 0);
	assert_string_equal(ask(&second, RCPT("w@[192.0.2.5]", "1.1")), DUNNO);
	assert_int_equal(takes(), 2); /* another message by now */
}

static void
takes_each_time_without_instance(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= 3; i++) {
		assert_string_equal(ask(&client, RCPT("u@[192.0.2.5]", "")), DUNNO);
		assert_int_equal(takes(), i);
		assert_int_equal(groups_open(engine.groups), 1);
	}
}

static void
takes_nothing_without_limits(void **state)
{
	(void)state;
	assert_string_equal(ask(&client, RCPT("u@[192.0.2.6]", "1.1")), DUNNO);
	assert_string_equal(ask(&client, RCPT("u@[192.0.2.7]", "1.1")), DUNNO); /* no rule */
	assert_int_equal(engine.metrics.decisions[DECIDE_NO_LIMITS], 2);
	assert_int_equal(fake_count(&redis, "HGETALL mxpace:{q:"), 2);
	assert_int_equal(takes(), 0);
	assert_int_equal(groups_open(engine.groups), 0);
}

static void
asks_nothing_for_the_null_sender(void **state)
{
	(void)state;
	assert_string_equal(ask(&client,
				"request=smtpd_access_policy\nprotocol_state=RCPT\nsender=\n"
				"recipient=u@[192.0.2.5]\ninstance=1.1\n\n"),
	    DUNNO);
	assert_string_equal(ask(&client,
				"request=smtpd_access_policy\nprotocol_state=RCPT\nsender=<>\n"
				"recipient=u@[192.0.2.5]\ninstance=1.2\n\n"),
	    DUNNO);
	assert_int_equal(engine.metrics.decisions[DECIDE_NULL_SENDER], 2);
	assert_int_equal(fake_count(&redis, "HGETALL mxpace:{q:"), 0);
	assert_int_equal(takes(), 0);
}

static void
decides_only_at_rcpt(void **state)
{
	(void)state;
	assert_string_equal(ask(&client,
				"request=smtpd_access_policy\nprotocol_state=DATA\n"
				"sender=a@b.test\nrecipient=u@[192.0.2.5]\ninstance=1.1\n\n"),
	    DUNNO);
	assert_int_equal(fake_count(&redis, "HGETALL mxpace:{q:"), 0);
	assert_int_equal(takes(), 0);
}

/* Refused in any way, no slot stays open and Redis is told so. */
static void
lets_the_slot_go_when(const char *(*says)(struct fake_redis *, const char *), const char *answer)
{
	redis.answer = says;
	assert_starts(ask(&client, RCPT("bad@[192.0.2.5]", "1.1")), answer);
	assert_int_equal(groups_open(engine.groups), 0);
	WAIT_FOR(base, fake_has(&redis, "HDEL " CONN " mta1"));
	redis.answer = NULL;
	str_empty(&redis.commands);
	assert_string_equal(ask(&client, RCPT("good@[192.0.2.5]", "1.1")), DUNNO);
	assert_int_equal(takes(), 1); /* was not counted before */
	assert_int_equal(groups_open(engine.groups), 1);
}

static void
lets_the_slot_go_when_there_is_no_room(void **state)
{
	(void)state;
	lets_the_slot_go_when(has_no_room,
	    "action=DEFER_IF_PERMIT 4.7.1 mxpace: group google: limit 1000/1h reached, next "
	    "message in 7s\n\n");
}

static void
lets_the_slot_go_when_there_is_none(void **state)
{
	(void)state;
	lets_the_slot_go_when(has_no_slot,
	    "action=DEFER_IF_PERMIT 4.7.1 mxpace: group google: 5 of 5 connections in use, try "
	    "again in a minute\n\n");
}

static void
lets_the_slot_go_when_redis_errs(void **state)
{
	(void)state;
	lets_the_slot_go_when(errs,
	    "action=DEFER_IF_PERMIT 4.3.0 mxpace: store away: ERR user_script:1: something\n\n");
}

static void
lets_the_slot_go_when_redis_answers_nonsense(void **state)
{
	(void)state;
	lets_the_slot_go_when(answers_nonsense,
	    "action=DEFER_IF_PERMIT 4.3.0 mxpace: store away: script take answered something "
	    "else\n\n");
}

static void
gives_back_for_a_quarantined_recipient(void **state)
{
	(void)state;
	lets_the_slot_go_when(has_quarantined_bad,
	    "action=550 5.1.1 mxpace: bad@[192.0.2.5] is quarantined since ");
	/* The list was emptied after the refusal; once more, for what was given back. */
	redis.answer = has_quarantined_bad;
	str_empty(&redis.commands);
	assert_starts(ask(&client, RCPT("bad@[192.0.2.5]", "1.2")), "action=550 5.1.1 ");
	settle();
	assert_true(fake_has(&redis, GIVE_BACK));
}

static void
keeps_the_message_that_goes_out_diverted(void **state)
{
	(void)state;
	redis.answer = has_quarantined_bad;
	assert_starts(ask(&client, RCPT("bad@[192.0.2.5]", "1.1")), "action=HOLD mxpace: ");
	assert_int_equal(groups_open(engine.groups), 1);
	settle();
	assert_false(fake_has(&redis, GIVE_BACK));
}

/* address_rules: the entry of bad@ is that of bad+shop@. */
static void
refuses_by_the_address_rules(void **state)
{
	(void)state;
	redis.answer = has_quarantined_bad;
	assert_starts(ask(&client, RCPT("bad+shop@[192.0.2.5]", "1.1")),
	    "action=550 5.1.1 mxpace: bad+shop@[192.0.2.5] is quarantined since ");
	settle();
}

/* -- Redis away -------------------------------------------------------------------------------- */

static void
answers_when_redis_hangs_up(void **state)
{
	(void)state;
	redis.holding = true;
	client_says(&client, RCPT("u@[192.0.2.5]", "1.1"));
	client_says(&second, RCPT("u@[192.0.2.5]", "1.2"));
	WAIT_FOR(base, takes() == 2);
	assert_int_equal(groups_open(engine.groups), 2);
	fake_stop(&redis);
	WAIT_FOR(base, client_answers(&client) == 1 && client_answers(&second) == 1);
	assert_starts(str_text(&client.got), "action=DEFER_IF_PERMIT 4.3.0 mxpace: store away: ");
	assert_int_equal(groups_open(engine.groups), 0);
	assert_starts(ask(&client, RCPT("u@[192.0.2.5]", "1.3")), /* at once now */
	    "action=DEFER_IF_PERMIT 4.3.0 mxpace: store away: not connected\n\n");
	assert_int_equal(groups_open(engine.groups), 0);
}

static void
permits_when_told_to(void **state)
{
	(void)state;
	fake_stop(&redis);
	WAIT_FOR(base, !store_async_works(engine.store));
	assert_string_equal(ask(&client, RCPT("u@[192.0.2.5]", "1.1")), DUNNO);
	assert_int_equal(engine.metrics.decisions[DECIDE_STORE_FAILED_PERMIT], 1);
	assert_int_equal(groups_open(engine.groups), 0);
}

/* -- reload while requests are under way ------------------------------------------------------- */

static void
ends_with_the_configuration_it_began_with(void **state)
{
	(void)state;
	redis.holding = true;
	client_says(&client, RCPT("u@[192.0.2.5]", "1.1"));
	WAIT_FOR(base, takes() == 1);
	reload(&other_redis, "sending_ips = ( { name = \"192.0.2.99\"; } );");
	WAIT_FOR(base, store_async_works(engine.store));
	assert_string_equal(ask(&second, RCPT("u@[192.0.2.5]", "2.1")), DUNNO);
	assert_true(fake_has(&other_redis, "mxpace:{g:google}:conn:192.0.2.99"));
	assert_int_equal(client_answers(&client), 0);
	fake_release(&redis);
	WAIT_FOR(base, client_answers(&client) == 1);
	assert_string_equal(str_text(&client.got), DUNNO);
	assert_int_equal(groups_open(engine.groups), 2);
	client_close(&client);
	client_close(&second);
	assert_int_equal(groups_open(engine.groups), 0);
}

static void
gives_back_where_it_took(void **state)
{
	(void)state;
	redis.answer = has_quarantined_bad;
	redis.holding = true;
	client_says(&client, RCPT("bad@[192.0.2.5]", "1.1"));
	WAIT_FOR(base, takes() == 1);
	reload(&other_redis, "sending_ips = ( { name = \"192.0.2.99\"; } );");
	WAIT_FOR(base, store_async_works(engine.store));
	fake_release(&redis);
	WAIT_FOR(base, client_answers(&client) == 1);
	assert_starts(str_text(&client.got), "action=550 5.1.1 ");
	WAIT_FOR(base, fake_has(&redis, GIVE_BACK));
	settle();
	assert_false(fake_has(&other_redis, GIVE_BACK));
}

static void
reloads_again_and_again(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		char request[200];

		snprintf(request, sizeof(request), RCPT("u@[192.0.2.5]", "%d.1"), i);
		reload(i % 2 == 0 ? &other_redis : &redis,
		    i % 3 == 0 ? "" : "dns_timeout = \"1s\";");
		WAIT_FOR(base, store_async_works(engine.store));
		assert_string_equal(ask(&client, request), DUNNO);
	}
	assert_int_equal(groups_open(engine.groups), 1);
}

static void
keeps_replaced_parts_for_a_while(void **state)
{
	(void)state;
	reload(&other_redis, "");
	assert_non_null(engine.retired);
	fire_timers(base);
	assert_non_null(engine.retired);
	fire_timers(base);
	assert_null(engine.retired);
	WAIT_FOR(base, store_async_works(engine.store));
	assert_string_equal(ask(&client, RCPT("u@[192.0.2.5]", "1.1")), DUNNO);
}

/* All timers come due at once, as after a stop of the whole process. */
static void
answers_before_replaced_parts_go(void **state)
{
	(void)state;
	client_says(&client, RCPT("u@foo.test", "1.1"));
	WAIT_FOR(base, mx_figures(engine.mx).waiting == 1);
	reload(&redis, "dns_timeout = \"10s\";");
	skipped_ms += 60000;
	fire_timers(base);
	WAIT_FOR(base, client_answers(&client) == 1);
	assert_string_equal(str_text(&client.got),
	    "action=DEFER_IF_PERMIT 4.4.3 mxpace: MX look-up of foo.test failed: timeout\n\n");
}

static void
lets_go_of_one_who_went_while_dns_is_asked(void **state)
{
	(void)state;
	client_says(&client, RCPT("u@foo.test", "1.1"));
	client_says(&second, RCPT("u@foo.test", "2.1"));
	WAIT_FOR(base, engine.metrics.requests == 2);
	assert_int_equal(mx_figures(engine.mx).waiting, 1); /* shared */
	conn_free(&client.conn);
	skipped_ms += 60000;
	fire_timers(base);
	WAIT_FOR(base, client_answers(&second) == 1);
	assert_starts(str_text(&second.got), "action=DEFER_IF_PERMIT 4.4.3 ");
}

/* -- the end ----------------------------------------------------------------------------------- */

static void
withdraws_from_redis(void **state)
{
	(void)state;
	assert_string_equal(ask(&client, RCPT("u@[192.0.2.5]", "1.1")), DUNNO);
	engine_withdraw(&engine, false);
	WAIT_FOR(base, fake_has(&redis, "DEL mxpace:node:mta1\n"));
	assert_true(fake_has(&redis, "HDEL " CONN " mta1\n"));
}

#define TEST(function) cmocka_unit_test_prestate_setup_teardown(function, set_up, take_down, defer)
#define TEST_CONF(function, conf) \
	cmocka_unit_test_prestate_setup_teardown(function, set_up, take_down, conf)
#define TEST_DNS(function) \
	cmocka_unit_test_setup_teardown(function, set_up_with_silent_dns, take_down)

int
main(void)
{
	static char defer[] = "on_store_failure = \"defer\";";
	static char permit[] = "on_store_failure = \"permit\";";
	static char hold[] = "quarantine_action = \"hold\";";
	static char plus[] = "address_rules = ( { domains = \"*\"; strip_tag = \"+\"; } );";
	const struct CMUnitTest tests[] = {
		TEST(takes_once_for_a_transaction),
		TEST(takes_each_time_without_instance),
		TEST(takes_nothing_without_limits),
		TEST(asks_nothing_for_the_null_sender),
		TEST(decides_only_at_rcpt),
		TEST(lets_the_slot_go_when_there_is_no_room),
		TEST(lets_the_slot_go_when_there_is_none),
		TEST(lets_the_slot_go_when_redis_errs),
		TEST(lets_the_slot_go_when_redis_answers_nonsense),
		TEST(gives_back_for_a_quarantined_recipient),
		TEST_CONF(refuses_by_the_address_rules, plus),
		TEST_CONF(keeps_the_message_that_goes_out_diverted, hold),
		TEST(answers_when_redis_hangs_up),
		TEST_CONF(permits_when_told_to, permit),
		TEST(ends_with_the_configuration_it_began_with),
		TEST(gives_back_where_it_took),
		TEST(reloads_again_and_again),
		TEST(keeps_replaced_parts_for_a_while),
		TEST_DNS(answers_before_replaced_parts_go),
		TEST_DNS(lets_go_of_one_who_went_while_dns_is_asked),
		TEST(withdraws_from_redis),
	};

	return cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}
