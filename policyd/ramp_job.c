#include "ramp_job.h"

#include "keys.h"
#include "ramp_told.h"

/* A group that has no state shows none for a day that could not count. */
static bool
is_worth_writing(const struct ramp_job *job)
{
	return job->before.len > 0 || (job->judgement.verdict != WARMUP_NO_MAIL &&
					  job->judgement.verdict != WARMUP_LITTLE);
}

static bool
moves(const struct warmup_judgement *judgement)
{
	return judgement->verdict == WARMUP_UP || judgement->verdict == WARMUP_DOWN ||
	       judgement->verdict == WARMUP_FINISHED;
}

static void
tell(struct ramp_told *told, const struct ramp_job *job, const struct ramp_at *at,
    const struct settings *settings)
{
	ramp_told_group(told, at->ip, &at->warmup, job->group, job->day, &job->state,
	    &job->judgement, settings->node);
}

static void
put_job(struct ramp_job *job, const struct ramp_at *at, const struct settings *settings,
    struct store_batch *batch)
{
	struct str group = { 0 }, line = { 0 };
	struct store_event_field fields[2];
	struct ramp_told told;
	struct store_warmup_set set = {
		.ip = at->ip,
		.states = "|running|",
		.before = str_text(&job->before),
		.fields = fields,
		.field_count = 2,
		.history = told.fields,
	};

	str_addf(&group, "g:%s", job->encoded);
	str_addf(&line, "d:%s", job->encoded);
	set.field = str_text(&group);
	warmup_state_format(&job->state, job->after);
	str_empty(&job->line_after);
	warmup_line_add(span_of(str_text(&job->line)), job->day, job->judgement.from,
	    job->judgement.verdict, &job->line_after);
	fields[0] = (struct store_event_field){ set.field, job->after };
	fields[1] = (struct store_event_field){ str_text(&line), str_text(&job->line_after) };
	tell(&told, job, at, settings);
	set.history_count = moves(&job->judgement) ? told.count : 0;
	store_put_warmup_set(batch, &set, &job->changed);
	job->written = true;
	str_free(&group);
	str_free(&line);
}

uint64_t
ramp_job_judge(struct ramp_job *job, const struct ramp_at *at, const struct settings *settings,
    struct store_batch *batch)
{
	uint64_t judged = 0;

	while (!job->written && job->next < job->days.count) {
		struct warmup_day *day = &job->days.days[job->next++];

		day->over = day->day < at->today;
		job->day = day->day;
		if (!warmup_judge(&at->warmup.plan, &settings->warmup, day, &job->state,
			&job->judgement))
			continue;
		judged++;
		if (is_worth_writing(job))
			put_job(job, at, settings, batch);
	}
	return judged;
}

bool
ramp_job_hear(struct ramp_job *job, const struct ramp_at *at, const struct settings *settings,
    struct store_batch *batch)
{
	struct ramp_told told;

	job->written = false;
	if (job->changed == 0) { /* it is another one's, or an operator's now */
		job->next = job->days.count;
		return false;
	}
	str_empty(&job->before);
	str_adds(&job->before, job->after);
	str_empty(&job->line);
	str_adds(&job->line, str_text(&job->line_after));
	if (!moves(&job->judgement))
		return false;
	tell(&told, job, at, settings);
	ramp_told_say(&told, batch);
	return true;
}

/* The first day that is to be judged. */
static int64_t
first_day(const struct ramp_job *job, const struct ramp_at *at)
{
	int64_t day = warmup_next_day(job->state.day, at->first, at->today);

	return day < at->first ? at->first : day; /* it was paused since */
}

bool
ramp_job_begin(struct ramp_job *job, const struct ramp_at *at, const char *encoded,
    struct arena *arena, struct store_batch *batch)
{
	const struct warmup_group *group;
	struct str name = { 0 };
	int64_t first;

	if (keys_decode(&name, span_of(encoded)) != 0) {
		str_free(&name);
		return false;
	}
	group = warmup_group_of(&at->warmup, str_text(&name));
	*job = (struct ramp_job){ .encoded = encoded,
		.group = arena_dup(arena, span_of(str_text(&name))),
		.state = { .stage = at->warmup.stage, .since = at->first } };
	str_free(&name);
	if (group != NULL) {
		job->state = group->state;
		str_adds(&job->before, group->state_text);
		str_adds(&job->line, group->line);
	}
	first = first_day(job, at);
	if (!job->state.done && first <= at->today)
		store_put_warmup_days(batch, job->group, at->ip, first,
		    (size_t)(at->today - first + 1), &job->days);
	return true;
}

void
ramp_job_clear(struct ramp_job *job)
{
	str_free(&job->before);
	str_free(&job->line);
	str_free(&job->line_after);
}
