/*
 * stream - the bytes of one connection whose client asks and waits for answers: read ahead up to a
 * cap, requests taken one at a time, answers written as the client takes them. Whoever is silent in
 * the middle of a request or an answer, or idle for too long, is closed.
 */
#ifndef STREAM_H
#define STREAM_H

#include "engine.h"
#include "pack.h"

struct stream_kind {
	const char *client, *request; /* what they are called in the log: "policy client" */
	size_t in_max;                /* bytes read ahead of the requests taken, about */
	int64_t idle_ms;              /* closed after so long without a request; 0: policy_idle */
	bool wants_client; /* a request under way is of no use once the client has hung up */

	/* Takes the first whole request out of `in` (stream_consume) and answers it, into `out`, or
	 * begins to. False: there is none. Nothing is asked while a request is under way. */
	bool (*take)(void *user);
	bool (*is_busy)(const void *user); /* a request is under way */
	void (*over)(void *user);          /* the connection is: frees the user, and the stream */
};

struct stream { /* part of its user */
	struct engine *engine;
	const struct stream_kind *kind;
	void *user;
	int fd;
	struct event *readable, *writable, *timer;
	struct str in;  /* bytes read and not yet taken */
	size_t held;    /* of them, at the front: the request under way */
	struct str out; /* answers the client has not taken */
	bool reading;
	bool ended;   /* the client sends no more; what is whole is still answered */
	bool closing; /* no further request; closed once `out` is written */
	bool parked;  /* no further request, and nothing is read; it stays open */
	bool partial; /* something of a request or an answer waits for the client */
	int64_t deadline_ms;
};

/* Takes the (non-blocking) socket over. */
void stream_init(struct stream *stream, struct engine *engine, int fd,
    const struct stream_kind *kind, void *user);
void stream_clear(struct stream *stream);

void stream_consume(struct stream *stream, size_t used);
/* The request just taken is under way: its bytes stay in `in` until it is answered, or another process
 * goes on with the connection and takes it again. */
void stream_hold(struct stream *stream, size_t used);
void stream_release(struct stream *stream);
/* No further request; what was answered still goes out. */
void stream_refuse(struct stream *stream);
/* In the log: it is closed, as `what` and `words` one after the other say. */
void stream_log_closed(const struct stream *stream, const char *what, const char *words);
/* After the answer to the request under way was put into `out`: goes on. May end in `over`. */
void stream_proceed(struct stream *stream);
/* Finish the request under way, if any, then close. An idle one is closed now, in `over`. */
void stream_drain(struct stream *stream);

/* No further request, but the connection stays open for another process. What is under way is
 * answered. True: nothing is; answers that the client has not taken are packed. */
bool stream_park(struct stream *stream);
/* Its bytes, for another process; from then on nothing is written here. */
void stream_pack(struct stream *stream, struct str *out);
/* It goes on where another process had parked it: answers, then requests, later, from the event
 * loop. */
void stream_unpack(struct stream *stream, struct unpack *in);

#endif
