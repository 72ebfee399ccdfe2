#include "intake.h"

static int64_t
slice_of(int64_t now_ms)
{
	return now_ms / (INTAKE_SLICE_S * 1000);
}

/* Forgets what is too old. */
static void
turn(struct intake *intake, int64_t now_ms)
{
	int64_t slice = slice_of(now_ms);

	if (slice - intake->head > INTAKE_SLICES)
		intake->head = slice - INTAKE_SLICES;
	while (intake->head < slice) {
		int64_t *oldest = &intake->slices[++intake->head % INTAKE_SLICES];

		intake->inside -= *oldest;
		*oldest = 0;
	}
}

void
intake_enter(struct intake *intake, int64_t now_ms)
{
	turn(intake, now_ms);
	intake->slices[intake->head % INTAKE_SLICES]++;
	intake->inside++;
}

void
intake_leave(struct intake *intake, int64_t now_ms)
{
	turn(intake, now_ms);
	for (int64_t i = 1; i <= INTAKE_SLICES; i++) {
		int64_t *oldest = &intake->slices[(intake->head + i) % INTAKE_SLICES];

		if (*oldest > 0) {
			--*oldest;
			intake->inside--;
			return;
		}
	}
}

int64_t
intake_inside(struct intake *intake, int64_t now_ms)
{
	turn(intake, now_ms);
	return intake->inside;
}

void
intake_refuse(struct intake *intake, int64_t now_ms)
{
	if (!intake_is_behind(intake, 0, now_ms))
		intake->refused = 0;
	intake->refused_ms = now_ms;
	intake->refused++;
}

bool
intake_is_behind(const struct intake *intake, int64_t waiting, int64_t now_ms)
{
	return waiting > 0 ||
	       (intake->refused > 0 && now_ms - intake->refused_ms < INTAKE_BEHIND_MS);
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* What it sends in so long, at least INTAKE_MIN. */
static int64_t
sends_in(const struct intake_facts *facts, int64_t seconds)
{
	double messages = facts->per_minute * (double)seconds / 60;

	if (facts->per_minute < 0 || messages > 1e12)
		return INT64_MAX;
	return messages > INTAKE_MIN ? (int64_t)messages : INTAKE_MIN;
}

int64_t
intake_allowed(const struct intake_facts *facts)
{
	int64_t groups = facts->behind_groups > 1 ? facts->behind_groups : 1;
	int64_t share = facts->behind_max / groups;
	int64_t room = facts->behind_max - (facts->behind_inside - facts->inside);
	int64_t minute = least(sends_in(facts, 60), room);
	int64_t allowed = least(sends_in(facts, facts->horizon_s), share);

	/* Nothing limits it: a minute of it would be all there is. */
	if (facts->per_minute >= 0 && allowed < minute)
		allowed = minute;
	allowed = least(allowed, room);
	return allowed > 1 ? allowed : 1;
}
