#include "metrics_http.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "listen.h"
#include "mem.h"

enum { HTTP_TIMEOUT_S = 10, HTTP_HEADERS_MAX = 8192, HTTP_BODY_MAX = 1024 };

struct metrics_http {
	struct engine *engine;
	struct evhttp *http;
	struct evhttp_bound_socket *bound;
	char *address;
};

static bool
allows(struct metrics_http *http, struct evhttp_request *request)
{
	const struct sockaddr *peer =
	    evhttp_connection_get_addr(evhttp_request_get_connection(request));

	if (peer != NULL && listen_allows(http->engine->settings, peer))
		return true;
	evhttp_send_error(request, 403, NULL);
	return false;
}

static void
reply(struct evhttp_request *request, int code, const char *type, const struct str *text)
{
	struct evbuffer *body = evbuffer_new();

	evbuffer_add(body, str_text(text), text->len);
	evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", type);
	evhttp_send_reply(request, code, code == 200 ? "OK" : "Service Unavailable", body);
	evbuffer_free(body);
}

static void
on_metrics(struct evhttp_request *request, void *arg)
{
	struct metrics_http *http = arg;
	struct str text = { 0 };

	if (!allows(http, request))
		return;
	metrics_format(http->engine, &text);
	reply(request, 200, "text/plain; version=0.0.4; charset=utf-8", &text);
	str_free(&text);
}

static void
on_healthz(struct evhttp_request *request, void *arg)
{
	struct metrics_http *http = arg;
	bool works = store_async_works(http->engine->store);
	struct str text = { 0 };

	if (!allows(http, request))
		return;
	str_adds(&text, works ? "ok\n" : "store away\n");
	reply(request, works ? 200 : 503, "text/plain; charset=utf-8", &text);
	str_free(&text);
}

struct metrics_http *
metrics_http_new(struct engine *engine)
{
	struct metrics_http *http = mem_alloc(sizeof(*http));

	http->engine = engine;
	http->http = evhttp_new(engine->base);
	evhttp_set_timeout(http->http, HTTP_TIMEOUT_S);
	evhttp_set_max_headers_size(http->http, HTTP_HEADERS_MAX);
	evhttp_set_max_body_size(http->http, HTTP_BODY_MAX);
	evhttp_set_allowed_methods(http->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_cb(http->http, "/metrics", on_metrics, http);
	evhttp_set_cb(http->http, "/healthz", on_healthz, http);
	return http;
}

void
metrics_http_free(struct metrics_http **http)
{
	if (*http == NULL)
		return;
	evhttp_free((*http)->http);
	free((*http)->address);
	free(*http);
	*http = NULL;
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
	struct evhttp_bound_socket *bound = NULL;
	int fd;

	if (http->address != NULL && strcmp(http->address, settings->metrics_listen) == 0)
		return 0;
	if (*settings->metrics_listen != '\0') {
		fd = open_socket(settings, err);
		if (fd < 0) {
			err_prefix(err, "metrics_listen");
			return -1;
		}
		bound = evhttp_accept_socket_with_handle(http->http, fd);
	}
	if (http->bound != NULL)
		evhttp_del_accept_socket(http->http, http->bound);
	http->bound = bound;
	free(http->address);
	http->address = mem_dup(settings->metrics_listen);
	return 0;
}
