#include "check.h"
#include "store.h"

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
	struct span items[] = { SPAN("mta1"), span_of(row->value), SPAN("mta2"), SPAN("2 until 1015"),
		SPAN("odd one") };
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

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, open_total, open_rows);
	CHECK_ROWS(&list, ring_used, ring_rows);
	return check_run(&list, "store");
}
