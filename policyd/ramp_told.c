#include "ramp_told.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "log.h"

static void
add(struct ramp_told *told, const char *name, const char *value)
{
	told->fields[told->count++] = (struct store_event_field){ name, value };
}

void
ramp_told_group(struct ramp_told *told, const char *ip, const struct warmup *warmup,
    const char *group, int64_t day, const struct warmup_state *state,
    const struct warmup_judgement *judgement, const char *by)
{
	const struct warmup_stage *stage = &warmup->plan.stages[state->stage - 1];

	told->count = 0;
	snprintf(told->day, sizeof(told->day), "%" PRId64, warmup_date(day));
	snprintf(told->from, sizeof(told->from), "%zu", judgement->from);
	snprintf(told->to, sizeof(told->to), "%zu", state->stage);
	snprintf(told->cap, sizeof(told->cap), "%" PRId64, stage->cap);
	add(told, "what", warmup_verdict_name(judgement->verdict));
	add(told, "ip", ip);
	add(told, "group", group);
	add(told, "plan", warmup->plan.name);
	add(told, "day", told->day);
	add(told, "from", told->from);
	add(told, "stage", told->to);
	add(told, "cap", state->done ? NULL : told->cap);
	add(told, "level", state->done ? NULL : level_names[stage->level]);
	add(told, "why", judgement->words);
	add(told, "by", by);
}

void
ramp_told_warm(struct ramp_told *told, const char *ip, const struct warmup *warmup, const char *by)
{
	told->count = 0;
	add(told, "what", "warm");
	add(told, "ip", ip);
	add(told, "plan", warmup->plan.name);
	add(told, "why", "all groups with mail are through the plan");
	add(told, "by", by);
}

void
ramp_told_say(const struct ramp_told *told, struct store_batch *batch)
{
	struct log_field fields[sizeof(told->fields) / sizeof(told->fields[0])];
	size_t count = told->count - 2; /* why and by come last */

	for (size_t i = 0; i < count; i++)
		fields[i] =
		    (struct log_field){ told->fields[i].name, told->fields[i].value, LOG_SAME };
	log_always(LOG_LEVEL_INFO, "warmup", fields, count, "%s", told->fields[count].value);
	store_put_event(batch, "warmup", told->fields, told->count);
}
