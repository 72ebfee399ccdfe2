/*
 * rules_watch - keeps a running mxpolicyd at the rules that are in force: those that another program
 * has installed on this host, and those that the fleet has told (mxpace:rules) or a package has brought
 * (rules_place.h), which `mxctl rules update --from-fleet` verifies and installs, as a child. What it
 * finds out about updates goes into the metrics.
 */
#ifndef RULES_WATCH_H
#define RULES_WATCH_H

#include "engine.h"

struct rules_watch;

/* As SIGHUP does; -1: the old rules stay, which was logged. */
typedef int rules_watch_reload(void *arg);

/* program: how mxpolicyd was called; mxctl is looked for beside it, then in /usr/bin. file: the
 * configuration. Both must live on. */
struct rules_watch *rules_watch_new(struct engine *engine, const char *program, const char *file,
    rules_watch_reload *reload, void *arg);
/* Before the engine goes. */
void rules_watch_free(struct rules_watch **watch);

#endif
