/* route: what qmgr's resolver is told, with Redis and DNS of the test's own. */
#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "dnsmsg.h"
#include "egress.h"
#include "fake_clock.h"
#include "route.h"
#include "test_engine.h"

static const char route_rules[] =
    "mx_rules = (\n"
    "  { name = \"google\"; mx = \"[192.0.2.5]\"; connections = 500; limits = \"12/1m\";"
    "    messages_per_connection = 50; },\n"
    "  { name = \"fast\"; mx = \"[192.0.2.6]\"; limits = \"6000/1m\";"
    "    messages_per_connection = 40; },\n"
    "  { name = \"together\"; mx = \"[192.0.2.7]\"; per = \"group\"; limits = \"12/1m\";"
    "    messages_per_connection = 30; },\n"
    "  { name = \"found\"; mx = \"*.found.test\"; messages_per_connection = 20; } );\n";

/* -- a name server ----------------------------------------------------------------------------- */

static const struct {
	const char *name, *answer; /* of type MX, as dnsmsg.h writes them; "" none */
} zone[] = {
	{ "found.test", "an @12 300 MX 10 mx.found.test" },
	{ "other.test", "an @12 300 MX 10 mx.other.test" }, /* no rule matches */
	{ "null.test", "an @12 300 MX 0 ." },
	{ "gone.test", "rcode 3; ns test 600 SOA 120" },
	{ "broken.test", "rcode 2" },
	{ "silent.test", "" },
};

static int dns;
static struct event *on_dns;
static unsigned dns_queries;

static void
answer_dns(evutil_socket_t fd, short what, void *arg)
{
	struct sockaddr_in peer;
	socklen_t peer_len = sizeof(peer);
	char query[512], name[256] = "";
	struct str out = { 0 };
	const char *text = "";
	size_t at = 12;

	(void)what;
	(void)arg;
	assert_true(
	    recvfrom(fd, query, sizeof(query), 0, (struct sockaddr *)&peer, &peer_len) > 16);
	dns_queries++;
	for (; query[at] != 0; at += (size_t)query[at] + 1)
		snprintf(name + strlen(name), sizeof(name) - strlen(name), "%s%.*s",
		    at > 12 ? "." : "", query[at], query + at + 1);
	for (size_t i = 0; i < COUNT(zone); i++)
		if (strcmp(zone[i].name, name) == 0)
			text = zone[i].answer;
	if (*text == '\0')
		return;
	dns_message(&out, "");
	memcpy(out.data, query, 2);
	dns_set_u16(&out, 4, 1);
	str_add(&out, query + 12, at + 5 - 12);
	dns_message(&out, text);
	assert_int_equal(sendto(fd, out.data, out.len, 0, (struct sockaddr *)&peer, peer_len),
	    out.len);
	str_free(&out);
}

/* -- the world --------------------------------------------------------------------------------- */

static struct route *route;
static unsigned answers; /* that came later */
static struct sockmap_reply later;

static void
on_done(void *arg, const struct sockmap_reply *reply)
{
	assert_ptr_equal(arg, &later);
	later = *reply;
	answers++;
}

static char conf[1024]; /* the beginning of every configuration here */

static void
reload(const char *more)
{
	struct err err;
	char text[2048];

	snprintf(text, sizeof(text), "%s%s%s", conf,
	    strstr(more, "enforce") != NULL ? "" : "enforce = \"egress\";", more);
	assert_int_equal(
	    engine_swap(&engine, engine_settings(&redis, text), engine_rules_of(route_rules), &err),
	    0);
}

static void
new_route(void)
{
	route_free(&route);
	route = route_new(engine.egress, on_done, &later);
}

static int
set_up(void **state)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);

	dns = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(dns, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(getsockname(dns, (struct sockaddr *)&addr, &len), 0);
	snprintf(conf, sizeof(conf),
	    "dns_servers = [ \"127.0.0.1:%u\" ]; dns_timeout = \"20s\"; state_dir = \"/nowhere\";"
	    "local_domains = \"here.test\"; transport_exceptions = \"partner.test\";",
	    ntohs(addr.sin_port));
	engine_set_up(conf);
	on_dns = event_new(base, dns, EV_READ | EV_PERSIST, answer_dns, NULL);
	event_add(on_dns, NULL);
	dns_queries = answers = 0;
	reload(*state != NULL ? *state : "");
	new_route();
	return 0;
}

static int
take_down(void **state)
{
	(void)state;
	route_free(&route);
	event_free(on_dns);
	close(dns);
	engine_take_down();
	return 0;
}

static void
begin_to_ask(enum sockmap_map map, const char *key, struct sockmap_reply *reply, bool *known)
{
	struct sockmap_query query = { .map = map, .key = span_of(key) };

	memset(reply, 'x', sizeof(*reply));
	*known = route_ask(route, &query, reply);
}

/* The text of the answer, or "NOTFOUND". */
static const char *
ask(enum sockmap_map map, const char *key)
{
	static struct sockmap_reply reply;
	unsigned before = answers;
	bool known;

	begin_to_ask(map, key, &reply, &known);
	if (!known) {
		assert_int_equal(answers, before); /* never within the call */
		WAIT_FOR(base, answers > before);
		reply = later;
	}
	assert_true(reply.answer == ANSWER_OK || reply.answer == ANSWER_NOTFOUND);
	return reply.answer == ANSWER_OK ? reply.text : "NOTFOUND";
}

static const char *
ask_for(const char *sender, const char *recipient)
{
	assert_string_equal(ask(MAP_SENDER, sender), "NOTFOUND");
	return ask(MAP_TRANSPORT, recipient);
}

#define SENDER "a@b.test"

/* Where Redis must have been heard: asked again if this machine was too slow for the deadline. */
static const char *
ask_in_time(const char *sender, const char *recipient)
{
	for (int tries = 0; tries < 50; tries++) {
		uint64_t before = route_figures(engine.egress).unchecked;
		const char *answer = ask_for(sender, recipient);

		if (route_figures(engine.egress).unchecked == before)
			return answer;
	}
	fail_msg("Redis was never heard in time");
	return "";
}

static struct lane *
lane_of(const char *group, const char *ip)
{
	struct mx_rules *rules = engine.rules;

	return lanes_get(engine.egress->lanes, rules, mx_rules_of_group(rules, group), group, ip);
}

static int64_t
inside(const char *group, const char *ip)
{
	struct lane *lane = lane_of(group, ip);
	int64_t count = intake_inside(&lane->intake, clock_monotonic_ms());

	lane_release(&lane);
	return count;
}

static uint64_t
reason_count(enum route_reason reason)
{
	return route_figures(engine.egress).reasons[reason];
}

/* -- sender and transport ---------------------------------------------------------------------- */

static void
routes_remote_mail(void **state)
{
	(void)state;
	assert_string_equal(ask_for(SENDER, "u@[192.0.2.5]"), "mxp-google-1:");
	assert_string_equal(ask_for(SENDER, "u@[192.0.2.6]"), "mxp-fast-1:");
	assert_string_equal(ask_for(SENDER, "u@here.test"), "NOTFOUND");
	assert_string_equal(ask_for(SENDER, "u@partner.test"), "NOTFOUND");
	assert_string_equal(ask_for(SENDER, "not an address"), "NOTFOUND");
	assert_string_equal(ask_for(SENDER, "u@[192.0.2.9]"), "NOTFOUND"); /* no rule */
	assert_int_equal(reason_count(ROUTE_PACED), 2);
	assert_int_equal(reason_count(ROUTE_LOCAL_DOMAIN), 1);
	assert_int_equal(reason_count(ROUTE_EXCEPTION), 1);
	assert_int_equal(reason_count(ROUTE_BAD_RECIPIENT), 1);
	assert_int_equal(reason_count(ROUTE_NO_RULE), 1);
	assert_int_equal(inside("google", "192.0.2.1"), 1);
	assert_int_equal(fake_count(&redis, "HGETALL mxpace:{q:u@[192.0.2.5]}"), 1);
}

static void
leaves_what_has_no_sender(void **state)
{
	(void)state;
	assert_string_equal(ask(MAP_TRANSPORT, "*"), "NOTFOUND");
	assert_string_equal(ask(MAP_TRANSPORT, "*"), "NOTFOUND");
	assert_string_equal(ask(MAP_TRANSPORT, "u@[192.0.2.5]"), "NOTFOUND");
	assert_string_equal(ask_for(SENDER, "u@[192.0.2.5]"), "mxp-google-1:");
	assert_string_equal(ask(MAP_TRANSPORT, "u@[192.0.2.5]"), "NOTFOUND"); /* it was used */
	assert_string_equal(ask(MAP_TRANSPORT, "[192.0.2.5]"), "NOTFOUND");
	assert_int_equal(reason_count(ROUTE_NOT_ASKED), 5);
	assert_int_equal(inside("google", "192.0.2.1"), 1);
}

static void
defers_an_interrupted_look_up(void **state)
{
	(void)state;
	assert_string_equal(ask(MAP_TRANSPORT, "u@[192.0.2.5]"),
	    "retry:4.3.0 mxpace: mxpolicyd was restarted, try again");
	assert_string_equal(ask(MAP_TRANSPORT, "u@[192.0.2.5]"), "NOTFOUND");
	assert_int_equal(reason_count(ROUTE_INTERRUPTED), 1);
	new_route(); /* an interrupted `sender` is repeated as such */
	assert_string_equal(ask_for(SENDER, "u@[192.0.2.5]"), "mxp-google-1:");
}

static const char news_pool[] =
    "sending_ips = ( { name = \"192.0.2.1\"; }, { name = \"192.0.2.2\"; },"
    "  { name = \"192.0.2.3\"; nodes = \"mta2\"; } );"
    "pools = ( { name = \"far\"; senders = \"*@far.test\"; ips = \"192.0.2.3\"; },"
    "  { name = \"news\"; senders = [ \"*+news@b.test\", \"<>\" ]; ips = \"192.0.2.2\"; } );";

static void
takes_the_whole_address_as_sender(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		assert_string_equal(ask(MAP_SENDER, "a+news@b.test"), "NOTFOUND");
		assert_string_equal(ask(MAP_SENDER, "a@b.test"), "NOTFOUND");
		assert_string_equal(ask(MAP_SENDER, "@b.test"), "NOTFOUND");
		assert_string_equal(ask(MAP_TRANSPORT, "u@[192.0.2.5]"), "mxp-google-2:");
	}
	assert_string_equal(ask(MAP_SENDER, "\"<>\""), "NOTFOUND");
	assert_string_equal(ask_for("<>", "u@[192.0.2.5]"), "mxp-google-2:");
	assert_string_equal(ask_for("<>", "u@[192.0.2.5]"), "mxp-google-2:");
}

/* -- sending IPs ------------------------------------------------------------------------------- */

static void
spreads_over_sending_ips(void **state)
{
	unsigned by_ip[4] = { 0 };

	(void)state;
	for (int i = 0; i < 40; i++) {
		const char *answer = ask_for(SENDER, i % 2 ? "u@[192.0.2.5]" : "u@[192.0.2.7]");
		char last = answer[strlen(answer) - 2];

		assert_in_range(last, '1', '2'); /* the third is not on this node */
		by_ip[last - '0'] += i % 2;
	}
	assert_int_equal(by_ip[1], 10);
	assert_int_equal(by_ip[2], 10);
	assert_int_equal(inside("google", "192.0.2.1"), 10);
	assert_int_equal(inside("google", "192.0.2.2"), 10);
	assert_int_equal(inside("together", "all"), 20);
	assert_string_equal(ask_for("u@far.test", "u@[192.0.2.5]"),
	    "retry:4.3.5 mxpace: pool far: none of its sending_ips is on node mta1");
}

/* The second one warms up; of its cap so many are sent, so many are being sent. */
static const struct cap_row {
	const char *label;
	int64_t cap, sent, under_way, proven; /* proven: found room since the cap was reached */
	int by_new;                           /* of 10 */
} cap_rows[] = {
	{ "none sent", 6, 0, 0, -1, 6 },
	{ "some sent", 6, 4, 0, -1, 2 },
	{ "all sent", 6, 6, 0, -1, 0 },
	{ "more sent than the cap, which was another", 6, 9, 0, -1, 0 },
	{ "some under way, inside and in the ledger", 6, 4, 2, -1, 2 },
	{ "all under way", 6, 6, 6, -1, 0 },
	{ "one to try after it was reached", 6, 0, 0, 0, 1 },
	{ "and more as there was room", 6, 3, 1, 2, 3 },
	{ "up to the cap", 6, 4, 0, 9, 2 },
	{ "a large one", 500, 0, 0, -1, 10 },
	{ "no cap", 0, 20, 0, 0, 5 },
};

static void
begin_cap_row(struct lane *lane, const struct cap_row *row)
{
	int64_t now_ms = clock_monotonic_ms();

	mx_limits_at(lane->rule, LEVEL_NORMAL, engine.settings->levels, row->cap, &lane->limits);
	ledger_clear(&lane->ledger);
	ledger_follow(&lane->ledger, lane->limits.limits, lane->limits.limit_count);
	lane->intake = (struct intake){ .refused = 0 };
	for (int64_t i = 0; i < row->sent; i++)
		ledger_add(&lane->ledger, now_ms);
	for (int64_t i = 0; i < row->under_way; i++)
		intake_enter(&lane->intake, now_ms);
	lane->under_way = row->under_way;
	lane->proven = row->proven;
}

static void
lets_in_what_a_cap_leaves(void **state)
{
	static const struct cap_row warm = { .cap = 0 };
	struct lane *lanes[] = { lane_of("google", "192.0.2.1"), lane_of("google", "192.0.2.2") };

	(void)state;
	for (size_t i = 0; i < COUNT(cap_rows); i++) {
		int by_new = 0;

		begin_cap_row(lanes[0], &warm);
		begin_cap_row(lanes[1], &cap_rows[i]);
		for (int k = 0; k < 10; k++)
			by_new += strcmp(ask_for(SENDER, "u@[192.0.2.5]"), "mxp-google-2:") == 0;
		if (by_new != cap_rows[i].by_new)
			fail_msg("%s: %d of 10 by the new one", cap_rows[i].label, by_new);
		lanes[1]->under_way = 0;
	}
	lane_release(&lanes[0]);
	lane_release(&lanes[1]);
}

static void
takes_turns_where_lanes_are_one(void **state)
{
	char last = 0;

	(void)state;
	for (int i = 0; i < 10; i++) {
		const char *answer = ask_for(SENDER, "u@[192.0.2.7]");

		assert_int_not_equal(answer[strlen("mxp-together-")], last);
		last = answer[strlen("mxp-together-")];
	}
}

/* -- MX ---------------------------------------------------------------------------------------- */

static void
looks_up_in_the_background(void **state)
{
	(void)state;
	assert_string_equal(ask_for(SENDER, "u@silent.test"), "mxp-unknown-1:");
	assert_string_equal(ask_for(SENDER, "u@silent.test"), "mxp-unknown-1:");
	assert_int_equal(mx_figures(engine.mx).waiting, 1);
	ask_for(SENDER, "u@found.test"); /* DNS may be the quicker one */
	WAIT_FOR(base, mx_figures(engine.mx).cached == 1);
	assert_string_equal(ask_for(SENDER, "u@found.test"), "mxp-found-1:");
	WAIT_FOR(base, fake_has(&redis, "mxpace:mx:found.test"));
	assert_string_equal(ask_for(SENDER, "v@found.test"), "mxp-found-1:");
	assert_int_equal(fake_count(&redis, "mxpace:mx:found.test"), 1); /* told once */
	assert_false(fake_has(&redis, "mxpace:mx:["));
}

static void
knows_what_came_while_redis_was_asked(void **state)
{
	struct sockmap_reply reply;
	bool known;

	(void)state;
	redis.holding = true;
	assert_string_equal(ask(MAP_SENDER, SENDER), "NOTFOUND");
	begin_to_ask(MAP_TRANSPORT, "u@found.test", &reply, &known);
	assert_false(known);
	WAIT_FOR(base, mx_figures(engine.mx).cached == 1 || answers == 1);
	fake_release(&redis);
	WAIT_FOR(base, answers == 1);
	/* Unless this machine took longer than the deadline over it. */
	if (route_figures(engine.egress).unchecked == 0)
		assert_string_equal(later.text, "mxp-found-1:");
}

static const struct mx_row {
	const char *label, *recipient, *want;
} mx_rows[] = {
	{ "null MX", "u@null.test",
	    "error:5.1.10 mxpace: domain null.test accepts no mail (null MX)" },
	{ "no domain", "u@gone.test", "error:5.1.2 mxpace: domain gone.test does not exist" },
	{ "broken", "u@broken.test",
	    "retry:4.4.3 mxpace: MX look-up of broken.test failed: SERVFAIL" },
	{ "no rule", "u@other.test", "NOTFOUND" },
};

static void
answers_by_mx(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(mx_rows); i++) {
		ask_for(SENDER, mx_rows[i].recipient);
		WAIT_FOR(base, mx_figures(engine.mx).waiting == 0);
		assert_string_equal(ask_for(SENDER, mx_rows[i].recipient), mx_rows[i].want);
	}
}

/* -- Redis ------------------------------------------------------------------------------------- */

static const char *
has_quarantined_bad(struct fake_redis *from, const char *line)
{
	(void)from;
	return strstr(line, "HGETALL mxpace:{q:bad@") != NULL
		   ? "*8\r\n$6\r\nstatus\r\n$11\r\nquarantined\r\n$6\r\nreason\r\n$12\r\n"
		     "user_unknown\r\n$5\r\nsince\r\n$10\r\n1795314053\r\n$4\r\ncode\r\n$3\r\n550\r\n"
		   : NULL;
}

static void
refuses_the_quarantined(void **state)
{
	(void)state;
	redis.answer = has_quarantined_bad;
	assert_string_equal(ask_in_time(SENDER, "bad@[192.0.2.5]"),
	    "error:5.1.1 mxpace: bad@[192.0.2.5] is quarantined since 1795314053: "
	    "user_unknown (550)");
	assert_string_equal(ask_in_time(SENDER, "bad@silent.test"),
	    "error:5.1.1 mxpace: bad@silent.test is quarantined since 1795314053: "
	    "user_unknown (550)");
	assert_string_equal(ask_for("<>", "bad@[192.0.2.5]"), "mxp-google-1:");
	assert_string_equal(ask_for(SENDER, "good@[192.0.2.5]"), "mxp-google-1:");
	assert_int_equal(reason_count(ROUTE_QUARANTINED), 2);
	assert_int_equal(inside("google", "192.0.2.1"), reason_count(ROUTE_PACED));
}

/* address_rules: the entry of bad@ is that of bad+shop@. */
static void
refuses_by_the_address_rules(void **state)
{
	(void)state;
	redis.answer = has_quarantined_bad;
	assert_string_equal(ask_in_time(SENDER, "bad+shop@[192.0.2.5]"),
	    "error:5.1.1 mxpace: bad+shop@[192.0.2.5] is quarantined since 1795314053: "
	    "user_unknown (550)");
}

static void
goes_on_without_redis(void **state)
{
	(void)state;
	redis.answer = has_quarantined_bad;
	fake_stop(&redis);
	WAIT_FOR(base, !store_async_works(engine.store));
	assert_string_equal(ask_for(SENDER, "bad@[192.0.2.5]"), "mxp-google-1:");
	assert_int_equal(answers, 0); /* at once */
	assert_int_equal(route_figures(engine.egress).unchecked, 1);
}

static void
waits_for_redis_no_longer_than_the_deadline(void **state)
{
	int64_t began_ms = clock_monotonic_ms();

	(void)state;
	redis.answer = has_quarantined_bad;
	redis.holding = true;
	assert_string_equal(ask_for(SENDER, "bad@[192.0.2.5]"), "mxp-google-1:");
	assert_true(clock_monotonic_ms() - began_ms >= ROUTE_DEADLINE_MS - TIMER_EARLY_MS);
	assert_int_equal(route_figures(engine.egress).unchecked, 1);
	fake_release(&redis); /* too late */
	WAIT_FOR(base, store_async_figures(engine.store).waiting == 0);
	assert_int_equal(answers, 1);
	assert_string_equal(ask_for(SENDER, "good@[192.0.2.5]"), "mxp-google-1:");
}

static const char *
errs(struct fake_redis *from, const char *line)
{
	(void)from;
	return strncmp(line, "HGETALL mxpace:{q:", 18) == 0 ? "-ERR something\r\n" : NULL;
}

static void
goes_on_when_redis_errs(void **state)
{
	(void)state;
	redis.answer = errs;
	assert_string_equal(ask_for(SENDER, "bad@[192.0.2.5]"), "mxp-google-1:");
	assert_int_equal(route_figures(engine.egress).unchecked, 1);
}

static void
is_freed_while_redis_is_asked(void **state)
{
	struct sockmap_reply reply;
	bool known;

	(void)state;
	redis.holding = true;
	ask(MAP_SENDER, SENDER);
	begin_to_ask(MAP_TRANSPORT, "u@[192.0.2.5]", &reply, &known);
	assert_false(known);
	WAIT_FOR(base, fake_has(&redis, "HGETALL mxpace:{q:"));
	route_free(&route);
	fake_release(&redis);
	WAIT_FOR(base, store_async_figures(engine.store).waiting == 0);
	fire_timers(base);
	assert_int_equal(answers, 0);
}

static void
ends_with_the_configuration_it_began_with(void **state)
{
	struct sockmap_reply reply;
	bool known;

	(void)state;
	redis.holding = true;
	ask(MAP_SENDER, "a+news@b.test");
	begin_to_ask(MAP_TRANSPORT, "u@[192.0.2.5]", &reply, &known);
	assert_false(known);
	reload(news_pool);
	fake_release(&redis);
	WAIT_FOR(base, answers == 1);
	assert_string_equal(later.text, "mxp-google-1:"); /* no pool then */
	assert_string_equal(ask_for("a+news@b.test", "u@[192.0.2.5]"), "mxp-google-2:");
}

/* -- the active queue -------------------------------------------------------------------------- */

static void
admits_what_can_be_sent(void **state)
{
	struct lane *lane = lane_of("google", "192.0.2.1");

	(void)state;
	for (int i = 0; i < 120; i++) /* 12 a minute, for ten minutes */
		assert_string_equal(ask_for(SENDER, "u@[192.0.2.5]"), "mxp-google-1:");
	assert_string_equal(ask_for(SENDER, "u@[192.0.2.5]"),
	    "retry:4.7.1 mxpace: group google: 120 messages are queued for it at 12/1m, next attempt "
	    "in about 10m");
	assert_int_equal(lane->intake.refused, 1);
	assert_string_equal(ask_for(SENDER, "u@[192.0.2.6]"), "mxp-fast-1:"); /* nobody else */
	intake_leave(&lane->intake, clock_monotonic_ms());
	assert_string_equal(ask_for(SENDER, "u@[192.0.2.5]"), "mxp-google-1:");
	assert_int_equal(lane->intake.refused, 1);
	assert_int_equal(strncmp(ask_for(SENDER, "u@[192.0.2.5]"), "retry:4.7.1 ", 12), 0);
	assert_int_equal(lane->intake.refused, 2);
	lane_release(&lane);
}

static void
refuses_a_shared_lane_once(void **state)
{
	struct lane *lane = lane_of("together", "all");

	(void)state;
	for (int i = 0; i < 120; i++)
		ask_for(SENDER, "u@[192.0.2.7]");
	assert_int_equal(lane->intake.refused, 0);
	assert_string_equal(ask_for(SENDER, "u@[192.0.2.7]"),
	    "retry:4.7.1 mxpace: group together: 120 messages are queued for it at 12/1m, next "
	    "attempt in about 10m");
	assert_int_equal(lane->intake.refused, 1);
	lane_release(&lane);
}

/* A quarter of 400 for all that are behind. */
static void
shares_the_queue_between_those_behind(void **state)
{
	struct lane *fast = lane_of("fast", "192.0.2.1");
	int google = 0;

	(void)state;
	for (int i = 0; i < 300; i++)
		ask_for(SENDER, "u@[192.0.2.6]");
	assert_int_equal(intake_inside(&fast->intake, clock_monotonic_ms()), 100);
	assert_int_equal(fast->intake.refused, 200);
	for (int i = 0; i < 100; i++)
		google += strcmp(ask_for(SENDER, "u@[192.0.2.5]"), "mxp-google-1:") == 0;
	assert_int_equal(google, 1); /* all is used up: one at a time */
	for (int i = 0; i < 80; i++)
		intake_leave(&fast->intake, clock_monotonic_ms());
	skipped_ms += ROUTE_TOTALS_MS; /* summed anew */
	for (int i = 0; i < 100; i++)
		google += strcmp(ask_for(SENDER, "u@[192.0.2.5]"), "mxp-google-1:") == 0;
	assert_int_equal(google, 50);   /* of 100, between two */
	skipped_ms += INTAKE_BEHIND_MS; /* nobody is behind any more */
	for (int i = 0; i < 100; i++)
		google += strcmp(ask_for(SENDER, "u@[192.0.2.5]"), "mxp-google-1:") == 0;
	assert_int_equal(google, 100);
	lane_release(&fast);
}

/* One that is not behind yet is measured as if it were. */
static void
leaves_room_for_those_behind(void **state)
{
	struct lane *fast = lane_of("fast", "192.0.2.1");
	int google = 0;

	(void)state;
	for (int i = 0; i < 101; i++)
		ask_for(SENDER, "u@[192.0.2.6]");
	for (int i = 0; i < 80; i++)
		intake_leave(&fast->intake, clock_monotonic_ms());
	skipped_ms += ROUTE_TOTALS_MS;
	for (int i = 0; i < 100; i++)
		google += strcmp(ask_for(SENDER, "u@[192.0.2.5]"), "mxp-google-1:") == 0;
	assert_int_equal(google, 50);
	lane_release(&fast);
}

/* -- dead sites -------------------------------------------------------------------------------- */

static void
defers_for_a_dead_site(void **state)
{
	struct lane *lane = lane_of("google", "192.0.2.1");

	(void)state;
	for (int i = 0; i < SITE_FAILURES; i++)
		site_note(&lane->site, SITE_NO_CONNECTION,
		    SPAN("4.4.1 connect to h[192.0.2.5]:25: Connection refused"),
		    clock_monotonic_ms());
	assert_string_equal(ask_for(SENDER, "u@[192.0.2.5]"),
	    "retry:4.4.1 mxpace: group google: not reachable (connect to h[192.0.2.5]:25: Connection "
	    "refused), next attempt in 30s");
	assert_int_equal(lane->intake.refused, 0);
	assert_int_equal(inside("google", "192.0.2.1"), 0);
	skipped_ms += SITE_PROBE_MS;
	assert_string_equal(ask_for(SENDER, "u@[192.0.2.5]"), "mxp-google-1:"); /* the probe */
	assert_int_equal(reason_count(ROUTE_SITE_DEAD), 1);
	ask_for(SENDER, "u@[192.0.2.5]");
	assert_int_equal(reason_count(ROUTE_SITE_DEAD), 2);
	site_note(&lane->site, SITE_REPLIED, SPAN("2.0.0 ok"), clock_monotonic_ms());
	assert_string_equal(ask_for(SENDER, "u@[192.0.2.5]"), "mxp-google-1:");
	lane_release(&lane);
}

/* -- observe ----------------------------------------------------------------------------------- */

static void
only_observes(void **state)
{
	struct lane *lane = lane_of("google", "192.0.2.1");

	(void)state;
	redis.answer = has_quarantined_bad;
	assert_string_equal(ask(MAP_TRANSPORT, "u@[192.0.2.5]"), "NOTFOUND");
	assert_string_equal(ask_in_time(SENDER, "bad@[192.0.2.5]"), "NOTFOUND");
	for (int i = 0; i < 200; i++)
		assert_string_equal(ask_for(SENDER, "u@[192.0.2.5]"), "NOTFOUND");
	assert_int_equal(intake_inside(&lane->intake, clock_monotonic_ms()), 0);
	assert_int_equal(reason_count(ROUTE_QUARANTINED), 1);
	assert_true(reason_count(ROUTE_PACED) >= 200);
	for (int i = 0; i < SITE_FAILURES; i++)
		site_note(&lane->site, SITE_NO_CONNECTION, SPAN("4.4.1 x"), clock_monotonic_ms());
	assert_string_equal(ask_for(SENDER, "u@[192.0.2.5]"), "NOTFOUND");
	assert_int_equal(reason_count(ROUTE_SITE_DEAD), 1);
	lane_release(&lane);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, take_down)
#define TEST_CONF(function, more)                                             \
	cmocka_unit_test_prestate_setup_teardown(function, set_up, take_down, \
	    (void *)(uintptr_t)(more))

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(routes_remote_mail),
		TEST(leaves_what_has_no_sender),
		TEST(defers_an_interrupted_look_up),
		TEST_CONF(takes_the_whole_address_as_sender, news_pool),
		TEST_CONF(spreads_over_sending_ips, news_pool),
		TEST_CONF(lets_in_what_a_cap_leaves, news_pool),
		TEST_CONF(takes_turns_where_lanes_are_one, news_pool),
		TEST(looks_up_in_the_background),
		TEST(knows_what_came_while_redis_was_asked),
		TEST(answers_by_mx),
		TEST(refuses_the_quarantined),
		TEST_CONF(refuses_by_the_address_rules,
		    "address_rules = ( { domains = \"*\"; strip_tag = \"+\"; } );"),
		TEST(goes_on_without_redis),
		TEST(waits_for_redis_no_longer_than_the_deadline),
		TEST(goes_on_when_redis_errs),
		TEST(is_freed_while_redis_is_asked),
		TEST(ends_with_the_configuration_it_began_with),
		TEST(admits_what_can_be_sent),
		TEST_CONF(refuses_a_shared_lane_once, news_pool),
		TEST_CONF(shares_the_queue_between_those_behind, "active_queue_limit = 400;"),
		TEST_CONF(leaves_room_for_those_behind, "active_queue_limit = 400;"),
		TEST(defers_for_a_dead_site),
		TEST_CONF(only_observes, "enforce = \"observe\";"),
	};

	return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
