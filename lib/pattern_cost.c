#include "pattern_cost.h"

#include <stdlib.h>
#include <string.h>

#include "pattern.h"
#include "pattern_shape.h"

/* A text: what comes before, what is repeated, and an end that fails. */
struct attack {
	struct span before, unit;
	const char *end;
};

static const char *const ends[] = { "!", "\x01", "" };

static void
write_attack(const struct attack *attack, struct str *text)
{
	str_empty(text);
	str_add_span(text, attack->before);
	while (text->len + attack->unit.len <= PATTERN_COST_TEXT)
		str_add_span(text, attack->unit);
	str_adds(text, attack->end);
}

static void
describe(const struct attack *attack, struct str *words)
{
	enum { SHOWN = 40 };
	struct span unit = attack->unit, before = attack->before;

	str_empty(words);
	if (before.len > 0)
		str_addf(words, "\"%.*s\" and ", (int)(before.len < SHOWN ? before.len : SHOWN),
		    before.ptr);
	str_addf(words, "%zu times \"%.*s\"", (PATTERN_COST_TEXT - before.len) / unit.len,
	    (int)(unit.len < SHOWN ? unit.len : SHOWN), unit.ptr);
}

static bool
hurts(const struct pattern *pattern, struct span before, struct span unit, struct str *words)
{
	struct str text = { 0 };
	bool found = false;

	if (unit.len == 0 || before.len + unit.len > PATTERN_COST_TEXT)
		return false;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]) && !found; i++) {
		struct attack attack = { before, unit, ends[i] };

		write_attack(&attack, &text);
		found = pattern_match(pattern, span_make(text.data, text.len)) < 0;
		if (found)
			describe(&attack, words);
	}
	str_free(&text);
	return found;
}

/* Each word of a sample, and all of it, again and again. */
static bool
words_hurt(const struct pattern *pattern, struct span sample, struct str *words)
{
	struct span rest = sample;

	if (hurts(pattern, SPAN(""), sample, words))
		return true;
	while (rest.len > 0) {
		long blank = span_find(rest, SPAN(" "));
		size_t len = blank < 0 ? rest.len : (size_t)blank + 1;

		if (hurts(pattern, SPAN(""), span_make(rest.ptr, len), words))
			return true;
		rest = span_from(rest, len);
	}
	return false;
}

static bool
shape_hurts(const struct pattern *pattern, const struct pattern_shape *shape, struct str *words)
{
	for (size_t i = 0; i < shape->count; i++) {
		const struct pattern_repeat *repeat = &shape->repeats[i];
		struct span before = span_make(str_text(&repeat->before), repeat->before.len);
		struct span unit = span_make(str_text(&repeat->unit), repeat->unit.len);

		/* Once where it belongs, and where the same comes again and again, gap and all. */
		if (hurts(pattern, before, unit, words) ||
		    (before.len > 0 && hurts(pattern, SPAN(""), before, words)))
			return true;
	}
	return false;
}

bool
pattern_cost_is_high(const char *expression, const struct conf_strings *samples, struct str *text)
{
	/* Without the shortcuts that a text's missing last letter gives: whoever writes the text knows
	 * them too. */
	struct str limited = { 0 };
	struct pattern_shape shape;
	struct pattern *pattern;
	bool high = false;

	pattern_shape_of(expression, &shape);
	str_addf(&limited, "(*LIMIT_MATCH=%d)(*NO_START_OPT)%s", PATTERN_COST_STEPS, expression);
	/* What repeats nothing, or little, costs little. */
	pattern = shape.count > 0 ? pattern_new(str_text(&limited), NULL) : NULL;
	if (pattern != NULL) {
		high = shape_hurts(pattern, &shape, text);
		for (size_t i = 0; samples != NULL && i < samples->count && !high; i++)
			high = words_hurt(pattern, span_of(samples->items[i]), text);
	}
	pattern_free(&pattern);
	pattern_shape_clear(&shape);
	str_free(&limited);
	return high;
}
