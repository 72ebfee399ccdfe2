/*
 * trace - what `mxctl trace` has this node follow step by step, and the lines that come of it: into
 * the log, and for `mxctl trace --follow` into Redis.
 *
 * mxpace:trace is read when mxpace:pace:version has changed, which the node asks for anyway
 * (paces.h). A trace ends by itself. It writes TRACE_LINES lines a second, and counts what is
 * beyond: that is told with its next line, or as it ends. While nothing is traced it costs one comparison.
 *
 * Postfix never says which message a delivery is about: for a traced address, deliveries to its
 * domain are shown for TRACE_EXPECTS_S after the address was routed, in half the lines.
 */
#ifndef TRACE_H
#define TRACE_H

#include "log_line.h"
#include "mx_limits.h"
#include "store_async.h"
#include "store_trace.h"

enum { TRACE_LINES = 50, TRACE_EXPECTS_S = 120, TRACE_WAITING = 256 };

struct traced {
	struct trace_pattern pattern;
	char text[TRACE_NAME_SIZE + 8]; /* as mxpace:trace has it */
	int64_t until_s;
	int64_t expects_ms; /* monotonic: deliveries to its domain may be its own until then */
	int64_t second_ms;  /* began then, */
	unsigned lines;     /* written in it, */
	uint64_t left_out;  /* beyond that, and before it */
};

struct trace_waiting; /* lines on their way to Redis */

struct trace {
	size_t count;
	struct traced items[STORE_TRACES_MAX];
	struct store_async *store;
	char node[256];
	struct store_call *call;
	struct arena arena; /* of fields */
	struct store_fields fields;
	bool again;  /* asked while a question was under way */
	bool missed; /* the last question had no answer: it is asked again at `end` */
	struct event *flush, *end;
	struct trace_waiting *waiting;
};

struct trace *trace_new(struct event_base *base, struct store_async *store, const char *node);
void trace_free(struct trace **trace);
/* After a reload. */
void trace_rebind(struct trace *trace, struct store_async *store, const char *node);
/* Reads what is to be traced. */
void trace_ask(struct trace *trace);

static inline bool
trace_is_on(const struct trace *trace)
{
	return trace->count > 0;
}

/* By what this is traced; NULL: by nothing. Good within the call. */
struct traced *trace_of(struct trace *trace, const struct trace_about *about);
/* The same of a delivery to a domain. */
struct traced *trace_of_delivery(struct trace *trace, const char *domain, const char *group);
/* The traced address is on its way to a delivery. */
void trace_expect(struct traced *traced);

/* Words for limits: "level normal: 20 connections, 1000/1h". */
void trace_put_limits(const struct mx_limits *limits, struct str *words);

/* "trace: pattern=... step=...: words"; fmt NULL: no words. */
void trace_say(struct trace *trace, struct traced *traced, const char *step,
    const struct log_field *fields, size_t count, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));

#endif
