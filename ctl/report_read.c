#include "report_read.h"

#include "keys.h"
#include "store_sender.h"

struct reading { /* one sender at a time */
	struct ctl *ctl;
	struct report_model *model;
	struct report_time before;
	bool has_before;
	struct err *err;
};

/* The figures of a sender in a batch of points from `first` on; how many there were, or -1. */
static int
read_points(struct reading *reading, struct arena *arena, enum sender_kind kind, const char *name,
    const struct report_time *time, size_t first, struct store_sender_stats stats[STORE_BATCH_MAX])
{
	struct ctl *ctl = reading->ctl;
	char period[SENDER_PERIOD_SIZE];
	size_t count = 0;

	for (; count < STORE_BATCH_MAX && first + count < time->points; count++) {
		stats[count] = (struct store_sender_stats){ .arena = arena };
		store_put_sender_stats(&ctl->batch, kind, name,
		    report_time_period(time, first + count, period), &stats[count]);
	}
	return ctl_store_run(ctl, reading->err) == 0 ? (int)count : -1;
}

/* All points of a sender. before: they go to the time before. */
static int
read_sender(struct reading *reading, enum sender_kind kind, const char *name,
    struct report_row *row, bool before)
{
	const struct report_time *time = before ? &reading->before : &reading->model->query.time;
	struct store_sender_stats stats[STORE_BATCH_MAX];
	int count = 0;

	for (size_t first = 0; first < time->points && count >= 0; first += STORE_BATCH_MAX) {
		struct arena arena;

		arena_init(&arena);
		count = read_points(reading, &arena, kind, name, time, first, stats);
		for (int i = 0; i < count; i++)
			if (before)
				report_model_add_before(reading->model, &stats[i].stats);
			else
				report_model_add(reading->model, kind, row, first + (size_t)i,
				    &stats[i].stats);
		arena_clear(&arena);
	}
	return count >= 0 ? 0 : -1;
}

/* The senders of a kind that were used in that time. */
static int
read_senders(struct reading *reading, enum sender_kind kind, enum report_table_id id)
{
	struct ctl *ctl = reading->ctl;
	const struct report_time *time = &reading->model->query.time;
	struct store_fields names = { .arena = &ctl->arena };
	bool total = kind == report_model_kind(reading->model);
	struct str name = { 0 };
	int rc;

	store_put_sender_names(&ctl->batch, kind, REPORT_READ_SENDERS, &names);
	rc = ctl_store_run(ctl, reading->err);
	if (names.count / 2 >= REPORT_READ_SENDERS)
		reading->model->incomplete = true;
	for (size_t i = 0; i + 1 < names.count && rc == 0; i += 2) {
		unsigned long long used_s = 0;

		str_empty(&name);
		if (keys_decode(&name, names.items[i]) != 0)
			continue;
		span_number(names.items[i + 1], &used_s);
		if ((int64_t)used_s >= time->since_s)
			rc = read_sender(reading, kind, str_text(&name),
			    report_model_row(reading->model, id,
				span_make(str_text(&name), name.len)),
			    false);
		if (rc == 0 && total && reading->has_before &&
		    (int64_t)used_s >= reading->before.since_s)
			rc = read_sender(reading, kind, str_text(&name), NULL, true);
	}
	str_free(&name);
	return rc;
}

static int
read_texts(struct reading *reading)
{
	struct ctl *ctl = reading->ctl;
	const struct report_time *time = &reading->model->query.time;
	char period[SENDER_PERIOD_SIZE];

	for (size_t day = 0; day < time->days; day++) {
		struct store_fields texts;
		struct arena arena;
		int rc;

		arena_init(&arena);
		texts = (struct store_fields){ .arena = &arena };
		store_put_sender_texts(&ctl->batch,
		    sender_day(report_time_day_s(time, day), period), 500, &texts);
		rc = ctl_store_run(ctl, reading->err);
		for (size_t i = 0; i + 1 < texts.count && rc == 0; i += 2) {
			unsigned long long count = 0;

			if (span_number(texts.items[i + 1], &count))
				report_model_add_text(reading->model, day, texts.items[i],
				    (int64_t)count);
		}
		arena_clear(&arena);
		if (rc != 0)
			return -1;
	}
	return 0;
}

/* What providers said of one sender's mail, which its days alone keep. */
static int
read_texts_of_one(struct reading *reading)
{
	const struct report_model *model = reading->model;
	const struct report_time *time = &model->query.time;
	char period[SENDER_PERIOD_SIZE];

	for (size_t day = 0; day < time->days; day++) {
		struct store_sender_stats stats;
		struct arena arena;
		int rc;

		arena_init(&arena);
		stats = (struct store_sender_stats){ .arena = &arena };
		store_put_sender_stats(&reading->ctl->batch, report_model_kind(model),
		    model->query.name, sender_day(report_time_day_s(time, day), period), &stats);
		rc = ctl_store_run(reading->ctl, reading->err);
		for (size_t i = 0; i < stats.stats.text_count && rc == 0; i++)
			report_model_add_text(reading->model, day,
			    span_of(stats.stats.texts[i].member), stats.stats.texts[i].count);
		arena_clear(&arena);
		if (rc != 0)
			return -1;
	}
	return 0;
}

static int
read_states(struct reading *reading)
{
	struct report_table *table = &reading->model->tables[REPORT_ACCOUNTS];

	for (size_t i = 0; i < table->count; i++) {
		struct sender_status status = { 0 };

		store_put_sender_status(&reading->ctl->batch, table->rows[i]->name, &status);
		if (ctl_store_run(reading->ctl, reading->err) != 0)
			return -1;
		table->rows[i]->state = status.state;
	}
	return 0;
}

static int
read_one(struct reading *reading)
{
	enum sender_kind kind = report_model_kind(reading->model);
	const char *name = reading->model->query.name;

	if (read_sender(reading, kind, name, NULL, false) != 0 || read_texts_of_one(reading) != 0)
		return -1;
	return reading->has_before ? read_sender(reading, kind, name, NULL, true) : 0;
}

int
report_read(struct ctl *ctl, struct report_model *model, struct err *err)
{
	static const struct {
		enum sender_kind kind;
		enum report_table_id id;
	} kinds[] = {
		{ SENDER_ACCOUNT, REPORT_ACCOUNTS },
		{ SENDER_CAMPAIGN, REPORT_CAMPAIGNS },
		{ SENDER_LIST, REPORT_LISTS },
	};
	struct reading reading = { .ctl = ctl, .model = model, .err = err };
	enum report_scope scope = model->query.scope;

	reading.has_before =
	    report_time_before(&model->query.time, model->query.made_s, &reading.before);
	if (!report_model_has(model, REPORT_ACCOUNTS)) {
		if (read_one(&reading) != 0)
			return -1;
	} else {
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
			if (read_senders(&reading, kinds[i].kind, kinds[i].id) != 0)
				return -1;
	}
	if (scope == REPORT_ALL && read_texts(&reading) != 0)
		return -1;
	report_model_end(model);
	return read_states(&reading);
}
