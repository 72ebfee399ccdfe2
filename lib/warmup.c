#include "warmup.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* A clock further ahead than this was wrong; a group judged by it is judged anew. */
enum { AHEAD_MAX = 8 };

const char *const warmup_overflow_names[] = { "pool", "wait", NULL };

static const struct {
	const char *name;
	char sign;
} verdicts[WARMUP_VERDICTS] = {
	[WARMUP_UNJUDGED] = { "unjudged", '~' },
	[WARMUP_NO_MAIL] = { "no_mail", '.' },
	[WARMUP_LITTLE] = { "too_little", '-' },
	[WARMUP_HELD] = { "held", '!' },
	[WARMUP_COUNTED] = { "counted", '+' },
	[WARMUP_UP] = { "up", '^' },
	[WARMUP_DOWN] = { "down", 'v' },
	[WARMUP_FINISHED] = { "done", '*' },
};

const char *
warmup_verdict_name(enum warmup_verdict verdict)
{
	return verdicts[verdict].name;
}

char
warmup_verdict_sign(enum warmup_verdict verdict)
{
	return verdicts[verdict].sign;
}

int
warmup_sign_verdict(char sign)
{
	for (int i = 0; i < WARMUP_VERDICTS; i++)
		if (verdicts[i].sign == sign)
			return i;
	return -1;
}

int64_t
warmup_next_day(int64_t judged, int64_t began, int64_t today)
{
	int64_t next = judged > 0 ? judged + 1 : began;

	if (judged > today + AHEAD_MAX)
		return today;
	if (next > today)
		return today + 1;
	return next < today - WARMUP_DAYS_BACK ? today - WARMUP_DAYS_BACK : next;
}

static int64_t
answers(const struct warmup_day *day)
{
	int64_t deferred = day->deferred > day->greylisted ? day->deferred - day->greylisted : 0;

	return day->delivered + day->bounced + deferred;
}

int64_t
warmup_accepted(const struct warmup_day *day)
{
	int64_t all = answers(day);

	return all > 0 ? day->delivered * 100 / all : -1;
}

__attribute__((format(printf, 3, 4))) static void
conclude(struct warmup_judgement *judgement, enum warmup_verdict verdict, const char *fmt, ...)
{
	va_list ap;

	judgement->verdict = verdict;
	va_start(ap, fmt);
	vsnprintf(judgement->words, sizeof(judgement->words), fmt, ap);
	va_end(ap);
}

/* Back or, at the first stage, from its beginning. */
static void
step_back(int64_t day, struct warmup_state *state, struct warmup_judgement *judgement)
{
	state->good = 0;
	if (state->stage <= 1) {
		judgement->verdict = WARMUP_HELD;
		return;
	}
	judgement->verdict = WARMUP_DOWN;
	state->stage--;
	state->since = day + 1;
}

static void
step_on(const struct warmup_plan *plan, int64_t day, struct warmup_state *state,
    struct warmup_judgement *judgement)
{
	state->good = 0;
	state->since = day + 1;
	judgement->verdict = WARMUP_UP;
	if (state->stage < plan->stage_count) {
		state->stage++;
		return;
	}
	judgement->verdict = WARMUP_FINISHED;
	state->done = true;
}

static bool
is_complained_about(const struct warmup_policy *policy, const struct warmup_day *day)
{
	return day->complaints >= WARMUP_COMPLAINTS_LEAST &&
	       day->complaints * 1000 > policy->complaints * day->delivered;
}

/* A whole day without a backoff. */
static void
judge_mail(const struct warmup_plan *plan, const struct warmup_policy *policy,
    const struct warmup_day *day, struct warmup_state *state, struct warmup_judgement *judgement)
{
	const struct warmup_stage *stage = &plan->stages[state->stage - 1];
	int64_t all = answers(day), accepted = warmup_accepted(day);

	if (all == 0) {
		conclude(judgement, WARMUP_NO_MAIL, "no mail");
	} else if (all >= WARMUP_ANSWERS_LEAST && day->delivered * 100 < policy->trouble * all) {
		conclude(judgement, WARMUP_DOWN,
		    "%" PRId64 "%% of %" PRId64 " accepted, less than %" PRId64 "%%", accepted, all,
		    policy->trouble);
		step_back(day->day, state, judgement);
	} else if (day->delivered * 100 < policy->volume * stage->cap) {
		conclude(judgement, WARMUP_LITTLE,
		    "%" PRId64 " delivered, less than %" PRId64 "%% of the cap of %" PRId64,
		    day->delivered, policy->volume, stage->cap);
	} else if (day->delivered * 100 < policy->accepted * all) {
		conclude(judgement, WARMUP_HELD,
		    "%" PRId64 "%% of %" PRId64 " accepted, less than %" PRId64 "%%", accepted, all,
		    policy->accepted);
	} else if (is_complained_about(policy, day)) {
		conclude(judgement, WARMUP_HELD,
		    "%" PRId64 " complaints about %" PRId64 " delivered, more than %" PRId64
		    " of 1000",
		    day->complaints, day->delivered, policy->complaints);
	} else {
		conclude(judgement, WARMUP_COUNTED, "%" PRId64 " delivered, %" PRId64 "%% accepted",
		    day->delivered, accepted);
		if (++state->good >= stage->days)
			step_on(plan, day->day, state, judgement);
	}
}

static void
bound(const struct warmup_plan *plan, struct warmup_state *state)
{
	if (state->stage < 1)
		state->stage = 1;
	if (state->stage > plan->stage_count)
		state->stage = plan->stage_count;
}

bool
warmup_judge(const struct warmup_plan *plan, const struct warmup_policy *policy,
    const struct warmup_day *day, struct warmup_state *state, struct warmup_judgement *judgement)
{
	*judgement = (struct warmup_judgement){ .verdict = WARMUP_UNJUDGED };
	if (state->done || (!day->over && day->backoffs == 0))
		return false;
	bound(plan, state);
	judgement->from = state->stage;
	if (day->backoffs > 0) {
		conclude(judgement, WARMUP_DOWN, "%" PRId64 " backoff%s", day->backoffs,
		    day->backoffs == 1 ? "" : "s");
		step_back(day->day, state, judgement);
	} else {
		judge_mail(plan, policy, day, state, judgement);
	}
	state->day = day->day;
	return true;
}

void
warmup_skip(const struct warmup_plan *plan, int64_t today, struct warmup_state *state,
    struct warmup_judgement *judgement)
{
	*judgement = (struct warmup_judgement){ .verdict = WARMUP_UP };
	bound(plan, state);
	judgement->from = state->stage;
	conclude(judgement, WARMUP_UP, "skipped");
	step_on(plan, today - 1, state, judgement);
}

int64_t
warmup_days_left(const struct warmup_plan *plan, const struct warmup_state *state)
{
	struct warmup_state from = state != NULL ? *state : (struct warmup_state){ .stage = 1 };
	int64_t days;

	if (from.done)
		return 0;
	bound(plan, &from);
	days = plan->stages[from.stage - 1].days - from.good;
	if (days < 1) /* the plan's figures have become smaller */
		days = 1;
	for (size_t i = from.stage; i < plan->stage_count; i++)
		days += plan->stages[i].days;
	return days;
}
