/*
 * egress_world - an engine that enforces limits at delivery time, with a Redis, a kernel, MX answers
 * and a clock of the test's own, and smtp(8) processes that ask it.
 *
 * Its Redis grants slots and messages by the rules (`shop`), unless told otherwise.
 */
#ifndef EGRESS_WORLD_H
#define EGRESS_WORLD_H

#include "fake_clock.h"
#include "fake_kernel.h"
#include "fake_mx.h"

#include "test_engine.h"

#include "backoff.h"
#include "budget.h"
#include "delivery.h"
#include "egress.h"
#include "message_question.h"
#include "slots.h"

enum { WORLD_REDIS_AHEAD = 1700000000 }; /* s, of its clock beside ours */

#define LOCAL  "10.0.0.1"
#define REMOTE "192.0.2.5"
#define HOP    "a.two.test"

static const char world_rules[] =
    "mx_rules = (\n"
    "  { name = \"two\"; mx = \"*.two.test\"; connections = 2; limits = \"4/10s\";\n"
    "    messages_per_connection = 50;\n"
    "    backoff = ( { match = \"busy\"; sample = \"421 busy\"; after = \"1/1h\";\n"
    "                  action = \"suspend\"; for = \"30m\"; },\n"
    "                { match = \"dirty\"; sample = \"550 dirty\"; action = \"as_soft\"; } ); },\n"
    "  { name = \"wide\"; mx = \"*.wide.test\"; connections = 9; messages_per_connection = 40; },\n"
    "  { name = \"free\"; mx = [ \"*.free.test\", \"[192.0.2.7]\" ]; },\n"
    "  { name = \"default\"; mx = \"*\"; scope = \"site\"; connections = 1; } );\n";

/* -- its Redis --------------------------------------------------------------------------------- */

static struct shop {
	int64_t others;   /* connections other nodes have */
	int64_t messages; /* left; < 0: without end */
	int64_t taken, told;
	int64_t wait_ms; /* until there is one, if none is left; 0: 150 */
	bool paused;
	int64_t suspended_ms; /* by backoff; 0: not */
	bool recovered;       /* from all backoff, as one looks */
	bool errors;          /* answers scripts with errors */
	char reply[256];
	unsigned grants, refusals, stamps, backs, hits; /* scripts */
	int64_t open, stamp;                            /* of the last grant asked for */
} shop;

static inline int64_t
shop_now(void)
{
	return clock_monotonic_ms() + WORLD_REDIS_AHEAD * INT64_C(1000);
}

static inline const char *
shop_suspended(void)
{
	snprintf(shop.reply, sizeof(shop.reply), "*5\r\n:3\r\n:1\r\n:%lld\r\n:0\r\n$4\r\nspam\r\n",
	    (long long)shop.suspended_ms);
	return shop.reply;
}

static inline const char *
shop_grant(const char *arguments)
{
	long long open, allowed, stamp;

	assert_int_equal(
	    sscanf(arguments, " mta1 %lld %lld %*d %*d %*d %lld", &open, &allowed, &stamp), 3);
	shop.open = open;
	shop.stamp = stamp;
	if (shop.paused)
		return "*5\r\n:3\r\n:0\r\n:0\r\n:0\r\n$5\r\nnight\r\n";
	if (shop.suspended_ms > 0)
		return shop_suspended();
	if (allowed > 0 && shop.others + open > allowed) {
		shop.refusals++;
		snprintf(shop.reply, sizeof(shop.reply),
		    "*5\r\n:1\r\n:%lld\r\n:%lld\r\n:%lld\r\n:0\r\n",
		    (long long)shop.others + open - 1, (long long)shop.others, allowed);
		return shop.reply;
	}
	shop.grants++;
	snprintf(shop.reply, sizeof(shop.reply), "*5\r\n:0\r\n:%lld\r\n:%lld\r\n:%lld\r\n:%lld\r\n",
	    (long long)shop_now(), (long long)shop.others + open - 1, (long long)shop.others,
	    allowed);
	return shop.reply;
}

static inline const char *
shop_take(void)
{
	if (shop.paused)
		return "*5\r\n:3\r\n:0\r\n:0\r\n:0\r\n$5\r\nnight\r\n";
	if (shop.suspended_ms > 0)
		return shop_suspended();
	if (shop.messages == 0) {
		snprintf(shop.reply, sizeof(shop.reply), "*4\r\n:2\r\n:1\r\n:4\r\n:%lld\r\n",
		    (long long)(shop.wait_ms > 0 ? shop.wait_ms : 150));
		return shop.reply;
	}
	shop.messages--;
	shop.taken++;
	snprintf(shop.reply, sizeof(shop.reply), "*3\r\n:0\r\n:%lld\r\n:%lld\r\n",
	    (long long)shop_now(), (long long)++shop.told);
	return shop.reply;
}

static inline const char *
shop_settle(const char *line)
{
	if (strstr(line, " back ") != NULL) {
		shop.backs++;
		shop.told--;
	} else {
		shop.stamps++;
	}
	snprintf(shop.reply, sizeof(shop.reply), ":%lld\r\n", (long long)shop_now());
	return shop.reply;
}

static inline const char *
shop_answer(struct fake_redis *at, const char *line)
{
	(void)at;
	if (strncmp(line, "EVALSHA", 7) != 0)
		return NULL;
	if (shop.errors)
		return "-ERR broken\r\n";
	if (strstr(line, ":wait:") != NULL)
		return shop_grant(strstr(line, " mta1 "));
	if (strstr(line, " stamp ") != NULL || strstr(line, " back ") != NULL)
		return shop_settle(line);
	if (strstr(line, ":conn:") != NULL)
		return shop_take();
	if (strstr(line, ":hits:") != NULL && strstr(line, " read ") != NULL && shop.recovered)
		return "*9\r\n:0\r\n$0\r\n\r\n:0\r\n:0\r\n:0\r\n:0\r\n$0\r\n\r\n$0\r\n\r\n$0\r\n\r\n";
	if (strstr(line, ":hits:") != NULL || strstr(line, ":backoff:") != NULL) {
		shop.hits++;
		return "*9\r\n:1\r\n$7\r\nsuspend\r\n:0\r\n:0\r\n:1800000\r\n:1\r\n$4\r\nbusy\r\n"
		       "$4\r\nmta1\r\n$0\r\n\r\n";
	}
	return ":0\r\n";
}

/* -- the world --------------------------------------------------------------------------------- */

static inline void
world_reload(const char *conf, const char *rules)
{
	char text[1024];
	struct err err;

	snprintf(text, sizeof(text),
	    "state_dir = \"/nowhere\"; transport_processes = 20; %s%s"
	    "sending_ips = ( { name = \"192.0.2.1\"; bind4 = \"" LOCAL "\"; } ); %s",
	    strstr(conf, "enforce") != NULL ? "" : "enforce = \"egress\"; ",
	    strstr(conf, "hold") != NULL ? "" : "hold = \"60s\"; ", conf);
	assert_int_equal(
	    engine_swap(&engine, engine_settings(&redis, text), engine_rules_of(rules), &err), 0);
}

static inline void
world_begin(const char *conf)
{
	skipped_ms = 0;
	kernel = (struct fake_kernel){ .absent = kernel.absent };
	shop = (struct shop){ .messages = -1 };
	engine_set_up("state_dir = \"/nowhere\"; enforce = \"egress\";");
	redis.answer = shop_answer;
	world_reload(conf, world_rules);
	skipped_ms += 3000; /* beyond the start */
}

static inline bool
world_skip(int64_t ms)
{
	skipped_ms += ms;
	return true;
}

static inline void
world_settle(void)
{
	for (int i = 0; i < 15; i++)
		turn(base);
}

static inline void
check_is_empty(void *arg, struct lane *lane)
{
	size_t *lanes = arg;

	assert_int_equal(lane->bare, 0);
	assert_int_equal(lane->sockets, 0);
	assert_int_equal(lane->usable, 0);
	assert_int_equal(lane->taken, 0);
	assert_int_equal(lane->passed, 0);
	assert_int_equal(lane->ahead, 0);
	assert_int_equal(lane->slot_waiters, 0);
	assert_int_equal(lane->shared_waiters, 0);
	assert_int_equal(lane->message_waiters, 0);
	assert_int_equal(lane->message_asking, 0);
	assert_null(lane->slot_asking);
	assert_true(TAILQ_EMPTY(&lane->for_slot));
	assert_true(TAILQ_EMPTY(&lane->for_message));
	assert_int_equal(lane->references, 0);
	assert_int_equal(group_open(lane->group), 0);
	(*lanes)++;
}

static inline void
sum_references(void *arg, struct lane *lane)
{
	*(unsigned *)arg += lane->references;
}

static inline bool
world_is_quiet(void)
{
	unsigned references = 0;

	lanes_each(engine.egress->lanes, sum_references, &references);
	return references == 0;
}

/* Everybody has gone and every connection is closed: nothing is counted any more. */
static inline void
world_check_empty(void)
{
	size_t lanes = 0;

	kernel.count = 0;
	world_skip(5000); /* offers, cached ones */
	WAIT_FOR(base, (slots_rebind(engine.egress->slots), world_is_quiet()));
	lanes_each(engine.egress->lanes, check_is_empty, &lanes);
}

static inline void
world_end(void)
{
	world_check_empty();
	engine_take_down();
}

static inline struct lane *
world_lane(const char *group)
{
	struct mx_rules *rules = engine.rules;
	const struct mx_rule *rule = mx_rules_of_group(rules, group);
	struct lane *lane = lanes_get(engine.egress->lanes, rules, rule, group, "192.0.2.1");
	struct lane *same = lane;

	lane_release(&lane);
	return same;
}

/* -- smtp(8) processes ------------------------------------------------------------------------- */

struct process {
	struct delivery *delivery;
	bool held;
	struct sockmap_reply reply;
	unsigned answers; /* that came later */
	/* Asked at once from within an answer that comes later; NULL: nothing. */
	enum sockmap_map next_map;
	const char *next_key;
	bool hangs_up; /* from within an answer that comes later */
};

static inline const char *process_ask(struct process *process, enum sockmap_map map,
    const char *key);

static inline void
on_process_answered(void *arg, const struct sockmap_reply *reply)
{
	struct process *process = arg;
	const char *next = process->next_key;

	assert_true(process->held);
	process->held = false;
	process->reply = *reply;
	process->answers++;
	process->next_key = NULL;
	if (process->hangs_up)
		delivery_free(&process->delivery);
	else if (next != NULL)
		process_ask(process, process->next_map, next);
}

/* What it is answered: "" not found, "held", or the words. */
static inline const char *
process_ask_as(struct process *process, const char *service, enum sockmap_map map, const char *key)
{
	struct sockmap_query query = { .map = map,
		.service = span_of(service),
		.key = span_of(key) };

	assert_false(process->held);
	if (process->delivery == NULL)
		process->delivery = delivery_new(engine.egress, on_process_answered, process);
	process->held = !delivery_ask(process->delivery, &query, &process->reply);
	assert_int_equal(delivery_is_held(process->delivery), process->held);
	return process->held ? "held" : process->reply.text;
}

static inline const char *
process_ask(struct process *process, enum sockmap_map map, const char *key)
{
	return process_ask_as(process, "mxp-two-1", map, key);
}

/* The records of a delivery to "a.two.test"; waits until it is through. */
static inline void
process_dns(struct process *process, const char *domain)
{
	char text[256];

	snprintf(text, sizeof(text), "%s. 300 IN MX 10 mx.%s.", domain, domain);
	process_ask(process, MAP_DNS, text);
	WAIT_FOR(base, !process->held);
	assert_int_equal(process->reply.answer, ANSWER_NOTFOUND);
	snprintf(text, sizeof(text), "mx.%s. 300 IN A " REMOTE, domain);
	assert_string_equal(process_ask(process, MAP_DNS, text), "");
}

static inline void
process_connect(struct process *process, const char *next_hop)
{
	process_ask(process, MAP_CONNECT, next_hop);
	WAIT_FOR(base, !process->held);
	assert_int_equal(process->reply.answer, ANSWER_NOTFOUND);
}

#define DELIVERED "2.0.0 250 2.0.0 Ok"
#define REFUSED   "4.4.1 connect to mx.a.two.test[192.0.2.5]:25: Connection refused"

static inline void
process_hang_up(struct process *process)
{
	delivery_free(&process->delivery);
	process->held = false;
}

#endif
