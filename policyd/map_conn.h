/*
 * map_conn - one socketmap connection (an smtp or trivial-rewrite process): look-ups out of its
 * stream, one at a time to its delivery or route, answers back. A hang-up while a look-up is held is
 * noticed at once. Whoever is silent in the middle of a query is closed after policy_timeout; an
 * idle connection is the client's to close (Postfix does after 10 s, or 100 s).
 */
#ifndef MAP_CONN_H
#define MAP_CONN_H

#include "egress.h"
#include "pack.h"

struct map_conn;

enum { MAP_CONN_IDLE_MS = 1200 * 1000 }; /* closed after so long all the same */

/* Told when the connection has closed itself; it is freed after that, by itself. */
typedef void map_conn_closed(void *arg, struct map_conn *conn);

/* Takes the (non-blocking) socket over. */
struct map_conn *map_conn_new(struct egress *egress, int fd, map_conn_closed *closed, void *arg);
void map_conn_free(struct map_conn **conn); /* at once, without telling */
/* Finish the look-up under way, then close; held ones are closed now (Postfix repeats them). Again
 * for one that was held only after the first call. */
void map_conn_drain(struct map_conn *conn);

/* Stays open, for another process to go on with: a held look-up is asked again there, in its place of
 * the queue. True: nothing is under way; until then, again. */
bool map_conn_park(struct map_conn *conn);
/* What it knows; from then on its end changes nothing in Redis. */
void map_conn_pack(struct map_conn *conn, struct str *out);
void map_conn_unpack(struct map_conn *conn, struct unpack *in);

#endif
