#include "settings_warmup.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define AT(member) offsetof(struct warmup_policy, member)
static const struct conf_key policy_keys[] = {
	{ "volume", CONF_NUMBER, AT(volume), "50", 1, 100, NULL, NULL },
	{ "accepted", CONF_NUMBER, AT(accepted), "90", 1, 100, NULL, NULL },
	{ "trouble", CONF_NUMBER, AT(trouble), "80", 0, 100, NULL, NULL },
	{ "complaints", CONF_NUMBER, AT(complaints), "3", 0, 1000, NULL, NULL },
	{ "overflow", CONF_WORD, AT(overflow), "pool", 0, 0, warmup_overflow_names, NULL },
};
#undef AT
enum { POLICY_KEYS = sizeof(policy_keys) / sizeof(policy_keys[0]) };

#define AT(member) offsetof(struct warmup_stage, member)
static const struct conf_key stage_keys[] = {
	{ "days", CONF_NUMBER, AT(days), "1", 1, 365, NULL, NULL },
	{ "cap", CONF_NUMBER, AT(cap), NULL, 1, 1000000000, NULL, NULL },
	{ "level", CONF_WORD, AT(level), "normal", 0, 0, level_names, NULL },
};
#undef AT
enum { STAGE_KEYS = sizeof(stage_keys) / sizeof(stage_keys[0]) };

#define AT(member) offsetof(struct warmup_plan, member)
static const struct conf_key plan_keys[] = {
	{ "name", CONF_STRING, AT(name), "", 0, 0, NULL, NULL },
};
#undef AT
static const char *const plan_known[] = { "stages", NULL };

/* What large senders advise for an IP nobody knows: begin with some fifty messages a day at each
 * provider, about double them as long as they are taken, be done within a month (SendGrid's and
 * Mailgun's schedules, Amazon SES' 45 days). The figures for each provider are a guess: none
 * publishes any. */
static const struct warmup_stage standard_stages[] = {
	{ 2, 50, LEVEL_SLOW },
	{ 2, 100, LEVEL_SLOW },
	{ 2, 250, LEVEL_SLOW },
	{ 2, 500, LEVEL_SLOW },
	{ 3, 1000, LEVEL_SLOW },
	{ 3, 2500, LEVEL_SLOW },
	{ 3, 5000, LEVEL_NORMAL },
	{ 3, 10000, LEVEL_NORMAL },
	{ 3, 20000, LEVEL_NORMAL },
	{ 3, 40000, LEVEL_NORMAL },
};
static const struct warmup_plan standard = { "standard", standard_stages,
	sizeof(standard_stages) / sizeof(standard_stages[0]) };

void
settings_warmup_defaults(struct settings *settings)
{
	conf_defaults(&settings->arena, policy_keys, POLICY_KEYS, &settings->warmup);
	settings->warmup_plans = &standard;
	settings->warmup_plan_count = 1;
}

static void
read_stages(struct conf_reader *reader, struct config_setting_t *group, struct warmup_plan *plan)
{
	struct config_setting_t *list = conf_member(group, "stages");
	size_t count = list != NULL && conf_is_list(list) ? conf_length(list) : 0;
	struct warmup_stage *stages = arena_alloc(reader->arena, (count + 1) * sizeof(*stages));

	plan->stages = stages;
	plan->stage_count = count;
	if (count == 0 || count > WARMUP_STAGES_MAX) {
		conf_mistake(reader, list != NULL ? list : group, "stages",
		    "must be a list of 1 to %d: ( { days = 2; cap = 50; level = \"slow\"; }, ... )",
		    (int)WARMUP_STAGES_MAX);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct config_setting_t *at = conf_at(list, i);

		conf_defaults(reader->arena, stage_keys, STAGE_KEYS, &stages[i]);
		if (conf_read(reader, at, stage_keys, STAGE_KEYS, NULL, &stages[i]) != 0)
			continue;
		if (stages[i].cap == 0)
			conf_mistake(reader, at, "cap", "is missing: messages in 24 hours");
		else if (i > 0 && stages[i].cap < stages[i - 1].cap)
			conf_mistake(reader, at, "cap",
			    "%" PRId64 " is less than the %" PRId64 " of the stage before",
			    stages[i].cap, stages[i - 1].cap);
		if (stages[i].level == LEVEL_CUSTOM || stages[i].level == LEVEL_NONE)
			conf_mistake(reader, at, "level",
			    "must be slow, normal, fast, very_fast or boost");
	}
}

void
settings_read_warmup_plans(struct conf_reader *reader, struct config_setting_t *setting,
    void *target)
{
	struct settings *settings = target;
	size_t count = conf_is_list(setting) ? conf_length(setting) : 0;
	struct warmup_plan *plans = arena_alloc(reader->arena, (count + 1) * sizeof(*plans));

	if (count == 0) {
		conf_mistake(reader, setting, NULL,
		    "must be a list: ( { name = \"standard\"; stages = ( ... ); }, ... )");
		return;
	}
	reader->context = "warmup_plans.";
	for (size_t i = 0; i < count; i++) {
		struct config_setting_t *at = conf_at(setting, i);

		conf_defaults(reader->arena, plan_keys, 1, &plans[i]);
		if (conf_read(reader, at, plan_keys, 1, plan_known, &plans[i]) != 0)
			continue;
		if (*plans[i].name == '\0')
			conf_mistake(reader, at, "name", "is missing");
		for (size_t k = 0; k < i; k++)
			if (strcmp(plans[k].name, plans[i].name) == 0)
				conf_mistake(reader, at, "name", "\"%s\" is there twice",
				    plans[i].name);
		read_stages(reader, at, &plans[i]);
	}
	reader->context = "";
	settings->warmup_plans = plans;
	settings->warmup_plan_count = count;
}

void
settings_read_warmup(struct conf_reader *reader, struct config_setting_t *setting, void *target)
{
	struct warmup_policy *policy = &((struct settings *)target)->warmup;

	reader->context = "warmup.";
	if (conf_read(reader, setting, policy_keys, POLICY_KEYS, NULL, policy) == 0 &&
	    policy->trouble > policy->accepted)
		conf_mistake(reader, setting, "trouble",
		    "%" PRId64 " must not be more than accepted, %" PRId64, policy->trouble,
		    policy->accepted);
	reader->context = "";
}

void
settings_pack_warmup(const struct settings *settings, struct str *out)
{
	conf_pack(policy_keys, POLICY_KEYS, &settings->warmup, out);
	pack_number(out, (int64_t)settings->warmup_plan_count);
	for (size_t i = 0; i < settings->warmup_plan_count; i++) {
		const struct warmup_plan *plan = &settings->warmup_plans[i];

		conf_pack(plan_keys, 1, plan, out);
		pack_number(out, (int64_t)plan->stage_count);
		for (size_t k = 0; k < plan->stage_count; k++)
			conf_pack(stage_keys, STAGE_KEYS, &plan->stages[k], out);
	}
}

void
settings_unpack_warmup(struct settings *settings, struct unpack *in)
{
	struct arena *arena = &settings->arena;
	struct warmup_plan *plans;

	conf_unpack(arena, policy_keys, POLICY_KEYS, &settings->warmup, in);
	settings->warmup_plan_count = unpack_count(in);
	plans = arena_alloc(arena, (settings->warmup_plan_count + 1) * sizeof(*plans));
	for (size_t i = 0; i < settings->warmup_plan_count; i++) {
		struct warmup_stage *stages;

		conf_unpack(arena, plan_keys, 1, &plans[i], in);
		plans[i].stage_count = unpack_count(in);
		stages = arena_alloc(arena, (plans[i].stage_count + 1) * sizeof(*stages));
		for (size_t k = 0; k < plans[i].stage_count; k++)
			conf_unpack(arena, stage_keys, STAGE_KEYS, &stages[k], in);
		plans[i].stages = stages;
	}
	settings->warmup_plans = plans;
}

const struct warmup_plan *
settings_warmup_plan(const struct settings *settings, const char *name)
{
	if (name == NULL)
		return &settings->warmup_plans[0];
	for (size_t i = 0; i < settings->warmup_plan_count; i++)
		if (strcmp(settings->warmup_plans[i].name, name) == 0)
			return &settings->warmup_plans[i];
	return NULL;
}
