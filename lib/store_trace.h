/*
 * store_trace - what is traced (mxpace:trace), and the lines that come of it (mxpace:trace:lines).
 */
#ifndef STORE_TRACE_H
#define STORE_TRACE_H

#include "store_events.h"
#include "trace_pattern.h"

enum {
	STORE_TRACES_MAX = 16,
	STORE_TRACE_LINES_MAX = 2000, /* about so many stay, for so long: */
	STORE_TRACE_LINES_S = 3600,
};

enum store_traced { STORE_TRACE_MANY = -1, STORE_TRACE_NONE, STORE_TRACE_DONE };

struct store_trace_set {
	enum store_traced outcome; /* NONE: there was none to take off; MANY: no room for another */
	int64_t until_s;           /* Unix time */
};

/* From now on for so many seconds; 0: not any more, and pattern NULL: none any more. */
void store_put_trace(struct store_batch *batch, const struct trace_pattern *pattern,
    int64_t seconds, const char *by, struct store_trace_set *set);

/* All: fields and values in turn, for store_trace_read(). */
void store_put_traces(struct store_batch *batch, struct store_fields *fields);
struct store_trace {
	struct trace_pattern pattern;
	int64_t until_s;
	struct span by;
};
/* One of them, from its field and value. False: not of that form. */
bool store_trace_read(struct span field, struct span value, struct store_trace *trace);

/* A line of a trace: its fields "node", "pattern", "line". */
void store_put_trace_line(struct store_batch *batch, const char *node, const char *pattern,
    const char *line);
/* Keeps the lines from staying for ever; after each that were put. */
void store_put_trace_lines_expiry(struct store_batch *batch);
/* As store_put_events_read(). */
void store_put_trace_lines_read(struct store_batch *batch, const char *after, int64_t most,
    int64_t wait_ms, struct store_events *lines);

#endif
