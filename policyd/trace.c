#include "trace.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "mem.h"

enum { FLUSH_MS = 50, AGAIN_S = 1, AT_ONCE = STORE_BATCH_MAX - 1 };

struct trace_waiting {
	size_t count;
	struct {
		char pattern[TRACE_NAME_SIZE + 8];
		char *line;
	} lines[TRACE_WAITING];
};

/* -- what is traced ---------------------------------------------------------------------------- */

static struct traced *
named(struct trace *trace, const char *text)
{
	for (size_t i = 0; i < trace->count; i++)
		if (strcmp(trace->items[i].text, text) == 0)
			return &trace->items[i];
	return NULL;
}

static void
note(const struct traced *traced, const char *what, struct span by)
{
	char who[128], left_out[24];
	const struct log_field fields[] = {
		{ "pattern", traced->text, LOG_SAME },
		{ "what", what, LOG_SAME },
		{ "by", by.len > 0 ? who : NULL, LOG_SAME },
		{ "left_out", traced->left_out > 0 ? left_out : NULL, LOG_SAME },
	};

	snprintf(who, sizeof(who), "%.*s", (int)by.len, by.ptr);
	snprintf(left_out, sizeof(left_out), "%" PRIu64, traced->left_out);
	log_always(LOG_LEVEL_INFO, "trace", fields, sizeof(fields) / sizeof(fields[0]), NULL);
}

static void
expire(struct trace *trace)
{
	int64_t now_s = clock_wall_s();

	for (size_t i = 0; i < trace->count;) {
		if (trace->items[i].until_s > now_s) {
			i++;
			continue;
		}
		note(&trace->items[i], "ends", SPAN(""));
		memmove(&trace->items[i], &trace->items[i + 1],
		    (--trace->count - i) * sizeof(trace->items[0]));
	}
}

/* Looks again when the next one is over. */
static void
await_end(struct trace *trace)
{
	int64_t now_s = clock_wall_s(), first_s = INT64_MAX;
	struct timeval wait;

	evtimer_del(trace->end);
	for (size_t i = 0; i < trace->count; i++)
		if (trace->items[i].until_s < first_s)
			first_s = trace->items[i].until_s;
	if (trace->count == 0)
		return;
	wait = (struct timeval){ first_s > now_s ? first_s - now_s : 1, 0 };
	evtimer_add(trace->end, &wait);
}

static void
ask_again(struct trace *trace)
{
	struct timeval wait = { AGAIN_S, 0 };

	trace->missed = true;
	evtimer_add(trace->end, &wait);
}

static void
on_end(evutil_socket_t fd, short what, void *arg)
{
	struct trace *trace = arg;

	(void)fd;
	(void)what;
	expire(trace);
	await_end(trace);
	if (trace->missed)
		trace_ask(trace);
}

/* What is traced on keeps its count of lines. */
static void
learn(struct trace *trace)
{
	struct traced items[STORE_TRACES_MAX];
	size_t count = 0;

	expire(trace);
	for (size_t i = 0; i + 1 < trace->fields.count && count < STORE_TRACES_MAX; i += 2) {
		struct traced *next = &items[count], *before;
		struct str text = { 0 };
		struct store_trace read;

		if (!store_trace_read(trace->fields.items[i], trace->fields.items[i + 1], &read) ||
		    read.until_s <= clock_wall_s())
			continue;
		*next = (struct traced){ .pattern = read.pattern };
		trace_pattern_format(&read.pattern, &text);
		snprintf(next->text, sizeof(next->text), "%s", str_text(&text));
		str_free(&text);
		before = named(trace, next->text);
		if (before != NULL)
			*next = *before;
		else
			note(next, "begins", read.by);
		next->until_s = read.until_s;
		count++;
	}
	for (size_t i = 0; i < trace->count; i++) {
		bool stays = false;

		for (size_t k = 0; k < count; k++)
			stays = stays || strcmp(items[k].text, trace->items[i].text) == 0;
		if (!stays)
			note(&trace->items[i], "ends", SPAN(""));
	}
	memcpy(trace->items, items, count * sizeof(items[0]));
	trace->count = count;
	await_end(trace);
}

static void
on_traces(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct trace *trace = arg;

	(void)err;
	trace->call = NULL;
	if (outcome == STORE_DONE)
		learn(trace);
	else
		ask_again(trace);
	arena_clear(&trace->arena);
	if (trace->again)
		trace_ask(trace);
}

void
trace_ask(struct trace *trace)
{
	trace->again = trace->call != NULL;
	trace->missed = false;
	if (trace->call != NULL || !store_async_works(trace->store))
		return;
	trace->fields = (struct store_fields){ .arena = &trace->arena };
	store_put_traces(store_async_batch(trace->store), &trace->fields);
	trace->call = store_async_run(trace->store, on_traces, trace, NULL);
}

struct traced *
trace_of(struct trace *trace, const struct trace_about *about)
{
	expire(trace);
	for (size_t i = 0; i < trace->count; i++)
		if (trace_pattern_fits(&trace->items[i].pattern, about))
			return &trace->items[i];
	return NULL;
}

static void
begin_second(struct traced *traced, int64_t now_ms)
{
	if (now_ms - traced->second_ms < 1000)
		return;
	traced->second_ms = now_ms;
	traced->lines = 0;
}

struct traced *
trace_of_delivery(struct trace *trace, const char *domain, const char *group)
{
	const struct trace_about about = { .domain = domain, .group = group };
	struct traced *traced = trace_of(trace, &about);
	int64_t now_ms = clock_monotonic_ms();

	for (size_t i = 0; traced == NULL && i < trace->count; i++) {
		struct traced *item = &trace->items[i];

		if (now_ms >= item->expects_ms || !trace_pattern_may_fit(&item->pattern, domain))
			continue;
		begin_second(item, now_ms);
		if (item->lines < TRACE_LINES / 2)
			return item;
		item->left_out++;
	}
	return traced;
}

void
trace_expect(struct traced *traced)
{
	traced->expects_ms = clock_monotonic_ms() + TRACE_EXPECTS_S * INT64_C(1000);
}

void
trace_put_limits(const struct mx_limits *limits, struct str *words)
{
	char text[LIMIT_TEXT_SIZE];

	str_addf(words, "level %s", level_names[limits->level]);
	if (limits->connections > 0)
		str_addf(words, ", %" PRId64 " connection%s", limits->connections,
		    limits->connections == 1 ? "" : "s");
	for (size_t i = 0; i < limits->limit_count; i++)
		str_addf(words, ", %s", limit_format(&limits->limits[i], text));
}

/* -- lines ------------------------------------------------------------------------------------- */

/* Not at once: whoever has something to say may be filling the store's batch. */
static void
on_flush(evutil_socket_t fd, short what, void *arg)
{
	struct trace *trace = arg;
	struct trace_waiting *waiting = trace->waiting;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < waiting->count;) {
		struct store_batch *batch = store_async_batch(trace->store);

		for (; i < waiting->count && batch->count < AT_ONCE; i++)
			store_put_trace_line(batch, trace->node, waiting->lines[i].pattern,
			    waiting->lines[i].line);
		store_put_trace_lines_expiry(batch);
		store_async_send(trace->store);
	}
	for (size_t i = 0; i < waiting->count; i++)
		free(waiting->lines[i].line);
	waiting->count = 0;
}

static void
put(struct trace *trace, const struct traced *traced, const char *line)
{
	struct trace_waiting *waiting = trace->waiting;
	struct timeval soon = { 0, FLUSH_MS * 1000 };

	log_info("trace: %s", line);
	if (waiting->count == TRACE_WAITING)
		return;
	if (waiting->count == 0)
		evtimer_add(trace->flush, &soon);
	snprintf(waiting->lines[waiting->count].pattern, sizeof(waiting->lines[0].pattern), "%s",
	    traced->text);
	waiting->lines[waiting->count++].line = mem_dup(line);
}

/* False: there were enough this second. What was left out before is told of first. */
static bool
may_say(struct trace *trace, struct traced *traced)
{
	struct str line = { 0 };

	begin_second(traced, clock_monotonic_ms());
	if (traced->lines >= TRACE_LINES) {
		traced->left_out++;
		return false;
	}
	if (traced->left_out > 0 && traced->lines == 0) {
		str_adds(&line, "pattern=");
		log_line_value(&line, span_of(traced->text), LOG_SAME);
		str_addf(&line, " left_out=%" PRIu64, traced->left_out);
		put(trace, traced, str_text(&line));
		str_free(&line);
		traced->left_out = 0;
	}
	traced->lines++;
	return true;
}

void
trace_say(struct trace *trace, struct traced *traced, const char *step,
    const struct log_field *fields, size_t count, const char *fmt, ...)
{
	char words[1024] = "";
	struct str line = { 0 };
	va_list ap;

	if (!may_say(trace, traced))
		return;
	if (fmt != NULL) {
		va_start(ap, fmt);
		vsnprintf(words, sizeof(words), fmt, ap);
		va_end(ap);
	}
	str_adds(&line, "pattern=");
	log_line_value(&line, span_of(traced->text), LOG_SAME);
	str_addf(&line, " step=%s", step);
	log_line_fields(&line, fields, count);
	str_addf(&line, "%s%s", *words != '\0' ? ": " : "", words);
	put(trace, traced, str_text(&line));
	str_free(&line);
}

/* -- the whole --------------------------------------------------------------------------------- */

struct trace *
trace_new(struct event_base *base, struct store_async *store, const char *node)
{
	struct trace *trace = mem_alloc(sizeof(*trace));

	trace->waiting = mem_alloc(sizeof(*trace->waiting));
	trace->flush = evtimer_new(base, on_flush, trace);
	trace->end = evtimer_new(base, on_end, trace);
	arena_init(&trace->arena);
	trace_rebind(trace, store, node);
	return trace;
}

void
trace_rebind(struct trace *trace, struct store_async *store, const char *node)
{
	if (store != trace->store) {
		store_async_cancel(&trace->call);
		arena_clear(&trace->arena);
	}
	trace->store = store;
	snprintf(trace->node, sizeof(trace->node), "%s", node);
}

void
trace_free(struct trace **trace)
{
	struct trace *old = *trace;

	*trace = NULL;
	if (old == NULL)
		return;
	store_async_cancel(&old->call);
	event_free(old->flush);
	event_free(old->end);
	for (size_t i = 0; i < old->waiting->count; i++)
		free(old->waiting->lines[i].line);
	free(old->waiting);
	arena_clear(&old->arena);
	free(old);
}
