#include "progress.h"

#include <inttypes.h>

#include "clock.h"
#include "duration.h"
#include "terminal.h"

enum { EVERY_MS = 200, BAR = 24, SETTLE_MS = 2000 };

void
progress_start(struct progress *progress, const struct ctl *ctl, const char *what, int64_t total)
{
	struct terminal terminal = terminal_of(ctl->errors);

	*progress = (struct progress){
		.stream = terminal.is_one ? ctl->errors : NULL,
		.what = what,
		.width = terminal.width,
		.total = total,
		.started_ms = clock_monotonic_ms(),
	};
}

void
progress_line(struct str *out, const struct progress *progress, int64_t done, int64_t count,
    int64_t elapsed_ms)
{
	char left[DURATION_SIZE];

	if (progress->total > 0) {
		int64_t part = done < progress->total ? done : progress->total;

		str_addc(out, '[');
		for (int64_t i = 0; i < BAR; i++)
			str_addc(out, i < part * BAR / progress->total ? '#' : '-');
		str_addf(out, "] %3" PRId64 " %%  ", part * 100 / progress->total);
	}
	str_addf(out, "%" PRId64 " %s", count, progress->what);
	if (progress->total > done && done > 0 && elapsed_ms >= SETTLE_MS)
		str_addf(out, ", %s left",
		    duration_format_wait((int64_t)((double)elapsed_ms *
						   (double)(progress->total - done) / (double)done),
			left));
}

void
progress_show(struct progress *progress, int64_t done, int64_t count)
{
	struct str line = { 0 };
	int64_t now_ms;

	if (progress->stream == NULL)
		return;
	now_ms = clock_monotonic_ms();
	if (now_ms - progress->shown_ms < EVERY_MS)
		return;
	progress_line(&line, progress, done, count, now_ms - progress->started_ms);
	fprintf(progress->stream, "\r\033[K%.*s", (int)(progress->width - 1), str_text(&line));
	fflush(progress->stream);
	str_free(&line);
	progress->shown_ms = now_ms;
	progress->shown = true;
}

void
progress_clear(struct progress *progress)
{
	if (!progress->shown)
		return;
	fputs("\r\033[K", progress->stream);
	fflush(progress->stream);
	progress->shown = false;
	progress->shown_ms = 0;
}
