/*
 * child - another program, run beside the event loop: no shell, nothing to read, its output line by
 * line, its end. It is killed when it takes too long.
 */
#ifndef CHILD_H
#define CHILD_H

#include <stdint.h>

#include "err.h"
#include "span.h"

struct event_base;
struct child;

/* A line of what it writes, on either output, without its end. */
typedef void child_line(void *arg, struct span line);
/* It has ended, with that status; -1: by a signal. The child is freed after that, by itself. */
typedef void child_end(void *arg, int status);

/* argv[0] is its path, argv ends with NULL. Callbacks come later. NULL and words. */
struct child *child_start(struct event_base *base, const char *const *argv, int64_t most_ms,
    child_line *line, child_end *end, void *arg, struct err *err);
/* Kills it and waits for its end; no callback comes any more. */
void child_stop(struct child **child);

#endif
