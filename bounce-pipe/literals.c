#include "literals.h"

#include <string.h>

#include "letters.h"
#include "str.h"

enum { DEPTH_MAX = 40, RANK_MAX = 16 };

struct parser {
	struct arena *arena;
	const char *at;
	unsigned depth;
	bool lost; /* something that is not known for certain: no literals */
};

enum atom_kind { ATOM_CHARACTER, ATOM_GROUP, ATOM_OTHER };

struct atom {
	enum atom_kind kind;
	struct span character; /* in the pattern, as it stands there */
	struct literals group;
};

static struct literals parse_alternatives(struct parser *parser);

static void
add(struct arena *arena, struct literals *literals, struct span item)
{
	if (literals->count == literals->room) {
		size_t room = literals->room == 0 ? 4 : literals->room * 2;
		struct span *items = arena_alloc(arena, room * sizeof(*items));

		if (literals->count > 0)
			memcpy(items, literals->items, literals->count * sizeof(*items));
		literals->items = items;
		literals->room = room;
	}
	literals->items[literals->count++] = item;
}

/* How much a set is worth: the longer its shortest the better, then the fewer. */
static size_t
rank(const struct literals *literals)
{
	size_t shortest = RANK_MAX;

	if (literals->count == 0)
		return 0;
	for (size_t i = 0; i < literals->count; i++)
		if (literals->items[i].len < shortest)
			shortest = literals->items[i].len;
	return shortest * 1000 + 999 - (literals->count < 999 ? literals->count : 999);
}

static void
keep_better(struct literals *best, const struct literals *other)
{
	if (rank(other) > rank(best))
		*best = *other;
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
		{ "?=", false }, { "?!", false }, { "?<=", false }, { "?<!", false } };
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
end_run(struct parser *parser, struct str *run, struct literals *best)
{
	struct literals one = { 0 };

	if (run->len >= LITERALS_MIN) {
		add(parser->arena, &one,
		    span_of(arena_dup(parser->arena, span_make(run->data, run->len))));
		keep_better(best, &one);
	}
	str_empty(run);
}

static void
add_character(struct parser *parser, struct str *run, struct span character, struct literals *best)
{
	char folded[4];
	struct span form;

	form = span_make(folded, letters_fold(character, folded));
	if (letters_are_certain(form))
		str_add_span(run, form);
	else
		end_run(parser, run, best);
}

static struct literals
parse_sequence(struct parser *parser)
{
	struct literals best = { 0 };
	struct str run = { 0 };

	while (*parser->at != '\0' && *parser->at != '|' && *parser->at != ')') {
		struct atom atom = parse_atom(parser);
		struct times times = parse_times(parser);

		if (atom.kind == ATOM_CHARACTER && !times.none)
			add_character(parser, &run, atom.character, &best);
		if (atom.kind != ATOM_CHARACTER || times.changed)
			end_run(parser, &run, &best);
		if (atom.kind == ATOM_GROUP && !times.none)
			keep_better(&best, &atom.group);
	}
	end_run(parser, &run, &best);
	str_free(&run);
	return best;
}

static struct literals
parse_alternatives(struct parser *parser)
{
	struct literals all = parse_sequence(parser);
	bool every = all.count > 0;

	while (*parser->at == '|') {
		struct literals next;

		parser->at++;
		next = parse_sequence(parser);
		every = every && next.count > 0;
		for (size_t i = 0; i < next.count && every; i++)
			add(parser->arena, &all, next.items[i]);
	}
	return every ? all : (struct literals){ 0 };
}

bool
literals_of(struct arena *arena, const char *pattern, struct literals *literals)
{
	struct parser parser = { .arena = arena, .at = pattern };

	*literals = parse_alternatives(&parser);
	if (parser.lost || *parser.at != '\0')
		*literals = (struct literals){ 0 };
	return literals->count > 0;
}
