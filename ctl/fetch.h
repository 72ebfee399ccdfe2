/*
 * fetch - a small file from a server (https:) or this host (file:), within limits: so many bytes,
 * FETCH_SECONDS, redirects to https: alone, the server's certificate verified. The only module that
 * includes <curl/curl.h>.
 */
#ifndef FETCH_H
#define FETCH_H

#include "err.h"
#include "str.h"

enum { FETCH_SECONDS = 60, FETCH_CONNECT_SECONDS = 20 };

/* Whether it is one of the URLs that may be fetched. */
bool fetch_is_url(const char *url);

/* Adds what is there. ca: a file of certificates that are trusted instead of the system's; "": those.
 * -1 and words. */
int fetch(const char *url, const char *ca, size_t most, struct str *out, struct err *err);

#endif
