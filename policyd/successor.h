/*
 * successor - whether the program that is installed now could take this one's place: it is there, it
 * runs, and its `-t` finds no mistake in the configuration. What it finds is logged.
 */
#ifndef SUCCESSOR_H
#define SUCCESSOR_H

#include <stdbool.h>

struct event_base;
struct successor;

/* Once, later. The successor is freed after that, by itself. */
typedef void successor_told(void *arg, bool able);

/* program: how mxpolicyd was called. file: its configuration. NULL: it cannot be started, which was
 * logged. */
struct successor *successor_try(struct event_base *base, const char *program, const char *file,
    successor_told *told, void *arg);
/* It is told nothing any more. */
void successor_stop(struct successor **successor);

#endif
