#include "store_level.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "store.h"
#include "store_reply.h"

void
store_put_pace_version(struct store_batch *batch, struct str *version)
{
	STORE_PUT(batch, store_reply_text, version, "GET", KEYS_PACE_VERSION);
}

void
store_put_levels(struct store_batch *batch, struct store_fields *fields)
{
	store_put_hash(batch, KEYS_LEVELS, fields);
}

void
store_levels_read(const struct store_fields *fields, struct arena *arena, struct pace_sets *out)
{
	out->items = arena_alloc(arena, (fields->count / 2 + 1) * sizeof(*out->items));
	out->count = 0;
	for (size_t i = 0; i + 1 < fields->count; i += 2)
		out->count += pace_set_parse(arena, fields->items[i], fields->items[i + 1],
		    &out->items[out->count]);
}

static int
read_set(const redisReply *reply, void *result, struct err *err)
{
	struct store_level_set *set = result;

	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
	    reply->element[0]->type != REDIS_REPLY_INTEGER ||
	    reply->element[1]->type != REDIS_REPLY_STRING) {
		if (store_reply_status(reply, NULL, err) == 0)
			err_set(err, "level.lua answered something else");
		return -1;
	}
	set->changed = reply->element[0]->integer != 0;
	snprintf(set->before, sizeof(set->before), "%.*s",
	    (int)strcspn(reply->element[1]->str, " "), reply->element[1]->str);
	return 0;
}

void
store_put_level(struct store_batch *batch, enum pace_scope scope, const char *name,
    enum level level, const char *by, struct store_level_set *set)
{
	struct str field = { 0 };

	pace_field(&field, scope, name);
	store_batch_begin_script(batch, SCRIPT_LEVEL, 3, 3 + 4);
	store_batch_arg(batch, SPAN(KEYS_LEVELS));
	store_batch_arg(batch, SPAN(KEYS_PACE_VERSION));
	store_batch_arg(batch, SPAN(KEYS_EVENTS));
	store_batch_arg(batch, span_make(field.data, field.len));
	store_batch_arg_text(batch, level_names[level]);
	store_batch_arg_text(batch, by);
	store_batch_arg_number(batch, STORE_EVENTS_MAX);
	store_batch_end(batch, read_set, set);
	str_free(&field);
}
