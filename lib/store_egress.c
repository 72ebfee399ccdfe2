#include "store_egress.h"

#include <inttypes.h>
#include <stdio.h>

#include "keys.h"
#include "store_reply.h"

static void
add_key(struct store_batch *batch, void (*add)(struct str *, const char *, const char *),
    const char *group, const char *ip)
{
	struct str key = { 0 };

	add(&key, group, ip);
	store_batch_arg(batch, span_make(key.data, key.len));
	str_free(&key);
}

static void
add_ring_keys(struct store_batch *batch, const char *group, const char *ip,
    const struct limit *limits, size_t count)
{
	struct str key = { 0 };

	for (size_t i = 0; i < count; i++) {
		str_empty(&key);
		keys_group_sent(&key, group, ip, limits[i].period);
		store_batch_arg(batch, span_make(key.data, key.len));
	}
	str_free(&key);
}

static void
add_rings(struct store_batch *batch, const struct limit *limits, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		store_batch_arg_number(batch, limits[i].width_ms);
		store_batch_arg_number(batch, limits[i].buckets);
	}
}

static void
add_group_key(struct store_batch *batch, void (*add)(struct str *, const char *), const char *group)
{
	struct str key = { 0 };

	add(&key, group);
	store_batch_arg(batch, span_make(key.data, key.len));
	str_free(&key);
}

/* -- slots ------------------------------------------------------------------------------------- */

void
store_put_grant(struct store_batch *batch, const struct store_grant *grant,
    struct store_granted *granted)
{
	size_t keys = 4 + grant->limit_count;

	store_batch_begin_script(batch, SCRIPT_GRANT, keys, keys + 7 + 2 * grant->limit_count);
	add_key(batch, keys_group_connections, grant->group, grant->ip);
	add_key(batch, keys_group_wait, grant->group, grant->ip);
	add_group_key(batch, keys_group_pause, grant->group);
	add_key(batch, keys_group_backoff, grant->group, grant->ip);
	add_ring_keys(batch, grant->group, grant->ip, grant->limits, grant->limit_count);
	store_batch_arg_text(batch, grant->node);
	store_batch_arg_number(batch, grant->open);
	store_batch_arg_number(batch, grant->connections);
	store_batch_arg_number(batch, STORE_OPEN_TTL_S);
	store_batch_arg_number(batch, grant->waited_ms);
	store_batch_arg_number(batch, grant->more_wait);
	store_batch_arg_number(batch, grant->stamp_ms);
	add_rings(batch, grant->limits, grant->limit_count);
	store_batch_end(batch, store_reply_granted, granted);
}

void
store_put_no_wait(struct store_batch *batch, const char *group, const char *ip, const char *node)
{
	struct str key = { 0 };

	keys_group_wait(&key, group, ip);
	STORE_PUT(batch, NULL, NULL, "HDEL", str_text(&key), node);
	str_free(&key);
}

/* -- ends of deliveries ------------------------------------------------------------------------ */

static void
key_stats(struct str *out, const char *group)
{
	keys_group_stats(out, group, "");
}

void
store_put_settle(struct store_batch *batch, const struct store_settled *settled, int64_t *now_ms)
{
	size_t keys = 3 + settled->limit_count;

	store_batch_begin_script(batch, SCRIPT_SETTLE, keys, keys + 10 + 2 * settled->limit_count);
	add_key(batch, keys_group_told, settled->group, settled->ip);
	add_key(batch, keys_group_pace, settled->group, settled->ip);
	add_group_key(batch, key_stats, settled->group);
	add_ring_keys(batch, settled->group, settled->ip, settled->limits, settled->limit_count);
	store_batch_arg_text(batch, settled->node);
	store_batch_arg_text(batch, settled->ip);
	store_batch_arg_text(batch, settled->what == STORE_BACK ? "back" : "stamp");
	store_batch_arg_number(batch, settled->stamp_ms);
	store_batch_arg_number(batch, settled->counts);
	store_batch_arg_number(batch, settled->delivered);
	store_batch_arg_number(batch, settled->deferred);
	store_batch_arg_number(batch, settled->bounced);
	store_batch_arg_number(batch, settled->denied);
	store_batch_arg_number(batch, settled->greylisted);
	add_rings(batch, settled->limits, settled->limit_count);
	store_batch_end(batch, now_ms != NULL ? store_reply_number : NULL, now_ms);
}

void
store_put_restore(struct store_batch *batch, const struct store_restore *restore, int64_t *restored)
{
	size_t keys = 1 + restore->limit_count;

	store_batch_begin_script(batch, SCRIPT_RESTORE, keys, keys + 2 + 3 * restore->limit_count);
	add_key(batch, keys_group_told, restore->group, restore->ip);
	add_ring_keys(batch, restore->group, restore->ip, restore->limits, restore->limit_count);
	store_batch_arg_text(batch, restore->node);
	store_batch_arg_number(batch, restore->sent);
	for (size_t i = 0; i < restore->limit_count; i++) {
		store_batch_arg_number(batch, restore->limits[i].width_ms);
		store_batch_arg_number(batch, restore->limits[i].buckets);
		store_batch_arg_text(batch, restore->newest[i]);
	}
	store_batch_end(batch, restored != NULL ? store_reply_number : NULL, restored);
}

/* -- queues ------------------------------------------------------------------------------------ */

#define QUEUE_FORMAT(number, rate)                                                          \
	"%" number " open %" number " waiting %" number " queued %" rate " a minute until " \
	"%" number

void
store_put_queue(struct store_batch *batch, const char *group, const char *ip, const char *node,
    const struct store_queue *queue, int64_t wall_s)
{
	struct str key = { 0 };
	char value[160], ttl[16];

	snprintf(value, sizeof(value), QUEUE_FORMAT(PRId64, ".1f"), queue->open, queue->waiting,
	    queue->queued, queue->per_minute < 0 ? -1.0 : queue->per_minute,
	    wall_s + STORE_OPEN_TTL_S);
	snprintf(ttl, sizeof(ttl), "%d", STORE_OPEN_TTL_S);
	keys_group_queue(&key, group, ip);
	STORE_PUT(batch, NULL, NULL, "HSET", str_text(&key), node, value);
	STORE_PUT(batch, NULL, NULL, "EXPIRE", str_text(&key), ttl);
	str_free(&key);
}

void
store_put_queue_read(struct store_batch *batch, const char *group, const char *ip,
    struct store_fields *nodes)
{
	struct str key = { 0 };

	keys_group_queue(&key, group, ip);
	store_put_hash(batch, str_text(&key), nodes);
	str_free(&key);
}

static bool
is_figure(int64_t n)
{
	return n >= 0 && n < INT64_C(1000000000000);
}

/* What one node says; false: it is not of this form, or counts no more. */
static bool
parse_queue(struct span value, int64_t wall_s, struct store_queue *queue)
{
	char text[160];
	int64_t until;

	snprintf(text, sizeof(text), "%.*s", (int)(value.len < 159 ? value.len : 159), value.ptr);
	if (sscanf(text, QUEUE_FORMAT(SCNd64, "lf"), &queue->open, &queue->waiting, &queue->queued,
		&queue->per_minute, &until) != 5)
		return false;
	return until > wall_s && is_figure(queue->open) && is_figure(queue->waiting) &&
	       is_figure(queue->queued) && queue->per_minute < 1e12;
}

struct store_queue
store_queue_total(const struct store_fields *nodes, int64_t wall_s)
{
	struct store_queue total = { 0 };

	for (size_t i = 0; i + 1 < nodes->count; i += 2) {
		struct store_queue one;

		if (!parse_queue(nodes->items[i + 1], wall_s, &one))
			continue;
		total.open += one.open;
		total.waiting += one.waiting;
		total.queued += one.queued;
		total.per_minute = one.per_minute < 0 || total.per_minute < 0
				       ? -1
				       : total.per_minute + one.per_minute;
	}
	return total;
}
