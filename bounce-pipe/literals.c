#include "literals.h"

#include <stdbool.h>
#include <string.h>

#include "letters.h"
#include "str.h"

enum { DEPTH_MAX = 40 };

struct parser {
	struct arena *arena;
	const char *at;
	unsigned depth;
	bool lost; /* something that is not known for certain: no literals */
};

enum atom_kind { ATOM_CHARACTER, ATOM_GROUP, ATOM_OTHER };

struct atom {
	enum atom_kind kind;
	struct span character;        /* in the pattern, as it stands there */
	const struct literals *group; /* NULL: none */
};

static const struct literals *parse_alternatives(struct parser *parser);

static struct literals *
make(struct arena *arena, enum literals_kind kind)
{
	struct literals *made = arena_alloc(arena, sizeof(*made));

	made->kind = kind;
	return made;
}

/* A part of the same kind gives its own parts. */
static void
add(struct arena *arena, struct literals *to, const struct literals *part)
{
	if (part->kind == to->kind) {
		for (size_t i = 0; i < part->count; i++)
			add(arena, to, part->parts[i]);
		return;
	}
	if (to->count == to->room) {
		size_t room = to->room == 0 ? 4 : to->room * 2;
		const struct literals **parts = arena_alloc(arena, room * sizeof(*parts));

		if (to->count > 0)
			memcpy(parts, to->parts, to->count * sizeof(*parts));
		to->parts = parts;
		to->room = room;
	}
	to->parts[to->count++] = part;
}

static const struct literals *
simplest(const struct literals *of)
{
	return of->count == 0 ? NULL : of->count == 1 ? of->parts[0] : of;
}

static void
lose(struct parser *parser)
{
	parser->lost = true;
	parser->at += strlen(parser->at);
}

static void
skip_past(struct parser *parser, char c)
{
	const char *end = strchr(parser->at, c);

	if (end == NULL)
		lose(parser);
	else
		parser->at = end + 1;
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Behind "[". */
static void
parse_class(struct parser *parser)
{
	const char *at = parser->at + (*parser->at == '^');

	at += *at == ']';
	for (; *at != '\0' && *at != ']'; at++) {
		const char *end;

		if (*at == '\\' &&
		    (at[1] == '\0' ||
			(is_letter(at[1]) && strchr("dDsSwWhHvVnrtfeaxpPb", at[1]) == NULL)))
			break;
		if (*at == '\\')
			at++;
		else if (*at == '[' && at[1] == ':' && (end = strstr(at + 2, ":]")) != NULL &&
			 strspn(at + 2, "^abcdefghijklmnopqrstuvwxyz") == (size_t)(end - at - 2))
			at = end + 1;
		else if (*at == '[' && at[1] != '\0' && strchr(":.=", at[1]) != NULL)
			break;
	}
	if (*at == ']')
		parser->at = at + 1;
	else
		lose(parser);
}

/* Behind "\". */
static void
parse_escape(struct parser *parser, struct atom *atom)
{
	static const char one[] = "dDsSwWbBAzZGhHvVRXKtnrfea";
	char c = *parser->at++;
	bool digit = c >= '0' && c <= '9';

	if (c == '\0') {
		parser->at--;
		lose(parser);
	} else if ((c == 'x' || c == 'p' || c == 'P') && *parser->at == '{') {
		skip_past(parser, '}');
	} else if (c == 'x') {
		for (int i = 0; i < 2 && *parser->at != '\0' &&
				strchr("0123456789abcdefABCDEF", *parser->at) != NULL;
		     i++)
			parser->at++;
	} else if (digit) {
		parser->at += strspn(parser->at, "0123456789");
	} else if (c == 'p' || c == 'P') {
		parser->at += *parser->at != '\0';
	} else if (is_letter(c)) {
		if (strchr(one, c) == NULL)
			lose(parser);
	} else if ((unsigned char)c >= 0x80) {
		lose(parser);
	} else {
		atom->kind = ATOM_CHARACTER;
		atom->character = span_make(parser->at - 1, 1);
	}
}

/* Behind "(": what kind of group it is; false: its literals need not occur. */
static bool
parse_group_head(struct parser *parser)
{
	static const struct {
		const char *head;
		bool counts;
	} heads[] = { { "?:", true }, { "?>", true }, { "?|", true }, { "?i:", true },
		{ "?=", true }, { "?<=", true }, { "?!", false }, { "?<!", false } };
	struct span rest = span_of(parser->at);

	if (*parser->at == '*') {
		lose(parser);
		return false;
	}
	if (*parser->at != '?')
		return true;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (span_starts(rest, span_of(heads[i].head))) {
			parser->at += strlen(heads[i].head);
			return heads[i].counts;
		}
	if (span_starts(rest, SPAN("?<")) || span_starts(rest, SPAN("?P<")))
		skip_past(parser, '>');
	else
		lose(parser);
	return true;
}

static void
parse_group(struct parser *parser, struct atom *atom)
{
	bool counts = parse_group_head(parser);

	if (parser->depth == DEPTH_MAX) {
		lose(parser);
		return;
	}
	parser->depth++;
	atom->group = parse_alternatives(parser);
	parser->depth--;
	if (counts)
		atom->kind = ATOM_GROUP;
	if (*parser->at == ')')
		parser->at++;
	else
		lose(parser);
}

static size_t
character_len(const char *at)
{
	unsigned char c = (unsigned char)*at;
	size_t len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	return strnlen(at, len);
}

static struct atom
parse_atom(struct parser *parser)
{
	struct atom atom = { .kind = ATOM_OTHER };
	char c = *parser->at;

	if (c == '\0' || strchr("*+?{", c) != NULL) {
		lose(parser);
	} else if (strchr("\\[(.^$", c) == NULL) {
		atom.kind = ATOM_CHARACTER;
		atom.character = span_make(parser->at, character_len(parser->at));
		parser->at += atom.character.len;
	} else {
		parser->at++;
		if (c == '\\')
			parse_escape(parser, &atom);
		else if (c == '[')
			parse_class(parser);
		else if (c == '(')
			parse_group(parser, &atom);
	}
	return atom;
}

struct times {
	bool none;    /* it may be left out */
	bool changed; /* not exactly once */
};

static struct times
parse_times(struct parser *parser)
{
	struct times times = { false, true };
	size_t len;

	switch (*parser->at) {
	case '*':
	case '?':
		times.none = true;
		parser->at++;
		break;
	case '+':
		parser->at++;
		break;
	case '{': /* {2} {2,} {2,5}; what else there is depends on the version */
		len = strspn(parser->at + 1, "0123456789");
		times.none = len == strspn(parser->at + 1, "0");
		parser->at += 1 + len;
		if (len > 0 && *parser->at == ',')
			parser->at += 1 + strspn(parser->at + 1, "0123456789");
		if (len == 0 || *parser->at != '}') {
			lose(parser);
			return times;
		}
		parser->at++;
		break;
	default:
		times.changed = false;
		return times;
	}
	if (*parser->at == '?' || *parser->at == '+')
		parser->at++;
	return times;
}

/* A run of characters ends. */
static void
end_run(struct parser *parser, struct str *run, struct literals *all)
{
	if (run->len >= LITERALS_MIN) {
		struct literals *text = make(parser->arena, LITERALS_TEXT);

		text->text = span_of(arena_dup(parser->arena, span_make(run->data, run->len)));
		add(parser->arena, all, text);
	}
	str_empty(run);
}

static void
add_character(struct parser *parser, struct str *run, struct span character, struct literals *all)
{
	char folded[4];
	struct span form;

	form = span_make(folded, letters_fold(character, folded));
	if (letters_are_certain(form))
		str_add_span(run, form);
	else
		end_run(parser, run, all);
}

static const struct literals *
parse_sequence(struct parser *parser)
{
	struct literals *all = make(parser->arena, LITERALS_ALL);
	struct str run = { 0 };

	while (*parser->at != '\0' && *parser->at != '|' && *parser->at != ')') {
		struct atom atom = parse_atom(parser);
		struct times times = parse_times(parser);

		if (atom.kind == ATOM_CHARACTER && !times.none)
			add_character(parser, &run, atom.character, all);
		if (atom.kind != ATOM_CHARACTER || times.changed)
			end_run(parser, &run, all);
		if (atom.kind == ATOM_GROUP && !times.none && atom.group != NULL)
			add(parser->arena, all, atom.group);
	}
	end_run(parser, &run, all);
	str_free(&run);
	return simplest(all);
}

static const struct literals *
parse_alternatives(struct parser *parser)
{
	struct literals *any = make(parser->arena, LITERALS_ANY);
	bool every = true;

	for (;;) {
		const struct literals *one = parse_sequence(parser);

		every = every && one != NULL;
		if (every)
			add(parser->arena, any, one);
		if (*parser->at != '|')
			return every ? simplest(any) : NULL;
		parser->at++;
	}
}

const struct literals *
literals_of(struct arena *arena, const char *pattern)
{
	struct parser parser = { .arena = arena, .at = pattern };
	const struct literals *found = parse_alternatives(&parser);

	return parser.lost || *parser.at != '\0' ? NULL : found;
}
