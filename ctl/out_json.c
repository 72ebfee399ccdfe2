#include "json.h"
#include "out_form.h"

#include <inttypes.h>

#include "clock.h"

static void
json_clean(struct str *buf, const char *text)
{
	struct str clean = { 0 };

	out_clean(&clean, span_of(text));
	json_string(buf, span_make(str_text(&clean), clean.len));
	str_free(&clean);
}

static void
add_use(struct str *buf, const struct out_use *use)
{
	str_addc(buf, '{');
	if (use->period != NULL)
		json_key_string(buf, "period", use->period);
	json_key_number(buf, "used", use->used);
	json_key(buf, "limit");
	if (use->limit > 0)
		str_addf(buf, "%" PRId64, use->limit);
	else
		str_adds(buf, "null");
	str_addc(buf, '}');
}

static void
add_uses(struct str *buf, const struct out_use *uses, size_t count)
{
	str_addc(buf, '[');
	for (size_t i = 0; i < count; i++) {
		json_next(buf);
		add_use(buf, &uses[i]);
	}
	str_addc(buf, ']');
}

static void
add_list(struct str *buf, const char *const *items, size_t count)
{
	str_addc(buf, '[');
	for (size_t i = 0; i < count; i++) {
		json_next(buf);
		json_clean(buf, items[i]);
	}
	str_addc(buf, ']');
}

static void
add_value(struct str *buf, const struct out_value *value)
{
	char date[CLOCK_DATE_SIZE];

	switch (value->kind) {
	case OUT_KIND_NONE:
		str_adds(buf, "null");
		break;
	case OUT_KIND_STRING:
	case OUT_KIND_EXACT:
		json_clean(buf, value->text);
		break;
	case OUT_KIND_NUMBER:
		str_addf(buf, "%" PRId64, value->number);
		break;
	case OUT_KIND_BOOL:
		str_adds(buf, value->number ? "true" : "false");
		break;
	case OUT_KIND_TIME:
		json_string(buf, span_of(clock_format(value->number, date)));
		break;
	case OUT_KIND_WAIT:
		str_addf(buf, "%" PRId64, value->number <= 0 ? 0 : (value->number + 999) / 1000);
		break;
	case OUT_KIND_USE:
		add_use(buf, value->uses);
		break;
	case OUT_KIND_USES:
		add_uses(buf, value->uses, value->count);
		break;
	case OUT_KIND_LIST:
		add_list(buf, value->items, value->count);
		break;
	}
}

static void
begin(struct out *out)
{
	str_addc(&out->buf, '{');
}

static void
end(struct out *out)
{
	str_adds(&out->buf, "}\n");
}

static void
open_part(struct out *out, const char *key, const char *title)
{
	(void)title;
	json_key(&out->buf, key);
	str_addc(&out->buf, '{');
}

static void
close_part(struct out *out)
{
	str_addc(&out->buf, '}');
}

static void
put(struct out *out, const char *key, const char *label, const struct out_value *value)
{
	(void)label;
	if (key == NULL)
		return;
	json_key(&out->buf, key);
	add_value(&out->buf, value);
}

static void
note(struct out *out, const char *text)
{
	(void)out;
	(void)text;
}

static void
table(struct out *out, const char *key)
{
	json_key(&out->buf, key);
	str_addc(&out->buf, '[');
}

static void
cell(struct out *out, const struct out_value *value)
{
	const char *key = out->table.columns[out->table.column].key;

	if (out->table.column == 0) {
		json_next(&out->buf);
		str_addc(&out->buf, '{');
	}
	if (key == NULL)
		return;
	json_key(&out->buf, key);
	add_value(&out->buf, value);
}

static void
row_end(struct out *out)
{
	str_addc(&out->buf, '}');
}

static void
table_end(struct out *out, const char *if_empty)
{
	(void)if_empty;
	str_addc(&out->buf, ']');
}

const struct out_form out_form_json = { begin, end, open_part, close_part, put, note, table, cell,
	row_end, table_end };
