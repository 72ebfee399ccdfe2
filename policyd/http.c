#include "http.h"

static const struct {
	int status;
	const char *words;
} statuses[] = {
	{ 200, "OK" },
	{ 400, "Bad Request" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 431, "Request Header Fields Too Large" },
	{ 503, "Service Unavailable" },
};

static const char *
words_of(int status)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].status == status)
			return statuses[i].words;
	return "";
}

/* Up to the next blank; rest: behind it. False: there is none, or nothing before it. */
static bool
cut_word(struct span *rest, struct span *word)
{
	long blank = span_find(*rest, SPAN(" "));

	if (blank <= 0)
		return false;
	*word = span_make(rest->ptr, (size_t)blank);
	*rest = span_from(*rest, (size_t)blank + 1);
	return true;
}

/* "http://host/path", which a server must understand too: the path. */
static struct span
path_of(struct span target)
{
	static const struct span scheme = { "http://", 7 };
	long slash;

	if (!span_istarts(target, scheme))
		return target;
	target = span_from(target, scheme.len);
	slash = span_find(target, SPAN("/"));
	return slash > 0 ? span_from(target, (size_t)slash) : SPAN("/");
}

static int
parse_line(struct span line, struct http_request *request)
{
	struct span method, target;
	long query;

	if (!cut_word(&line, &method) || !cut_word(&line, &target) ||
	    !span_starts(line, SPAN("HTTP/1.")))
		return 400;
	target = path_of(target);
	if (target.ptr[0] != '/')
		return 400;
	request->method = span_eq(method, SPAN("GET"))    ? HTTP_GET
			  : span_eq(method, SPAN("HEAD")) ? HTTP_HEAD
							  : HTTP_OTHER;
	query = span_find(target, SPAN("?"));
	request->path = query < 0 ? target : span_make(target.ptr, (size_t)query);
	return 1;
}

int
http_parse(struct span in, struct http_request *request)
{
	long end = span_find(in, SPAN("\r\n\r\n"));
	long line_end = span_find(in, SPAN("\r\n"));

	*request = (struct http_request){ .method = HTTP_OTHER };
	if (end >= 0 && end <= HTTP_HEAD_MAX)
		return parse_line(span_make(in.ptr, (size_t)line_end), request);
	return end >= 0 || in.len > HTTP_HEAD_MAX ? 431 : 0;
}

void
http_respond(struct str *out, int status, enum http_method method, const char *type,
    struct span body)
{
	str_addf(out,
	    "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s"
	    "Connection: close\r\n\r\n",
	    status, words_of(status), type, body.len, status == 405 ? "Allow: GET, HEAD\r\n" : "");
	if (method != HTTP_HEAD)
		str_add_span(out, body);
}

void
http_respond_error(struct str *out, int status, enum http_method method)
{
	struct str body = { 0 };

	str_addf(&body, "%s\n", words_of(status));
	http_respond(out, status, method, "text/plain; charset=utf-8",
	    span_make(body.data, body.len));
	str_free(&body);
}
