#include "warmup_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "keys.h"

enum { DAY_S = 86400 };

const char *const warmup_run_names[] = { "", "running", "paused", "done", "stopped", NULL };

/* -- dates ------------------------------------------------------------------------------------- */

int64_t
warmup_date(int64_t day)
{
	time_t s = (time_t)(day * DAY_S);
	struct tm tm;

	if (gmtime_r(&s, &tm) == NULL)
		return -1;
	return (int64_t)(tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday;
}

int64_t
warmup_day_of_date(int64_t date)
{
	struct tm tm = { .tm_mday = (int)(date % 100),
		.tm_mon = (int)(date / 100 % 100) - 1,
		.tm_year = (int)(date / 10000 % 10000) - 1900 };
	int64_t day;

	if (date < 19700101 || date > 99991231)
		return -1;
	day = timegm(&tm) / DAY_S;
	return warmup_date(day) == date ? day : -1;
}

/* -- texts ------------------------------------------------------------------------------------- */

/* The next word of *rest; empty: there is none. */
static struct span
word(struct span *rest)
{
	struct span text = span_trim(*rest);
	long blank = span_find(text, SPAN(" "));
	size_t len = blank >= 0 ? (size_t)blank : text.len;

	*rest = span_from(text, len);
	return span_make(text.ptr, len);
}

static bool
number(struct span text, int64_t least, int64_t most, int64_t *value)
{
	unsigned long long n;

	if (!span_number(text, &n) || n > (unsigned long long)most || (int64_t)n < least)
		return false;
	*value = (int64_t)n;
	return true;
}

/* "2d:50:slow" */
static bool
stage_parse(struct span text, struct warmup_stage *stage)
{
	long first = span_find(text, SPAN("d:")), second;
	struct span rest;

	if (first < 0)
		return false;
	rest = span_from(text, (size_t)first + 2);
	second = span_find(rest, SPAN(":"));
	if (second < 0)
		return false;
	stage->level = LEVEL_NONE;
	if (rest.len > (size_t)second + 1 &&
	    (stage->level = (int)level_of(span_from(rest, (size_t)second + 1))) == LEVEL_NONE)
		return false;
	return number(span_make(text.ptr, (size_t)first), 1, 1000, &stage->days) &&
	       number(span_make(rest.ptr, (size_t)second), 1, 1000000000, &stage->cap);
}

bool
warmup_stages_parse(struct arena *arena, struct span text, struct warmup_plan *plan)
{
	struct warmup_stage *stages = arena_alloc(arena, WARMUP_STAGES_MAX * sizeof(*stages));
	struct span rest = text, one;
	size_t count = 0;

	for (; (one = word(&rest)).len > 0; count++)
		if (count == WARMUP_STAGES_MAX || !stage_parse(one, &stages[count]))
			return false;
	plan->stages = stages;
	plan->stage_count = count;
	return count > 0;
}

void
warmup_stages_format(const struct warmup_plan *plan, struct str *out)
{
	for (size_t i = 0; i < plan->stage_count; i++)
		str_addf(out, "%s%" PRId64 "d:%" PRId64 ":%s", i > 0 ? " " : "",
		    plan->stages[i].days, plan->stages[i].cap, level_names[plan->stages[i].level]);
}

bool
warmup_state_parse(struct span text, struct warmup_state *state)
{
	struct span rest = text, done;
	int64_t stage, day, since;

	if (!number(word(&rest), 1, WARMUP_STAGES_MAX, &stage) ||
	    !number(word(&rest), 0, INT32_MAX, &state->good) ||
	    !number(word(&rest), 0, INT32_MAX, &day) || !number(word(&rest), 0, INT32_MAX, &since))
		return false;
	state->stage = (size_t)stage;
	state->day = day > 0 ? warmup_day_of_date(day) : 0;
	state->since = since > 0 ? warmup_day_of_date(since) : 0;
	done = word(&rest);
	state->done = span_eq(done, SPAN("done"));
	return state->day >= 0 && state->since >= 0 && (done.len == 0 || state->done);
}

const char *
warmup_state_format(const struct warmup_state *state, char buf[WARMUP_STATE_SIZE])
{
	snprintf(buf, WARMUP_STATE_SIZE, "%zu %" PRId64 " %" PRId64 " %" PRId64 "%s", state->stage,
	    state->good, state->day > 0 ? warmup_date(state->day) : 0,
	    state->since > 0 ? warmup_date(state->since) : 0, state->done ? " done" : "");
	return buf;
}

/* -- the line of days -------------------------------------------------------------------------- */

char
warmup_stage_sign(size_t stage)
{
	return (char)(stage <= 9 ? '0' + stage : 'a' + (stage - 10));
}

bool
warmup_line_read(struct span line, int64_t *first, struct span *signs)
{
	struct span rest = line;
	int64_t date;

	if (!number(word(&rest), 1, INT32_MAX, &date) || (*first = warmup_day_of_date(date)) < 0)
		return false;
	*signs = span_trim(rest);
	signs->len -= signs->len % 2;
	return signs->len > 0;
}

void
warmup_line_add(struct span line, int64_t day, size_t stage, enum warmup_verdict verdict,
    struct str *out)
{
	struct str signs = { 0 };
	struct span before = { "", 0 };
	int64_t first = day, count = 0;
	size_t drop;

	if (warmup_line_read(line, &first, &before) && first <= day &&
	    day - first < WARMUP_LINE_DAYS * 2) {
		count = day - first;
		str_add(&signs, before.ptr,
		    before.len / 2 > (size_t)count ? (size_t)count * 2 : before.len);
	} else {
		first = day;
	}
	while ((int64_t)signs.len / 2 < count) {
		str_addc(&signs, signs.len > 0 ? signs.data[signs.len - 2] : '1');
		str_addc(&signs, warmup_verdict_sign(WARMUP_UNJUDGED));
	}
	str_addc(&signs, warmup_stage_sign(stage));
	str_addc(&signs, warmup_verdict_sign(verdict));
	drop = signs.len / 2 > WARMUP_LINE_DAYS ? signs.len / 2 - WARMUP_LINE_DAYS : 0;
	str_addf(out, "%" PRId64 " %s", warmup_date(first + (int64_t)drop), signs.data + 2 * drop);
	str_free(&signs);
}

/* -- all of an IP ------------------------------------------------------------------------------ */

struct reading {
	struct arena *arena;
	struct warmup *out;
	bool failed;
	int64_t began, judged, stage; /* as they stand there */
};

static int
run_of(struct span name)
{
	for (int i = WARMUP_RUNNING; warmup_run_names[i] != NULL; i++)
		if (span_eq(span_of(warmup_run_names[i]), name))
			return i;
	return WARMUP_NONE;
}

static void
read_field(struct reading *reading, struct span name, struct span value)
{
	struct warmup *out = reading->out;
	const struct {
		struct span name;
		int64_t *value;
	} numbers[] = {
		{ SPAN("stage"), &reading->stage },
		{ SPAN("began"), &reading->began },
		{ SPAN("judged"), &reading->judged },
		{ SPAN("started"), &out->started_s },
		{ SPAN("changed"), &out->changed_s },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (span_eq(numbers[i].name, name) &&
		    !number(value, 0, INT64_MAX, numbers[i].value))
			reading->failed = true;
	if (span_eq(name, SPAN("plan")))
		out->plan.name = arena_dup(reading->arena, value);
	else if (span_eq(name, SPAN("by")))
		out->by = arena_dup(reading->arena, value);
	else if (span_eq(name, SPAN("state")))
		out->run = (enum warmup_run)run_of(value);
	else if (span_eq(name, SPAN("stages"))) {
		out->stages_text = arena_dup(reading->arena, value);
		if (!warmup_stages_parse(reading->arena, value, &out->plan))
			reading->failed = true;
	}
}

static int
compare_groups(const void *a, const void *b)
{
	return strcmp(((const struct warmup_group *)a)->name,
	    ((const struct warmup_group *)b)->name);
}

/* A group whose field makes no sense begins at the first stage. */
static void
read_groups(struct arena *arena, const struct span *fields, size_t count, struct warmup *out)
{
	out->groups = arena_alloc(arena, (count / 2 + 1) * sizeof(*out->groups));
	for (size_t i = 0; i + 1 < count; i += 2) {
		struct warmup_group *group = &out->groups[out->group_count];

		if (!span_starts(fields[i], SPAN("g:")))
			continue;
		if (!warmup_state_parse(fields[i + 1], &group->state))
			group->state = (struct warmup_state){ .stage = 1 };
		group->name = arena_dup(arena, span_from(fields[i], 2));
		group->state_text = arena_dup(arena, fields[i + 1]);
		group->line = "";
		out->group_count++;
	}
	qsort(out->groups, out->group_count, sizeof(*out->groups), compare_groups);
	for (size_t i = 0; i + 1 < count; i += 2) {
		struct warmup_group key, *group;

		if (!span_starts(fields[i], SPAN("d:")))
			continue;
		key.name = arena_dup(arena, span_from(fields[i], 2));
		group = bsearch(&key, out->groups, out->group_count, sizeof(*out->groups),
		    compare_groups);
		if (group != NULL)
			group->line = arena_dup(arena, fields[i + 1]);
	}
}

bool
warmup_read(struct arena *arena, const struct span *fields, size_t count, struct warmup *out)
{
	struct reading reading = { .arena = arena, .out = out, .stage = 1 };

	*out = (struct warmup){ .plan = { .name = "" }, .by = "", .stages_text = "" };
	for (size_t i = 0; i + 1 < count; i += 2)
		read_field(&reading, fields[i], fields[i + 1]);
	if (reading.failed || (out->run != WARMUP_NONE && out->plan.stage_count == 0)) {
		out->run = WARMUP_NONE;
		return false;
	}
	out->stage = reading.stage >= 1 ? (size_t)reading.stage : 1;
	if (out->plan.stage_count > 0 && out->stage > out->plan.stage_count)
		out->stage = out->plan.stage_count;
	out->began = reading.began > 0 ? warmup_day_of_date(reading.began) : 0;
	out->judged = reading.judged > 0 ? warmup_day_of_date(reading.judged) : 0;
	read_groups(arena, fields, count, out);
	return true;
}

const struct warmup_group *
warmup_group_of(const struct warmup *warmup, const char *group)
{
	const struct warmup_group *found;
	struct str name = { 0 };
	struct warmup_group key;

	if (warmup->group_count == 0)
		return NULL;
	keys_encode(&name, span_of(group));
	key.name = str_text(&name);
	found = bsearch(&key, warmup->groups, warmup->group_count, sizeof(*warmup->groups),
	    compare_groups);
	str_free(&name);
	return found;
}

const struct warmup_stage *
warmup_stage_of(const struct warmup *warmup, const char *group)
{
	const struct warmup_group *its = warmup_group_of(warmup, group);
	size_t stage = its != NULL ? its->state.stage : warmup->stage;

	if ((warmup->run != WARMUP_RUNNING && warmup->run != WARMUP_PAUSED) ||
	    (its != NULL && its->state.done))
		return NULL;
	if (stage > warmup->plan.stage_count)
		stage = warmup->plan.stage_count;
	return &warmup->plan.stages[stage - 1];
}

/* Any mail since a week before today? A group without a line has just begun. */
static bool
had_mail(const struct warmup_group *group, int64_t today)
{
	struct span signs;
	int64_t first;

	if (!warmup_line_read(span_of(group->line), &first, &signs))
		return true;
	for (size_t i = 0; i < signs.len / 2; i++)
		if (first + (int64_t)i >= today - WARMUP_DAYS_BACK &&
		    warmup_sign_verdict(signs.ptr[2 * i + 1]) != WARMUP_NO_MAIL)
			return true;
	return first + (int64_t)(signs.len / 2) < today - WARMUP_DAYS_BACK;
}

void
warmup_count(const struct warmup *warmup, int64_t today, size_t *done, size_t *left)
{
	*done = *left = 0;
	for (size_t i = 0; i < warmup->group_count; i++) {
		if (warmup->groups[i].state.done)
			++*done;
		else if (had_mail(&warmup->groups[i], today))
			++*left;
	}
}

int64_t
warmup_forecast(const struct warmup *warmup, int64_t today)
{
	const struct warmup_state begin = { .stage = warmup->stage };
	size_t done, left;
	int64_t most = 0;

	if (warmup->run != WARMUP_RUNNING && warmup->run != WARMUP_PAUSED)
		return 0;
	warmup_count(warmup, today, &done, &left);
	if (done + left == 0)
		return warmup_days_left(&warmup->plan, &begin);
	for (size_t i = 0; i < warmup->group_count; i++) {
		const struct warmup_group *group = &warmup->groups[i];
		int64_t days = warmup_days_left(&warmup->plan, &group->state);

		if (days > most && had_mail(group, today))
			most = days;
	}
	return most;
}
