/* http: heads of requests, whole and in pieces, and answers to the byte. */
#include "check.h"

#include "http.h"

static const struct row {
	const char *label, *in;
	int status;
	enum http_method method;
	const char *path;
} rows[] = {
	{ "GET", "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 1, HTTP_GET, "/metrics" },
	{ "without fields", "GET / HTTP/1.0\r\n\r\n", 1, HTTP_GET, "/" },
	{ "HEAD", "HEAD /healthz HTTP/1.1\r\n\r\n", 1, HTTP_HEAD, "/healthz" },
	{ "a query", "GET /metrics?name=a&x HTTP/1.1\r\n\r\n", 1, HTTP_GET, "/metrics" },
	{ "POST", "POST /metrics HTTP/1.1\r\n\r\nbody", 1, HTTP_OTHER, "/metrics" },
	{ "methods are told from others by their case", "get / HTTP/1.1\r\n\r\n", 1, HTTP_OTHER,
	    "/" },
	{ "in absolute form", "GET http://a:9425/metrics?x HTTP/1.1\r\n\r\n", 1, HTTP_GET,
	    "/metrics" },
	{ "in absolute form, without a path", "GET HTTP://a HTTP/1.1\r\n\r\n", 1, HTTP_GET, "/" },
	{ "of another scheme", "GET ftp://a/metrics HTTP/1.1\r\n\r\n", 400, HTTP_OTHER, "" },
	{ "another server's", "CONNECT a:25 HTTP/1.1\r\n\r\n", 400, HTTP_OTHER, "" },
	{ "a second request behind it", "GET /healthz HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n", 1,
	    HTTP_GET, "/healthz" },
	{ "lines that end in a lone LF", "GET / HTTP/1.1\n\n", 0, HTTP_OTHER, "" },
	{ "not whole", "GET /metrics HTTP/1.1\r\nHost: x\r\n", 0, HTTP_OTHER, "" },
	{ "nothing", "", 0, HTTP_OTHER, "" },
	{ "no version", "GET /metrics\r\n\r\n", 400, HTTP_OTHER, "" },
	{ "another protocol", "GET / RTSP/1.0\r\n\r\n", 400, HTTP_OTHER, "" },
	{ "HTTP/2", "PRI * HTTP/2.0\r\n\r\n", 400, HTTP_OTHER, "" },
	{ "no path", "OPTIONS * HTTP/1.1\r\n\r\n", 400, HTTP_OTHER, "" },
	{ "no method", " / HTTP/1.1\r\n\r\n", 400, HTTP_OTHER, "" },
	{ "no words", "\r\n\r\n", 400, HTTP_OTHER, "" },
	{ "two blanks", "GET  / HTTP/1.1\r\n\r\n", 400, HTTP_OTHER, "" },
};

static void
parses(void **state)
{
	const struct row *row = *state;
	size_t len = strlen(row->in);
	char *in = malloc(len); /* of just its size */
	struct http_request request;

	assert_non_null(in);
	memcpy(in, row->in, len);
	assert_int_equal(http_parse(span_make(in, len), &request), row->status);
	assert_int_equal(request.method, row->method);
	if (row->status == 1)
		assert_true(span_eq(request.path, span_of(row->path)));
	free(in);
}

static void
waits_for_all_of_it(void **state)
{
	static const char text[] = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
	struct http_request request;

	(void)state;
	for (size_t len = 0; len < sizeof(text) - 1; len++)
		assert_int_equal(http_parse(span_make(text, len), &request), 0);
	assert_int_equal(http_parse(span_make(text, sizeof(text) - 1), &request), 1);
}

static void
has_an_end(void **state)
{
	static char text[HTTP_HEAD_MAX + 64];
	struct http_request request;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "GET / HTTP/1.1\r\nA: ", 19);
	assert_int_equal(http_parse(span_make(text, HTTP_HEAD_MAX), &request), 0);
	assert_int_equal(http_parse(span_make(text, HTTP_HEAD_MAX + 1), &request), 431);
	memcpy(text + HTTP_HEAD_MAX, "\r\n\r\n", 4);
	assert_int_equal(http_parse(span_make(text, HTTP_HEAD_MAX + 4), &request), 1);
	memcpy(text + HTTP_HEAD_MAX, "x\r\n\r\n", 5);
	assert_int_equal(http_parse(span_make(text, HTTP_HEAD_MAX + 5), &request), 431);
}

static const struct answer_row {
	const char *label;
	int status;
	enum http_method method;
	const char *body; /* NULL: an error's own words */
	const char *text;
} answer_rows[] = {
	{ "GET", 200, HTTP_GET, "ok\n",
	    "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 3\r\nConnection: close\r\n"
	    "\r\nok\n" },
	{ "HEAD: the length of what is not sent", 200, HTTP_HEAD, "ok\n",
	    "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 3\r\nConnection: close\r\n"
	    "\r\n" },
	{ "not there", 404, HTTP_GET, NULL,
	    "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\n"
	    "Content-Length: 10\r\nConnection: close\r\n\r\nNot Found\n" },
	{ "another method", 405, HTTP_OTHER, NULL,
	    "HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/plain; charset=utf-8\r\n"
	    "Content-Length: 19\r\nAllow: GET, HEAD\r\nConnection: close\r\n\r\n"
	    "Method Not Allowed\n" },
};

static void
answers(void **state)
{
	const struct answer_row *row = *state;
	struct str out = { 0 };

	if (row->body != NULL)
		http_respond(&out, row->status, row->method, "a/b", span_of(row->body));
	else
		http_respond_error(&out, row->status, row->method);
	assert_string_equal(str_text(&out), row->text);
	str_free(&out);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, parses, rows);
	CHECK(&list, waits_for_all_of_it);
	CHECK(&list, has_an_end);
	CHECK_ROWS(&list, answers, answer_rows);
	return check_run(&list, "http");
}
