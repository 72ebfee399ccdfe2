/*
 * report_words - the words and figures of a report for people, the same in each form.
 */
#ifndef REPORT_WORDS_H
#define REPORT_WORDS_H

#include "report_model.h"
#include "str.h"

enum { REPORT_WORDS_SIZE = 48 };

/* "1,245,310" */
const char *report_number(int64_t number, char buf[REPORT_WORDS_SIZE]);
/* "1.2 M", "48 k", "950"; for axes and where room is scarce */
const char *report_short(int64_t number, char buf[REPORT_WORDS_SIZE]);
/* Of the whole: "12.5 %", "0.04 %"; "-" of nothing */
const char *report_share(int64_t part, int64_t whole, char buf[REPORT_WORDS_SIZE]);
/* How a share has changed, in percent points: "+0.12", "-1.4", "+0.00" */
const char *report_change(double points, char buf[REPORT_WORDS_SIZE]);
/* "22 Nov", "22 Nov 2026", "14:00", "22 Nov 14:00" */
enum report_date { REPORT_DATE_DAY, REPORT_DATE_YEAR, REPORT_DATE_HOUR, REPORT_DATE_BOTH };
const char *report_date(int64_t at_s, enum report_date form, char buf[REPORT_WORDS_SIZE]);

/* The headline: "All mail", or a name. */
const char *report_title(const struct report_model *model);
/* Over it: "account", "campaign", ... "" for all mail. */
const char *report_scope_name(enum report_scope scope);
/* "24 Oct to 22 Nov 2026, by day, UTC" */
void report_span(const struct report_model *model, struct str *out);
/* What matters most, in a sentence or two. */
void report_lead(const struct report_model *model, struct str *out);
const char *report_reason_words(enum reason reason); /* "user unknown" */
/* Why most of it came back, of a group: "user unknown 80.0 %, mailbox full 12.0 %"; nothing where
 * no reason is known. */
void report_row_reasons(const struct report_row *row, struct str *out);
/* "98,200 (98.2 %)", "not known" */
void report_delivered(const int64_t counts[SENDER_COUNTS], struct str *out);
const char *report_table_title(enum report_table_id id); /* "Campaigns" */
const char *report_table_name(enum report_table_id id);  /* "campaign" */
const char *report_flag_name(enum report_flag flag);     /* "", "review", "harmful" */

struct report_measure { /* a figure of the summary */
	const char *name, *key;
	enum { MEASURE_SENT, MEASURE_ACCEPTED, MEASURE_COUNT } kind;
	enum sender_count count;
	int good; /* more of it is good news: 1, bad: -1, neither: 0 */
};
enum { REPORT_MEASURES = 6 };
extern const struct report_measure report_measures[REPORT_MEASURES];
int64_t report_measure(const struct report_measure *measure, const int64_t counts[SENDER_COUNTS]);

/* The least round number from which a scale of a few steps reaches to `most`: 61204 -> 80000; at
 * least 1. *step: between its marks. */
int64_t report_scale(int64_t most, int64_t *step);
int64_t report_most(const int64_t *numbers, size_t count);

#endif
