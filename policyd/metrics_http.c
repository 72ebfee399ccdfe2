#include "metrics_http.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "fleet.h"
#include "http.h"
#include "listen.h"
#include "log.h"
#include "mem.h"
#include "stream.h"

enum { ACCEPT_AT_ONCE = 16, ACCEPT_PAUSE_S = 1 };

struct visitor {
	TAILQ_ENTRY(visitor) link;
	struct metrics_http *http;
	struct stream stream;
	bool allowed;
};

struct metrics_http {
	struct engine *engine;
	int fd;
	struct event *acceptable; /* NULL: listens nowhere */
	struct event *resume;     /* accepting, after it failed for want of descriptors */
	char *address;
	TAILQ_HEAD(, visitor) visitors;
	size_t count;
	bool warned;
};

/* -- what is served ---------------------------------------------------------------------------- */

/* The status, and the body in out. */
typedef int resource(const struct engine *engine, struct str *out);

static int
tell_metrics(const struct engine *engine, struct str *out)
{
	fleet_watch(engine->fleet);
	metrics_format(engine, out);
	return 200;
}

static int
tell_health(const struct engine *engine, struct str *out)
{
	str_adds(out, store_async_works(engine->store) ? "ok\n" : "ok, store away\n");
	return 200;
}

static int
tell_ready(const struct engine *engine, struct str *out)
{
	bool works = store_async_works(engine->store);

	str_adds(out, works ? "ready\n" : "store away\n");
	return works ? 200 : 503;
}

static const struct {
	const char *path, *type;
	resource *tell;
} resources[] = {
	{ "/metrics", "text/plain; version=0.0.4; charset=utf-8", tell_metrics },
	{ "/healthz", "text/plain; charset=utf-8", tell_health },
	{ "/readyz", "text/plain; charset=utf-8", tell_ready },
};

static void
answer(struct visitor *visitor, const struct http_request *request)
{
	struct str *out = &visitor->stream.out, body = { 0 };
	int status;

	for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++) {
		if (!span_eq(request->path, span_of(resources[i].path)))
			continue;
		if (request->method == HTTP_OTHER) {
			http_respond_error(out, 405, request->method);
			return;
		}
		status = resources[i].tell(visitor->http->engine, &body);
		http_respond(out, status, request->method, resources[i].type,
		    span_make(body.data, body.len));
		str_free(&body);
		return;
	}
	http_respond_error(out, 404, request->method);
}

/* -- connections ------------------------------------------------------------------------------- */

static bool
take(void *user)
{
	struct visitor *visitor = user;
	struct stream *stream = &visitor->stream;
	struct http_request request;
	int status = http_parse(span_make(stream->in.data, stream->in.len), &request);

	if (status == 0)
		return false;
	if (!visitor->allowed)
		http_respond_error(&stream->out, 403, request.method);
	else if (status != 1)
		http_respond_error(&stream->out, status, request.method);
	else
		answer(visitor, &request);
	stream_refuse(stream);
	return true;
}

static bool
is_busy(const void *user)
{
	(void)user;
	return false;
}

static void
free_visitor(void *user)
{
	struct visitor *visitor = user;

	TAILQ_REMOVE(&visitor->http->visitors, visitor, link);
	visitor->http->count--;
	stream_clear(&visitor->stream);
	free(visitor);
}

static const struct stream_kind kind = {
	.client = "metrics client",
	.request = "a request",
	.in_max = HTTP_HEAD_MAX,
	.idle_ms = METRICS_HTTP_IDLE_MS,
	.take = take,
	.is_busy = is_busy,
	.over = free_visitor,
};

static void
add_visitor(struct metrics_http *http, int fd, const struct sockaddr *peer)
{
	struct visitor *visitor;

	if (http->count == METRICS_HTTP_MAX) {
		if (!http->warned)
			log_warning("%zu metrics clients are connected: further ones are closed at "
				    "once",
			    http->count);
		http->warned = true;
		close(fd);
		return;
	}
	http->warned = http->warned && http->count > METRICS_HTTP_MAX / 2;
	http->count++;
	visitor = mem_alloc(sizeof(*visitor));
	visitor->http = http;
	visitor->allowed = listen_allows(http->engine->settings, peer);
	TAILQ_INSERT_TAIL(&http->visitors, visitor, link);
	stream_init(&visitor->stream, http->engine, fd, &kind, visitor);
}

/* -- listening --------------------------------------------------------------------------------- */

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct metrics_http *http = arg;

	(void)fd;
	(void)what;
	if (http->acceptable != NULL)
		event_add(http->acceptable, NULL);
}

static void
on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	struct metrics_http *http = arg;
	struct timeval pause = { ACCEPT_PAUSE_S, 0 };

	(void)what;
	for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
		struct sockaddr_storage peer;
		socklen_t len = sizeof(peer);
		int client =
		    accept4(fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (client >= 0) {
			add_visitor(http, client, (struct sockaddr *)&peer);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			event_del(http->acceptable);
			evtimer_add(http->resume, &pause);
		}
		return;
	}
}

static void
stop_listening(struct metrics_http *http)
{
	if (http->acceptable == NULL)
		return;
	event_free(http->acceptable);
	close(http->fd);
	http->acceptable = NULL;
}

static int
open_socket(const struct settings *settings, struct err *err)
{
	struct listen_address addresses[LISTEN_MAX];
	struct str text = { 0 };
	int count;

	str_addf(&text, "inet:%s", settings->metrics_listen);
	count = listen_parse(str_text(&text), addresses, err);
	str_free(&text);
	if (count == 1 && listen_check(settings, addresses, 1, err) == 0)
		return listen_open(&addresses[0], settings, err);
	if (count > 1)
		err_set(err, "\"%s\" is more than one address", settings->metrics_listen);
	return -1;
}

int
metrics_http_listen(struct metrics_http *http, const struct settings *settings, struct err *err)
{
	int fd = -1;

	if (http->address != NULL && strcmp(http->address, settings->metrics_listen) == 0)
		return 0;
	if (*settings->metrics_listen != '\0') {
		fd = open_socket(settings, err);
		if (fd < 0) {
			err_prefix(err, "metrics_listen");
			return -1;
		}
	}
	stop_listening(http);
	if (fd >= 0) {
		http->fd = fd;
		http->acceptable =
		    event_new(http->engine->base, fd, EV_READ | EV_PERSIST, on_acceptable, http);
		event_add(http->acceptable, NULL);
	}
	free(http->address);
	http->address = mem_dup(settings->metrics_listen);
	return 0;
}

/* -- life -------------------------------------------------------------------------------------- */

struct metrics_http *
metrics_http_new(struct engine *engine)
{
	struct metrics_http *http = mem_alloc(sizeof(*http));

	http->engine = engine;
	http->resume = evtimer_new(engine->base, on_resume, http);
	TAILQ_INIT(&http->visitors);
	return http;
}

void
metrics_http_free(struct metrics_http **http)
{
	struct metrics_http *old = *http;
	struct visitor *visitor;

	*http = NULL;
	if (old == NULL)
		return;
	stop_listening(old);
	while ((visitor = TAILQ_FIRST(&old->visitors)) != NULL)
		free_visitor(visitor);
	event_free(old->resume);
	free(old->address);
	free(old);
}
