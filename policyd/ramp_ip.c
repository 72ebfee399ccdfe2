#include "ramp_ip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "ramp_told.h"

enum { DAY_S = 86400, KEEP_S = 180 * DAY_S };

static void go_on(struct ramp_ip *ip);

static void
clear(struct ramp_ip *ip)
{
	for (size_t i = 0; i < ip->job_count; i++)
		ramp_job_clear(&ip->jobs[i]);
	ip->job_count = 0;
}

static void
end(struct ramp_ip *ip, enum store_outcome outcome, const struct err *err)
{
	clear(ip);
	arena_clear(&ip->arena);
	ip->done(ip->arg, outcome, err);
}

/* The scratch batch; `next` goes on. */
static void
run(struct ramp_ip *ip, store_done *next)
{
	ip->call = store_async_run(ip->store, next, ip, NULL);
	if (ip->call == NULL)
		end(ip, STORE_AWAY, NULL);
}

/* False: Redis did not do it, and it is over. */
static bool
is_done(struct ramp_ip *ip, enum store_outcome outcome, const struct err *err)
{
	ip->call = NULL;
	if (outcome != STORE_DONE)
		end(ip, outcome, err);
	return outcome == STORE_DONE;
}

/* -- whether it is warm ------------------------------------------------------------------------ */

static void
on_warm(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct ramp_ip *ip = arg;
	struct ramp_told told;
	struct store_batch *batch;

	if (!is_done(ip, outcome, err))
		return;
	if (ip->judged_set != 0) {
		batch = store_async_batch(ip->store);
		store_put_warmups_set(batch, ip->at.ip, NULL);
		ramp_told_warm(&told, ip->at.ip, &ip->at.warmup, ip->settings->node);
		ramp_told_say(&told, batch);
		store_async_send(ip->store);
		ip->changed = true;
	}
	end(ip, STORE_DONE, NULL);
}

/* Every group that has mail is through: the IP is warm. */
static void
put_warm(struct ramp_ip *ip)
{
	struct ramp_told told;
	char judged[24], changed[24];
	const struct store_event_field fields[] = { { "state", "done" }, { "changed", changed } };
	struct store_warmup_set set = {
		.ip = ip->at.ip,
		.states = "|running|",
		.field = "judged",
		.before = judged,
		.ttl_s = KEEP_S,
		.fields = fields,
		.field_count = sizeof(fields) / sizeof(fields[0]),
		.history = told.fields,
	};

	snprintf(judged, sizeof(judged), "%lld", (long long)warmup_date(ip->at.warmup.judged));
	snprintf(changed, sizeof(changed), "%lld", (long long)ip->now_s);
	ramp_told_warm(&told, ip->at.ip, &ip->at.warmup, ip->settings->node);
	set.history_count = told.count;
	store_put_warmup_set(store_async_batch(ip->store), &set, &ip->judged_set);
}

static void
on_reread(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct ramp_ip *ip = arg;
	size_t done, left;

	if (!is_done(ip, outcome, err))
		return;
	warmup_read(&ip->arena, ip->fields.items, ip->fields.count, &ip->at.warmup);
	warmup_count(&ip->at.warmup, ip->at.today, &done, &left);
	if (ip->judged_set == 0 || ip->at.warmup.run != WARMUP_RUNNING || done == 0 || left > 0) {
		end(ip, STORE_DONE, NULL);
		return;
	}
	put_warm(ip);
	run(ip, on_warm);
}

static void
on_judged(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct ramp_ip *ip = arg;

	if (!is_done(ip, outcome, err))
		return;
	ip->fields = (struct store_fields){ .arena = &ip->arena };
	store_put_warmup_read(store_async_batch(ip->store), ip->at.ip, &ip->fields);
	run(ip, on_reread);
}

/* All groups were looked at, up to yesterday. */
static void
end_judging(struct ramp_ip *ip)
{
	char before[24] = "", now[24];
	const struct store_event_field field = { "judged", now };
	struct store_warmup_set set = {
		.ip = ip->at.ip,
		.states = "|running|",
		.field = "judged",
		.before = before,
		.fields = &field,
		.field_count = 1,
	};

	if (!ip->whole) {
		end(ip, STORE_DONE, NULL);
		return;
	}
	if (ip->at.warmup.judged > 0)
		snprintf(before, sizeof(before), "%lld",
		    (long long)warmup_date(ip->at.warmup.judged));
	snprintf(now, sizeof(now), "%lld", (long long)warmup_date(ip->at.today - 1));
	store_put_warmup_set(store_async_batch(ip->store), &set, &ip->judged_set);
	run(ip, on_judged);
}

/* -- its groups -------------------------------------------------------------------------------- */

static void
hear_job(struct ramp_ip *ip, struct ramp_job *job)
{
	struct store_batch *batch = store_async_batch(ip->store);

	if (!ramp_job_hear(job, &ip->at, ip->settings, batch))
		return;
	store_async_send(ip->store);
	ip->changed = true;
	ip->figures.ups += job->judgement.verdict == WARMUP_UP;
	ip->figures.downs += job->judgement.verdict == WARMUP_DOWN;
	ip->figures.done += job->judgement.verdict == WARMUP_FINISHED;
}

static void
on_set(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct ramp_ip *ip = arg;

	if (!is_done(ip, outcome, err))
		return;
	for (size_t i = 0; i < ip->job_count; i++)
		if (ip->jobs[i].written)
			hear_job(ip, &ip->jobs[i]);
	go_on(ip);
}

static void
on_days(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct ramp_ip *ip = arg;

	if (is_done(ip, outcome, err))
		go_on(ip);
}

/* The next of its groups, some at a time. */
static void
begin_jobs(struct ramp_ip *ip, struct store_batch *batch)
{
	clear(ip);
	while (ip->job_count < RAMP_IP_AT_ONCE && ip->next_name < ip->name_count)
		if (ramp_job_begin(&ip->jobs[ip->job_count], &ip->at, ip->names[ip->next_name++],
			&ip->arena, batch))
			ip->job_count++;
}

/* The next days of the groups at hand; else the next groups; else the IP is done. */
static void
go_on(struct ramp_ip *ip)
{
	struct store_batch *batch = store_async_batch(ip->store);

	for (size_t i = 0; i < ip->job_count; i++)
		ip->figures.judged += ramp_job_judge(&ip->jobs[i], &ip->at, ip->settings, batch);
	if (batch->count > 0) {
		run(ip, on_set);
		return;
	}
	begin_jobs(ip, batch);
	if (batch->count > 0)
		run(ip, on_days);
	else if (ip->job_count > 0)
		go_on(ip);
	else
		end_judging(ip);
}

/* -- which groups ------------------------------------------------------------------------------ */

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Groups in use, and those that have a state: each once. */
static void
list_groups(struct ramp_ip *ip)
{
	size_t count = 0, kept = 0;

	ip->names = arena_alloc(&ip->arena,
	    (ip->groups.count + ip->at.warmup.group_count + 1) * sizeof(*ip->names));
	for (size_t i = 0; i < ip->groups.count; i++)
		ip->names[count++] = arena_dup(&ip->arena, ip->groups.items[i]);
	for (size_t i = 0; i < ip->at.warmup.group_count; i++)
		ip->names[count++] = ip->at.warmup.groups[i].name;
	qsort(ip->names, count, sizeof(*ip->names), compare);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || strcmp(ip->names[kept - 1], ip->names[i]) != 0)
			ip->names[kept++] = ip->names[i];
	ip->name_count = kept;
	ip->next_name = 0;
}

static void
on_groups(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct ramp_ip *ip = arg;

	if (!is_done(ip, outcome, err))
		return;
	list_groups(ip);
	go_on(ip);
}

static void
on_warmup(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct ramp_ip *ip = arg;

	if (!is_done(ip, outcome, err))
		return;
	if (!warmup_read(&ip->arena, ip->fields.items, ip->fields.count, &ip->at.warmup) ||
	    ip->at.warmup.run != WARMUP_RUNNING) {
		end(ip, STORE_DONE, NULL);
		return;
	}
	ip->at.first = warmup_next_day(ip->at.warmup.judged, ip->at.warmup.began, ip->at.today);
	ip->whole = ip->at.first < ip->at.today;
	ip->groups = (struct store_fields){ .arena = &ip->arena };
	if (!ip->whole) {
		list_groups(ip);
		go_on(ip);
		return;
	}
	store_put_groups_since(store_async_batch(ip->store), ip->at.first * DAY_S, &ip->groups);
	run(ip, on_groups);
}

/* -- the whole --------------------------------------------------------------------------------- */

void
ramp_ip_judge(struct ramp_ip *ip, const char *name, int64_t now_s)
{
	ip->at.ip = name;
	ip->now_s = now_s;
	ip->at.today = now_s / DAY_S;
	ip->fields = (struct store_fields){ .arena = &ip->arena };
	store_put_warmup_read(store_async_batch(ip->store), name, &ip->fields);
	run(ip, on_warmup);
}

void
ramp_ip_cancel(struct ramp_ip *ip)
{
	if (ip->call == NULL)
		return;
	store_async_cancel(&ip->call);
	clear(ip);
	arena_clear(&ip->arena);
}

void
ramp_ip_init(struct ramp_ip *ip, store_done *done, void *arg)
{
	ip->done = done;
	ip->arg = arg;
	arena_init(&ip->arena);
}
