#include "report_model.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "mem.h"

struct report_names { /* rows by name while they are gathered */
	const char *name;
	void *row;
	UT_hash_handle hh;
};

enum {
	HOURS_AT_MOST = 72,
	SHARE_LEAST = 20, /* hard bounces below which a share of them says nothing */
};

/* -- time --------------------------------------------------------------------------------------- */

static void
set_time(struct report_time *time, int64_t since_s, int64_t until_s, int64_t step_s)
{
	int64_t first = since_s / step_s, last = (until_s - 1) / step_s;

	*time = (struct report_time){
		.since_s = first * step_s,
		.until_s = until_s,
		.step_s = step_s,
		.points = (size_t)(last - first + 1),
		.days = (size_t)((until_s - 1) / REPORT_DAY_S - since_s / REPORT_DAY_S + 1),
	};
}

int
report_time_make(int64_t since_s, int64_t until_s, int64_t now_s, struct report_time *time)
{
	bool hours = until_s - since_s <= HOURS_AT_MOST * REPORT_HOUR_S &&
		     since_s >= now_s - SENDER_HOURS_S + REPORT_HOUR_S;

	if (since_s < 0 || until_s <= since_s || until_s - since_s > SENDER_DAYS_S)
		return -1;
	set_time(time, since_s, until_s, hours ? REPORT_HOUR_S : REPORT_DAY_S);
	return time->points <= REPORT_POINTS_MAX ? 0 : -1;
}

bool
report_time_before(const struct report_time *time, int64_t now_s, struct report_time *before)
{
	int64_t kept_s = time->step_s == REPORT_HOUR_S ? SENDER_HOURS_S : SENDER_DAYS_S;
	int64_t since_s = time->since_s - (int64_t)time->points * time->step_s;

	if (since_s < 0 || since_s < now_s - kept_s + time->step_s)
		return false;
	set_time(before, since_s, time->since_s, time->step_s);
	return true;
}

const char *
report_time_period(const struct report_time *time, size_t point, char buf[SENDER_PERIOD_SIZE])
{
	int64_t at_s = report_time_point_s(time, point);

	return time->step_s == REPORT_HOUR_S ? sender_hour(at_s, buf) : sender_day(at_s, buf);
}

int64_t
report_time_point_s(const struct report_time *time, size_t point)
{
	return time->since_s + (int64_t)point * time->step_s;
}

int64_t
report_time_day_s(const struct report_time *time, size_t day)
{
	return (time->since_s / REPORT_DAY_S + (int64_t)day) * REPORT_DAY_S;
}

/* -- gathering ---------------------------------------------------------------------------------- */

int64_t
report_failed(const int64_t counts[SENDER_COUNTS])
{
	return counts[SENDER_HARD] + counts[SENDER_SOFT] + counts[SENDER_REFUSED];
}

int64_t
report_accepted(const int64_t counts[SENDER_COUNTS])
{
	int64_t accepted = counts[SENDER_SENT] - report_failed(counts);

	return accepted > 0 ? accepted : 0;
}

bool
report_knows_delivered(const int64_t counts[SENDER_COUNTS])
{
	return counts[SENDER_DELIVERED] > 0;
}

void
report_model_init(struct report_model *model, struct arena *arena, const struct report_query *query)
{
	*model = (struct report_model){ .arena = arena, .query = *query };
	model->points = arena_alloc(arena, query->time.points * sizeof(*model->points));
}

static void
clear_names(struct report_names **names)
{
	struct report_names *item, *next;

	HASH_ITER (hh, *names, item, next) {
		HASH_DEL(*names, item);
		free(item);
	}
}

void
report_model_clear(struct report_model *model)
{
	for (size_t i = 0; i < REPORT_TABLES; i++)
		clear_names(&model->tables[i].names);
	clear_names(&model->text_names);
}

enum sender_kind
report_model_kind(const struct report_model *model)
{
	static const enum sender_kind kinds[] = {
		[REPORT_ALL] = SENDER_ACCOUNT,
		[REPORT_ACCOUNT] = SENDER_ACCOUNT,
		[REPORT_CAMPAIGN] = SENDER_CAMPAIGN,
		[REPORT_LIST] = SENDER_LIST,
		[REPORT_GROUP] = SENDER_ACCOUNT,
	};

	return kinds[model->query.scope];
}

bool
report_model_has(const struct report_model *model, enum report_table_id id)
{
	enum report_scope scope = model->query.scope;

	return id == REPORT_GROUPS ? scope != REPORT_GROUP
				   : scope == REPORT_ALL || scope == REPORT_GROUP;
}

/* What stands under that name, made of so many bytes if nothing does. */
static void *
find_or_make(struct report_model *model, struct report_names **names, struct span name, size_t size,
    bool *made)
{
	struct report_names *item = NULL;

	HASH_FIND(hh, *names, name.ptr, name.len, item);
	*made = item == NULL;
	if (item == NULL) {
		item = mem_alloc(sizeof(*item));
		item->name = arena_dup(model->arena, name);
		item->row = arena_alloc(model->arena, size);
		HASH_ADD_KEYPTR(hh, *names, item->name, name.len, item);
	}
	return item->row;
}

struct report_row *
report_model_row(struct report_model *model, enum report_table_id id, struct span name)
{
	struct report_table *table = &model->tables[id];
	struct report_row *row;
	bool made;

	row = find_or_make(model, &table->names, name, sizeof(*row), &made);
	if (made) {
		row->name = arena_dup(model->arena, name);
		row->trend =
		    arena_alloc(model->arena, model->query.time.points * sizeof(*row->trend));
		row->why = "";
		table->all++;
	}
	return row;
}

static void
add_counts(int64_t to[SENDER_COUNTS], const int64_t from[SENDER_COUNTS])
{
	for (size_t i = 0; i < SENDER_COUNTS; i++)
		to[i] += from[i];
}

static void
group_counts(const struct sender_group *group, int64_t counts[SENDER_COUNTS])
{
	memset(counts, 0, SENDER_COUNTS * sizeof(*counts));
	counts[SENDER_SENT] = group->sent;
	counts[SENDER_HARD] = group->hard;
	counts[SENDER_SOFT] = group->soft;
}

/* The figures that this report is about. */
static void
counts_of(const struct report_model *model, const struct sender_stats *stats,
    int64_t counts[SENDER_COUNTS])
{
	memcpy(counts, stats->counts, sizeof(stats->counts));
	if (model->query.scope != REPORT_GROUP)
		return;
	memset(counts, 0, sizeof(stats->counts));
	for (size_t i = 0; i < stats->group_count; i++)
		if (strcmp(stats->groups[i].name, model->query.name) == 0)
			group_counts(&stats->groups[i], counts);
}

/* The reasons of what this report is about. */
static const int64_t *
reasons_of(const struct report_model *model, const struct sender_stats *stats)
{
	static const int64_t none[REASON_COUNT];

	if (model->query.scope != REPORT_GROUP)
		return stats->by_reason;
	for (size_t i = 0; i < stats->group_count; i++)
		if (strcmp(stats->groups[i].name, model->query.name) == 0)
			return stats->groups[i].by_reason;
	return none;
}

static void
add_reasons(int64_t to[REASON_COUNT], const int64_t from[REASON_COUNT])
{
	for (size_t i = 0; i < REASON_COUNT; i++)
		to[i] += from[i];
}

static void
add_row(struct report_row *row, size_t point, const int64_t counts[SENDER_COUNTS])
{
	add_counts(row->counts, counts);
	row->trend[point] += report_failed(counts);
}

void
report_model_add(struct report_model *model, enum sender_kind kind, struct report_row *row,
    size_t point, const struct sender_stats *stats)
{
	struct report_point *to = &model->points[point];
	int64_t counts[SENDER_COUNTS];

	counts_of(model, stats, counts);
	if (row != NULL)
		add_row(row, point, counts);
	if (kind != report_model_kind(model))
		return;
	add_counts(to->counts, counts);
	add_counts(model->total, counts);
	add_reasons(to->by_reason, reasons_of(model, stats));
	for (size_t i = 0; i < stats->group_count && model->query.scope != REPORT_GROUP; i++) {
		struct report_row *group =
		    report_model_row(model, REPORT_GROUPS, span_of(stats->groups[i].name));

		group_counts(&stats->groups[i], counts);
		add_row(group, point, counts);
		add_reasons(group->by_reason, stats->groups[i].by_reason);
	}
}

void
report_model_add_before(struct report_model *model, const struct sender_stats *stats)
{
	int64_t counts[SENDER_COUNTS];

	counts_of(model, stats, counts);
	add_counts(model->before, counts);
	model->has_before = true;
}

void
report_model_add_text(struct report_model *model, size_t day, struct span member, int64_t count)
{
	long blank = span_find(member, SPAN(" "));
	struct report_text *text;
	enum reason reason;
	bool made;

	if (blank < 0 || day >= model->query.time.days ||
	    reason_parse(span_make(member.ptr, (size_t)blank), &reason) != 0)
		return;
	text = find_or_make(model, &model->text_names, member, sizeof(*text), &made);
	if (made) {
		text->reason = reason;
		text->form = arena_dup(model->arena, span_from(member, (size_t)blank + 1));
		text->trend =
		    arena_alloc(model->arena, model->query.time.days * sizeof(*text->trend));
		model->text_all++;
	}
	text->count += count;
	text->trend[day] += count;
}

/* -- what it comes to --------------------------------------------------------------------------- */

static int
compare(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* Most sent first; then by name, so that the order is always the same. */
static int
by_sent(const void *a, const void *b)
{
	const struct report_row *x = *(struct report_row *const *)a;
	const struct report_row *y = *(struct report_row *const *)b;
	int order = compare(y->counts[SENDER_SENT], x->counts[SENDER_SENT]);

	if (order == 0)
		order = compare(report_failed(y->counts), report_failed(x->counts));
	return order != 0 ? order : strcmp(x->name, y->name);
}

static int
by_harm(const void *a, const void *b)
{
	const struct report_row *x = *(struct report_row *const *)a;
	const struct report_row *y = *(struct report_row *const *)b;
	int order = compare(y->flag, x->flag);

	if (order == 0)
		order = compare(y->counts[SENDER_HARD], x->counts[SENDER_HARD]);
	return order != 0 ? order : by_sent(a, b);
}

static int
by_count(const void *a, const void *b)
{
	const struct report_cause *x = a, *y = b;
	int order = compare(y->count, x->count);

	return order != 0 ? order : compare((int64_t)x->reason, (int64_t)y->reason);
}

static int
by_text_count(const void *a, const void *b)
{
	const struct report_text *x = *(struct report_text *const *)a;
	const struct report_text *y = *(struct report_text *const *)b;
	int order = compare(y->count, x->count);

	return order != 0 ? order : strcmp(x->form, y->form);
}

/* The thresholds of accounts, over the whole time. Where nobody knows how much was sent, a large
 * share of all that came back speaks for itself. */
static void
judge(const struct report_model *model, struct report_row *row)
{
	static const enum report_flag flags[SENDER_STATES] = {
		[SENDER_OK] = REPORT_FINE,
		[SENDER_REVIEW] = REPORT_REVIEW,
		[SENDER_SUSPENDED] = REPORT_HARMFUL,
		[SENDER_PROBATION] = REPORT_FINE,
	};
	const struct sender_figures figures = { row->counts[SENDER_SENT], row->counts[SENDER_HARD],
		row->counts[SENDER_COMPLAINT] };

	row->flag = flags[sender_judge(model->query.policy, &figures, SENDER_OK, &row->why)];
	if (figures.sent == 0 && figures.hard >= SHARE_LEAST &&
	    figures.hard * 4 >= model->total[SENDER_HARD]) {
		row->flag = REPORT_REVIEW;
		row->why = "much of all failures";
	}
}

static bool
is_empty(const struct report_row *row)
{
	for (size_t i = 0; i < SENDER_COUNTS; i++)
		if (row->counts[i] != 0)
			return false;
	return true;
}

static void
end_table(struct report_model *model, enum report_table_id id)
{
	struct report_table *table = &model->tables[id];
	struct report_names *item, *next;

	table->rows = arena_alloc(model->arena, (table->all + 1) * sizeof(*table->rows));
	HASH_ITER (hh, table->names, item, next) {
		struct report_row *row = item->row;

		if (is_empty(row))
			continue;
		if (id != REPORT_GROUPS)
			judge(model, row);
		table->rows[table->count++] = row;
	}
	qsort(table->rows, table->count, sizeof(*table->rows),
	    id == REPORT_GROUPS ? by_sent : by_harm);
	table->rest = (struct report_row){
		.name = "",
		.why = "",
		.trend = arena_alloc(model->arena,
		    model->query.time.points * sizeof(*table->rest.trend)),
	};
	for (; table->count > model->query.most; table->more++) {
		const struct report_row *row = table->rows[--table->count];

		add_counts(table->rest.counts, row->counts);
		add_reasons(table->rest.by_reason, row->by_reason);
		for (size_t i = 0; i < model->query.time.points; i++)
			table->rest.trend[i] += row->trend[i];
	}
}

static void
end_causes(struct report_model *model)
{
	size_t points = model->query.time.points;

	for (size_t r = 0; r < REASON_COUNT; r++) {
		struct report_cause cause = { .reason = (enum reason)r };

		cause.trend = arena_alloc(model->arena, points * sizeof(*cause.trend));
		for (size_t i = 0; i < points; i++) {
			cause.trend[i] = model->points[i].by_reason[r];
			cause.count += cause.trend[i];
		}
		if (cause.count > 0)
			model->causes[model->cause_count++] = cause;
	}
	qsort(model->causes, model->cause_count, sizeof(*model->causes), by_count);
}

void
report_model_end(struct report_model *model)
{
	struct report_names *item, *next;

	for (size_t i = 0; i < REPORT_TABLES; i++)
		end_table(model, (enum report_table_id)i);
	end_causes(model);
	model->texts = arena_alloc(model->arena, (model->text_all + 1) * sizeof(*model->texts));
	HASH_ITER (hh, model->text_names, item, next)
		model->texts[model->text_count++] = item->row;
	qsort(model->texts, model->text_count, sizeof(*model->texts), by_text_count);
	if (model->text_count > model->query.most)
		model->text_count = model->query.most;
}
