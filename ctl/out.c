#include "out.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "charset.h"
#include "mem.h"
#include "out_form.h"

enum { FLUSH_AT = 16 * 1024 };

static const struct out_form *const forms[] = {
	[OUT_TEXT] = &out_form_text,
	[OUT_JSON] = &out_form_json,
};

struct out *
out_new(enum out_format format, FILE *stream, size_t width)
{
	struct out *out = mem_alloc(sizeof(*out));

	out->form = forms[format];
	out->stream = stream;
	out->width = width;
	out->form->begin(out);
	return out;
}

static void
write_bytes(struct out *out, size_t len)
{
	if (len > 0 && fwrite(out->buf.data, 1, len, out->stream) != len)
		out->failed = true;
	memmove(out->buf.data, out->buf.data + len, out->buf.len - len + 1);
	out->buf.len -= len;
}

void
out_flush(struct out *out)
{
	if (out->buf.len >= FLUSH_AT)
		write_bytes(out, out->buf.len - 1);
}

int
out_end(struct out **out)
{
	struct out *old = *out;
	int rc;

	old->form->end(old);
	if (old->buf.len > 0)
		write_bytes(old, old->buf.len);
	rc = fflush(old->stream) != 0 || old->failed ? -1 : 0;
	str_free(&old->buf);
	free(old);
	*out = NULL;
	return rc;
}

/* -- values ------------------------------------------------------------------------------------ */

struct out_value
out_none(const char *words)
{
	return (struct out_value){ .kind = OUT_KIND_NONE, .text = words };
}

struct out_value
out_string(const char *text)
{
	return (struct out_value){ .kind = OUT_KIND_STRING, .text = text };
}

struct out_value
out_exact(const char *text)
{
	return (struct out_value){ .kind = OUT_KIND_EXACT, .text = text };
}

struct out_value
out_number(int64_t number)
{
	return (struct out_value){ .kind = OUT_KIND_NUMBER, .number = number };
}

struct out_value
out_count(int64_t number, const char *one, const char *many)
{
	return (struct out_value){
		.kind = OUT_KIND_NUMBER,
		.number = number,
		.text = number == 1 ? one : many,
	};
}

struct out_value
out_bool(bool yes)
{
	return (struct out_value){ .kind = OUT_KIND_BOOL, .number = yes };
}

struct out_value
out_time(int64_t unix_s, int64_t now_s)
{
	return (struct out_value){ .kind = OUT_KIND_TIME, .number = unix_s, .now_s = now_s };
}

struct out_value
out_wait(int64_t ms)
{
	return (struct out_value){ .kind = OUT_KIND_WAIT, .number = ms };
}

struct out_value
out_use(const struct out_use *use)
{
	return (struct out_value){ .kind = OUT_KIND_USE, .uses = use, .count = 1 };
}

struct out_value
out_uses(const struct out_use *uses, size_t count)
{
	return (struct out_value){ .kind = OUT_KIND_USES, .uses = uses, .count = count };
}

struct out_value
out_uses_short(const struct out_use *uses, size_t count)
{
	return (
	    struct out_value){ .kind = OUT_KIND_USES, .number = 1, .uses = uses, .count = count };
}

struct out_value
out_list(const char *const *items, size_t count)
{
	return (struct out_value){ .kind = OUT_KIND_LIST, .items = items, .count = count };
}

/* -- a document -------------------------------------------------------------------------------- */

void
out_open(struct out *out, const char *key, const char *title)
{
	out->form->open(out, key, title);
}

void
out_close(struct out *out)
{
	out->form->close(out);
}

void
out_put(struct out *out, const char *key, const char *label, struct out_value value)
{
	out->form->put(out, key, label, &value);
	out_flush(out);
}

void
out_note(struct out *out, const char *fmt, ...)
{
	struct str words = { 0 };
	struct str text = { 0 };
	va_list ap;
	char *line = NULL;

	va_start(ap, fmt);
	if (vasprintf(&line, fmt, ap) >= 0)
		str_adds(&words, line);
	va_end(ap);
	free(line);
	out_clean(&text, span_make(str_text(&words), words.len));
	out->form->note(out, str_text(&text));
	str_free(&words);
	str_free(&text);
}

void
out_table(struct out *out, const char *key, const char *title, const struct out_column *columns,
    size_t count)
{
	if (count > OUT_COLUMNS_MAX)
		abort(); /* a table of ours */
	out->table = (struct out_table){ .columns = columns, .count = count, .title = title };
	arena_init(&out->table.arena);
	out->form->table(out, key);
}

void
out_cell(struct out *out, struct out_value value)
{
	struct out_table *table = &out->table;

	out->form->cell(out, &value);
	if (++table->column < table->count)
		return;
	table->column = 0;
	table->rows++;
	out->form->row_end(out);
	out_flush(out);
}

void
out_table_end(struct out *out, const char *if_empty)
{
	out->form->table_end(out, if_empty);
	arena_clear(&out->table.arena);
	free(out->table.cells);
	out->table = (struct out_table){ 0 };
}

/* The UTF-8 character at the start of text, and its length; text is not empty and well-formed. */
static uint32_t
decode(struct span text, size_t *len)
{
	const unsigned char *p = (const unsigned char *)text.ptr;
	uint32_t c = p[0];

	*len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (*len > text.len)
		*len = text.len;
	if (*len > 1)
		c &= 0xffU >> (*len + 1);
	for (size_t i = 1; i < *len; i++)
		c = c << 6 | (p[i] & 0x3f);
	return c;
}

/* Characters that a reader must not meet unasked: controls, and those that turn the direction of
 * what follows (UAX #9) or end the line. */
static bool
is_hidden(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0, 0x1f },
		{ 0x7f, 0x9f },
		{ 0x200e, 0x200f },
		{ 0x2028, 0x202e },
		{ 0x2066, 0x2069 },
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

void
out_clean(struct str *str, struct span text)
{
	struct arena arena;
	struct span rest;
	size_t len;

	arena_init(&arena);
	for (rest = charset_to_utf8(&arena, text, ""); rest.len > 0; rest = span_from(rest, len)) {
		if (is_hidden(decode(rest, &len)))
			str_addc(str, '?');
		else
			str_add(str, rest.ptr, len);
	}
	arena_clear(&arena);
}
