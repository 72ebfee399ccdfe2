#include "verbs.h"

#include <string.h>
#include <unistd.h>

#include "bounce_rules.h"
#include "bounce_rules_check.h"
#include "in_force.h"
#include "mx_rules_check.h"
#include "rules_cache.h"
#include "show.h"

/* -- check ------------------------------------------------------------------------------------- */

struct checked { /* one file */
	const char *key, *label, *file;
	const char *local; /* merged over it; NULL: none */
	bool looked_at;
	size_t rules, samples;
	unsigned mistakes;
	const char *cache; /* whether mxbounce finds them ready made; NULL: not its rules */
};

static size_t
mx_samples(const struct mx_rules *rules)
{
	size_t samples = 0;

	for (size_t i = 0; i < rules->count; i++) {
		samples += rules->rules[i].sample_mx.count;
		for (size_t k = 0; k < rules->rules[i].backoff_count; k++)
			samples += rules->rules[i].backoff[k].sample.count;
	}
	return samples;
}

static void
check_mx_rules(const struct settings *settings, struct conf_errors *errors, struct checked *checked)
{
	struct mx_rules *rules =
	    mx_rules_load(settings->mx_rules, settings->mx_rules_local, errors);
	struct findings findings = { 0 };

	if (rules == NULL)
		return;
	checked->rules = rules->count;
	checked->samples = mx_samples(rules);
	mx_rules_check(rules, &findings);
	str_adds(&errors->lines, str_text(&findings.mistakes.lines));
	errors->count += findings.mistakes.count;
	findings_free(&findings);
	mx_rules_release(&rules);
}

/* read_ms: before the settings were. */
static void
check_bounce_rules(struct ctl *ctl, int64_t read_ms, struct conf_errors *errors,
    struct checked *checked)
{
	const struct settings *settings = ctl->settings;
	struct bounce_rules *rules = bounce_rules_load(settings->bounce_rules, errors);
	struct err err;

	if (rules == NULL)
		return;
	checked->rules = bounce_rules_count(rules);
	for (size_t i = 0; i < checked->rules; i++)
		checked->samples += bounce_rules_at(rules, i)->sample.count +
				    bounce_rules_at(rules, i)->not_sample.count;
	if (bounce_rules_check(rules, errors) != 0)
		checked->cache = "not written: there are mistakes";
	else if (rules_cache_save(settings, rules, read_ms, &err) != 0)
		checked->cache = arena_printf(&ctl->arena, "not written: %s", err.text);
	else
		checked->cache = "written";
	bounce_rules_free(&rules);
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
	if (checked->rules > 0) {
		out_put(ctl->out, "rules", "", out_count((int64_t)checked->rules, "rule", "rules"));
		out_put(ctl->out, "samples", "",
		    out_count((int64_t)checked->samples, "sample tried", "samples tried"));
	}
	out_put(ctl->out, "mistakes", NULL, out_number(checked->mistakes));
	out_put(ctl->out, NULL, "",
	    checked->mistakes == 0 ? out_none("no mistakes")
				   : out_count(checked->mistakes, "mistake", "mistakes"));
	if (checked->cache != NULL)
		out_put(ctl->out, "cache", "Cache", out_string(checked->cache));
	out_close(ctl->out);
}

static void
show_mistakes(struct ctl *ctl, const struct conf_errors *errors)
{
	static const struct out_column columns[] = { { "mistake", NULL, OUT_LEFT } };
	struct span rest = span_of(str_text(&errors->lines)), line;

	out_table(ctl->out, "mistakes", NULL, columns, 1);
	while (span_line(&rest, &line))
		out_cell(ctl->out, out_string(arena_dup(&ctl->arena, line)));
	out_table_end(ctl->out, NULL);
}

enum ctl_exit
rules_check(struct ctl *ctl)
{
	int64_t read_ms = rules_cache_now_ms();
	struct conf_errors errors = { 0 };
	struct settings *settings = settings_load(ctl->file, &errors);
	struct checked files[] = {
		{ .key = "configuration",
		    .label = "Configuration",
		    .file = ctl->file,
		    .looked_at = true,
		    .mistakes = errors.count },
		{ .key = "mx_rules", .label = "MX rules" },
		{ .key = "bounce_rules", .label = "Bounce rules" },
	};
	enum ctl_exit rc;

	ctl->settings = settings;
	if (settings != NULL) {
		files[1].file = settings->mx_rules;
		files[2].file = settings->bounce_rules;
		if (*settings->mx_rules_local != '\0' &&
		    access(settings->mx_rules_local, F_OK) == 0)
			files[1].local = settings->mx_rules_local;
		files[1].looked_at = files[2].looked_at = true;
		check_mx_rules(settings, &errors, &files[1]);
		files[1].mistakes = errors.count;
		check_bounce_rules(ctl, read_ms, &errors, &files[2]);
		files[2].mistakes = errors.count - files[1].mistakes;
	}
	rc = errors.count == 0 ? CTL_DONE : CTL_NO;
	ctl_complain_mistakes(ctl, &errors);
	ctl_out(ctl);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		show_checked(ctl, &files[i]);
	show_mistakes(ctl, &errors);
	conf_errors_free(&errors);
	return rc;
}

/* -- show -------------------------------------------------------------------------------------- */

/* A rule's message limits; the array lives in ctl's arena. */
static struct out_value
limits_of(struct ctl *ctl, const struct mx_limits *limits)
{
	const char **items = arena_alloc(&ctl->arena, (limits->limit_count + 1) * sizeof(*items));
	char text[LIMIT_TEXT_SIZE];

	for (size_t i = 0; i < limits->limit_count; i++)
		items[i] = arena_dup(&ctl->arena, span_of(limit_format(&limits->limits[i], text)));
	return out_list(items, limits->limit_count);
}

static struct out_value
number_or_none(int64_t number, const char *words)
{
	return number > 0 ? out_number(number) : out_none(words);
}

static void
show_all(struct ctl *ctl)
{
	static const struct out_column columns[] = {
		{ "rule", "RULE", OUT_LEFT },
		{ "scope", "SCOPE", OUT_LEFT },
		{ "per", "PER", OUT_LEFT },
		{ "connections", "CONN", OUT_RIGHT },
		{ "messages_per_connection", "EACH", OUT_RIGHT },
		{ "limits", "MESSAGES", OUT_WRAP },
		{ "mx", NULL, OUT_LEFT },
		{ "file", NULL, OUT_LEFT },
		{ NULL, "FILE", OUT_SAME },
		{ "line", "LINE", OUT_RIGHT },
	};

	out_table(ctl_out(ctl), "rules", NULL, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < ctl->rules->count; i++) {
		const struct mx_rule *rule = &ctl->rules->rules[i];
		const struct mx_limits *limits = in_force(ctl, rule, NULL, NULL);
		const char *slash = strrchr(rule->file, '/');

		out_cell(ctl->out, out_string(rule->name));
		out_cell(ctl->out, out_string(mx_scope_names[rule->scope]));
		out_cell(ctl->out, out_string(mx_per_names[rule->per]));
		out_cell(ctl->out, number_or_none(limits->connections, "-"));
		out_cell(ctl->out, number_or_none(limits->messages_per_connection, "-"));
		out_cell(ctl->out, limits_of(ctl, limits));
		out_cell(ctl->out, out_list(rule->mx.items, rule->mx.count));
		out_cell(ctl->out, out_string(rule->file));
		out_cell(ctl->out, out_string(slash != NULL ? slash + 1 : rule->file));
		out_cell(ctl->out, out_number(rule->line));
	}
	out_table_end(ctl->out, "No rules.");
}

static void
show_backoff(struct ctl *ctl, const struct mx_rule *rule)
{
	static const struct out_column columns[] = {
		{ "match", "REPLY MATCHES", OUT_WRAP },
		{ "after", "AFTER", OUT_LEFT },
		{ "action", "ACTION", OUT_LEFT },
		{ "for", "FOR", OUT_LEFT },
	};

	if (rule->backoff_count == 0)
		return;
	out_table(ctl->out, "backoff", "Backoff (enforce = \"egress\")", columns,
	    sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < rule->backoff_count; i++) {
		const struct backoff_rule *backoff = &rule->backoff[i];
		char text[LIMIT_TEXT_SIZE], duration[DURATION_SIZE];

		out_cell(ctl->out, out_string(pattern_text(backoff->match)));
		out_cell(ctl->out, out_string(limit_format(&backoff->after, text)));
		out_cell(ctl->out, out_string(backoff_action_names[backoff->action]));
		out_cell(ctl->out, out_string(duration_format(backoff->for_ms, duration)));
	}
	out_table_end(ctl->out, NULL);
}

static void
show_one(struct ctl *ctl, const struct mx_rule *rule)
{
	const struct mx_limits *limits = in_force(ctl, rule, NULL, NULL);
	struct out *out = ctl_out(ctl);

	out_put(out, "rule", "Rule", out_string(rule->name));
	out_put(out, "place", "Stands in", show_place(ctl, rule->file, rule->line));
	out_put(out, "origin", "Figures from", out_string(rule->origin));
	out_put(out, "mx", "MX hosts", out_list(rule->mx.items, rule->mx.count));
	out_put(out, "scope", "Scope", out_string(mx_scope_names[rule->scope]));
	out_put(out, NULL, "",
	    out_string(rule->scope == MX_SCOPE_PROVIDER
			   ? "all its domains are one group"
			   : "each set of MX hosts is a group of its own"));
	out_put(out, "per", "Limits per", out_string(mx_per_names[rule->per]));
	out_put(out, NULL, "",
	    out_string(rule->per == MX_PER_IP ? "each sending IP may use them, over the whole fleet"
					      : "all sending IPs together may use them"));
	out_put(out, "connections", "Connections", number_or_none(limits->connections, "no limit"));
	out_put(out, "messages_per_connection", "Messages on each",
	    number_or_none(limits->messages_per_connection, "no limit"));
	out_put(out, "messages_per_hour", NULL,
	    number_or_none(limits->messages_per_hour, "no limit"));
	out_put(out, "burst", NULL, out_bool(rule->burst));
	out_put(out, "limits", "Messages",
	    limits->limit_count > 0 ? limits_of(ctl, limits) : out_none("no limit"));
	show_backoff(ctl, rule);
}

enum ctl_exit
rules_show(struct ctl *ctl)
{
	const struct mx_rule *rule;

	if (ctl->operand_count == 0) {
		show_all(ctl);
		return CTL_DONE;
	}
	rule = mx_rules_named(ctl->rules, span_of(ctl->operands[0]));
	if (rule == NULL) {
		ctl_complain(ctl, "no rule %s: mxctl rules show", ctl->operands[0]);
		return CTL_NO;
	}
	show_one(ctl, rule);
	return CTL_DONE;
}
