#include "verbs.h"

#include <stdio.h>
#include <unistd.h>

#include "classify.h"
#include "dsn.h"
#include "json.h"

/* Lines in, lines out: one JSON object each, not a document, so that it can stand in a pipe. */

enum { LINE_MAX_BYTES = 16 * 1024 };

/* The next line without its LF or CRLF; what is over LINE_MAX_BYTES of it is dropped. */
static bool
read_line(FILE *in, struct str *line)
{
	int c;

	str_empty(line);
	while ((c = getc(in)) != EOF && c != '\n')
		if (line->len < LINE_MAX_BYTES)
			str_addc(line, (char)c);
	if (line->len > 0 && line->data[line->len - 1] == '\r')
		line->data[--line->len] = '\0';
	return c != EOF || line->len > 0;
}

static void
add_text(struct str *out, const struct classification *found, const char *line)
{
	str_addf(out, "%-7s %-17s %-25s %s\n", bounce_type_name(found->type),
	    reason_name(found->reason), found->rule != NULL ? found->rule->name : "-", line);
}

static void
add_json(struct str *out, const struct classification *found, const char *line)
{
	struct dsn dsn = dsn_find(span_of(line));
	char code[8] = "", status[DSN_STATUS_SIZE];

	if (dsn.code != 0)
		snprintf(code, sizeof(code), "%u", dsn.code % 1000U);
	str_addc(out, '{');
	json_key_string(out, "type", bounce_type_name(found->type));
	json_key_string(out, "reason", reason_name(found->reason));
	json_key_string(out, "rule", found->rule != NULL ? found->rule->name : "");
	json_key_string(out, "reply_code", code);
	json_key_string(out, "status", dsn_format_status(dsn.status, status));
	json_key_string(out, "line", line);
	str_adds(out, "}\n");
}

static void
classify_one(struct ctl *ctl, const struct bounce_rules *rules, struct span line)
{
	struct classification found = classify_line(rules, line, "");
	struct str clean = { 0 }, out = { 0 };

	out_clean(&clean, line);
	if (ctl->json)
		add_json(&out, &found, str_text(&clean));
	else
		add_text(&out, &found, str_text(&clean));
	fwrite(out.data, 1, out.len, ctl->stream);
	str_free(&clean);
	str_free(&out);
}

enum ctl_exit
classify_lines(struct ctl *ctl)
{
	struct conf_errors errors = { 0 };
	struct bounce_rules *rules = bounce_rules_load(ctl->settings->bounce_rules,
	    ctl->settings->bounce_rules_local, &errors);
	struct str line = { 0 };

	if (rules == NULL) {
		ctl_complain_mistakes(ctl, &errors);
		conf_errors_free(&errors);
		return CTL_NO;
	}
	if (isatty(fileno(ctl->in)))
		fputs("One SMTP reply or diagnostic a line; ^D ends.\n", ctl->errors);
	setvbuf(ctl->stream, NULL, _IOLBF, BUFSIZ); /* who feeds it line by line waits for each */
	while (read_line(ctl->in, &line))
		classify_one(ctl, rules, span_make(str_text(&line), line.len));
	str_free(&line);
	bounce_rules_free(&rules);
	return CTL_DONE;
}
