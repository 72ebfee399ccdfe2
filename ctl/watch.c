#include "watch.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "in_force.h"
#include "terminal.h"

#define HOME_AND_CLEAR "\033[H\033[J"

/* Thousands of groups take their time: most of it is left to those who send mail. */
enum { REST = 3 };

int64_t watch_every_ms = 1000;

/* At once, in the middle of a write that nobody reads too; nothing is left to be done. */
static void
on_signal(int number)
{
	(void)number;
	_exit(CTL_DONE);
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
	in_force_forget(ctl);
	arena_clear(&ctl->arena);
	arena_init(&ctl->arena);
	fputs(terminal.is_one ? HOME_AND_CLEAR : first ? "" : "\n", stream);
	write_fitting(stream, picture, terminal.lines);
	fflush(stream);
	free(picture);
	return rc;
}

static void
wait_until(int64_t until_ms)
{
	int64_t left_ms = until_ms - clock_monotonic_ms();

	if (left_ms > 0)
		poll(NULL, 0, (int)left_ms);
}

enum ctl_exit
watch(struct ctl *ctl, int64_t for_ms, watch_draw *draw)
{
	struct sigaction on = { .sa_handler = on_signal }, old_int, old_term;
	int64_t next_ms = clock_monotonic_ms();
	int64_t end_ms = for_ms > 0 ? next_ms + for_ms : INT64_MAX;
	enum ctl_exit rc = CTL_DONE;

	sigaction(SIGINT, &on, &old_int);
	sigaction(SIGTERM, &on, &old_term);
	for (bool first = true; first || (next_ms < end_ms && !ferror(ctl->stream));
	     first = false) {
		int64_t began_ms = clock_monotonic_ms(), done_ms;

		rc = draw_once(ctl, draw, first);
		done_ms = clock_monotonic_ms();
		next_ms += watch_every_ms;
		if (next_ms < done_ms + REST * (done_ms - began_ms))
			next_ms = done_ms + REST * (done_ms - began_ms);
		wait_until(next_ms < end_ms ? next_ms : end_ms);
	}
	sigaction(SIGINT, &old_int, NULL);
	sigaction(SIGTERM, &old_term, NULL);
	return rc;
}
