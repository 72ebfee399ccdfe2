#include "verify_row.h"

#include "clock.h"
#include "json.h"
#include "out.h"

/* -- reading ----------------------------------------------------------------------------------- */

/* One field off *rest, into out (NULL: nowhere). False: it was the last. */
static bool
take_field(struct span *rest, struct str *out)
{
	bool quoted = rest->len > 0 && rest->ptr[0] == '"';
	size_t i = quoted;

	for (; i < rest->len; i++) {
		if (quoted && rest->ptr[i] == '"') {
			quoted = i + 1 < rest->len && rest->ptr[i + 1] == '"';
			if (!quoted)
				continue;
			i++;
		} else if (!quoted && rest->ptr[i] == ',') {
			break;
		}
		if (out != NULL)
			str_addc(out, rest->ptr[i]);
	}
	*rest = span_from(*rest, i < rest->len ? i + 1 : i);
	return i < rest->len || (i > 0 && rest->len > 0);
}

int
verify_column(struct span line, size_t column, struct str *out)
{
	size_t commas = 0;
	bool quoted = false;

	for (size_t i = 0; i < line.len; i++) {
		quoted ^= line.ptr[i] == '"';
		commas += !quoted && line.ptr[i] == ',';
	}
	if (commas + 1 < column)
		return -1;
	while (--column > 0)
		take_field(&line, NULL);
	take_field(&line, out);
	return 0;
}

/* -- writing ----------------------------------------------------------------------------------- */

static void
add_csv(struct str *out, const char *text)
{
	if (span_find(span_of(text), SPAN(",")) < 0 && span_find(span_of(text), SPAN("\"")) < 0) {
		str_adds(out, text);
		return;
	}
	str_addc(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			str_addc(out, '"');
		str_addc(out, *text);
	}
	str_addc(out, '"');
}

static void
add_json(struct str *out, const struct verify_row *row, const char *text, const char *until)
{
	str_addc(out, '{');
	json_key_string(out, "address", text);
	json_key_string(out, "verdict", verify_name(row->verdict));
	json_key_string(out, "why", row->why);
	json_key_string(out, "until", until);
	str_adds(out, "}\n");
}

void
verify_row_format(const struct verify_row *row, enum verify_format format, struct str *out)
{
	char until[CLOCK_DATE_SIZE] = "";
	struct str text = { 0 };

	if (row->until_s > 0)
		clock_format(row->until_s, until);
	if (format == VERIFY_TEXT || format == VERIFY_JSON)
		out_clean(&text, row->text);
	if (format == VERIFY_CSV) {
		str_add_span(out, row->line);
		str_addf(out, ",%s,", row->header ? "verdict" : verify_name(row->verdict));
		add_csv(out, row->header ? "why" : row->why);
		str_addf(out, ",%s\n", row->header ? "until" : until);
	} else if (format == VERIFY_LIST) {
		if (!row->header && verify_is_mailable(row->verdict))
			str_addf(out, "%.*s\n", (int)row->text.len, row->text.ptr);
	} else if (!row->header && format == VERIFY_JSON) {
		add_json(out, row, str_text(&text), until);
	} else if (!row->header) {
		str_addf(out, "%s\t%s%s%s\n", str_text(&text), verify_name(row->verdict),
		    *row->why != '\0' ? "\t" : "", row->why);
	}
	str_free(&text);
}
