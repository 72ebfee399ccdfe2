/*
 * http - as much of HTTP/1.1 (RFC 9112) as a scraper needs: the head of a request, a whole answer
 * after which the connection is closed. Pure.
 */
#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>

#include "str.h"

enum { HTTP_HEAD_MAX = 8192 }; /* bytes of a request's head */

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_OTHER };

struct http_request {
	enum http_method method;
	struct span path; /* "/metrics", without what follows a "?"; in the bytes parsed */
};

/* 1: a head that is whole; 0: more bytes are needed; else the status to answer with: 400, or 431 of
 * one that is too long. */
int http_parse(struct span in, struct http_request *request);

/* body: left out, but for its length, where the request was a HEAD. type: of the body. */
void http_respond(struct str *out, int status, enum http_method method, const char *type,
    struct span body);
/* One of words: the status'. 405 tells which methods there are. */
void http_respond_error(struct str *out, int status, enum http_method method);

#endif
