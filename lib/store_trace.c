#include "store_trace.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

#include "keys.h"
#include "store_reply.h"

static int
read_set(const redisReply *reply, void *result, struct err *err)
{
	struct store_trace_set *set = result;

	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
	    reply->element[0]->type != REDIS_REPLY_INTEGER ||
	    reply->element[1]->type != REDIS_REPLY_INTEGER ||
	    llabs(reply->element[0]->integer) > 1) {
		if (store_reply_status(reply, NULL, err) == 0)
			err_set(err, "trace.lua answered something else");
		return -1;
	}
	set->outcome = (enum store_traced)reply->element[0]->integer;
	set->until_s = reply->element[1]->integer;
	return 0;
}

void
store_put_trace(struct store_batch *batch, const struct trace_pattern *pattern, int64_t seconds,
    const char *by, struct store_trace_set *set)
{
	struct str field = { 0 };

	if (pattern != NULL)
		trace_pattern_format(pattern, &field);
	store_batch_begin_script(batch, SCRIPT_TRACE, 2, 2 + 4);
	store_batch_arg(batch, SPAN(KEYS_TRACE));
	store_batch_arg(batch, SPAN(KEYS_PACE_VERSION));
	store_batch_arg(batch, span_make(str_text(&field), field.len));
	store_batch_arg_number(batch, seconds);
	store_batch_arg_text(batch, by);
	store_batch_arg_number(batch, STORE_TRACES_MAX);
	store_batch_end(batch, read_set, set);
	str_free(&field);
}

void
store_put_traces(struct store_batch *batch, struct store_fields *fields)
{
	store_put_hash(batch, KEYS_TRACE, fields);
}

bool
store_trace_read(struct span field, struct span value, struct store_trace *trace)
{
	size_t digits = 0;
	unsigned long long until_s;

	while (digits < value.len && value.ptr[digits] >= '0' && value.ptr[digits] <= '9')
		digits++;
	if (trace_pattern_parse(field, &trace->pattern, NULL) != 0 ||
	    !span_number(span_make(value.ptr, digits), &until_s))
		return false;
	trace->until_s = (int64_t)until_s;
	trace->by = span_from(value, digits);
	if (span_starts(trace->by, SPAN(" by ")))
		trace->by = span_from(trace->by, 4);
	return true;
}

void
store_put_trace_line(struct store_batch *batch, const char *node, const char *pattern,
    const char *line)
{
	store_batch_begin(batch, 12);
	store_batch_arg(batch, SPAN("XADD"));
	store_batch_arg(batch, SPAN(KEYS_TRACE_LINES));
	store_batch_arg(batch, SPAN("MAXLEN"));
	store_batch_arg(batch, SPAN("~"));
	store_batch_arg_number(batch, STORE_TRACE_LINES_MAX);
	store_batch_arg(batch, SPAN("*"));
	store_batch_arg(batch, SPAN("node"));
	store_batch_arg_text(batch, node);
	store_batch_arg(batch, SPAN("pattern"));
	store_batch_arg_text(batch, pattern);
	store_batch_arg(batch, SPAN("line"));
	store_batch_arg_text(batch, line);
	store_batch_end(batch, NULL, NULL);
}

void
store_put_trace_lines_expiry(struct store_batch *batch)
{
	store_batch_begin(batch, 3);
	store_batch_arg(batch, SPAN("EXPIRE"));
	store_batch_arg(batch, SPAN(KEYS_TRACE_LINES));
	store_batch_arg_number(batch, STORE_TRACE_LINES_S);
	store_batch_end(batch, NULL, NULL);
}

void
store_put_trace_lines_read(struct store_batch *batch, const char *after, int64_t most,
    int64_t wait_ms, struct store_events *lines)
{
	store_put_stream_read(batch, KEYS_TRACE_LINES, after, most, wait_ms, lines);
}
