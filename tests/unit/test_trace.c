/* trace: what is traced as Redis says, whom a line is about, and how many there may be. */
#include "fake_redis.h"

#include "fake_clock.h"
#include "trace.h"

#define WRONG "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"

static struct event_base *base;
static struct fake_redis redis;
static struct store_async *store;
static struct trace *trace;
static struct str told; /* mxpace:trace */
static bool wrong;

/* -- its Redis --------------------------------------------------------------------------------- */

static const char *
answer(struct fake_redis *at, const char *line)
{
	(void)at;
	if (strcmp(line, "HGETALL mxpace:trace") != 0)
		return NULL;
	return wrong ? WRONG : told.len > 0 ? str_text(&told) : NULL;
}

/* In mxpace:trace from now on: pattern, seconds from now; the last pattern is NULL. */
struct row {
	const char *pattern;
	int64_t seconds;
};

static void
set_traces(const struct row *rows)
{
	size_t count = 0;

	while (rows[count].pattern != NULL)
		count++;
	str_empty(&told);
	str_addf(&told, "*%zu\r\n", 2 * count);
	for (size_t i = 0; i < count; i++) {
		char value[64];

		snprintf(value, sizeof(value), "%lld by tester",
		    (long long)(clock_wall_s() + rows[i].seconds));
		str_addf(&told, "$%zu\r\n%s\r\n$%zu\r\n%s\r\n", strlen(rows[i].pattern),
		    rows[i].pattern, strlen(value), value);
	}
}

static void
on_store(void *arg, bool working, const char *words)
{
	(void)arg;
	(void)working;
	(void)words;
}

static void
begin(const struct row *rows)
{
	struct err err;

	base = event_base_new();
	fake_init(&redis, base);
	redis.answer = answer;
	fake_start(&redis);
	store = store_async_new(base, &redis.address, 1000, on_store, NULL, &err);
	assert_non_null(store);
	WAIT_FOR(base, store_async_works(store));
	trace = trace_new(base, store, "mta1");
	wrong = false;
	skipped_ms = 0;
	set_traces(rows);
	trace_ask(trace);
}

static void
end(void)
{
	trace_free(&trace);
	store_async_free(&store);
	fake_clear(&redis);
	event_base_free(base);
	str_free(&told);
}

/* -- what is traced ---------------------------------------------------------------------------- */

static const struct row three[] = { { "ann@a.test", 600 }, { "@b.test", 600 }, { "group:big", 600 },
	{ NULL, 0 } };

static const struct about_row {
	const char *label;
	struct trace_about about;
	const char *by; /* NULL: nothing */
} about_rows[] = {
	{ "a recipient", { .recipient = "ann@a.test" }, "ann@a.test" },
	{ "a sender, in another case", { .recipient = "x@y.test", .sender = "Ann@A.test" },
	    "ann@a.test" },
	{ "a recipient of a domain", { .recipient = "u@b.test" }, "@b.test" },
	{ "a sender of a domain", { .recipient = "x@y.test", .sender = "u@b.test" }, NULL },
	{ "a group", { .recipient = "x@y.test", .group = "big" }, "group:big" },
	{ "another", { .recipient = "x@y.test", .sender = "", .group = "small" }, NULL },
	{ "a recipient that is none", { .recipient = "", .sender = "" }, NULL },
};

static void
knows_whom(void **state)
{
	const struct about_row *row = *state;
	struct traced *traced;

	begin(three);
	WAIT_FOR(base, trace->count == 3);
	traced = trace_of(trace, &row->about);
	if (row->by == NULL)
		assert_null(traced);
	else
		assert_string_equal(traced->text, row->by);
	end();
}

static void
takes_only_what_is_one(void **state)
{
	static const struct row rows[] = { { "a b@", 60 }, { "over@a.test", -1 }, { "group:", 60 },
		{ "ok@a.test", 60 }, { NULL, 0 } };

	(void)state;
	begin(rows);
	WAIT_FOR(base, trace->count > 0);
	assert_int_equal(trace->count, 1);
	assert_string_equal(trace->items[0].text, "ok@a.test");
	end();
}

static void
takes_no_more_than_it_has_room_for(void **state)
{
	char names[STORE_TRACES_MAX + 1][32];
	struct row rows[STORE_TRACES_MAX + 2] = { { NULL, 0 } };

	(void)state;
	for (size_t i = 0; i < STORE_TRACES_MAX + 1; i++) {
		snprintf(names[i], sizeof(names[i]), "u%zu@a.test", i);
		rows[i] = (struct row){ names[i], 60 };
	}
	begin(rows);
	WAIT_FOR(base, trace->count > 0);
	assert_int_equal(trace->count, STORE_TRACES_MAX);
	end();
}

static void
ends_by_itself(void **state)
{
	static const struct row rows[] = { { "ann@a.test", 5 }, { NULL, 0 } };

	(void)state;
	begin(rows);
	WAIT_FOR(base, trace->count == 1);
	skipped_ms += 4000;
	trace_ask(trace); /* the timer goes by the real time */
	WAIT_FOR(base, trace->call == NULL);
	skipped_ms += 1000;
	WAIT_FOR(base, !trace_is_on(trace)); /* nobody asked anything more */
	end();
}

/* What goes on is the same one as before; what is gone ends. */
static void
follows_changes(void **state)
{
	static const struct row other[] = { { "group:big", 90 }, { "ann@a.test", 60 },
		{ NULL, 0 } };

	(void)state;
	begin(three);
	WAIT_FOR(base, trace->count == 3);
	trace->items[2].left_out = 7;
	set_traces(other);
	trace_ask(trace);
	trace_ask(trace); /* while that is under way */
	WAIT_FOR(base, trace->count == 2 && trace->call == NULL);
	assert_string_equal(trace->items[0].text, "group:big");
	assert_int_equal(trace->items[0].left_out, 7);
	assert_int_equal(fake_count(&redis, "HGETALL mxpace:trace"), 3);
	end();
}

static void
asks_again_what_had_no_answer(void **state)
{
	(void)state;
	begin(three);
	wrong = true;
	WAIT_FOR(base, trace->missed);
	wrong = false;
	WAIT_FOR(base, trace->count == 3);
	assert_false(trace->missed);
	end();
}

static void
ends_while_it_asks(void **state)
{
	(void)state;
	begin(three);
	redis.holding = true;
	WAIT_FOR(base, fake_has(&redis, "HGETALL mxpace:trace"));
	end();
}

/* -- deliveries -------------------------------------------------------------------------------- */

static void
shows_deliveries_after_routing(void **state)
{
	struct traced *traced;

	(void)state;
	begin(three);
	WAIT_FOR(base, trace->count == 3);
	assert_null(trace_of_delivery(trace, "a.test", NULL));
	traced = trace_of(trace, &(struct trace_about){ .recipient = "ann@a.test" });
	trace_expect(traced);
	assert_ptr_equal(trace_of_delivery(trace, "a.test", NULL), traced);
	assert_null(trace_of_delivery(trace, "other.test", NULL));
	skipped_ms += TRACE_EXPECTS_S * 1000;
	assert_null(trace_of_delivery(trace, "a.test", NULL));
	/* Those of a domain or group need not be expected. */
	assert_string_equal(trace_of_delivery(trace, "b.test", NULL)->text, "@b.test");
	assert_string_equal(trace_of_delivery(trace, "x.test", "big")->text, "group:big");
	end();
}

/* -- lines ------------------------------------------------------------------------------------- */

static const struct log_field fields[] = {
	{ "recipient", "ann@a.test", LOG_ADDRESS },
};

static void
say(struct traced *traced, unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		trace_say(trace, traced, "verdict", fields, 1, "line %u", i);
}

static void
says_so_many_lines_a_second(void **state)
{
	struct traced *traced;

	(void)state;
	begin(three);
	WAIT_FOR(base, trace->count == 3);
	traced = &trace->items[0];
	skipped_ms += 1000; /* a second begins with its first line */
	say(traced, TRACE_LINES + 20);
	assert_int_equal(traced->lines, TRACE_LINES);
	assert_int_equal(traced->left_out, 20);
	WAIT_FOR(base, fake_count(&redis, "line pattern=ann@a.test step=verdict") == TRACE_LINES);
	assert_false(fake_has(&redis, "line 50"));
	skipped_ms += 1000;
	say(traced, 1);
	assert_int_equal(traced->left_out, 0);
	WAIT_FOR(base, fake_has(&redis, "node mta1 pattern ann@a.test "
					"line pattern=ann@a.test left_out=20\n"));
	WAIT_FOR(base, fake_has(&redis, "step=verdict recipient=<ann@a.test>: line 0\n"));
	assert_true(fake_has(&redis, "EXPIRE mxpace:trace:lines 3600\n"));
	end();
}

static void
leaves_half_for_its_own(void **state)
{
	struct traced *traced;

	(void)state;
	begin(three);
	WAIT_FOR(base, trace->count == 3);
	traced = &trace->items[0];
	skipped_ms += 1000;
	trace_expect(traced);
	say(traced, TRACE_LINES / 2);
	assert_null(trace_of_delivery(trace, "a.test", NULL));
	assert_int_equal(traced->left_out, 1);
	say(traced, TRACE_LINES / 2);
	assert_int_equal(traced->lines, TRACE_LINES);
	end();
}

/* Lines are the log's while Redis is away. */
static void
says_it_without_redis(void **state)
{
	(void)state;
	begin(three);
	WAIT_FOR(base, trace->count == 3);
	fake_stop(&redis);
	WAIT_FOR(base, !store_async_works(store));
	say(&trace->items[0], 5);
	say(&trace->items[1], 5);
	for (int i = 0; i < 50; i++)
		turn(base);
	trace_ask(trace); /* nothing to ask */
	assert_null(trace->call);
	assert_int_equal(trace->count, 3);
	end();
}

/* As many as can wait, then the end, with all of them unsent. */
static void
keeps_so_many_lines_at_most(void **state)
{
	struct row rows[STORE_TRACES_MAX + 1] = { { NULL, 0 } };
	char names[STORE_TRACES_MAX][32];

	(void)state;
	for (size_t i = 0; i < STORE_TRACES_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "u%zu@a.test", i);
		rows[i] = (struct row){ names[i], 60 };
	}
	begin(rows);
	WAIT_FOR(base, trace->count == STORE_TRACES_MAX);
	skipped_ms += 1000;
	for (size_t i = 0; i < STORE_TRACES_MAX; i++)
		say(&trace->items[i], TRACE_LINES);
	WAIT_FOR(base, fake_count(&redis, "XADD") == TRACE_WAITING);
	say(&trace->items[0], 1);
	end();
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, knows_whom, about_rows);
	CHECK(&list, takes_only_what_is_one);
	CHECK(&list, takes_no_more_than_it_has_room_for);
	CHECK(&list, ends_by_itself);
	CHECK(&list, follows_changes);
	CHECK(&list, asks_again_what_had_no_answer);
	CHECK(&list, ends_while_it_asks);
	CHECK(&list, shows_deliveries_after_routing);
	CHECK(&list, says_so_many_lines_a_second);
	CHECK(&list, leaves_half_for_its_own);
	CHECK(&list, says_it_without_redis);
	CHECK(&list, keeps_so_many_lines_at_most);
	return check_run(&list, "trace");
}
