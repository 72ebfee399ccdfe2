#include "store_backoff.h"

#include <stdio.h>

#include "keys.h"
#include "mx_rules.h"
#include "store_reply.h"

/* Begins the script with its keys and what all its verbs tell. */
static void
begin(struct store_batch *batch, const char *group, const char *ip, size_t args, const char *verb)
{
	void (*const keys[])(struct str *, const char *, const char *) = { keys_group_backoff,
		keys_group_hits, keys_group_pace };
	struct str key = { 0 };

	store_batch_begin_script(batch, SCRIPT_BACKOFF, 4, 5 + args);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		str_empty(&key);
		keys[i](&key, group, ip);
		store_batch_arg(batch, span_make(key.data, key.len));
	}
	str_empty(&key);
	keys_group_stats(&key, group, "");
	store_batch_arg(batch, span_make(key.data, key.len));
	store_batch_arg_text(batch, ip);
	store_batch_arg_text(batch, verb);
	str_free(&key);
}

void
store_put_hit(struct store_batch *batch, const struct store_hit *hit, struct store_backoff *backoff)
{
	const struct backoff_rule *rule = hit->rule;
	char factor[32];

	snprintf(factor, sizeof(factor), "%.9g", rule->factor);
	begin(batch, hit->group, hit->ip, 13, "hit");
	store_batch_arg_number(batch, hit->per_hour);
	store_batch_arg_number(batch, hit->connections);
	store_batch_arg_number(batch, rule->for_ms);
	store_batch_arg_text(batch, hit->node);
	store_batch_arg_text(batch, backoff_action_names[rule->action]);
	store_batch_arg_text(batch, hit->text);
	store_batch_arg_number(batch, (int64_t)hit->number);
	store_batch_arg_text(batch, factor);
	store_batch_arg_number(batch, rule->min);
	store_batch_arg_number(batch, rule->after.count);
	store_batch_arg_number(batch, rule->after.width_ms);
	store_batch_arg_number(batch, rule->after.buckets);
	store_batch_end(batch, store_reply_backoff, backoff);
}

void
store_put_backoff_read(struct store_batch *batch, const char *group, const char *ip,
    struct store_backoff *backoff)
{
	begin(batch, group, ip, 4, "read");
	for (size_t i = 0; i < 3; i++)
		store_batch_arg_number(batch, 0);
	store_batch_end(batch, store_reply_backoff, backoff);
}

void
store_put_backoff_set(struct store_batch *batch, const struct store_order *order,
    struct store_backoff *backoff)
{
	begin(batch, order->group, order->ip, 9, "set");
	store_batch_arg_number(batch, order->rule_per_hour);
	store_batch_arg_number(batch, order->rule_connections);
	store_batch_arg_number(batch, order->for_ms);
	store_batch_arg_text(batch, order->by);
	store_batch_arg_text(batch, order->suspend ? backoff_action_names[BACKOFF_SUSPEND] : "");
	store_batch_arg_text(batch, order->why);
	store_batch_arg_number(batch, order->per_hour);
	store_batch_arg_number(batch, order->connections);
	store_batch_end(batch, store_reply_backoff, backoff);
}

void
store_put_backoff_clear(struct store_batch *batch, const char *group, const char *ip,
    int64_t *cleared)
{
	struct str backoff = { 0 };
	struct str hits = { 0 };

	keys_group_backoff(&backoff, group, ip);
	keys_group_hits(&hits, group, ip);
	STORE_PUT(batch, cleared != NULL ? store_reply_number : NULL, cleared, "DEL",
	    str_text(&backoff), str_text(&hits));
	str_free(&backoff);
	str_free(&hits);
}

/* -- pauses ------------------------------------------------------------------------------------ */

void
store_put_pause(struct store_batch *batch, const char *group, const char *why)
{
	struct str key = { 0 };

	keys_group_pause(&key, group);
	STORE_PUT(batch, NULL, NULL, "SET", str_text(&key), *why != '\0' ? why : "-");
	str_free(&key);
}

void
store_put_pause_read(struct store_batch *batch, const char *group, struct str *why)
{
	struct str key = { 0 };

	keys_group_pause(&key, group);
	STORE_PUT(batch, store_reply_text, why, "GET", str_text(&key));
	str_free(&key);
}

void
store_put_resume(struct store_batch *batch, const char *group, int64_t *resumed)
{
	struct str key = { 0 };

	keys_group_pause(&key, group);
	STORE_PUT(batch, resumed != NULL ? store_reply_number : NULL, resumed, "DEL",
	    str_text(&key));
	str_free(&key);
}
