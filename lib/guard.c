#include "guard.h"

enum {
	SHORTEST_MS = 250,  /* a run that began just now tells no speed yet */
	USUAL_TRIED = 1000, /* fewer recipients show nothing usual */
	NOTE_FAR_S = 10,    /* how exactly far_s is kept */
	MINUTE_MS = 60000,
};

/* How long the run has gone on. */
static int64_t
span_ms(const struct guard_figures *figures)
{
	int64_t span = figures->now_ms - figures->begun_ms;

	return span > SHORTEST_MS ? span : SHORTEST_MS;
}

/* The run, or the window's errors, make `ratio` percent of what was let through. */
static bool
is_of_those_tried(const struct guard_policy *policy, const struct guard_figures *figures)
{
	double tried = (double)figures->tried_lately * (double)span_ms(figures) /
		       (double)(figures->lately_ms > 0 ? figures->lately_ms : MINUTE_MS);

	return (double)figures->run * 100 >= (double)policy->ratio * tried ||
	       figures->counted * 100 >= policy->ratio * figures->tried;
}

static bool
is_more_than_usual(const struct guard_policy *policy, const struct guard_figures *figures)
{
	double usual = (double)policy->ratio / 1000;

	if (figures->usual_tried >= USUAL_TRIED)
		usual = (double)figures->usual / (double)figures->usual_tried;
	return (double)figures->counted_lately >= usual * (double)figures->tried_lately;
}

/* The same where nothing is known of deliveries. */
static bool
is_far_from_habit(const struct guard_policy *policy, const struct guard_figures *figures)
{
	return figures->run * figures->usual_minutes * MINUTE_MS >=
	       policy->factor * figures->usual * span_ms(figures);
}

bool
guard_is_far(const struct guard_policy *policy, const struct guard_figures *figures)
{
	bool known = figures->outcomes != 0 || figures->tried > 0;
	int64_t least = known ? policy->floor : policy->floor + policy->floor / 2;

	if (policy->floor == 0 || figures->run < least || figures->score_milli < least * 1000)
		return false;
	if (figures->outcomes != 0)
		return figures->excess_milli >= least * 1000;
	if (figures->tried > 0)
		return is_of_those_tried(policy, figures) && is_more_than_usual(policy, figures);
	return is_far_from_habit(policy, figures);
}

enum guard_step
guard_judge(const struct guard_policy *policy, const struct guard_figures *figures)
{
	int64_t now_s = figures->now_ms / 1000;
	bool far = guard_is_far(policy, figures);

	if (figures->state != GUARD_HELD)
		return far && now_s >= figures->excused_s ? GUARD_TRIP : GUARD_STAY;
	if (far)
		return now_s - figures->far_s >= NOTE_FAR_S ? GUARD_GO_ON : GUARD_STAY;
	return now_s - figures->far_s >= policy->quiet_ms / 1000 ? GUARD_QUIETEN : GUARD_STAY;
}

static int64_t
per_thousand(int64_t part, int64_t whole)
{
	return whole > 0 ? part * 1000 / whole : -1;
}

int64_t
guard_rate(const struct guard_figures *figures)
{
	return per_thousand(figures->counted, figures->tried);
}

int64_t
guard_usual_rate(const struct guard_figures *figures)
{
	return per_thousand(figures->usual, figures->usual_tried);
}
