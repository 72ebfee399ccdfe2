#include "ledger.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

/* Bucket number b is the time from b * width to (b + 1) * width; its place is b modulo the ring's
 * size. The current bucket and the size - 1 before it count. */
struct ledger_ring {
	int64_t limit;     /* messages */
	int64_t period_ms; /* of the limit */
	int64_t width_ms, size;
	int64_t head; /* number of the newest bucket */
	int64_t total;
	int64_t *buckets;
};

static void
clear_ring(struct ledger_ring *ring)
{
	free(ring->buckets);
	ring->buckets = NULL;
}

void
ledger_clear(struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->count; i++)
		clear_ring(&ledger->rings[i]);
	free(ledger->rings);
	*ledger = (struct ledger){ 0 };
}

static void
make_ring(struct ledger_ring *ring, const struct limit *limit)
{
	struct limit shape = *limit;

	if (shape.period_ms > (int64_t)LEDGER_LONGEST_S * 1000)
		limit_set(&shape, limit->count, (int64_t)LEDGER_LONGEST_S * 1000);
	*ring = (struct ledger_ring){
		.period_ms = limit->period_ms,
		.width_ms = shape.width_ms,
		.size = shape.buckets,
		.buckets = mem_alloc((size_t)shape.buckets * sizeof(int64_t)),
	};
}

void
ledger_follow(struct ledger *ledger, const struct limit *limits, size_t count)
{
	struct ledger_ring *rings = mem_alloc((count + 1) * sizeof(*rings));

	for (size_t i = 0; i < count; i++) {
		for (size_t old = 0; old < ledger->count && rings[i].buckets == NULL; old++)
			if (ledger->rings[old].period_ms == limits[i].period_ms) {
				rings[i] = ledger->rings[old];
				ledger->rings[old].buckets = NULL;
			}
		if (rings[i].buckets == NULL)
			make_ring(&rings[i], &limits[i]);
		rings[i].limit = limits[i].count;
	}
	for (size_t old = 0; old < ledger->count; old++)
		clear_ring(&ledger->rings[old]);
	free(ledger->rings);
	ledger->rings = rings;
	ledger->count = count;
}

/* The current bucket; a clock that went back stays in the newest one. */
static int64_t
current(const struct ledger_ring *ring, int64_t now_ms)
{
	int64_t bucket = now_ms / ring->width_ms;

	return bucket > ring->head ? bucket : ring->head;
}

static int64_t *
place(const struct ledger_ring *ring, int64_t bucket)
{
	return &ring->buckets[bucket % ring->size];
}

/* Buckets between head and the current one are left-overs of the round before. */
static int64_t
messages_in(const struct ledger_ring *ring, int64_t bucket)
{
	return bucket < 0 || bucket > ring->head ? 0 : *place(ring, bucket);
}

static int64_t
used(const struct ledger_ring *ring, int64_t now_ms)
{
	int64_t bucket = current(ring, now_ms), total = ring->total;

	if (bucket - ring->head >= ring->size)
		return 0;
	for (int64_t over = ring->head + 1; over <= bucket; over++)
		total -= *place(ring, over);
	return total;
}

/* The window ends now; the current bucket. */
static int64_t
turn(struct ledger_ring *ring, int64_t now_ms)
{
	int64_t bucket = current(ring, now_ms);

	if (bucket - ring->head >= ring->size) {
		memset(ring->buckets, 0, (size_t)ring->size * sizeof(*ring->buckets));
		ring->total = 0;
		ring->head = bucket;
	}
	while (ring->head < bucket) {
		ring->head++;
		ring->total -= *place(ring, ring->head);
		*place(ring, ring->head) = 0;
	}
	return bucket;
}

static void
add(struct ledger_ring *ring, int64_t now_ms)
{
	++*place(ring, turn(ring, now_ms));
	ring->total++;
}

/* Nothing if it does not count any more. */
static void
take_back(struct ledger_ring *ring, int64_t then_ms, int64_t now_ms)
{
	int64_t newest = turn(ring, now_ms), bucket = then_ms / ring->width_ms;

	if (bucket > newest || bucket <= newest - ring->size || *place(ring, bucket) == 0)
		return;
	--*place(ring, bucket);
	ring->total--;
}

void
ledger_add(struct ledger *ledger, int64_t now_ms)
{
	for (size_t i = 0; i < ledger->count; i++)
		add(&ledger->rings[i], now_ms);
	ledger->sent++;
}

void
ledger_move(struct ledger *ledger, int64_t then_ms, int64_t now_ms)
{
	for (size_t i = 0; i < ledger->count; i++) {
		take_back(&ledger->rings[i], then_ms, now_ms);
		add(&ledger->rings[i], now_ms);
	}
}

void
ledger_give_back(struct ledger *ledger, int64_t then_ms, int64_t now_ms)
{
	for (size_t i = 0; i < ledger->count; i++)
		take_back(&ledger->rings[i], then_ms, now_ms);
	if (ledger->sent > 0)
		ledger->sent--;
}

int64_t
ledger_used(const struct ledger *ledger, size_t limit, int64_t now_ms)
{
	return used(&ledger->rings[limit], now_ms);
}

/* Until fewer than `allowed` are left in the window. */
static int64_t
wait_for_room(const struct ledger_ring *ring, int64_t allowed, int64_t now_ms)
{
	int64_t newest = current(ring, now_ms), left = used(ring, now_ms), bucket;

	for (bucket = newest - ring->size + 1; bucket < newest; bucket++) {
		left -= messages_in(ring, bucket);
		if (left < allowed)
			break;
	}
	return (bucket + ring->size) * ring->width_ms - now_ms;
}

bool
ledger_has_room(const struct ledger *ledger, double share, int64_t now_ms, size_t *limit,
    int64_t *wait_ms)
{
	bool room = true;

	*wait_ms = 0;
	for (size_t i = 0; i < ledger->count; i++) {
		const struct ledger_ring *ring = &ledger->rings[i];
		/* The grain keeps 30 / 3 from being 9. */
		int64_t allowed = (int64_t)((double)ring->limit * share + 1e-6), wait;

		if (allowed < 1)
			allowed = 1;
		if (used(ring, now_ms) < allowed)
			continue;
		wait = wait_for_room(ring, allowed, now_ms);
		if (room || wait > *wait_ms) {
			*limit = i;
			*wait_ms = wait;
		}
		room = false;
	}
	return room;
}

bool
ledger_is_empty(const struct ledger *ledger, int64_t now_ms)
{
	for (size_t i = 0; i < ledger->count; i++)
		if (used(&ledger->rings[i], now_ms) > 0)
			return false;
	return true;
}

int64_t
ledger_newest(const struct ledger *ledger, size_t limit, int64_t missing, int64_t now_ms,
    struct str *out)
{
	const struct ledger_ring *ring = &ledger->rings[limit];
	int64_t newest = current(ring, now_ms), told = 0;

	for (int64_t bucket = newest; bucket > newest - ring->size && told < missing; bucket--) {
		int64_t count = messages_in(ring, bucket);
		int64_t age_ms = now_ms - (bucket + 1) * ring->width_ms;

		if (count > missing - told)
			count = missing - told;
		if (count == 0)
			continue;
		str_addf(out, "%s%" PRId64 " %" PRId64, told > 0 ? " " : "",
		    age_ms > 0 ? age_ms : 0, count);
		told += count;
	}
	return told;
}
