#include <string.h>
#include <unistd.h>

#include "bounce_rules_check.h"
#include "mx_rules_check.h"
#include "rules_cache.h"
#include "rules_settle.h"
#include "verbs.h"

struct checked { /* one file */
	const char *key, *label, *file;
	const char *local; /* merged over it; NULL: none */
	bool looked_at;
	size_t rules, samples;
	unsigned mistakes, warnings;
	const char *version; /* that it says it has; NULL: none */
	const char *cache;   /* whether mxbounce finds them ready made; NULL: not its rules */
};

/* -- checking ---------------------------------------------------------------------------------- */

static size_t
mx_samples(const struct mx_rules *rules)
{
	size_t samples = 0;

	for (size_t i = 0; i < rules->count; i++) {
		const struct mx_rule *rule = &rules->rules[i];

		samples += rule->sample_mx.count + rule->not_sample_mx.count;
		for (size_t k = 0; k < rule->backoff_count; k++)
			samples +=
			    rule->backoff[k].sample.count + rule->backoff[k].not_sample.count;
	}
	return samples;
}

static const char *
version_or_null(struct ctl *ctl, const char *version)
{
	return *version != '\0' ? arena_dup(&ctl->arena, span_of(version)) : NULL;
}

static void
check_mx_rules(struct ctl *ctl, struct findings *findings, struct checked *checked)
{
	struct mx_rules *rules = mx_rules_load(checked->file, checked->local, &findings->mistakes);

	checked->looked_at = true;
	if (rules == NULL)
		return;
	checked->rules = rules->count;
	checked->samples = mx_samples(rules);
	checked->version = version_or_null(ctl, rules->version);
	mx_rules_check(rules, findings);
	mx_rules_release(&rules);
}

/* settings NULL: nothing is written; read_ms: before they were read. */
static void
check_bounce_rules(struct ctl *ctl, const struct settings *settings, int64_t read_ms,
    struct findings *findings, struct checked *checked)
{
	struct bounce_rules *rules =
	    bounce_rules_load(checked->file, checked->local, &findings->mistakes);
	struct err err;

	checked->looked_at = true;
	if (rules == NULL)
		return;
	checked->rules = bounce_rules_count(rules);
	for (size_t i = 0; i < checked->rules; i++)
		checked->samples += bounce_rules_at(rules, i)->sample.count +
				    bounce_rules_at(rules, i)->not_sample.count;
	checked->version = version_or_null(ctl, bounce_rules_version(rules));
	if (bounce_rules_check(rules, findings) != 0)
		checked->cache = "not written: there are mistakes";
	else if (settings == NULL)
		;
	else if (rules_cache_save(settings, rules, read_ms, &err) != 0)
		checked->cache = arena_printf(&ctl->arena, "not written: %s", err.text);
	else
		checked->cache = "written";
	bounce_rules_free(&rules);
}

/* -- telling ----------------------------------------------------------------------------------- */

static void
show_counts(struct ctl *ctl, const struct checked *checked)
{
	if (checked->rules > 0) {
		out_put(ctl->out, "rules", "", out_count((int64_t)checked->rules, "rule", "rules"));
		out_put(ctl->out, "samples", "",
		    out_count((int64_t)checked->samples, "sample tried", "samples tried"));
	}
	out_put(ctl->out, "mistakes", NULL, out_number(checked->mistakes));
	out_put(ctl->out, "warnings", NULL, out_number(checked->warnings));
	out_put(ctl->out, NULL, "",
	    checked->mistakes == 0 ? out_none("no mistakes")
				   : out_count(checked->mistakes, "mistake", "mistakes"));
	if (checked->warnings > 0)
		out_put(ctl->out, NULL, "", out_count(checked->warnings, "warning", "warnings"));
}

static void
show_checked(struct ctl *ctl, const struct checked *checked)
{
	out_open(ctl->out, checked->key, NULL);
	if (!checked->looked_at) {
		out_put(ctl->out, "file", checked->label, out_none("not looked at"));
		out_close(ctl->out);
		return;
	}
	out_put(ctl->out, "file", checked->label, out_string(checked->file));
	if (checked->local != NULL)
		out_put(ctl->out, "local", "", out_string(checked->local));
	if (checked->version != NULL) {
		out_put(ctl->out, "version", NULL, out_string(checked->version));
		out_put(ctl->out, NULL, "",
		    out_string(arena_printf(&ctl->arena, "version %s", checked->version)));
	}
	show_counts(ctl, checked);
	if (checked->cache != NULL)
		out_put(ctl->out, "cache", "Cache", out_string(checked->cache));
	out_close(ctl->out);
}

/* "file:12: google.mx: words": how much of it is the file, or 0. */
static size_t
file_length(struct span line, size_t *digits)
{
	for (size_t i = 0; i + 2 < line.len; i++) {
		*digits = 0;
		while (line.ptr[i] == ':' && i + 1 + *digits < line.len &&
		       line.ptr[i + 1 + *digits] >= '0' && line.ptr[i + 1 + *digits] <= '9')
			++*digits;
		if (*digits > 0 && span_starts(span_from(line, i + 1 + *digits), SPAN(": ")))
			return i;
	}
	return 0;
}

static void
put_finding(struct ctl *ctl, struct span line)
{
	size_t digits = 0, file = file_length(line, &digits), key;
	struct span words = file > 0 ? span_from(line, file + 1 + digits + 2) : line;
	unsigned long long number = 0;

	span_number(span_make(line.ptr + file + 1, digits), &number);
	for (key = 0; key < words.len && words.ptr[key] != ' ' && words.ptr[key] != '"'; key++)
		if (span_starts(span_from(words, key), SPAN(": ")))
			break;
	if (!span_starts(span_from(words, key), SPAN(": ")))
		key = 0;
	out_cell(ctl->out, out_string(arena_dup(&ctl->arena, line)));
	out_cell(ctl->out, out_string(arena_dup(&ctl->arena, span_make(line.ptr, file))));
	out_cell(ctl->out, out_number((int64_t)number));
	out_cell(ctl->out, out_string(arena_dup(&ctl->arena, span_make(words.ptr, key))));
	out_cell(ctl->out,
	    out_string(arena_dup(&ctl->arena, span_trim(span_from(words, key > 0 ? key + 1 : 0)))));
}

/* In JSON; people have them on standard error. */
static void
show_findings(struct ctl *ctl, const char *key, const char *one, const struct conf_errors *errors)
{
	const struct out_column columns[] = {
		{ one, NULL, OUT_LEFT },
		{ "file", NULL, OUT_LEFT },
		{ "line", NULL, OUT_LEFT },
		{ "key", NULL, OUT_LEFT },
		{ "words", NULL, OUT_LEFT },
	};
	struct span rest = span_of(str_text(&errors->lines)), line;

	out_table(ctl->out, key, NULL, columns, sizeof(columns) / sizeof(columns[0]));
	while (span_line(&rest, &line))
		put_finding(ctl, line);
	out_table_end(ctl->out, NULL);
}

static void
complain_warnings(struct ctl *ctl, const struct conf_errors *warnings)
{
	struct span rest = span_of(str_text(&warnings->lines)), line;

	while (span_line(&rest, &line)) {
		size_t digits = 0, file = file_length(line, &digits);
		size_t place = file > 0 ? file + 1 + digits + 2 : 0;
		struct str text = { 0 };

		str_addf(&text, "%.*swarning: %.*s", (int)place, line.ptr, (int)(line.len - place),
		    line.ptr + place);
		fprintf(ctl->errors, "%s\n", str_text(&text));
		str_free(&text);
	}
}

static enum ctl_exit
finish(struct ctl *ctl, struct findings *findings, const struct checked *files, size_t count)
{
	enum ctl_exit rc = findings->mistakes.count == 0 ? CTL_DONE : CTL_NO;

	ctl_complain_mistakes(ctl, &findings->mistakes);
	complain_warnings(ctl, &findings->warnings);
	ctl_out(ctl);
	for (size_t i = 0; i < count; i++)
		show_checked(ctl, &files[i]);
	show_findings(ctl, "mistakes", "mistake", &findings->mistakes);
	show_findings(ctl, "warnings", "warning", &findings->warnings);
	findings_free(findings);
	return rc;
}

/* -- files by their names ---------------------------------------------------------------------- */

enum kind { KIND_NONE, KIND_MX, KIND_BOUNCE };

/* By what it holds. KIND_NONE: said, or it cannot be read. */
static enum kind
kind_of(const char *path, struct findings *findings)
{
	struct conf_place top = { path, 0 };
	struct conf_file *file = conf_open(path, &findings->mistakes);
	const struct config_setting_t *mx;
	enum kind kind = KIND_NONE;

	if (file == NULL)
		return KIND_NONE;
	mx = conf_member(conf_root(file), "mx_rules");
	if (mx != NULL && conf_string(mx) == NULL) /* in mxpace.conf it is a path */
		kind = KIND_MX;
	for (int i = 0; i < BOUNCE_RULES_LISTS && kind == KIND_NONE; i++)
		if (conf_member(conf_root(file),
			bounce_rules_list_name((enum bounce_rules_list)i)) != NULL)
			kind = KIND_BOUNCE;
	if (kind == KIND_NONE)
		conf_errors_add(&findings->mistakes, &top, "",
		    "neither MX rules (mx_rules) nor bounce rules (provider, status_text, text, "
		    "code)");
	conf_close(&file);
	return kind;
}

/* What the counts have grown by since they were `mistakes` and `warnings`. */
static void
count_findings(const struct findings *findings, unsigned mistakes, unsigned warnings,
    struct checked *checked)
{
	checked->mistakes = findings->mistakes.count - mistakes;
	checked->warnings = findings->warnings.count - warnings;
}

static enum ctl_exit
check_files(struct ctl *ctl)
{
	struct checked *files = arena_alloc(&ctl->arena, ctl->operand_count * sizeof(*files));
	struct findings findings = { 0 };

	for (size_t i = 0; i < ctl->operand_count; i++) {
		unsigned mistakes = findings.mistakes.count, warnings = findings.warnings.count;
		enum kind kind = kind_of(ctl->operands[i], &findings);

		files[i] = (struct checked){ .key = ctl->operands[i],
			.label = kind == KIND_BOUNCE ? "Bounce rules"
				 : kind == KIND_MX   ? "MX rules"
						     : "File",
			.file = ctl->operands[i],
			.looked_at = true };
		if (kind == KIND_MX)
			check_mx_rules(ctl, &findings, &files[i]);
		else if (kind == KIND_BOUNCE)
			check_bounce_rules(ctl, NULL, 0, &findings, &files[i]);
		count_findings(&findings, mistakes, warnings, &files[i]);
		files[i].cache = NULL;
	}
	return finish(ctl, &findings, files, ctl->operand_count);
}

/* -- all that is configured -------------------------------------------------------------------- */

static const char *
if_there(const char *path)
{
	return conf_exists(path) ? path : NULL;
}

enum ctl_exit
rules_check(struct ctl *ctl)
{
	int64_t read_ms;
	struct findings findings = { 0 };
	struct settings *settings;
	struct checked files[] = {
		{ .key = "configuration",
		    .label = "Configuration",
		    .file = ctl->file,
		    .looked_at = true },
		{ .key = "mx_rules", .label = "MX rules" },
		{ .key = "bounce_rules", .label = "Bounce rules" },
	};
	unsigned mistakes, warnings;

	if (ctl->operand_count > 0)
		return check_files(ctl);
	rules_settle(ctl->file);
	read_ms = rules_cache_now_ms();
	ctl->settings = settings = settings_load(ctl->file, &findings.mistakes);
	count_findings(&findings, 0, 0, &files[0]);
	if (settings != NULL) {
		files[1].file = settings->mx_rules;
		files[1].local = if_there(settings->mx_rules_local);
		check_mx_rules(ctl, &findings, &files[1]);
		count_findings(&findings, 0, 0, &files[1]);
		mistakes = findings.mistakes.count;
		warnings = findings.warnings.count;
		files[2].file = settings->bounce_rules;
		files[2].local = if_there(settings->bounce_rules_local);
		check_bounce_rules(ctl, settings, read_ms, &findings, &files[2]);
		count_findings(&findings, mistakes, warnings, &files[2]);
	}
	return finish(ctl, &findings, files, sizeof(files) / sizeof(files[0]));
}
