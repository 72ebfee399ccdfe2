#include "verbs.h"

#include <string.h>
#include <unistd.h>

#include "duration.h"
#include "file.h"
#include "moment.h"
#include "report_forms.h"
#include "report_read.h"

enum { ROWS_FOR_PEOPLE = 10, ROWS_FOR_PROGRAMS = 1000 };

/* -- what is asked ------------------------------------------------------------------------------ */

static const struct {
	enum ctl_option option;
	enum report_scope scope;
} scopes[] = {
	{ CTL_OPTION_ALL, REPORT_ALL },
	{ CTL_OPTION_ACCOUNT, REPORT_ACCOUNT },
	{ CTL_OPTION_CAMPAIGN, REPORT_CAMPAIGN },
	{ CTL_OPTION_OF_LIST, REPORT_LIST },
	{ CTL_OPTION_GROUP, REPORT_GROUP },
};

static enum ctl_exit
read_scope(struct ctl *ctl, struct report_query *query)
{
	size_t given = 0;

	query->scope = REPORT_ALL;
	query->name = "";
	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
		if (ctl->options[scopes[i].option] == NULL)
			continue;
		query->scope = scopes[i].scope;
		query->name = ctl->options[scopes[i].option];
		given++;
	}
	if (given > 1) {
		ctl_complain(ctl, "--all, --account, --campaign, --list and --group exclude each "
				  "other");
		return CTL_USAGE;
	}
	if (query->scope == REPORT_ALL || *query->name != '\0')
		return CTL_DONE;
	ctl_complain(ctl, "of which %s?", "account, campaign, list or group");
	return CTL_USAGE;
}

/* The beginning of so long a time that ends at until_s: whole days, or hours of a short one, the
 * one that has begun among them. */
static int64_t
begin_of(int64_t length_s, int64_t until_s)
{
	int64_t step_s = length_s <= 3 * REPORT_DAY_S ? REPORT_HOUR_S : REPORT_DAY_S;
	int64_t steps = (length_s + step_s - 1) / step_s;

	return ((until_s - 1) / step_s - (steps > 0 ? steps - 1 : 0)) * step_s;
}

/* A time that an option names; a day that ends the time belongs to it. -1 and a complaint. */
static int64_t
read_moment(struct ctl *ctl, enum ctl_option option, int64_t now_s)
{
	const char *text = ctl->options[option];
	int64_t at_s = moment_parse_ago(span_of(text), now_s);
	bool is_day = strlen(text) == strlen("2026-11-22") && strchr(text, '-') != NULL;

	if (at_s < 0)
		ctl_complain(ctl,
		    "%s: \"%s\" is neither a time such as \"7d\" nor a day such as 2026-11-22",
		    option == CTL_OPTION_UNTIL ? "--until" : "--since", text);
	else if (is_day && option == CTL_OPTION_UNTIL)
		at_s += REPORT_DAY_S;
	return at_s;
}

static enum ctl_exit
read_time(struct ctl *ctl, int64_t now_s, struct report_time *time)
{
	const char *since = ctl->options[CTL_OPTION_SINCE];
	int64_t until_s = now_s + 1, since_s, length_s, length_ms;

	if (ctl->options[CTL_OPTION_UNTIL] != NULL) {
		until_s = read_moment(ctl, CTL_OPTION_UNTIL, now_s);
		if (until_s < 0)
			return CTL_USAGE;
		until_s = until_s > now_s ? now_s + 1 : until_s;
	}
	length_ms = duration_parse(span_of(since != NULL ? since : "7d"));
	length_s = length_ms / 1000 - (now_s + 1 - until_s);
	if (length_ms < 0)
		since_s = read_moment(ctl, CTL_OPTION_SINCE, now_s);
	else
		since_s = length_s > 0 ? begin_of(length_s, until_s) : until_s;
	if (length_ms < 0 && since_s < 0)
		return CTL_USAGE;
	if (report_time_make(since_s, until_s, now_s, time) == 0)
		return CTL_DONE;
	ctl_complain(ctl, "that time is empty or over 400 days");
	return CTL_USAGE;
}

/* -- how it is written -------------------------------------------------------------------------- */

static const struct form {
	const char *name;
	void (*write)(const struct report_model *model, struct str *out); /* NULL: text */
	size_t most;
} forms[] = {
	{ "text", NULL, ROWS_FOR_PEOPLE },
	{ "html", report_as_html, ROWS_FOR_PEOPLE },
	{ "json", report_as_json, ROWS_FOR_PROGRAMS },
	{ "csv", report_as_csv, ROWS_FOR_PROGRAMS },
};

/* By --format, else by what the file's name ends with. NULL and a complaint: no such. */
static const struct form *
find_form(struct ctl *ctl)
{
	const char *name = ctl->options[CTL_OPTION_FORMAT];
	const char *file = ctl->options[CTL_OPTION_OUTPUT];
	const char *dot = file != NULL ? strrchr(file, '.') : NULL;

	if (name == NULL && ctl->json)
		name = "json";
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (strcmp(forms[i].name, name != NULL ? name : dot != NULL ? dot + 1 : "") == 0)
			return &forms[i];
	if (name == NULL)
		return &forms[0];
	ctl_complain(ctl, "--format: \"%s\" is none of text, html, json and csv", name);
	return NULL;
}

static enum ctl_exit
write_report(struct ctl *ctl, const struct form *form, const struct report_model *model)
{
	const char *file = ctl->options[CTL_OPTION_OUTPUT];
	struct str text = { 0 };
	enum ctl_exit rc = CTL_DONE;
	struct err err;

	if (form->write != NULL)
		form->write(model, &text);
	else
		report_as_text(model, ctl->width, &text);
	if (file == NULL) {
		fwrite(text.data, 1, text.len, ctl->stream); /* ctl_close() looks for failures */
	} else if (file_write(file, span_make(text.data, text.len),
		       access(file, F_OK) == 0 ? file : NULL, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		rc = CTL_NO;
	}
	str_free(&text);
	return rc;
}

static bool
is_empty(const struct report_model *model)
{
	for (size_t i = 0; i < SENDER_COUNTS; i++)
		if (model->total[i] != 0)
			return false;
	return true;
}

enum ctl_exit
report_show(struct ctl *ctl)
{
	const struct form *form = find_form(ctl);
	struct report_query query = { .policy = &ctl->settings->reputation.policy };
	struct report_model model;
	struct ctl_time now;
	struct err err;
	enum ctl_exit rc = form != NULL ? read_scope(ctl, &query) : CTL_USAGE;

	if (rc != CTL_DONE)
		return rc;
	if (ctl_store_time(ctl, &now, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		return CTL_AWAY;
	}
	rc = read_time(ctl, now.s, &query.time);
	if (rc != CTL_DONE)
		return rc;
	query.made_s = now.s;
	query.most = form->most;
	report_model_init(&model, &ctl->arena, &query);
	if (report_read(ctl, &model, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		rc = CTL_AWAY;
	} else if (query.scope != REPORT_ALL && is_empty(&model)) {
		ctl_complain(ctl, "nothing was counted of %s \"%s\" in that time",
		    ctl->options[CTL_OPTION_GROUP] != NULL ? "group" : "sender", query.name);
		rc = CTL_NO;
	} else {
		rc = write_report(ctl, form, &model);
	}
	report_model_clear(&model);
	return rc;
}
