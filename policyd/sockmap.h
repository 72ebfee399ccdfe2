/*
 * sockmap - the socketmap protocol as Postfix speaks it (socketmap_table(5), dict_sockmap.c of
 * Postfix 3.7 to 3.12): netstrings in, netstrings out. Pure.
 *
 *   12:dns a.test ...,   ->   9:NOTFOUND ,
 *
 * The map's name may carry the service that asks: "connect/mxp-google-1". Answers always have the
 * blank after the word: a bare "OK" counts as not found in released versions.
 */
#ifndef SOCKMAP_H
#define SOCKMAP_H

#include <stdbool.h>

#include "err.h"
#include "str.h"

enum {
	SOCKMAP_QUERY_MAX = 100000,               /* Postfix' own limit for answers */
	SOCKMAP_WIRE_MAX = SOCKMAP_QUERY_MAX + 8, /* the longest query as a netstring */
	SOCKMAP_TEXT_SIZE = 768,
};

enum sockmap_map {
	MAP_SENDER,
	MAP_TRANSPORT,
	MAP_DNS,
	MAP_CONNECT,
	MAP_CACHE,
	MAP_STATUS,
	MAP_RETURNPATH,
	MAP_UNKNOWN
};

struct sockmap_query { /* spans are parts of the input */
	enum sockmap_map map;
	struct span name;    /* of the map, as asked */
	struct span service; /* "mxp-google-1", or empty */
	struct span key;
};

enum sockmap_parsed { SOCKMAP_QUERY, SOCKMAP_MORE, SOCKMAP_MALFORMED };

/* The first query in `in`; used: its bytes. MORE: it is not whole yet. MALFORMED: words in err, and
 * the connection is of no more use: a length that is none or has a leading zero, over
 * SOCKMAP_QUERY_MAX, no comma at its end, no blank after a map's name, a NUL. A key may be empty. */
enum sockmap_parsed sockmap_parse(struct span in, struct sockmap_query *query, size_t *used,
    struct err *err);

enum sockmap_answer { ANSWER_OK, ANSWER_NOTFOUND, ANSWER_TEMP, ANSWER_PERM };

struct sockmap_reply {
	enum sockmap_answer answer;
	char text[SOCKMAP_TEXT_SIZE]; /* "" for NOTFOUND */
};

/* fmt NULL: no text. Longer text is cut; control bytes and bytes beyond ASCII become '?'. */
void sockmap_reply_set(struct sockmap_reply *reply, enum sockmap_answer answer, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));
void sockmap_format(const struct sockmap_reply *reply, struct str *out);

#endif
