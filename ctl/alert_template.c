#include "alert_template.h"

#include <string.h>

static const char unquoted[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%_+=:,./-";

struct piece {
	struct span text; /* as it is, or a field's name */
	bool is_field, quoted;
};

/* The next piece of a line; 0: there is none; -1: a brace that begins no field. */
static int
next_piece(struct span *rest, struct piece *piece)
{
	long brace = span_find(*rest, SPAN("{")), close, bar;

	*piece = (struct piece){ .text = *rest };
	if (rest->len == 0)
		return 0;
	if (brace != 0) {
		piece->text.len = brace > 0 ? (size_t)brace : rest->len;
		*rest = span_from(*rest, piece->text.len);
		return 1;
	}
	if (span_starts(*rest, SPAN("{{"))) {
		piece->text.len = 1;
		*rest = span_from(*rest, 2);
		return 1;
	}
	close = span_find(*rest, SPAN("}"));
	if (close < 0)
		return -1;
	piece->is_field = true;
	piece->text = span_make(rest->ptr + 1, (size_t)close - 1);
	*rest = span_from(*rest, (size_t)close + 1);
	bar = span_find(piece->text, SPAN("|"));
	if (bar < 0)
		return 1;
	piece->quoted = span_eq(span_from(piece->text, (size_t)bar + 1), SPAN("shell"));
	piece->text.len = (size_t)bar;
	return piece->quoted ? 1 : -1;
}

/* -- checking ----------------------------------------------------------------------------------- */

static bool
is_known(struct span name, const char *const *known)
{
	for (; *known != NULL; known++)
		if (span_eq(name, span_of(*known)))
			return true;
	return false;
}

static int
check_line(struct span line, const char *const *known, struct err *err)
{
	struct piece piece;
	int found;

	while ((found = next_piece(&line, &piece)) > 0)
		if (piece.is_field && !is_known(piece.text, known)) {
			err_set(err, "there is no field {%.*s}; mxctl(1) lists them",
			    (int)(piece.text.len < 60 ? piece.text.len : 60), piece.text.ptr);
			return -1;
		}
	if (found < 0)
		err_set(err, "a brace that begins no {field} or {field|shell}; {{ is a brace");
	return found;
}

int
alert_template_check(struct span text, const char *name, const char *const *known, struct err *err)
{
	struct span rest = text, line;
	unsigned number = 0;

	while (span_line(&rest, &line)) {
		number++;
		if (number == 1 && span_trim(line).len == 0) {
			err_set(err, "the subject is missing");
			err_prefix(err, "%s:1", name);
			return -1;
		}
		if (check_line(line, known, err) != 0) {
			err_prefix(err, "%s:%u", name, number);
			return -1;
		}
	}
	if (number > 0)
		return 0;
	err_set(err, "%s: it is empty", name);
	return -1;
}

/* -- filling in --------------------------------------------------------------------------------- */

static struct span
value_of(const struct alert_value *values, size_t count, struct span name)
{
	for (size_t i = 0; i < count; i++)
		if (span_eq(name, span_of(values[i].name)))
			return values[i].text;
	return SPAN("");
}

/* One word of sh(1). What begins with "-" is told apart from options. */
static void
add_quoted(struct str *out, struct span text)
{
	bool plain = text.len > 0;

	for (size_t i = 0; i < text.len; i++)
		plain = plain && text.ptr[i] != '\0' && strchr(unquoted, text.ptr[i]) != NULL;
	if (text.len > 0 && text.ptr[0] == '-')
		str_adds(out, "-- ");
	if (plain) {
		str_add_span(out, text);
		return;
	}
	str_addc(out, '\'');
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] == '\'')
			str_adds(out, "'\\''");
		else
			str_addc(out, text.ptr[i]);
	str_addc(out, '\'');
}

/* False: it had fields, and all of them were empty. */
static bool
fill_line(struct span line, const struct alert_value *values, size_t count, struct str *out)
{
	bool any = false, some = false;
	struct piece piece;

	while (next_piece(&line, &piece) > 0) {
		struct span value = piece.text;

		if (piece.is_field) {
			value = value_of(values, count, piece.text);
			any = true;
			some = some || value.len > 0;
		}
		if (piece.is_field && piece.quoted)
			add_quoted(out, value);
		else
			str_add_span(out, value);
	}
	return some || !any;
}

void
alert_template_fill(struct span text, const struct alert_value *values, size_t count,
    struct str *subject, struct str *body)
{
	struct span rest = text, line;

	if (span_line(&rest, &line))
		fill_line(line, values, count, subject);
	while (span_line(&rest, &line)) {
		size_t before = body->len;

		if (fill_line(line, values, count, body) && (body->len > 0 || line.len > 0)) {
			str_addc(body, '\n');
		} else if (body->len > before) {
			body->len = before;
			body->data[before] = '\0';
		}
	}
}
