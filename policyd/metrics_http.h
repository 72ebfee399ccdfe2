/*
 * metrics_http - GET /metrics for Prometheus and GET /healthz for whoever watches, over libevent's
 * HTTP. Loopback unless allow_from names the network.
 */
#ifndef METRICS_HTTP_H
#define METRICS_HTTP_H

#include "engine.h"

struct metrics_http;

struct metrics_http *metrics_http_new(struct engine *engine);
void metrics_http_free(struct metrics_http **http);
/* Serves at metrics_listen of these settings ("" nowhere). -1 and words: as it was before. */
int metrics_http_listen(struct metrics_http *http, const struct settings *settings,
    struct err *err);

#endif
