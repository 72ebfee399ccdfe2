/*
 * pulse - what the service manager hears now and then: that the event loop turns (its watchdog), and
 * a line for "systemctl status": "12 open, 240 waiting, 35 clients, Redis connected".
 */
#ifndef PULSE_H
#define PULSE_H

#include "engine.h"
#include "str.h"

enum { PULSE_STATUS_MS = 2000 }; /* the line, if it is another one */

struct pulse;

/* NULL: there is no manager. */
struct pulse *pulse_new(struct engine *engine);
void pulse_free(struct pulse **pulse);

void pulse_describe(struct engine *engine, struct str *out);

#endif
