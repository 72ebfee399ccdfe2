#include "record.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "json.h"
#include "json_value.h"
#include "moment.h"

const char *const record_formats[] = { "csv", "jsonl", "list", NULL };

enum kind { KIND_TEXT, KIND_NUMBER, KIND_TIME, KIND_RELEASE, KIND_STATUS, KIND_TYPE, KIND_REASON };

enum { ADDRESS_FIELD = 0, MORE_FIELD = -1 };

/* The columns, in the order in which they are written. */
static const struct {
	const char *name;
	enum kind kind;
	size_t max; /* bytes of a text */
} fields[] = {
	{ "address", KIND_TEXT, 1024 },
	{ "status", KIND_STATUS, 0 },
	{ "type", KIND_TYPE, 0 },
	{ "reason", KIND_REASON, 0 },
	{ "errors", KIND_NUMBER, 0 },
	{ "first", KIND_TIME, 0 },
	{ "last", KIND_TIME, 0 },
	{ "late", KIND_TIME, 0 },
	{ "held", KIND_TIME, 0 },
	{ "since", KIND_TIME, 0 },
	{ "release", KIND_RELEASE, 0 },
	{ "released", KIND_TEXT, 63 },
	{ "delivered", KIND_TIME, 0 },
	{ "before", KIND_TIME, 0 },
	{ "quiet", KIND_NUMBER, 0 },
	{ "code", KIND_TEXT, 15 },
	{ "text", KIND_TEXT, QUARANTINE_TEXT_SIZE - 1 },
	{ "mx", KIND_TEXT, QUARANTINE_TEXT_SIZE - 1 },
	{ "group", KIND_TEXT, QUARANTINE_NAME_SIZE - 1 },
	{ "rule", KIND_TEXT, 63 },
	{ "message", KIND_TEXT, QUARANTINE_TEXT_SIZE - 1 },
	{ "campaign", KIND_TEXT, QUARANTINE_TEXT_SIZE - 1 },
	{ "list", KIND_TEXT, QUARANTINE_NAME_SIZE - 1 },
	{ "account", KIND_TEXT, QUARANTINE_NAME_SIZE - 1 },
	{ "by", KIND_TEXT, 63 },
	{ "dates", KIND_TEXT, 127 },
	{ "ndrs", KIND_TEXT, 1023 },
};
enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static int
find_field(struct span name)
{
	for (size_t i = 0; i < FIELDS; i++)
		if (span_eq(span_of(fields[i].name), name))
			return (int)i;
	return MORE_FIELD;
}

static bool
is_more(struct span name)
{
	enum reason reason;

	if (span_starts(name, SPAN("errors:")))
		return reason_parse(span_from(name, 7), &reason) == 0;
	return span_eq(name, SPAN("keep")) || (span_starts(name, SPAN("not:")) && name.len > 4);
}

/* -- writing ----------------------------------------------------------------------------------- */

/* A value of Redis as files have it. */
static struct span
shown(size_t field, struct span value, char buf[CLOCK_DATE_SIZE])
{
	unsigned long long number;
	bool dated = fields[field].kind == KIND_TIME || fields[field].kind == KIND_RELEASE;

	if (!dated || !span_number(value, &number))
		return value;
	if (number == 0)
		return fields[field].kind == KIND_RELEASE ? SPAN("never") : SPAN("");
	return span_of(clock_format((int64_t)number, buf));
}

static void
add_csv(struct str *out, struct span value)
{
	bool quoted = false;

	for (size_t i = 0; i < value.len && !quoted; i++)
		quoted = strchr(",;\"\r\n", value.ptr[i]) != NULL || value.ptr[i] == '\0';
	if (!quoted) {
		str_add_span(out, value);
		return;
	}
	str_addc(out, '"');
	for (size_t i = 0; i < value.len; i++) {
		char c = value.ptr[i];

		if (c == '"')
			str_addc(out, c);
		str_addc(out, c == '\r' || c == '\n' || c == '\0' ? ' ' : c); /* one line each */
	}
	str_addc(out, '"');
}

static void
add_encoded(struct str *out, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c <= ' ' || c == 0x7f || strchr("%=\"", c) != NULL)
			str_addf(out, "%%%02X", c);
		else
			str_addc(out, (char)c);
	}
}

static void
write_csv(struct str *out, const char *addr, const struct span *values,
    const struct store_fields *raw)
{
	struct str more = { 0 };
	char date[CLOCK_DATE_SIZE];

	add_csv(out, span_of(addr));
	for (size_t i = 1; i < FIELDS; i++) {
		str_addc(out, ',');
		add_csv(out, shown(i, values[i], date));
	}
	for (size_t i = 0; i + 1 < raw->count; i += 2) {
		if (!is_more(raw->items[i]))
			continue;
		if (more.len > 0)
			str_addc(&more, ' ');
		add_encoded(&more, raw->items[i]);
		str_addc(&more, '=');
		add_encoded(&more, raw->items[i + 1]);
	}
	str_addc(out, ',');
	add_csv(out, span_make(str_text(&more), more.len));
	str_free(&more);
}

static void
add_json_value(struct str *out, enum kind kind, struct span value)
{
	unsigned long long number;

	if (kind == KIND_NUMBER && span_number(value, &number))
		str_add_span(out, value);
	else
		json_string(out, value);
}

static void
write_json(struct str *out, const char *addr, const struct span *values,
    const struct store_fields *raw)
{
	char date[CLOCK_DATE_SIZE];

	str_adds(out, "{\"address\":");
	json_string(out, span_of(addr));
	for (size_t i = 1; i < FIELDS; i++) {
		struct span value = shown(i, values[i], date);

		if (value.len == 0)
			continue;
		json_key(out, fields[i].name);
		add_json_value(out, fields[i].kind, value);
	}
	for (size_t i = 0; i + 1 < raw->count; i += 2) {
		if (!is_more(raw->items[i]))
			continue;
		str_addc(out, ',');
		json_string(out, raw->items[i]);
		str_addc(out, ':');
		add_json_value(out, KIND_NUMBER, raw->items[i + 1]);
	}
	str_addc(out, '}');
}

void
record_header(struct str *out)
{
	for (size_t i = 0; i < FIELDS; i++)
		str_addf(out, "%s,", fields[i].name);
	str_adds(out, "more\n");
}

void
record_write(struct str *out, enum record_format format, const char *addr,
    const struct store_fields *raw)
{
	struct span values[FIELDS];

	for (size_t i = 0; i < FIELDS; i++)
		values[i] = SPAN("");
	for (size_t i = 0; i + 1 < raw->count; i += 2) {
		int field = find_field(raw->items[i]);

		if (field > ADDRESS_FIELD)
			values[field] = raw->items[i + 1];
	}
	switch (format) {
	case RECORD_CSV:
		write_csv(out, addr, values, raw);
		break;
	case RECORD_JSONL:
		write_json(out, addr, values, raw);
		break;
	case RECORD_LIST:
		str_adds(out, addr);
		break;
	}
	str_addc(out, '\n');
}

/* -- values read -------------------------------------------------------------------------------- */

static int
wrong(struct err *err, struct span name, struct span value, const char *what)
{
	err_set(err, "%.*s: \"%.*s\" is %s", (int)name.len, name.ptr,
	    value.len < 60 ? (int)value.len : 60, value.ptr, what);
	return -1;
}

static int
read_time(struct arena *arena, enum kind kind, struct span *value)
{
	int64_t at =
	    kind == KIND_RELEASE && span_ieq(*value, SPAN("never")) ? 0 : moment_parse(*value);

	if (at < 0)
		return -1;
	*value = span_of(arena_printf(arena, "%lld", (long long)at));
	return 0;
}

static bool
is_status(struct span value)
{
	for (int i = QUARANTINE_COUNTING; i <= QUARANTINE_RELEASED; i++)
		if (span_eq(value, span_of(quarantine_status_name((enum quarantine_status)i))))
			return true;
	return false;
}

/* Puts a value into the form of Redis. */
static int
check_value(struct record *record, size_t field, struct span *value, struct err *err)
{
	struct span name = span_of(fields[field].name);
	enum bounce_type type;
	enum reason reason;
	unsigned long long number;

	switch (fields[field].kind) {
	case KIND_TEXT:
		return value->len <= fields[field].max ? 0 : wrong(err, name, *value, "too long");
	case KIND_NUMBER:
		return span_number(*value, &number) && number <= INT64_MAX
			   ? 0
			   : wrong(err, name, *value, "no number");
	case KIND_TIME:
	case KIND_RELEASE:
		return read_time(record->arena, fields[field].kind, value) == 0
			   ? 0
			   : wrong(err, name, *value, "no time such as 2026-11-22T08:00:00Z");
	case KIND_STATUS:
		return is_status(*value) ? 0
					 : wrong(err, name, *value,
					       "none of counting, held, quarantined, released");
	case KIND_TYPE:
		return bounce_type_parse(*value, &type) == 0
			   ? 0
			   : wrong(err, name, *value, "none of hard, soft, ignored");
	case KIND_REASON:
		return reason_parse(*value, &reason) == 0 ? 0
							  : wrong(err, name, *value, "no reason");
	}
	return -1;
}

void
record_set(struct record *record, const char *name, struct span value)
{
	size_t i = 0;

	while (i < record->count && !span_eq(record->items[i], span_of(name)))
		i += 2;
	if (i == record->count) {
		if (i + 2 > sizeof(record->items) / sizeof(record->items[0]))
			return;
		record->items[i] = span_of(arena_dup(record->arena, span_of(name)));
		record->count += 2;
	}
	record->items[i + 1] = span_make(arena_dup(record->arena, value), value.len);
	quarantine_entry_set(&record->entry, record->items[i], record->items[i + 1]);
}

bool
record_has(const struct record *record, const char *name)
{
	for (size_t i = 0; i < record->count; i += 2)
		if (span_eq(record->items[i], span_of(name)))
			return true;
	return false;
}

static int
add_value(struct record *record, struct span name, struct span value, struct err *err)
{
	int field = find_field(name);
	unsigned long long number;

	value = span_trim(value);
	if (value.len == 0)
		return 0;
	if (memchr(value.ptr, '\0', value.len) != NULL)
		return wrong(err, name, value, "no text");
	if (field == MORE_FIELD && !is_more(name))
		return wrong(err, SPAN("field"), name, "none of an entry");
	if (field == MORE_FIELD && !span_number(value, &number))
		return wrong(err, name, value, "no number");
	if (field != MORE_FIELD && check_value(record, (size_t)field, &value, err) != 0)
		return -1;
	if (record->count == sizeof(record->items) / sizeof(record->items[0])) {
		err_set(err, "too many fields");
		return -1;
	}
	if (field == ADDRESS_FIELD)
		record->address = span_make(arena_dup(record->arena, value), value.len);
	else
		record_set(record, arena_dup(record->arena, name), value);
	return 0;
}

/* -- CSV ---------------------------------------------------------------------------------------- */

/* Takes the next value off a line. -1: a quote without its other. */
static int
take_csv(struct arena *arena, struct span *rest, char separator, struct span *value)
{
	char *text;
	size_t i = 1, len = 0;
	const char *end;

	if (rest->len == 0 || rest->ptr[0] != '"') {
		end = rest->len > 0 ? memchr(rest->ptr, separator, rest->len) : NULL;
		*value = span_make(rest->ptr, end != NULL ? (size_t)(end - rest->ptr) : rest->len);
		*rest = span_from(*rest, end != NULL ? value->len + 1 : value->len);
		return 0;
	}
	text = arena_alloc(arena, rest->len + 1);
	for (; i < rest->len; i++) {
		if (rest->ptr[i] == '"' && (i + 1 == rest->len || rest->ptr[i + 1] != '"'))
			break;
		i += rest->ptr[i] == '"';
		text[len++] = rest->ptr[i];
	}
	if (i >= rest->len)
		return -1;
	i++;
	if (i < rest->len && rest->ptr[i] != separator)
		return -1;
	*value = span_make(text, len);
	*rest = span_from(*rest, i < rest->len ? i + 1 : i);
	return 0;
}

static struct span
without_mark(struct span line)
{
	return span_starts(line, SPAN("\xef\xbb\xbf")) ? span_from(line, 3) : line;
}

int
record_read_header(struct record_columns *columns, struct span line, struct err *err)
{
	struct arena arena;
	struct span name;
	bool addressed = false;
	int rc = 0;

	line = span_trim(without_mark(line));
	*columns = (struct record_columns){
		.separator =
		    span_find(line, SPAN(",")) < 0 && span_find(line, SPAN(";")) >= 0 ? ';' : ',',
	};
	arena_init(&arena);
	while (line.len > 0 && rc == 0) {
		int field;

		rc = take_csv(&arena, &line, columns->separator, &name);
		name = span_trim(name);
		field = find_field(name);
		if (rc != 0)
			err_set(err, "a quote without its other");
		else if (field == MORE_FIELD && !span_eq(name, SPAN("more")))
			rc = wrong(err, SPAN("column"), name, "none of an entry");
		else if (columns->count == RECORD_COLUMNS_MAX)
			rc = wrong(err, SPAN("column"), name, "one too many");
		else
			columns->fields[columns->count++] = field;
		addressed |= field == ADDRESS_FIELD;
	}
	if (rc == 0 && !addressed) {
		err_set(err, "no column \"address\" in the first line");
		rc = -1;
	}
	arena_clear(&arena);
	return rc;
}

static struct span
decoded(struct arena *arena, struct span text)
{
	char *copy = arena_alloc(arena, text.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned int byte;
		char code[3] = { 0 };

		if (text.ptr[i] == '%' && i + 2 < text.len) {
			memcpy(code, text.ptr + i + 1, 2);
			if (sscanf(code, "%2x", &byte) == 1) {
				copy[len++] = (char)byte;
				i += 2;
				continue;
			}
		}
		copy[len++] = text.ptr[i];
	}
	return span_make(copy, len);
}

/* "errors:mailbox_full=2 not:all=1795334400" */
static int
add_more(struct record *record, struct span pairs, struct err *err)
{
	pairs = span_trim(pairs);
	while (pairs.len > 0) {
		long blank = span_find(pairs, SPAN(" ")), mark;
		struct span pair = span_make(pairs.ptr, blank >= 0 ? (size_t)blank : pairs.len);

		pairs = span_trim(span_from(pairs, pair.len));
		mark = span_find(pair, SPAN("="));
		if (mark < 0)
			return wrong(err, SPAN("more"), pair, "no name=value");
		if (add_value(record, decoded(record->arena, span_make(pair.ptr, (size_t)mark)),
			decoded(record->arena, span_from(pair, (size_t)mark + 1)), err) != 0)
			return -1;
	}
	return 0;
}

static int
read_csv(struct record *record, const struct record_columns *columns, struct span line,
    struct err *err)
{
	for (size_t i = 0; i < columns->count; i++) {
		int field = columns->fields[i], rc;
		struct span value;

		if (take_csv(record->arena, &line, columns->separator, &value) != 0) {
			err_set(err, "a quote without its other");
			return -1;
		}
		rc = field == MORE_FIELD
			 ? add_more(record, value, err)
			 : add_value(record, span_of(fields[field].name), value, err);
		if (rc != 0)
			return -1;
	}
	if (line.len == 0)
		return 0;
	err_set(err, "more values than columns");
	return -1;
}

/* -- JSON --------------------------------------------------------------------------------------- */

static struct span
skip_blanks(struct span text)
{
	while (text.len > 0 && strchr(" \t\r\n", text.ptr[0]) != NULL)
		text = span_from(text, 1);
	return text;
}

/* Takes a value off, and the mark behind it if it is that one. */
static struct span
take_json(struct span *rest, char *mark)
{
	struct span value;

	*rest = skip_blanks(*rest);
	value = json_value(*rest);
	if (value.len > 0)
		*rest = skip_blanks(span_from(*rest, (size_t)(value.ptr + value.len - rest->ptr)));
	*mark = rest->len > 0 ? rest->ptr[0] : '\0';
	if (*mark != '\0')
		*rest = span_from(*rest, 1);
	return value;
}

static int
read_json(struct record *record, struct span line, struct err *err)
{
	struct span rest = span_trim(without_mark(line));
	char mark = rest.len > 0 ? rest.ptr[0] : '\0';

	if (mark != '{') {
		err_set(err, "no JSON object");
		return -1;
	}
	rest = span_from(rest, 1);
	for (mark = ','; mark == ',';) {
		struct span name = take_json(&rest, &mark), value;
		bool colon = mark == ':';

		value = colon ? take_json(&rest, &mark) : SPAN("");
		if (name.len < 2 || name.ptr[0] != '"' || value.len == 0 ||
		    strchr("{[", value.ptr[0]) != NULL || (mark != ',' && mark != '}')) {
			err_set(err, "no JSON object of strings and numbers");
			return -1;
		}
		if (span_eq(value, SPAN("null")))
			continue;
		if (add_value(record, span_of(json_text(record->arena, name)),
			span_of(json_text(record->arena, value)), err) != 0)
			return -1;
	}
	if (span_trim(rest).len == 0)
		return 0;
	err_set(err, "more behind the JSON object");
	return -1;
}

/* -- a line -------------------------------------------------------------------------------------- */

enum record_format
record_guess(struct span line)
{
	static const char name[] = "address";
	long at;

	line = span_trim(without_mark(line));
	if (line.len > 0 && line.ptr[0] == '{')
		return RECORD_JSONL;
	at = span_find(line, span_of(name));
	if (at < 0 || span_find(line, SPAN("@")) >= 0)
		return RECORD_LIST;
	line = span_from(line, (size_t)at + sizeof(name) - 1);
	return line.len == 0 || strchr(",;\"", line.ptr[0]) != NULL ? RECORD_CSV : RECORD_LIST;
}

int
record_read(struct record *record, struct arena *arena, enum record_format format,
    const struct record_columns *columns, struct span line, struct err *err)
{
	int rc = 0;

	*record = (struct record){ .arena = arena };
	switch (format) {
	case RECORD_CSV:
		rc = read_csv(record, columns, line, err);
		break;
	case RECORD_JSONL:
		rc = read_json(record, line, err);
		break;
	case RECORD_LIST:
		rc = add_value(record, SPAN("address"), without_mark(line), err);
		break;
	}
	if (rc == 0 && record->address.len == 0) {
		err_set(err, "no address");
		rc = -1;
	}
	return rc;
}
