#include "pattern_shape.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { OFTEN = 8, DEPTH_MAX = 50, ALTERNATIVES_MAX = 16, TEXT_MAX = 1000 };

struct walk {
	const char *at;  /* in the expression */
	struct str text; /* what the part behind us matches */
	struct pattern_shape *shape;
	unsigned depth;
};

struct alternatives { /* of the last group; texts */
	struct str texts[ALTERNATIVES_MAX];
	size_t count;
};

static void walk_alternatives(struct walk *walk, struct alternatives *alternatives);

static void
clear_alternatives(struct alternatives *alternatives)
{
	for (size_t i = 0; i < alternatives->count; i++)
		str_free(&alternatives->texts[i]);
	alternatives->count = 0;
}

static void
add_repeat(struct walk *walk, size_t before, struct span unit)
{
	struct pattern_shape *shape = walk->shape;
	struct pattern_repeat *repeat;

	if (unit.len == 0 || before + unit.len > TEXT_MAX || shape->count == PATTERN_REPEATS_MAX)
		return;
	repeat = &shape->repeats[shape->count++];
	*repeat = (struct pattern_repeat){ 0 };
	str_add(&repeat->before, str_text(&walk->text), before);
	str_add_span(&repeat->unit, unit);
}

/* -- atoms ------------------------------------------------------------------------------------- */

/* What an escape matches: behind the backslash. */
static void
walk_escape(struct walk *walk)
{
	static const char kinds[] = "dDwWsSbBAzZGKhHRNnrtXQE";
	static const char *const texts[] = { "1", "a", "a", " ", " ", "a", "", "", "", "", "", "",
		"", " ", "a", "\n", "a", "\n", "\r", "\t", "a", "", "" };
	const char *kind;
	char c = *walk->at;

	if (c == '\0')
		return;
	walk->at++;
	kind = strchr(kinds, c);
	if (kind != NULL) {
		str_adds(&walk->text, texts[kind - kinds]);
	} else if (c == 'p' || c == 'P' || c == 'x') {
		if (*walk->at == '{')
			walk->at += strcspn(walk->at, "}") + (strchr(walk->at, '}') != NULL);
		else
			walk->at += c == 'x' ? strspn(walk->at, "0123456789abcdefABCDEF")
					     : (*walk->at != '\0');
		str_addc(&walk->text, 'a');
	} else if (c < '0' || c > '9') {
		str_addc(&walk->text, c);
	} else { /* what a group took: nothing, here */
		walk->at += strspn(walk->at, "0123456789");
	}
}

/* Behind "[": its end, and what it holds. */
static struct span
class_of(struct walk *walk)
{
	const char *from = walk->at, *p = from;

	if (*p == '^')
		p++;
	if (*p == ']')
		p++;
	while (*p != '\0' && *p != ']') {
		const char *inner = p[0] == '[' && p[1] == ':' ? strstr(p + 2, ":]") : NULL;

		if (inner != NULL)
			p = inner + 2;
		else
			p += p[0] == '\\' && p[1] != '\0' ? 2 : 1;
	}
	walk->at = p + (*p == ']');
	return span_make(from, (size_t)(p - from));
}

static void
walk_class(struct walk *walk)
{
	static const char others[] = "a1 -.,<>@x";
	struct span class = class_of(walk);

	if (class.len > 0 && class.ptr[0] == '^') {
		for (const char *c = others; *c != '\0'; c++)
			if (memchr(class.ptr, *c, class.len) == NULL) {
				str_addc(&walk->text, *c);
				return;
			}
	} else if (class.len > 1 && class.ptr[0] == '\\') {
		struct walk inner = { class.ptr + 1, walk->text, walk->shape, walk->depth };

		walk_escape(&inner);
		walk->text = inner.text;
	} else if (class.len > 1 && class.ptr[0] == '[' && class.ptr[1] == ':') {
		str_addc(&walk->text, span_starts(class, SPAN("[:digit")) ? '1' : 'a');
	} else if (class.len > 0) {
		str_addc(&walk->text, class.ptr[0]);
	}
}

/* Behind a group's name, or at the end of what is none. */
static const char *
behind_name(const char *name)
{
	const char *end = name + strcspn(name, ">)'");

	return end + (*end == '>' || *end == '\'');
}

/* Behind "(": what only looks around matches nothing. */
static void
walk_group(struct walk *walk, struct alternatives *alternatives)
{
	size_t start = walk->text.len;
	bool looks = false;

	if (*walk->at == '*') { /* a verb */
		walk->at += strcspn(walk->at, ")");
	} else if (*walk->at == '?') {
		const char *kind = walk->at + 1;

		looks = *kind == '=' || *kind == '!' ||
			(*kind == '<' && (kind[1] == '=' || kind[1] == '!'));
		if (looks)
			walk->at = kind + (*kind == '<' ? 2 : 1);
		else if (*kind == '<' || *kind == 'P' || *kind == '\'')
			walk->at = behind_name(kind + 1);
		else if (*kind == '#')
			walk->at = kind + strcspn(kind, ")");
		else
			walk->at = kind + strspn(kind, "imsxnJU^-:>|");
	}
	walk_alternatives(walk, alternatives);
	if (*walk->at == ')')
		walk->at++;
	if (looks && walk->text.len > start) {
		walk->text.len = start;
		walk->text.data[start] = '\0';
		clear_alternatives(alternatives);
	}
}

/* -- how often --------------------------------------------------------------------------------- */

struct times {
	unsigned least, most;
};

static struct times
times_of(struct walk *walk)
{
	struct times times = { 1, 1 };
	char *end;

	switch (*walk->at) {
	case '*':
		times = (struct times){ 0, OFTEN };
		break;
	case '+':
		times = (struct times){ 1, OFTEN };
		break;
	case '?':
		times = (struct times){ 0, 1 };
		break;
	case '{':
		if (strchr("0123456789,", walk->at[1]) == NULL || walk->at[1] == '\0')
			return times;
		times.least = times.most = (unsigned)strtoul(walk->at + 1, &end, 10);
		if (*end == ',')
			times.most = end[1] == '}' ? OFTEN : (unsigned)strtoul(end + 1, &end, 10);
		walk->at += strcspn(walk->at, "}") - (strchr(walk->at, '}') == NULL);
		break;
	default:
		return times;
	}
	walk->at++;
	if (*walk->at == '?' || *walk->at == '+') /* lazy, possessive */
		walk->at++;
	return times;
}

/* What stands since `start`, and how often it may come. */
static void
walk_times(struct walk *walk, size_t start, const struct alternatives *alternatives)
{
	struct times times = times_of(walk);
	struct str unit = { 0 };

	if (walk->text.len > start)
		str_add(&unit, walk->text.data + start, walk->text.len - start);
	if (times.most >= OFTEN) {
		add_repeat(walk, start, span_make(str_text(&unit), unit.len));
		for (size_t i = 1; i < alternatives->count; i++)
			add_repeat(walk, start,
			    span_make(str_text(&alternatives->texts[i]),
				alternatives->texts[i].len));
	}
	for (unsigned i = 1; unit.len > 0 && i < times.least && walk->text.len < TEXT_MAX; i++)
		str_add(&walk->text, str_text(&unit), unit.len);
	str_free(&unit);
}

static void
walk_sequence(struct walk *walk)
{
	while (*walk->at != '\0' && *walk->at != '|' && *walk->at != ')') {
		struct alternatives alternatives = { .count = 0 };
		size_t start = walk->text.len;
		char c = *walk->at++;

		if (c == '\\')
			walk_escape(walk);
		else if (c == '[')
			walk_class(walk);
		else if (c == '(' && walk->depth < DEPTH_MAX)
			walk_group(walk, &alternatives);
		else if (c == '.')
			str_addc(&walk->text, 'a');
		else if (c != '^' && c != '$' && c != '(')
			str_addc(&walk->text, c);
		walk_times(walk, start, &alternatives);
		clear_alternatives(&alternatives);
	}
}

/* Up to the ")" of the group: its first alternative stays in the text. */
static void
walk_alternatives(struct walk *walk, struct alternatives *alternatives)
{
	size_t start = walk->text.len, first = 0;

	walk->depth++;
	for (;;) {
		struct str *text;

		walk_sequence(walk);
		if (alternatives->count < ALTERNATIVES_MAX) {
			text = &alternatives->texts[alternatives->count++];
			*text = (struct str){ 0 };
			str_add(text, str_text(&walk->text) + start, walk->text.len - start);
			if (alternatives->count == 1)
				first = walk->text.len;
		}
		if (*walk->at != '|')
			break;
		walk->at++;
		walk->text.len = start;
		if (walk->text.data != NULL)
			walk->text.data[start] = '\0';
	}
	if (alternatives->count > 1) {
		walk->text.len = start;
		str_add(&walk->text, str_text(&alternatives->texts[0]), first - start);
	}
	walk->depth--;
}

void
pattern_shape_of(const char *expression, struct pattern_shape *shape)
{
	struct walk walk = { .at = expression, .shape = shape };

	shape->count = 0;
	for (;;) {
		struct alternatives alternatives = { .count = 0 };

		walk_alternatives(&walk, &alternatives);
		clear_alternatives(&alternatives);
		if (*walk.at == '\0')
			break;
		walk.at++; /* a ")" too many */
	}
	str_free(&walk.text);
}

void
pattern_shape_clear(struct pattern_shape *shape)
{
	for (size_t i = 0; i < shape->count; i++) {
		str_free(&shape->repeats[i].before);
		str_free(&shape->repeats[i].unit);
	}
	shape->count = 0;
}
