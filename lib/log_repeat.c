#include "log_repeat.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <uthash.h>

#include "mem.h"

struct line {
	UT_hash_handle hh;
	TAILQ_ENTRY(line) link; /* by since_ms, the oldest first */
	char *same;
	int level;
	int64_t since_ms; /* written or told of last */
	uint64_t times;   /* since then */
};
TAILQ_HEAD(lines, line);

struct log_repeat {
	struct log_repeat_limits limits;
	struct line *by_same;
	struct lines lines;
	int64_t credit;    /* thousandths of lines that may be written now */
	int64_t credit_ms; /* as of then */
	uint64_t left_out;
};

struct log_repeat *
log_repeat_new(const struct log_repeat_limits *limits, int64_t now_ms)
{
	struct log_repeat *repeat = mem_alloc(sizeof(*repeat));

	repeat->limits = *limits;
	TAILQ_INIT(&repeat->lines);
	repeat->credit = limits->per_second * LOG_REPEAT_BURST_S * 1000;
	repeat->credit_ms = now_ms;
	return repeat;
}

void
log_repeat_limit(struct log_repeat *repeat, const struct log_repeat_limits *limits)
{
	repeat->limits.period_ms = limits->period_ms;
	repeat->limits.per_second = limits->per_second;
}

static void
forget(struct log_repeat *repeat, struct line *line)
{
	HASH_DEL(repeat->by_same, line);
	TAILQ_REMOVE(&repeat->lines, line, link);
	free(line->same);
	free(line);
}

void
log_repeat_free(struct log_repeat **repeat)
{
	struct log_repeat *old = *repeat;

	*repeat = NULL;
	if (old == NULL)
		return;
	while (!TAILQ_EMPTY(&old->lines))
		forget(old, TAILQ_FIRST(&old->lines));
	free(old);
}

static bool
has_credit(struct log_repeat *repeat, int64_t now_ms)
{
	int64_t most = repeat->limits.per_second * LOG_REPEAT_BURST_S * 1000;

	if (repeat->limits.per_second == 0)
		return true;
	repeat->credit += (now_ms - repeat->credit_ms) * repeat->limits.per_second;
	repeat->credit_ms = now_ms;
	if (repeat->credit > most)
		repeat->credit = most;
	if (repeat->credit < 1000)
		return false;
	repeat->credit -= 1000;
	return true;
}

/* One that nobody has to be told of makes room. */
static bool
has_room(struct log_repeat *repeat)
{
	struct line *oldest = TAILQ_FIRST(&repeat->lines);

	if (HASH_COUNT(repeat->by_same) < repeat->limits.kept)
		return true;
	if (oldest == NULL || oldest->times > 0)
		return false;
	forget(repeat, oldest);
	return true;
}

static void
remember(struct log_repeat *repeat, struct span same, int level, int64_t now_ms)
{
	struct line *line;

	if (repeat->limits.period_ms == 0 || !has_room(repeat))
		return;
	line = mem_alloc(sizeof(*line));
	line->same = mem_dup_bytes(same.ptr, same.len);
	line->level = level;
	line->since_ms = now_ms;
	HASH_ADD_KEYPTR(hh, repeat->by_same, line->same, same.len, line);
	TAILQ_INSERT_TAIL(&repeat->lines, line, link);
}

bool
log_repeat_admits(struct log_repeat *repeat, struct span same, int level, int64_t now_ms)
{
	struct line *line;

	HASH_FIND(hh, repeat->by_same, same.ptr, same.len, line);
	if (line != NULL &&
	    (line->times > 0 || now_ms - line->since_ms < repeat->limits.period_ms)) {
		line->times++;
		return false;
	}
	if (line != NULL)
		forget(repeat, line);
	if (!has_credit(repeat, now_ms)) {
		repeat->left_out++;
		return false;
	}
	remember(repeat, same, level, now_ms);
	return true;
}

bool
log_repeat_next(struct log_repeat *repeat, int64_t now_ms, bool all, struct log_repeated *repeated)
{
	struct line *line;

	while ((line = TAILQ_FIRST(&repeat->lines)) != NULL &&
	       (all || now_ms - line->since_ms >= repeat->limits.period_ms)) {
		if (line->times == 0) {
			forget(repeat, line);
			continue;
		}
		*repeated = (struct log_repeated){
			.same = line->same,
			.level = line->level,
			.times = line->times,
			.in_ms = now_ms - line->since_ms,
		};
		/* It may go on: then it is told of again after a period. */
		line->times = 0;
		line->since_ms = now_ms;
		TAILQ_REMOVE(&repeat->lines, line, link);
		TAILQ_INSERT_TAIL(&repeat->lines, line, link);
		return true;
	}
	return false;
}

uint64_t
log_repeat_left_out(struct log_repeat *repeat)
{
	uint64_t left_out = repeat->left_out;

	repeat->left_out = 0;
	return left_out;
}
