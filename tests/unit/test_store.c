#include "check.h"
#include "store.h"
#include "store_egress.h"

/* What the pure parts of store.h make of a hash; the verbs are tested on a real Redis (tests/lua). */

static struct store_fields
fields_of(struct span *items, size_t count)
{
	return (struct store_fields){ NULL, count, items };
}

static const struct open_row {
	const char *label, *value;
	int64_t want; /* at 1000 s */
} open_rows[] = {
	{ "counts until its time", "3 until 1001", 3 },
	{ "is over at its time", "3 until 1000", 0 },
	{ "was over", "3 until 1", 0 },
	{ "none", "0 until 2000", 0 },
	{ "garbage", "many", 0 },
	{ "empty", "", 0 },
	{ "no number", "x until 2000", 0 },
	{ "negative", "-3 until 2000", 0 },
	{ "no time", "3 until ", 0 },
	{ "no time at all", "3 until", 0 },
	{ "time over 64 bits", "3 until 99999999999999999999", 0 },
};

static void
open_total(void **state)
{
	const struct open_row *row = *state;
	struct span items[] = { SPAN("mta1"), span_of(row->value), SPAN("mta2"),
		SPAN("2 until 1015"), SPAN("odd one") };
	struct store_fields nodes = fields_of(items, COUNT(items));

	assert_int_equal(store_open_total(&nodes, 1000), row->want + 2);
	nodes.count = 0;
	assert_int_equal(store_open_total(&nodes, 1000), 0);
}

/* A limit of 1 s: buckets of 50 ms, 21 of them. */
static const struct ring_row {
	const char *label;
	const char *head; /* NULL: an empty hash */
	struct {
		const char *slot, *count;
	} buckets[4];
	int64_t now_ms, want;
} ring_rows[] = {
	{ "empty", NULL, { { NULL, NULL } }, 100000, 0 },
	{ "the current bucket", "2000", { { "5", "3" } }, 100000, 3 }, /* 2000 % 21 = 5 */
	{ "the current and an older one", "2000", { { "5", "3" }, { "4", "2" } }, 100000, 5 },
	{ "the oldest that counts", "2000", { { "6", "4" } }, 100000, 4 }, /* 1980 */
	{ "a bucket later it does not", "2000", { { "5", "1" }, { "6", "4" } }, 100050, 1 },
	{ "all too old", "2000", { { "5", "1" }, { "6", "4" } }, 100000 + 21 * 50, 0 },
	{ "just not too old", "2000", { { "5", "1" }, { "6", "4" } }, 100000 + 20 * 50, 1 },
	{ "the clock went back a little", "2000", { { "5", "1" }, { "4", "2" } }, 99900, 3 },
	{ "the clock went far back", "2000", { { "5", "1" } }, 99000 - 100, 0 },
	{ "garbage in a bucket", "2000", { { "5", "x" }, { "4", "2" } }, 100000, 2 },
	{ "garbage as head", "head", { { "5", "1" } }, 100000, 0 },
	{ "head far beyond", "9223372036854775807", { { "5", "1" } }, 100000, 0 },
	{ "head of nothing", "0", { { "0", "2" } }, 0, 2 },
};

static void
ring_used(void **state)
{
	const struct ring_row *row = *state;
	struct span items[12];
	struct store_fields ring = fields_of(items, 0);
	struct limit limit;

	limit_set(&limit, 10, 1000);
	if (row->head != NULL) {
		items[ring.count++] = SPAN("head");
		items[ring.count++] = span_of(row->head);
		items[ring.count++] = SPAN("total");
		items[ring.count++] = SPAN("99");
	}
	for (size_t i = 0; i < COUNT(row->buckets) && row->buckets[i].slot != NULL; i++) {
		items[ring.count++] = span_of(row->buckets[i].slot);
		items[ring.count++] = span_of(row->buckets[i].count);
	}
	assert_int_equal(store_ring_used(&ring, &limit, row->now_ms), row->want);
}

__attribute__((format(printf, 2, 3))) static void
add_arg(struct str *out, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	str_addf(out, "$%zu\r\n%s\r\n", strlen(text), text);
}

/* The wire form of a take, plain or prepared, whatever `open` is: KEYS and ARGV as take.lua says. */
static void
takes(void **state)
{
	static const int64_t opens[] = { 0, 1, 9, 10, 12345, INT64_MAX };
	struct limit limits[2];
	struct store_take take = { .group = "default/mx{1}.test",
		.ip = "2001:db8::1",
		.node = "m t a",
		.connections = 20,
		.limits = limits,
		.commit = true };
	struct store_take_form form = { { 0 }, 0 };
	struct store_took took;

	(void)state;
	limit_set(&limits[0], 5, 10000);
	limit_set(&limits[1], 1000, 3600000);
	for (size_t n = 0; n < 3 * COUNT(opens); n++) {
		struct store_batch plain = { 0 }, prepared = { 0 };
		struct str want = { 0 };

		take.limit_count = n / COUNT(opens);
		take.open = opens[n % COUNT(opens)];
		take.commit = n % 2 == 0;
		take.counts = n % 3 == 0;
		str_addf(&want, "*%zu\r\n",
		    11 + 4 * take.limit_count + (take.commit && take.counts));
		add_arg(&want, "EVALSHA");
		add_arg(&want, "%s", script_sha1(SCRIPT_TAKE));
		add_arg(&want, "%zu", 3 + take.limit_count + (take.commit && take.counts));
		add_arg(&want, "mxpace:{g:default/mx%%7B1%%7D.test}:conn:2001:db8::1");
		add_arg(&want, "mxpace:{g:default/mx%%7B1%%7D.test}:pause");
		add_arg(&want, "mxpace:{g:default/mx%%7B1%%7D.test}:backoff:2001:db8::1");
		for (size_t k = 0; k < take.limit_count; k++)
			add_arg(&want, "mxpace:{g:default/mx%%7B1%%7D.test}:sent:2001:db8::1:%s",
			    k == 0 ? "10s" : "1h");
		if (take.commit && take.counts)
			add_arg(&want, "mxpace:{g:default/mx%%7B1%%7D.test}:told:2001:db8::1");
		add_arg(&want, "%d", !take.commit ? 0 : take.counts ? 2 : 1);
		add_arg(&want, "m t a");
		add_arg(&want, "%lld", (long long)take.open);
		add_arg(&want, "20");
		add_arg(&want, "15");
		for (size_t k = 0; k < take.limit_count; k++) {
			add_arg(&want, "%d", k == 0 ? 5 : 1000);
			add_arg(&want, "%d", k == 0 ? 157 : 56250);
			add_arg(&want, "65");
		}
		store_put_take(&plain, &take, &took);
		assert_string_equal(str_text(&plain.wire), str_text(&want));
		store_take_prepare(&form, &take);
		store_put_take_form(&prepared, &form, take.open, &took);
		assert_string_equal(str_text(&prepared.wire), str_text(&want));
		assert_int_equal(prepared.count, 1);
		assert_int_equal(prepared.commands[0].start, 0);
		assert_int_equal(prepared.commands[0].end, want.len);
		assert_int_equal(prepared.commands[0].script, SCRIPT_TAKE);
		assert_ptr_equal(prepared.commands[0].result, &took);
		store_batch_free(&plain);
		store_batch_free(&prepared);
		str_free(&want);
	}
	store_take_form_free(&form);
	store_take_form_free(&form);
}

static const struct queue_row {
	const char *label, *value;
	struct store_queue want; /* at 1000 s, beside "1 open 2 waiting 3 queued 4.0 a minute" */
} queue_rows[] = {
	{ "of another node", "10 open 20 waiting 30 queued 40.5 a minute until 1001",
	    { 11, 22, 33, 44.5 } },
	{ "over", "10 open 20 waiting 30 queued 40.5 a minute until 1000", { 1, 2, 3, 4 } },
	{ "without a limit", "10 open 20 waiting 30 queued -1.0 a minute until 1001",
	    { 11, 22, 33, -1 } },
	{ "garbage", "many", { 1, 2, 3, 4 } },
	{ "cut short", "10 open 20 waiting 30 queued", { 1, 2, 3, 4 } },
	{ "negative", "10 open -20 waiting 30 queued 40.5 a minute until 1001", { 1, 2, 3, 4 } },
	{ "no number", "10 open 20 waiting 30 queued nan a minute until 1001", { 1, 2, 3, 4 } },
	{ "more than there can be",
	    "9223372036854775807 open 20 waiting 30 queued 40.5 a minute until 1001",
	    { 1, 2, 3, 4 } },
	{ "empty", "", { 1, 2, 3, 4 } },
};

static void
queue_total(void **state)
{
	const struct queue_row *row = *state;
	struct span items[] = { SPAN("mta1"),
		SPAN("1 open 2 waiting 3 queued 4.0 a minute until 1015"), SPAN("mta2"),
		span_of(row->value), SPAN("odd one") };
	struct store_fields nodes = fields_of(items, COUNT(items));
	struct store_queue queue = store_queue_total(&nodes, 1000);

	assert_int_equal(queue.open, row->want.open);
	assert_int_equal(queue.waiting, row->want.waiting);
	assert_int_equal(queue.queued, row->want.queued);
	assert_true(queue.per_minute == row->want.per_minute);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, open_total, open_rows);
	CHECK_ROWS(&list, ring_used, ring_rows);
	CHECK(&list, takes);
	CHECK_ROWS(&list, queue_total, queue_rows);
	return check_run(&list, "store");
}
