/*
 * metrics_http - what Prometheus and those who watch ask over HTTP: GET or HEAD of /metrics,
 * /healthz and /readyz. Loopback unless allow_from names the network.
 *
 *   /healthz  200 as long as requests are answered by their rules, which they are without Redis too
 *   /readyz   200 while Redis answers, else 503
 *
 * A connection has one request, of HTTP_HEAD_MAX bytes and policy_timeout at most; there are
 * METRICS_HTTP_MAX at once. Not by libevent 2.1's evhttp, which bounds neither the number of its
 * clients (evhttp_set_max_connections() came with 2.2) nor the time of one that sends a byte now and
 * then.
 */
#ifndef METRICS_HTTP_H
#define METRICS_HTTP_H

#include "engine.h"

enum { METRICS_HTTP_MAX = 32, METRICS_HTTP_IDLE_MS = 10000 };

struct metrics_http;

struct metrics_http *metrics_http_new(struct engine *engine);
void metrics_http_free(struct metrics_http **http);
/* Serves at metrics_listen of these settings ("" nowhere). -1 and words: as it was before. */
int metrics_http_listen(struct metrics_http *http, const struct settings *settings,
    struct err *err);

#endif
