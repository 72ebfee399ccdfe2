#include "report_forms.h"

#include "clock.h"
#include "json.h"
#include "report_words.h"

static void
put_string(struct str *out, const char *key, const char *value)
{
	json_key(out, key);
	json_string(out, span_of(value));
}

static void
put_time(struct str *out, const char *key, int64_t at_s)
{
	char date[CLOCK_DATE_SIZE];

	put_string(out, key, clock_format(at_s, date));
}

/* "sent":…,"delivered":… and what follows from them; delivered is null where nobody tells it. */
static void
put_counts(struct str *out, const int64_t counts[SENDER_COUNTS])
{
	for (size_t i = 0; i < SENDER_COUNTS; i++)
		if (i == SENDER_DELIVERED && !report_knows_delivered(counts)) {
			json_key(out, sender_count_name(SENDER_DELIVERED));
			str_adds(out, "null");
		} else {
			json_key_number(out, sender_count_name((enum sender_count)i), counts[i]);
		}
	json_key_number(out, "failed", report_failed(counts));
}

static void
put_numbers(struct str *out, const char *key, const int64_t *numbers, size_t count)
{
	json_key(out, key);
	str_addc(out, '[');
	for (size_t i = 0; i < count; i++) {
		json_next(out);
		str_addf(out, "%lld", (long long)numbers[i]);
	}
	str_addc(out, ']');
}

static void
put_points(struct str *out, const struct report_model *model)
{
	json_key(out, "points");
	str_addc(out, '[');
	for (size_t i = 0; i < model->query.time.points; i++) {
		json_next(out);
		str_addc(out, '{');
		put_time(out, "from", report_time_point_s(&model->query.time, i));
		put_counts(out, model->points[i].counts);
		str_addc(out, '}');
	}
	str_addc(out, ']');
}

static void
put_row_reasons(struct str *out, const struct report_row *row)
{
	json_key(out, "reasons");
	str_addc(out, '{');
	for (size_t i = 0; i < REASON_COUNT; i++)
		if (row->by_reason[i] > 0)
			json_key_number(out, reason_name((enum reason)i), row->by_reason[i]);
	str_addc(out, '}');
}

static void
put_row(struct str *out, enum report_table_id id, const struct report_row *row, size_t points)
{
	json_next(out);
	str_addc(out, '{');
	put_string(out, "name", row->name);
	put_counts(out, row->counts);
	if (id != REPORT_GROUPS) {
		put_string(out, "flag", report_flag_name(row->flag));
		put_string(out, "why", row->why);
	}
	if (id == REPORT_GROUPS)
		put_row_reasons(out, row);
	if (id == REPORT_ACCOUNTS)
		put_string(out, "state", sender_state_name(row->state));
	put_numbers(out, "trend", row->trend, points);
	str_addc(out, '}');
}

static void
put_tables(struct str *out, const struct report_model *model)
{
	for (size_t t = 0; t < REPORT_TABLES; t++) {
		enum report_table_id id = (enum report_table_id)t;
		const struct report_table *table = &model->tables[t];

		if (!report_model_has(model, id))
			continue;
		json_next(out);
		str_addf(out, "\"%ss\":[", report_table_name(id));
		for (size_t i = 0; i < table->count; i++)
			put_row(out, id, table->rows[i], model->query.time.points);
		str_addc(out, ']');
	}
}

static void
put_reasons(struct str *out, const struct report_model *model)
{
	json_key(out, "reasons");
	str_addc(out, '[');
	for (size_t i = 0; i < model->cause_count; i++) {
		const struct report_cause *cause = &model->causes[i];

		json_next(out);
		str_addc(out, '{');
		put_string(out, "reason", reason_name(cause->reason));
		json_key_number(out, "count", cause->count);
		put_numbers(out, "trend", cause->trend, model->query.time.points);
		str_addc(out, '}');
	}
	str_addc(out, ']');
}

static void
put_texts(struct str *out, const struct report_model *model)
{
	json_key(out, "diagnostics");
	str_addc(out, '[');
	for (size_t i = 0; i < model->text_count; i++) {
		const struct report_text *text = model->texts[i];

		json_next(out);
		str_addc(out, '{');
		put_string(out, "reason", reason_name(text->reason));
		put_string(out, "text", text->form);
		json_key_number(out, "count", text->count);
		put_numbers(out, "trend", text->trend, model->query.time.days);
		str_addc(out, '}');
	}
	str_addc(out, ']');
}

void
report_as_json(const struct report_model *model, struct str *out)
{
	str_addc(out, '{');
	put_string(out, "scope", report_scope_name(model->query.scope));
	put_string(out, "name", model->query.name);
	put_time(out, "since", model->query.time.since_s);
	put_time(out, "until", model->query.time.until_s);
	put_string(out, "step", model->query.time.step_s == REPORT_HOUR_S ? "hour" : "day");
	put_time(out, "made", model->query.made_s);
	json_key_bool(out, "complete", !model->incomplete);
	json_key(out, "total");
	str_addc(out, '{');
	put_counts(out, model->total);
	str_addc(out, '}');
	json_key(out, "before");
	if (model->has_before) {
		str_addc(out, '{');
		put_counts(out, model->before);
		str_addc(out, '}');
	} else {
		str_adds(out, "null");
	}
	put_points(out, model);
	put_reasons(out, model);
	put_tables(out, model);
	put_texts(out, model);
	str_adds(out, "}\n");
}
