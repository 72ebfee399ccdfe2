#include "verbs.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "anonymous.h"
#include "file.h"
#include "json.h"
#include "store.h"

/* `bounce unclassified`: the texts no bounce rule knew; shown, forgotten, or written for whoever
 * makes the rules. */

#define EXPORT_FORMAT "mxpace-unclassified"
enum { EXPORT_VERSION = 1 };

struct text {
	const char *text;
	int64_t count;
};

struct texts {
	struct text *items; /* the most frequent first */
	size_t count;
};

/* -- reading ----------------------------------------------------------------------------------- */

static enum ctl_exit
read_texts(struct ctl *ctl, struct texts *texts)
{
	struct store_fields fields = { .arena = &ctl->arena };

	*texts = (struct texts){ 0 };
	store_put_unclassified_read(&ctl->batch, &fields);
	if (ctl_store_must(ctl) != CTL_DONE)
		return CTL_AWAY;
	texts->items = arena_alloc(&ctl->arena, (fields.count / 2 + 1) * sizeof(*texts->items));
	for (size_t i = 0; i + 1 < fields.count; i += 2) {
		unsigned long long count;

		if (!span_number(fields.items[i + 1], &count))
			count = 1; /* written by somebody else */
		texts->items[texts->count++] = (struct text){
			arena_dup(&ctl->arena, fields.items[i]),
			count < INT64_MAX ? (int64_t)count : INT64_MAX,
		};
	}
	return CTL_DONE;
}

static int
read_limit(struct ctl *ctl, size_t *limit)
{
	const char *text = ctl->options[CTL_OPTION_LIMIT];
	unsigned long long number;

	*limit = SIZE_MAX;
	if (text == NULL)
		return 0;
	if (!span_number(span_of(text), &number) || number == 0 || number > SIZE_MAX) {
		ctl_complain(ctl, "--limit: \"%s\" is no number over 0", text);
		return -1;
	}
	*limit = (size_t)number;
	return 0;
}

/* -- showing ----------------------------------------------------------------------------------- */

static void
show(struct ctl *ctl, const struct texts *texts, size_t limit)
{
	static const struct out_column columns[] = {
		{ "count", "COUNT", OUT_RIGHT },
		{ "text", "TEXT", OUT_WRAP },
	};

	out_table(ctl_out(ctl), "texts", NULL, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < texts->count && i < limit; i++) {
		out_cell(ctl->out, out_number(texts->items[i].count));
		out_cell(ctl->out, out_string(texts->items[i].text));
	}
	out_table_end(ctl->out, "The rules knew every text.");
}

/* -- export ------------------------------------------------------------------------------------ */

static int
by_text(const void *a, const void *b)
{
	return strcmp(((const struct text *)a)->text, ((const struct text *)b)->text);
}

static int
by_count(const void *a, const void *b)
{
	const struct text *x = a, *y = b;

	return x->count != y->count ? (x->count > y->count ? -1 : 1) : by_text(a, b);
}

/* Without what they may tell of people and hosts. What is the same then is counted together. */
static void
make_anonymous(struct ctl *ctl, const struct anonymous *anonymous, struct texts *texts)
{
	struct str text = { 0 };
	size_t kept = 0;

	for (size_t i = 0; i < texts->count; i++) {
		str_empty(&text);
		anonymous_text(anonymous, span_of(texts->items[i].text), &text);
		texts->items[i].text = arena_dup(&ctl->arena, span_make(str_text(&text), text.len));
	}
	str_free(&text);
	if (texts->count > 0)
		qsort(texts->items, texts->count, sizeof(*texts->items), by_text);
	for (size_t i = 0; i < texts->count; i++)
		if (kept > 0 && strcmp(texts->items[kept - 1].text, texts->items[i].text) == 0)
			texts->items[kept - 1].count += texts->items[i].count;
		else
			texts->items[kept++] = texts->items[i];
	texts->count = kept;
	if (texts->count > 0)
		qsort(texts->items, texts->count, sizeof(*texts->items), by_count);
}

static void
hide_own_names(const struct settings *settings, struct anonymous *anonymous)
{
	anonymous_hide(anonymous, span_of(settings->node));
	for (size_t i = 0; i < settings->sending_ip_count; i++)
		anonymous_hide(anonymous, span_of(settings->sending_ips[i].name));
}

/* The day is enough; a time would tell more of the sender than of the texts. */
static void
write_lines(const struct texts *texts, const char *rules_version, int64_t now_s, struct str *out)
{
	time_t now = (time_t)now_s;
	char day[16] = "";
	struct tm tm;

	if (gmtime_r(&now, &tm) != NULL)
		strftime(day, sizeof(day), "%Y-%m-%d", &tm);
	str_addc(out, '{');
	json_key_string(out, "format", EXPORT_FORMAT);
	json_key_number(out, "format_version", EXPORT_VERSION);
	json_key_string(out, "mxpace", MXPACE_VERSION);
	json_key_string(out, "rules_version", rules_version);
	json_key_string(out, "made", day);
	json_key_number(out, "texts", (int64_t)texts->count);
	str_adds(out, "}\n");
	for (size_t i = 0; i < texts->count; i++) {
		str_addc(out, '{');
		json_key_number(out, "count", texts->items[i].count);
		json_key_string(out, "text", texts->items[i].text);
		str_adds(out, "}\n");
	}
}

static enum ctl_exit
put_lines(struct ctl *ctl, const char *file, const struct str *lines, size_t count)
{
	struct err err;

	if (strcmp(file, "-") == 0) {
		if (fwrite(str_text(lines), 1, lines->len, ctl->stream) == lines->len)
			return CTL_DONE;
		ctl_complain(ctl, "the texts could not be written");
		return CTL_NO;
	}
	if (file_write(file, span_make(str_text(lines), lines->len), NULL, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		return CTL_NO;
	}
	out_note(ctl_out(ctl), "%zu texts written to %s; read them before you hand them on", count,
	    file);
	out_put(ctl->out, "exported", NULL, out_number((int64_t)count));
	out_put(ctl->out, "file", NULL, out_string(file));
	return CTL_DONE;
}

static enum ctl_exit
export_texts(struct ctl *ctl, struct texts *texts, const char *file)
{
	struct conf_errors errors = { 0 };
	struct bounce_rules *rules = bounce_rules_load(ctl->settings->bounce_rules,
	    ctl->settings->bounce_rules_local, &errors);
	struct anonymous *anonymous;
	struct str lines = { 0 };
	struct ctl_time now;
	enum ctl_exit rc = CTL_AWAY;
	struct err err;

	if (rules == NULL) {
		ctl_complain_mistakes(ctl, &errors);
		conf_errors_free(&errors);
		return CTL_NO;
	}
	anonymous = anonymous_new(rules);
	hide_own_names(ctl->settings, anonymous);
	make_anonymous(ctl, anonymous, texts);
	if (ctl_store_time(ctl, &now, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
	} else {
		write_lines(texts, bounce_rules_version(rules), now.s, &lines);
		rc = put_lines(ctl, file, &lines, texts->count);
	}
	str_free(&lines);
	anonymous_free(&anonymous);
	bounce_rules_free(&rules);
	conf_errors_free(&errors);
	return rc;
}

/* -- forgetting -------------------------------------------------------------------------------- */

static enum ctl_exit
forget(struct ctl *ctl, const struct texts *texts, const char *glob)
{
	int64_t forgotten = 0;

	for (size_t i = 0; i < texts->count;) {
		int64_t gone[STORE_BATCH_MAX] = { 0 };
		size_t asked = 0;

		for (; i < texts->count && asked < STORE_BATCH_MAX; i++)
			if (strcmp(texts->items[i].text, glob) == 0 ||
			    fnmatch(glob, texts->items[i].text, 0) == 0)
				store_put_unclassified_forget(&ctl->batch, texts->items[i].text,
				    &gone[asked++]);
		if (asked > 0 && ctl_store_must(ctl) != CTL_DONE)
			return CTL_AWAY;
		for (size_t k = 0; k < asked; k++)
			forgotten += gone[k];
	}
	out_note(ctl_out(ctl), "%" PRId64 " of %zu texts forgotten", forgotten, texts->count);
	out_put(ctl->out, "forgotten", NULL, out_number(forgotten));
	return forgotten > 0 ? CTL_DONE : CTL_NO;
}

enum ctl_exit
bounce_unclassified(struct ctl *ctl)
{
	const char *file = ctl->options[CTL_OPTION_EXPORT];
	const char *glob = ctl->options[CTL_OPTION_FORGET];
	struct texts texts;
	size_t limit;

	if (file != NULL && (glob != NULL || ctl->options[CTL_OPTION_LIMIT] != NULL)) {
		ctl_complain(ctl, "--export stands alone");
		return CTL_USAGE;
	}
	if (read_limit(ctl, &limit) != 0)
		return CTL_USAGE;
	if (read_texts(ctl, &texts) != CTL_DONE)
		return CTL_AWAY;
	if (file != NULL)
		return export_texts(ctl, &texts, file);
	if (glob != NULL)
		return forget(ctl, &texts, glob);
	show(ctl, &texts, limit);
	return CTL_DONE;
}
