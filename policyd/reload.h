/*
 * reload - the configuration as a whole: read beside the running one, proved to work, then taken
 * over; or refused, with all mistakes told and nothing changed.
 */
#ifndef RELOAD_H
#define RELOAD_H

#include "engine.h"
#include "metrics_http.h"
#include "server.h"

struct config {
	struct settings *settings;
	struct mx_rules *rules;
};

/* Reads and checks a file and the rules it names. -1: the mistakes are in errors. */
int config_load(const char *path, struct config *config, struct conf_errors *errors);
void config_clear(struct config *config);

/* SIGHUP. 0: the new configuration holds. -1: the old one does; it is logged why. */
int reload(struct engine *engine, struct server *server, struct metrics_http *http,
    const char *path);

/* Each line of the mistakes to the log. */
void reload_log_mistakes(const struct conf_errors *errors);

#endif
