#include "report_forms.h"

#include <string.h>

#include "clock.h"
#include "out.h"
#include "report_words.h"

/* Quoted where it has to be. A spreadsheet takes a cell that begins with one of "=+-@" for a
 * formula, wherever it came from. */
static void
put_text(struct str *out, const char *text)
{
	struct str clean = { 0 };

	out_clean(&clean, span_of(text));
	if (strpbrk(str_text(&clean), "\",\n'=+-@") == NULL) {
		str_adds(out, str_text(&clean));
		str_free(&clean);
		return;
	}
	str_addc(out, '"');
	if (strchr("=+-@'", *str_text(&clean)) != NULL)
		str_addc(out, '\'');
	for (const char *p = str_text(&clean); *p != '\0'; p++) {
		if (*p == '"')
			str_addc(out, '"');
		str_addc(out, *p);
	}
	str_addc(out, '"');
	str_free(&clean);
}

static void
begin(struct str *out, const char *of, const char *name)
{
	put_text(out, of);
	str_addc(out, ',');
	put_text(out, name);
}

/* counts NULL: only how many failed is known, for a reason. */
static void
end(struct str *out, const int64_t *counts, int64_t failed, const char *reason, const char *flag)
{
	for (size_t i = 0; i < SENDER_COUNTS; i++)
		if (counts != NULL && (i != SENDER_DELIVERED || report_knows_delivered(counts)))
			str_addf(out, ",%lld", (long long)counts[i]);
		else
			str_addc(out, ',');
	str_addf(out, ",%lld,%s,", (long long)failed, reason);
	put_text(out, flag);
	str_adds(out, "\r\n");
}

static void
put_counts(struct str *out, const char *of, const char *name, const int64_t *counts)
{
	begin(out, of, name);
	end(out, counts, report_failed(counts), "", "");
}

static void
put_table(struct str *out, const struct report_model *model, enum report_table_id id)
{
	const struct report_table *table = &model->tables[id];

	for (size_t i = 0; i < table->count; i++) {
		const struct report_row *row = table->rows[i];

		begin(out, report_table_name(id), row->name);
		end(out, row->counts, report_failed(row->counts), "", report_flag_name(row->flag));
		for (size_t r = 0; r < REASON_COUNT; r++)
			if (row->by_reason[r] > 0) {
				begin(out, "group reason", row->name);
				end(out, NULL, row->by_reason[r], reason_name((enum reason)r), "");
			}
	}
}

void
report_as_csv(const struct report_model *model, struct str *out)
{
	char date[CLOCK_DATE_SIZE];

	str_adds(out, "of,name");
	for (size_t i = 0; i < SENDER_COUNTS; i++)
		str_addf(out, ",%s", sender_count_name((enum sender_count)i));
	str_adds(out, ",failed,reason,flag\r\n");
	put_counts(out, "total", report_title(model), model->total);
	if (model->has_before)
		put_counts(out, "before", report_title(model), model->before);
	for (size_t i = 0; i < model->query.time.points; i++)
		put_counts(out, model->query.time.step_s == REPORT_HOUR_S ? "hour" : "day",
		    clock_format(report_time_point_s(&model->query.time, i), date),
		    model->points[i].counts);
	for (size_t i = 0; i < model->cause_count; i++) {
		begin(out, "reason", report_reason_words(model->causes[i].reason));
		end(out, NULL, model->causes[i].count, reason_name(model->causes[i].reason), "");
	}
	for (size_t i = 0; i < REPORT_TABLES; i++)
		if (report_model_has(model, (enum report_table_id)i))
			put_table(out, model, (enum report_table_id)i);
	for (size_t i = 0; i < model->text_count; i++) {
		begin(out, "diagnostic", model->texts[i]->form);
		end(out, NULL, model->texts[i]->count, reason_name(model->texts[i]->reason), "");
	}
}
