#include "warmup_line.h"

#include <inttypes.h>

#include "keys.h"
#include "out.h"

enum { NAME_MAX_WIDTH = 18, WIDTH = 80, TICK = 5 };

/* The days any group was judged on. */
static bool
span_of_days(const struct warmup *warmup, int64_t *first, int64_t *last)
{
	bool any = false;

	for (size_t i = 0; i < warmup->group_count; i++) {
		struct span signs;
		int64_t begin, end;

		if (!warmup_line_read(span_of(warmup->groups[i].line), &begin, &signs))
			continue;
		end = begin + (int64_t)(signs.len / 2) - 1;
		*first = any && *first < begin ? *first : begin;
		*last = any && *last > end ? *last : end;
		any = true;
	}
	return any;
}

/* The name as people may see it, cut to the column. */
static void
add_name(struct str *out, const char *encoded, size_t width)
{
	struct str name = { 0 }, clean = { 0 };

	if (keys_decode(&name, span_of(encoded)) != 0)
		str_adds(&name, encoded);
	out_clean(&clean, span_of(str_text(&name)));
	if (clean.len > width)
		str_addf(out, "%.*s.. ", (int)width - 2, str_text(&clean));
	else
		str_addf(out, "%-*s ", (int)width, str_text(&clean));
	str_free(&name);
	str_free(&clean);
}

static size_t
name_width(const struct warmup *warmup)
{
	size_t width = 5;

	for (size_t i = 0; i < warmup->group_count; i++) {
		size_t len = span_of(warmup->groups[i].name).len;

		width = len > width ? len : width;
	}
	return width < NAME_MAX_WIDTH ? width : NAME_MAX_WIDTH;
}

static void
trim(struct str *out)
{
	while (out->len > 0 && out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
	str_addc(out, '\n');
}

static void
draw_dates(int64_t first, int64_t last, size_t width, struct str *out)
{
	str_addf(out, "%-*s ", (int)width, "");
	for (int64_t day = first; day <= last; day += TICK) {
		int64_t date = warmup_date(day);

		str_addf(out, "%02" PRId64 "-%02" PRId64 "     ", date / 100 % 100, date % 100);
	}
	trim(out);
}

static void
draw_group(const struct warmup_group *group, int64_t first, int64_t last, size_t width,
    struct str *out)
{
	struct span signs = { "", 0 };
	int64_t begin = 0;

	if (!warmup_line_read(span_of(group->line), &begin, &signs))
		return;
	add_name(out, group->name, width);
	for (int64_t day = first; day <= last; day++) {
		int64_t at = day - begin;

		if (at < 0 || at >= (int64_t)(signs.len / 2))
			str_adds(out, "  ");
		else
			str_add(out, signs.ptr + 2 * at, 2);
	}
	trim(out);
}

void
warmup_line_draw(const struct warmup *warmup, struct str *out)
{
	size_t width = name_width(warmup);
	int64_t per_row = (int64_t)(WIDTH - width - 1) / (2 * TICK) * TICK;
	int64_t first, last;

	if (!span_of_days(warmup, &first, &last))
		return;
	for (; first <= last; first += per_row) {
		int64_t end = first + per_row - 1 < last ? first + per_row - 1 : last;

		draw_dates(first, end, width, out);
		for (size_t i = 0; i < warmup->group_count; i++)
			draw_group(&warmup->groups[i], first, end, width, out);
	}
}
