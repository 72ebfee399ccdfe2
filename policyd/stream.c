#include "stream.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"

enum { READ_SIZE = 4096, OUT_MAX = 65536 };

static bool
is_busy(const struct stream *stream)
{
	return stream->kind->is_busy(stream->user);
}

static void
finish(struct stream *stream)
{
	stream->kind->over(stream->user);
}

/* -- deadlines --------------------------------------------------------------------------------- */

static int64_t
idle_ms(const struct stream *stream)
{
	return stream->kind->idle_ms != 0 ? stream->kind->idle_ms
					  : stream->engine->settings->policy_idle_ms;
}

/* Waiting for a request, or for the rest of one, or for the client to take answers. The timer itself
 * is not touched each time: when it fires early it is set anew. */
static void
set_deadline(struct stream *stream)
{
	bool idle = stream->in.len <= stream->held && stream->out.len == 0;

	stream->deadline_ms =
	    clock_monotonic_ms() +
	    (idle ? idle_ms(stream) : stream->engine->settings->policy_timeout_ms);
}

static void
arm_timer(struct stream *stream, int64_t ms)
{
	struct timeval wait = { ms / 1000, ms % 1000 * 1000 };

	evtimer_add(stream->timer, &wait);
}

void
stream_log_closed(const struct stream *stream, const char *what, const char *words)
{
	char event[64], why[256];
	const struct log_field fields[] = { { "why", why, LOG_SAME } };

	snprintf(event, sizeof(event), "%s closed", stream->kind->client);
	snprintf(why, sizeof(why), "%s%s", what, words);
	log_event(LOG_LEVEL_WARNING, event, fields, 1, NULL);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct stream *stream = arg;
	int64_t left_ms = stream->deadline_ms - clock_monotonic_ms();

	(void)fd;
	(void)what;
	if (is_busy(stream)) /* has deadlines of its own */
		left_ms = stream->engine->settings->policy_timeout_ms;
	if (left_ms > 0) {
		arm_timer(stream, left_ms);
		return;
	}
	if (stream->in.len > 0 || stream->out.len > 0) {
		stream->engine->metrics.timed_out++;
		stream_log_closed(stream, "silent in the middle of ",
		    stream->in.len > 0 ? stream->kind->request : "an answer");
	}
	finish(stream);
}

/* Reading begins a deadline shorter than the one the timer was set for: have it look soon. */
static void
expect_rest(struct stream *stream)
{
	int64_t rest_ms = stream->engine->settings->policy_timeout_ms;

	set_deadline(stream);
	arm_timer(stream, rest_ms < idle_ms(stream) ? rest_ms : idle_ms(stream));
}

/* -- out --------------------------------------------------------------------------------------- */

/* Writes what the client takes now. False: the connection is over. */
static bool
write_out(struct stream *stream)
{
	while (stream->out.len > 0) {
		ssize_t n = send(stream->fd, stream->out.data, stream->out.len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return false;
		if (n < 0) {
			event_add(stream->writable, NULL);
			return true;
		}
		stream->out.len -= (size_t)n;
		memmove(stream->out.data, stream->out.data + n, stream->out.len);
	}
	return !(stream->closing && !is_busy(stream));
}

/* -- in ---------------------------------------------------------------------------------------- */

static void
set_reading(struct stream *stream, bool reading)
{
	if (stream->reading == reading)
		return;
	stream->reading = reading;
	if (reading)
		event_add(stream->readable, NULL);
	else
		event_del(stream->readable);
}

void
stream_consume(struct stream *stream, size_t used)
{
	stream->in.len -= used;
	memmove(stream->in.data, stream->in.data + used, stream->in.len);
}

void
stream_hold(struct stream *stream, size_t used)
{
	stream->held = used;
}

void
stream_release(struct stream *stream)
{
	stream_consume(stream, stream->held);
	stream->held = 0;
}

void
stream_refuse(struct stream *stream)
{
	stream->in.len = 0;
	stream->closing = true;
}

/* Takes requests until one must wait, none is whole, or the client takes no more answers. True: at
 * least one was there. */
static bool
take_requests(struct stream *stream)
{
	bool any = false;

	while (
	    !stream->closing && !stream->parked && !is_busy(stream) && stream->out.len < OUT_MAX) {
		if (!stream->kind->take(stream->user)) {
			stream->closing = stream->ended;
			break;
		}
		any = true;
	}
	return any;
}

void
stream_proceed(struct stream *stream)
{
	bool progress = false, more, partial;

	do { /* again when answers that filled `out` went out at once: nothing else would wake us */
		more = take_requests(stream);
		progress = progress || more;
		if (!write_out(stream)) {
			finish(stream);
			return;
		}
	} while (more && stream->out.len == 0);
	if (stream->parked)
		return;
	/* A client that sends ahead is read again when its answers are out. */
	set_reading(stream,
	    !stream->ended && stream->in.len <= stream->kind->in_max && stream->out.len < OUT_MAX);
	partial = stream->in.len > stream->held || stream->out.len > 0;
	if (partial && (progress || !stream->partial))
		expect_rest(stream); /* once: bytes that trickle in do not prolong it */
	else if (!partial && !is_busy(stream))
		set_deadline(stream);
	stream->partial = partial;
}

/* Whether one that sends no more has gone: over TCP that can't be told from one that only waits for
 * its answer ("nc -N"), and Postfix never does the latter. */
static bool
has_gone(int fd)
{
	struct pollfd poller = { .fd = fd };
	int domain = 0;
	socklen_t len = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) != 0 || domain != AF_UNIX ||
	       (poll(&poller, 1, 0) > 0 && (poller.revents & (POLLHUP | POLLERR)) != 0);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct stream *stream = arg;

	(void)fd;
	(void)what;
	/* First, so that there is room for answers. */
	if (write_out(stream))
		stream_proceed(stream);
	else
		finish(stream);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct stream *stream = arg;
	ssize_t n;

	(void)what;
	str_reserve(&stream->in, READ_SIZE);
	do
		n = recv(fd, stream->in.data + stream->in.len, READ_SIZE, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return;
	stream->ended = n == 0;
	if (n < 0 ||
	    (stream->ended && stream->kind->wants_client && is_busy(stream) && has_gone(fd))) {
		finish(stream);
		return;
	}
	stream->in.len += (size_t)n;
	stream_proceed(stream);
}

/* -- life -------------------------------------------------------------------------------------- */

void
stream_init(struct stream *stream, struct engine *engine, int fd, const struct stream_kind *kind,
    void *user)
{
	*stream = (struct stream){ .engine = engine, .kind = kind, .user = user, .fd = fd };
	stream->readable = event_new(engine->base, fd, EV_READ | EV_PERSIST, on_readable, stream);
	stream->writable = event_new(engine->base, fd, EV_WRITE, on_writable, stream);
	stream->timer = evtimer_new(engine->base, on_timer, stream);
	set_reading(stream, true);
	set_deadline(stream);
	arm_timer(stream, idle_ms(stream));
}

void
stream_clear(struct stream *stream)
{
	event_free(stream->readable);
	event_free(stream->writable);
	event_free(stream->timer);
	close(stream->fd);
	str_free(&stream->in);
	str_free(&stream->out);
}

void
stream_drain(struct stream *stream)
{
	stream->closing = true;
	if (!is_busy(stream) && stream->out.len == 0)
		finish(stream);
}

bool
stream_park(struct stream *stream)
{
	stream->parked = true;
	set_reading(stream, false);
	evtimer_del(stream->timer);
	return !is_busy(stream);
}

void
stream_pack(struct stream *stream, struct str *out)
{
	event_del(stream->writable);
	pack_number(out, stream->closing);
	pack_bytes(out, span_make(str_text(&stream->out), stream->out.len));
	pack_bytes(out, span_make(str_text(&stream->in), stream->in.len));
}

void
stream_unpack(struct stream *stream, struct unpack *in)
{
	stream->closing = unpack_number(in) != 0;
	str_add_span(&stream->out, unpack_bytes(in));
	str_add_span(&stream->in, unpack_bytes(in));
	if (stream->closing || stream->out.len > 0 || stream->in.len > 0)
		event_active(stream->writable, EV_WRITE, 0);
}
