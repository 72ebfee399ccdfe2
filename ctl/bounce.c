#include "verbs.h"

#include <errno.h>
#include <string.h>

#include "classify.h"
#include "nearby.h"
#include "ndr.h"
#include "verp.h"

/* `bounce test`: what mxbounce would make of a message, and by which rules. Nothing is written. */

enum { DIAGNOSTICS_SHOWN = 20 };

/* The part of it that is looked at, as in mxbounce. */
static int
read_file(struct ctl *ctl, const char *name, struct str *message, struct err *err)
{
	bool is_input = strcmp(name, "-") == 0;
	FILE *file = is_input ? ctl->in : fopen(name, "rb");
	size_t max = (size_t)ctl->settings->max_message_size, n = 0;
	char buf[16384];

	if (file == NULL) {
		err_set(err, "%s: %s", name, strerror(errno));
		return -1;
	}
	while (message->len < max && (n = fread(buf, 1, sizeof(buf), file)) > 0)
		str_add(message, buf, n < max - message->len ? n : max - message->len);
	if (ferror(file)) {
		err_set(err, "%s: %s", name, strerror(errno));
		n = (size_t)-1;
	}
	if (!is_input)
		fclose(file);
	return n == (size_t)-1 ? -1 : 0;
}

static void
show_message(struct ctl *ctl, const char *name, const struct report *report)
{
	const struct {
		const char *key, *label, *value;
	} values[] = {
		{ "message_id", "Message-ID", report->message_id },
		{ "campaign", "Campaign", report->campaign },
		{ "list", "List", report->list },
		{ "account", "Account", report->account },
		{ "reporting_mta", "Reporting MTA", report->reporting_mta },
		{ "arrival", "Arrived there", report->arrival },
		{ "feedback_type", "Feedback type", report->feedback.type },
		{ "source_ip", "Source IP", report->feedback.source_ip },
	};

	out_put(ctl_out(ctl), "file", "File", out_string(name));
	out_put(ctl->out, "kind", "Kind", out_string(report_kind_name(report->kind)));
	out_put(ctl->out, "format", "Format", out_string(report->format));
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		out_put(ctl->out, values[i].key, *values[i].value != '\0' ? values[i].label : NULL,
		    out_string(values[i].value));
}

static void
show_recipients(struct ctl *ctl, const struct report *report)
{
	static const struct out_column columns[] = {
		{ "address", "ADDRESS", OUT_LEFT },
		{ "type", "TYPE", OUT_LEFT },
		{ "reason", "REASON", OUT_LEFT },
		{ "reply_code", "CODE", OUT_LEFT },
		{ "status", "STATUS", OUT_LEFT },
		{ "action", NULL, OUT_LEFT },
		{ "remote_mta", "REMOTE MTA", OUT_LEFT },
		{ "rule", NULL, OUT_LEFT },
		{ "diagnostic", NULL, OUT_LEFT },
	};

	out_table(ctl->out, "recipients", "Recipients", columns,
	    sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < report->count; i++) {
		const struct report_recipient *recipient = &report->recipients[i];
		const char *code = recipient->reply_code == 0
				       ? ""
				       : arena_printf(&ctl->arena, "%u", recipient->reply_code);

		out_cell(ctl->out, out_string(recipient->address));
		out_cell(ctl->out, out_string(bounce_type_name(recipient->type)));
		out_cell(ctl->out, out_string(reason_name(recipient->reason)));
		out_cell(ctl->out, out_string(code));
		out_cell(ctl->out, out_string(recipient->status));
		out_cell(ctl->out, out_string(recipient->action));
		out_cell(ctl->out, out_string(recipient->remote_mta));
		out_cell(ctl->out, out_string(recipient->rule));
		out_cell(ctl->out, out_string(recipient->diagnostic));
	}
	out_table_end(ctl->out, "It names no recipient.");
}

/* For people, who read lines. */
static void
show_diagnostics(struct ctl *ctl, const struct report *report)
{
	const char *before = "";

	for (size_t i = 0; i < report->count && i < DIAGNOSTICS_SHOWN; i++) {
		const struct report_recipient *recipient = &report->recipients[i];

		if (*recipient->diagnostic == '\0' || strcmp(recipient->diagnostic, before) == 0)
			continue;
		before = recipient->diagnostic;
		out_put(ctl->out, NULL, i == 0 ? "Diagnostic" : "",
		    out_string(recipient->diagnostic));
	}
}

static const struct bounce_rule *
rule_named(const struct bounce_rules *rules, const char *name)
{
	for (size_t i = 0; i < bounce_rules_count(rules); i++)
		if (strcmp(bounce_rules_at(rules, i)->name, name) == 0)
			return bounce_rules_at(rules, i);
	return NULL;
}

static void
show_rules_of(struct ctl *ctl, const struct bounce_rules *rules,
    const struct report_recipient *recipient)
{
	struct classify_view *view = classify_view_new(&(struct classify_facts){
	    .code = recipient->reply_code,
	    .status = recipient->status,
	    .diagnostic = span_of(recipient->diagnostic),
	    .remote_mta = recipient->remote_mta,
	    .action = recipient->action,
	});
	struct nearby all[NEARBY_MAX];
	size_t count = nearby_list(rules, view, rule_named(rules, recipient->rule), all);

	for (size_t i = 0; i < count; i++) {
		const struct bounce_rule *rule = all[i].rule;

		out_cell(ctl->out, out_string(recipient->address));
		out_cell(ctl->out, out_string(nearby_part_name(all[i].part)));
		out_cell(ctl->out, out_string(rule->name));
		out_cell(ctl->out, out_string(rule->file));
		out_cell(ctl->out, out_number(rule->line));
		out_cell(ctl->out, out_string(bounce_type_name((enum bounce_type)rule->type)));
		out_cell(ctl->out, out_string(reason_name((enum reason)rule->reason)));
		out_cell(ctl->out, out_string(arena_dup(&ctl->arena, all[i].found)));
		out_cell(ctl->out, out_string(all[i].missing));
	}
	classify_view_free(&view);
}

static void
show_rules(struct ctl *ctl, const struct bounce_rules *rules, const struct report *report)
{
	static const struct out_column columns[] = {
		{ "address", "ADDRESS", OUT_SAME },
		{ "part", "RULES", OUT_LEFT },
		{ "rule", "", OUT_LEFT },
		{ "file", NULL, OUT_LEFT },
		{ "line", "LINE", OUT_RIGHT },
		{ "type", "TYPE", OUT_LEFT },
		{ "reason", "REASON", OUT_LEFT },
		{ "found", "FOUND", OUT_WRAP },
		{ "missing", "BUT HAS", OUT_LEFT },
	};

	out_table(ctl->out, "rules", "Rules", columns, sizeof(columns) / sizeof(columns[0]));
	if (report->kind == REPORT_NDR)
		for (size_t i = 0; i < report->count; i++)
			show_rules_of(ctl, rules, &report->recipients[i]);
	out_table_end(ctl->out, "No rule knows it, and none came close.");
}

static const char *
verp_recipient(struct ctl *ctl)
{
	const char *envelope = ctl->options[CTL_OPTION_RECIPIENT];
	char *address = arena_alloc(&ctl->arena, ADDR_SIZE);

	if (envelope == NULL ||
	    verp_parse(span_of(envelope), ctl->settings->verp_delimiters, address) != 0)
		return "";
	return address;
}

enum ctl_exit
bounce_test(struct ctl *ctl)
{
	const char *name = ctl->operand_count > 0 ? ctl->operands[0] : "-";
	const struct ndr_options options = {
		.verp_recipient = verp_recipient(ctl),
		.campaign_headers = &ctl->settings->campaign_headers,
		.list_headers = &ctl->settings->list_headers,
		.account_headers = &ctl->settings->account_headers,
	};
	struct conf_errors errors = { 0 };
	struct bounce_rules *rules = bounce_rules_load(ctl->settings->bounce_rules,
	    ctl->settings->bounce_rules_local, &errors);
	struct str message = { 0 };
	struct report report;
	enum ctl_exit rc = CTL_NO;
	struct err err;

	if (rules == NULL) {
		ctl_complain_mistakes(ctl, &errors);
	} else if (read_file(ctl, name, &message, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
	} else {
		ndr_read(&ctl->arena, span_make(str_text(&message), message.len), &options,
		    &report);
		classify_report(rules, &report);
		show_message(ctl, name, &report);
		show_recipients(ctl, &report);
		show_diagnostics(ctl, &report);
		show_rules(ctl, rules, &report);
		rc = CTL_DONE;
	}
	conf_errors_free(&errors);
	str_free(&message);
	bounce_rules_free(&rules);
	return rc;
}
