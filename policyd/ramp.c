#include "ramp.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "log.h"
#include "mem.h"
#include "ramp_told.h"
#include "store_warmup.h"

enum { DAY_S = 86400, AT_ONCE = 8, KEEP_S = 180 * DAY_S };

/* A group that is being judged. */
struct job {
	const char *group;   /* not encoded */
	const char *encoded; /* in fields */
	struct store_warmup_days days;
	size_t next; /* of the days */
	struct warmup_state state;
	struct str before, line; /* its fields as they are in Redis; "" none */
	struct str line_after;
	char after[WARMUP_STATE_SIZE];
	struct warmup_judgement judgement;
	int64_t day;
	int64_t changed; /* by the script */
	bool written;    /* a change of it is under way */
};

struct ramp {
	struct event_base *base;
	struct store_async *store;
	struct settings *settings;
	struct event *tick;
	char who[160];
	struct ramp_figures figures;

	/* A pass under way, while there is a call. */
	struct store_call *call;
	struct arena arena; /* of the pass */
	struct store_fields time, index;
	struct str holder;
	int64_t now_s, judged_min;
	bool held;    /* the lock, at the last pass */
	bool changed; /* nodes are to read warm-ups again */
	size_t next_ip;

	/* The IP it is at. */
	struct arena ip_arena;
	const char *ip;
	struct store_fields fields, groups;
	struct warmup warmup;
	int64_t today, first;
	bool whole;         /* there are days that are over */
	const char **names; /* encoded, of groups to be judged */
	size_t name_count, next_name;
	int64_t judged_set;
	struct job jobs[AT_ONCE];
	size_t job_count;
};

static void go_on(struct ramp *ramp);
static void next_ip(struct ramp *ramp);

/* -- the pass ------------------------------------------------------------------------------------ */

static void
clear_jobs(struct ramp *ramp)
{
	for (size_t i = 0; i < ramp->job_count; i++) {
		str_free(&ramp->jobs[i].before);
		str_free(&ramp->jobs[i].line);
		str_free(&ramp->jobs[i].line_after);
	}
	ramp->job_count = 0;
}

static void
end_pass(struct ramp *ramp)
{
	clear_jobs(ramp);
	if (ramp->changed && store_async_works(ramp->store)) {
		store_put_warmup_changed(store_async_batch(ramp->store));
		store_async_send(ramp->store);
		ramp->changed = false;
	}
	arena_clear(&ramp->ip_arena);
	arena_clear(&ramp->arena);
}

/* The scratch batch; `done` goes on. */
static void
run(struct ramp *ramp, store_done *done)
{
	ramp->call = store_async_run(ramp->store, done, ramp, NULL);
	if (ramp->call == NULL)
		end_pass(ramp);
}

/* False: Redis did not do it, the pass is over. */
static bool
is_done(struct ramp *ramp, enum store_outcome outcome, const struct err *err)
{
	ramp->call = NULL;
	if (outcome == STORE_DONE)
		return true;
	if (outcome == STORE_REFUSED)
		log_warning("judging warm-ups: %s", err->text);
	ramp->judged_min = 0;
	end_pass(ramp);
	return false;
}

/* -- judging ------------------------------------------------------------------------------------- */

/* A group that has no state shows none for a day that could not count. */
static bool
is_worth_writing(const struct job *job)
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
put_job(struct ramp *ramp, struct job *job, struct store_batch *batch)
{
	struct str group = { 0 }, line = { 0 };
	struct store_event_field fields[2];
	struct ramp_told told;
	struct store_warmup_set set = {
		.ip = ramp->ip,
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
	ramp_told_group(&told, ramp->ip, &ramp->warmup, job->group, job->day, &job->state,
	    &job->judgement, ramp->settings->node);
	set.history_count = moves(&job->judgement) ? told.count : 0;
	store_put_warmup_set(batch, &set, &job->changed);
	job->written = true;
	str_free(&group);
	str_free(&line);
}

/* The next of its days that changes anything. */
static void
judge(struct ramp *ramp, struct job *job, struct store_batch *batch)
{
	while (!job->written && job->next < job->days.count) {
		struct warmup_day *day = &job->days.days[job->next++];

		day->over = day->day < ramp->today;
		job->day = day->day;
		if (!warmup_judge(&ramp->warmup.plan, &ramp->settings->warmup, day, &job->state,
			&job->judgement))
			continue;
		ramp->figures.judged++;
		if (is_worth_writing(job))
			put_job(ramp, job, batch);
	}
}

static void
hear_job(struct ramp *ramp, struct job *job)
{
	struct ramp_told told;

	job->written = false;
	if (job->changed == 0) { /* it is another one's, or an operator's now */
		job->next = job->days.count;
		return;
	}
	str_empty(&job->before);
	str_adds(&job->before, job->after);
	str_empty(&job->line);
	str_adds(&job->line, str_text(&job->line_after));
	if (!moves(&job->judgement))
		return;
	ramp->changed = true;
	ramp->figures.ups += job->judgement.verdict == WARMUP_UP;
	ramp->figures.downs += job->judgement.verdict == WARMUP_DOWN;
	ramp->figures.done += job->judgement.verdict == WARMUP_FINISHED;
	ramp_told_group(&told, ramp->ip, &ramp->warmup, job->group, job->day, &job->state,
	    &job->judgement, ramp->settings->node);
	ramp_told_say(&told, store_async_batch(ramp->store));
	store_async_send(ramp->store);
}

static void
on_set(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct ramp *ramp = arg;

	if (!is_done(ramp, outcome, err))
		return;
	for (size_t i = 0; i < ramp->job_count; i++)
		if (ramp->jobs[i].written)
			hear_job(ramp, &ramp->jobs[i]);
	go_on(ramp);
}

static void
on_days(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct ramp *ramp = arg;

	if (is_done(ramp, outcome, err))
		go_on(ramp);
}

/* False: there is no day to be judged. */
static bool
begin_job(struct ramp *ramp, const char *encoded, struct store_batch *batch)
{
	struct job *job = &ramp->jobs[ramp->job_count];
	const struct warmup_group *group;
	struct str name = { 0 };
	int64_t first;

	if (keys_decode(&name, span_of(encoded)) != 0) {
		str_free(&name);
		return false;
	}
	group = warmup_group_of(&ramp->warmup, str_text(&name));
	*job = (struct job){ .encoded = encoded,
		.group = arena_dup(&ramp->ip_arena, span_of(str_text(&name))),
		.state = { .stage = ramp->warmup.stage, .since = ramp->first } };
	str_free(&name);
	if (group != NULL) {
		job->state = group->state;
		str_adds(&job->before, group->state_text);
		str_adds(&job->line, group->line);
	}
	ramp->job_count++;
	first = warmup_next_day(job->state.day, ramp->first, ramp->today);
	if (first < ramp->first) /* it was paused since */
		first = ramp->first;
	if (job->state.done || first > ramp->today)
		return false;
	store_put_warmup_days(batch, job->group, ramp->ip, first, (size_t)(ramp->today - first + 1),
	    &job->days);
	return true;
}

/* -- an IP --------------------------------------------------------------------------------------- */

static void
on_warm(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct ramp *ramp = arg;
	struct ramp_told told;
	struct store_batch *batch;

	if (!is_done(ramp, outcome, err))
		return;
	if (ramp->judged_set != 0) {
		batch = store_async_batch(ramp->store);
		store_put_warmups_set(batch, ramp->ip, NULL);
		ramp_told_warm(&told, ramp->ip, &ramp->warmup, ramp->settings->node);
		ramp_told_say(&told, batch);
		store_async_send(ramp->store);
		ramp->changed = true;
	}
	next_ip(ramp);
}

/* Every group that has mail is through: the IP is warm. */
static void
put_warm(struct ramp *ramp)
{
	struct ramp_told told;
	char judged[24], changed[24];
	const struct store_event_field fields[] = { { "state", "done" }, { "changed", changed } };
	struct store_warmup_set set = {
		.ip = ramp->ip,
		.states = "|running|",
		.field = "judged",
		.before = judged,
		.ttl_s = KEEP_S,
		.fields = fields,
		.field_count = sizeof(fields) / sizeof(fields[0]),
		.history = told.fields,
	};

	snprintf(judged, sizeof(judged), "%lld", (long long)warmup_date(ramp->warmup.judged));
	snprintf(changed, sizeof(changed), "%lld", (long long)ramp->now_s);
	ramp_told_warm(&told, ramp->ip, &ramp->warmup, ramp->settings->node);
	set.history_count = told.count;
	store_put_warmup_set(store_async_batch(ramp->store), &set, &ramp->judged_set);
}

static void
on_reread(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct ramp *ramp = arg;
	size_t done, left;

	if (!is_done(ramp, outcome, err))
		return;
	warmup_read(&ramp->ip_arena, ramp->fields.items, ramp->fields.count, &ramp->warmup);
	warmup_count(&ramp->warmup, ramp->today, &done, &left);
	if (ramp->judged_set == 0 || ramp->warmup.run != WARMUP_RUNNING || done == 0 || left > 0) {
		next_ip(ramp);
		return;
	}
	put_warm(ramp);
	run(ramp, on_warm);
}

static void
on_judged(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct ramp *ramp = arg;

	if (!is_done(ramp, outcome, err))
		return;
	ramp->fields = (struct store_fields){ .arena = &ramp->ip_arena };
	store_put_warmup_read(store_async_batch(ramp->store), ramp->ip, &ramp->fields);
	run(ramp, on_reread);
}

/* All groups were looked at, up to yesterday. */
static void
end_ip(struct ramp *ramp)
{
	char before[24] = "", now[24];
	const struct store_event_field field = { "judged", now };
	struct store_warmup_set set = {
		.ip = ramp->ip,
		.states = "|running|",
		.field = "judged",
		.before = before,
		.fields = &field,
		.field_count = 1,
	};

	if (!ramp->whole) {
		next_ip(ramp);
		return;
	}
	if (ramp->warmup.judged > 0)
		snprintf(before, sizeof(before), "%lld",
		    (long long)warmup_date(ramp->warmup.judged));
	snprintf(now, sizeof(now), "%lld", (long long)warmup_date(ramp->today - 1));
	store_put_warmup_set(store_async_batch(ramp->store), &set, &ramp->judged_set);
	run(ramp, on_judged);
}

/* The next days of the groups at hand; else the next groups; else the IP is done. */
static void
go_on(struct ramp *ramp)
{
	struct store_batch *batch = store_async_batch(ramp->store);

	for (size_t i = 0; i < ramp->job_count; i++)
		judge(ramp, &ramp->jobs[i], batch);
	if (batch->count > 0) {
		run(ramp, on_set);
		return;
	}
	clear_jobs(ramp);
	while (ramp->job_count < AT_ONCE && ramp->next_name < ramp->name_count)
		begin_job(ramp, ramp->names[ramp->next_name++], batch);
	if (batch->count > 0)
		run(ramp, on_days);
	else if (ramp->job_count > 0)
		go_on(ramp);
	else
		end_ip(ramp);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Groups in use, and those that have a state: each once. */
static void
list_groups(struct ramp *ramp)
{
	size_t count = 0, kept = 0;

	ramp->names = arena_alloc(&ramp->ip_arena,
	    (ramp->groups.count + ramp->warmup.group_count + 1) * sizeof(*ramp->names));
	for (size_t i = 0; i < ramp->groups.count; i++)
		ramp->names[count++] = arena_dup(&ramp->ip_arena, ramp->groups.items[i]);
	for (size_t i = 0; i < ramp->warmup.group_count; i++)
		ramp->names[count++] = ramp->warmup.groups[i].name;
	qsort(ramp->names, count, sizeof(*ramp->names), compare);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || strcmp(ramp->names[kept - 1], ramp->names[i]) != 0)
			ramp->names[kept++] = ramp->names[i];
	ramp->name_count = kept;
	ramp->next_name = 0;
}

static void
on_groups(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct ramp *ramp = arg;

	if (!is_done(ramp, outcome, err))
		return;
	list_groups(ramp);
	go_on(ramp);
}

static void
on_warmup(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct ramp *ramp = arg;

	if (!is_done(ramp, outcome, err))
		return;
	if (!warmup_read(&ramp->ip_arena, ramp->fields.items, ramp->fields.count, &ramp->warmup) ||
	    ramp->warmup.run != WARMUP_RUNNING) {
		next_ip(ramp);
		return;
	}
	ramp->first = warmup_next_day(ramp->warmup.judged, ramp->warmup.began, ramp->today);
	ramp->whole = ramp->first < ramp->today;
	ramp->groups = (struct store_fields){ .arena = &ramp->ip_arena };
	if (!ramp->whole) {
		list_groups(ramp);
		go_on(ramp);
		return;
	}
	store_put_groups_since(store_async_batch(ramp->store), ramp->first * DAY_S, &ramp->groups);
	run(ramp, on_groups);
}

static void
next_ip(struct ramp *ramp)
{
	clear_jobs(ramp);
	arena_clear(&ramp->ip_arena);
	if (2 * ramp->next_ip + 1 >= ramp->index.count) {
		end_pass(ramp);
		return;
	}
	ramp->ip = arena_dup(&ramp->arena, ramp->index.items[2 * ramp->next_ip++]);
	ramp->fields = (struct store_fields){ .arena = &ramp->ip_arena };
	store_put_warmup_read(store_async_batch(ramp->store), ramp->ip, &ramp->fields);
	run(ramp, on_warmup);
}

/* -- whether there is anything to do, and who does it -------------------------------------------- */

static void
on_lock(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct ramp *ramp = arg;

	if (!is_done(ramp, outcome, err))
		return;
	if (strcmp(str_text(&ramp->holder), ramp->who) != 0) {
		ramp->held = false;
		end_pass(ramp);
		return;
	}
	/* The one before may have ended between a change and telling of it. */
	if (!ramp->held)
		ramp->changed = true;
	ramp->held = true;
	ramp->next_ip = 0;
	store_put_warmup_lock_keep(store_async_batch(ramp->store), RAMP_LOCK_MS);
	store_async_send(ramp->store);
	next_ip(ramp);
}

static void
on_index(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct ramp *ramp = arg;
	unsigned long long now_s = 0;

	if (!is_done(ramp, outcome, err))
		return;
	if (ramp->time.count == 2)
		span_number(ramp->time.items[0], &now_s);
	if (ramp->index.count < 2 || (int64_t)now_s / 60 == ramp->judged_min) {
		end_pass(ramp);
		return;
	}
	ramp->now_s = (int64_t)now_s;
	ramp->judged_min = ramp->now_s / 60;
	ramp->today = ramp->now_s / DAY_S;
	store_put_warmup_lock(store_async_batch(ramp->store), ramp->who, RAMP_LOCK_MS,
	    &ramp->holder);
	run(ramp, on_lock);
}

void
ramp_go(struct ramp *ramp)
{
	struct store_batch *batch;

	if (ramp->call != NULL || !store_async_works(ramp->store))
		return;
	batch = store_async_batch(ramp->store);
	ramp->time = (struct store_fields){ .arena = &ramp->arena };
	ramp->index = (struct store_fields){ .arena = &ramp->arena };
	store_put_time(batch, &ramp->time);
	store_put_warmups(batch, &ramp->index);
	run(ramp, on_index);
}

bool
ramp_is_busy(const struct ramp *ramp)
{
	return ramp->call != NULL;
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	ramp_go(arg);
}

/* -- the whole ----------------------------------------------------------------------------------- */

struct ramp *
ramp_new(struct event_base *base, struct store_async *store, struct settings *settings,
    const char *name)
{
	struct ramp *ramp = mem_alloc(sizeof(*ramp));
	struct timeval every = { RAMP_TICK_S, 0 };

	ramp->base = base;
	ramp->store = store;
	ramp->settings = settings_hold(settings);
	snprintf(ramp->who, sizeof(ramp->who), "%.120s %.36s", settings->node, name);
	arena_init(&ramp->arena);
	arena_init(&ramp->ip_arena);
	ramp->tick = event_new(base, -1, EV_PERSIST, on_tick, ramp);
	evtimer_add(ramp->tick, &every);
	return ramp;
}

static void
cancel(struct ramp *ramp)
{
	if (ramp->call == NULL)
		return;
	store_async_cancel(&ramp->call);
	ramp->judged_min = 0;
	clear_jobs(ramp);
	arena_clear(&ramp->ip_arena);
	arena_clear(&ramp->arena);
}

void
ramp_rebind(struct ramp *ramp, struct store_async *store, struct settings *settings)
{
	struct settings *old = ramp->settings;

	if (store != ramp->store)
		cancel(ramp);
	ramp->store = store;
	ramp->settings = settings_hold(settings);
	settings_release(&old);
}

void
ramp_free(struct ramp **ramp)
{
	struct ramp *old = *ramp;

	*ramp = NULL;
	if (old == NULL)
		return;
	cancel(old);
	event_free(old->tick);
	str_free(&old->holder);
	settings_release(&old->settings);
	free(old);
}

struct ramp_figures
ramp_figures(const struct ramp *ramp)
{
	return ramp->figures;
}
