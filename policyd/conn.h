/*
 * conn - one connection of a policy client (an smtpd process): requests out of its stream, one at a
 * time to a flow, answers back.
 */
#ifndef CONN_H
#define CONN_H

#include "engine.h"
#include "pack.h"

struct conn;

/* Told when the connection has closed itself; it is freed after that, by itself. */
typedef void conn_closed(void *arg, struct conn *conn);

/* Takes the (non-blocking) socket over. */
struct conn *conn_new(struct engine *engine, int fd, conn_closed *closed, void *arg);
/* At once, without telling. */
void conn_free(struct conn **conn);
/* Finish the request under way, if any, then close. Idle ones close now. */
void conn_drain(struct conn *conn);

/* Stays open, for another process to go on with. True: nothing is under way; until then, again. */
bool conn_park(struct conn *conn);
/* What it knows, and taken over by the one that goes on; transactions are handed over before. */
void conn_pack(struct conn *conn, struct str *out);
void conn_unpack(struct conn *conn, struct unpack *in);

#endif
