#include "watch.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "terminal.h"

#define HOME_AND_CLEAR "\033[H\033[J"

enum { EVERY_MS = 1000 };

static volatile sig_atomic_t stopped;

static void
on_signal(int number)
{
	(void)number;
	stopped = 1;
}

/* As many lines as fit, the cursor's included. */
static void
write_fitting(FILE *stream, const char *picture, size_t lines)
{
	const char *rest = picture, *last = picture, *end;
	size_t count = 0;

	while ((end = strchr(rest, '\n')) != NULL && ++count < lines) {
		last = rest;
		rest = end + 1;
	}
	if (end == NULL) {
		fputs(picture, stream);
		return;
	}
	fwrite(picture, 1, (size_t)(last - picture), stream);
	fputs("(more than fits)\n", stream);
}

/* Drawn in memory, so that a terminal gets it in one go. */
static enum ctl_exit
draw_once(struct ctl *ctl, watch_draw *draw, bool first)
{
	FILE *stream = ctl->stream;
	struct terminal terminal = terminal_of(stream);
	enum ctl_exit rc;
	char *picture = NULL;
	size_t size;

	ctl->stream = open_memstream(&picture, &size);
	if (ctl->stream == NULL) {
		ctl->stream = stream;
		return CTL_NO;
	}
	ctl->width = terminal.width;
	rc = draw(ctl);
	out_end(&ctl->out);
	fclose(ctl->stream);
	ctl->stream = stream;
	arena_clear(&ctl->arena);
	arena_init(&ctl->arena);
	fputs(terminal.is_one ? HOME_AND_CLEAR : first ? "" : "\n", stream);
	write_fitting(stream, picture, terminal.lines);
	fflush(stream);
	free(picture);
	return rc;
}

/* False: told to stop, or nobody reads any more. The signals come here, if there is no time to wait
 * too, and never within a picture. */
static bool
wait_until(struct ctl *ctl, int64_t until_ms, const sigset_t *mask)
{
	int64_t left_ms;

	do {
		struct timespec left = { 0 };

		left_ms = until_ms - clock_monotonic_ms();
		if (left_ms > 0)
			left = (struct timespec){ left_ms / 1000, left_ms % 1000 * 1000000 };
		ppoll(NULL, 0, &left, mask);
	} while (stopped == 0 && left_ms > 0);
	return stopped == 0 && !ferror(ctl->stream);
}

enum ctl_exit
watch(struct ctl *ctl, int64_t for_ms, watch_draw *draw)
{
	struct sigaction on = { .sa_handler = on_signal }, old_int, old_term;
	int64_t next_ms = clock_monotonic_ms();
	int64_t end_ms = for_ms > 0 ? next_ms + for_ms : INT64_MAX;
	enum ctl_exit rc = CTL_DONE;
	sigset_t held, mask;

	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigprocmask(SIG_BLOCK, &held, &mask);
	stopped = 0;
	sigaction(SIGINT, &on, &old_int);
	sigaction(SIGTERM, &on, &old_term);
	for (bool first = true; first || next_ms < end_ms; first = false) {
		rc = draw_once(ctl, draw, first);
		next_ms += EVERY_MS;
		if (next_ms < clock_monotonic_ms())
			next_ms = clock_monotonic_ms();
		if (!wait_until(ctl, next_ms < end_ms ? next_ms : end_ms, &mask))
			break;
	}
	sigaction(SIGINT, &old_int, NULL);
	sigaction(SIGTERM, &old_term, NULL);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return rc;
}
