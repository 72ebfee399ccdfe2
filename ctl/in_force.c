#include "in_force.h"

#include "store_level.h"
#include "store_sync.h"
#include "warmups.h"
#include "warmups_read.h"

const struct pace_sets *
in_force_sets(struct ctl *ctl)
{
	struct store_fields fields = { .arena = &ctl->arena };
	struct store_batch batch = { 0 }; /* ctl's own may have commands waiting in it */
	struct store_sync *own = NULL, *store = ctl->store;
	struct err err;

	if (ctl->levels_read)
		return &ctl->levels;
	ctl->levels_read = true;
	if (store == NULL)
		store = own =
		    store_sync_open(&ctl->settings->redis, ctl->settings->store_timeout_ms, &err);
	if (store == NULL)
		return &ctl->levels;
	store_put_levels(&batch, &fields);
	ctl->levels_known = store_sync_run(store, &batch, &err) == STORE_DONE;
	if (ctl->levels_known)
		store_levels_read(&fields, &ctl->arena, &ctl->levels);
	store_batch_free(&batch);
	store_sync_close(&own);
	return &ctl->levels;
}

void
in_force_forget(struct ctl *ctl)
{
	if (ctl->warmups != NULL)
		warmups_clear(ctl->warmups);
	ctl->warmups = NULL;
	ctl->levels = (struct pace_sets){ 0 };
	ctl->levels_read = ctl->levels_known = false;
}

const struct mx_limits *
in_force(struct ctl *ctl, const struct mx_rule *rule, const char *group, const char *ip)
{
	const struct warmup_stage *stage = NULL;
	struct mx_limits *limits;
	struct pace pace;

	if (rule == NULL)
		return NULL;
	limits = arena_alloc(&ctl->arena, sizeof(*limits));
	pace_of(ctl->settings, in_force_sets(ctl), rule, ip, &pace);
	if (group != NULL && ip != NULL)
		stage = warmups_stage(warmups_in_force(ctl), ip, group);
	mx_limits_at(rule,
	    stage != NULL ? level_lower(pace.level, (enum level)stage->level) : pace.level,
	    ctl->settings->levels, stage != NULL ? stage->cap : 0, limits);
	return limits;
}
