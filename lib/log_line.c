#include "log_line.h"

#include <string.h>

#include "utf8.h"

/* A colon at the end would look like the one before the words. */
static bool
stands_alone(struct span value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] <= ' ' || value.ptr[i] > '~' || value.ptr[i] == '"' ||
		    value.ptr[i] == '\\' || value.ptr[i] == '<')
			return false;
	return value.len > 0 && value.ptr[value.len - 1] != ':';
}

/* Control bytes would forge lines, `end` the end of the value; the journal shows no line with bytes that
 * are no UTF-8. */
static void
add_escaped(struct str *out, struct span value, char end)
{
	size_t len;

	for (; value.len > 0; value = span_from(value, len)) {
		unsigned char c = (unsigned char)*value.ptr;
		size_t whole = utf8_length((const unsigned char *)value.ptr, value.len);

		len = whole > 0 ? whole : 1;
		if (whole == 0 || c < ' ' || c == 0x7f || c == '\\' || c == (unsigned char)end)
			str_addf(out, "\\x%02x", c);
		else
			str_add(out, value.ptr, len);
	}
}

void
log_line_value(struct str *out, struct span value, unsigned kind)
{
	if ((kind & LOG_ADDRESS) != 0) {
		str_addc(out, '<');
		add_escaped(out, value, '>');
		str_addc(out, '>');
	} else if (stands_alone(value)) {
		str_add_span(out, value);
	} else {
		str_addc(out, '"');
		add_escaped(out, value, '"');
		str_addc(out, '"');
	}
}

static void
add_field(struct str *out, const struct log_field *field)
{
	str_addc(out, ' ');
	str_adds(out, field->name);
	str_addc(out, '=');
	log_line_value(out, span_of(field->value), field->kind);
}

void
log_line_fields(struct str *out, const struct log_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fields[i].value != NULL)
			add_field(out, &fields[i]);
}

void
log_line_format(struct str *out, const char *event, const struct log_field *fields, size_t count,
    bool details)
{
	const char *colon = ":";

	str_adds(out, event);
	for (size_t i = 0; i < count; i++) {
		if (fields[i].value == NULL || (!details && (fields[i].kind & LOG_DETAIL) != 0))
			continue;
		str_adds(out, colon);
		add_field(out, &fields[i]);
		colon = "";
	}
}
