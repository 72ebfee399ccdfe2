#include "mime.h"

#include <string.h>
#include <strings.h>

#include "charset.h"
#include "header.h"
#include "transfer.h"

enum {
	BOUNDARY_MAX = 250,      /* bytes; RFC 2046 has 70 */
	GUESS_BYTES = 64 * 1024, /* of a body in which an unannounced boundary is looked for */
	/* Above it at most, if nothing says that there are parts: further down may be a message
	   that came back in a text, with parts of its own. */
	GUESS_LINES = 20,
};

struct parser {
	struct arena *arena;
	unsigned parts;
};

static bool
is_line_end(struct span s, size_t at)
{
	while (at < s.len && (s.ptr[at] == ' ' || s.ptr[at] == '\t' || s.ptr[at] == '\r'))
		at++;
	return at >= s.len || s.ptr[at] == '\n';
}

/* A boundary's line in a body. */
struct delimiter {
	size_t start; /* of the line break before it, which belongs to it */
	size_t end;   /* behind its own line break */
	bool closes;
};

static bool
find_delimiter(struct span body, struct span boundary, size_t from, struct delimiter *found)
{
	while (from < body.len) {
		long hit = span_find(span_from(body, from), boundary);
		size_t at, end;
		const char *lf;

		if (hit < 0)
			return false;
		at = from + (size_t)hit;
		end = at + boundary.len;
		from = at + 1;
		if (at < 2 || body.ptr[at - 1] != '-' || body.ptr[at - 2] != '-' ||
		    (at > 2 && body.ptr[at - 3] != '\n'))
			continue;
		found->closes = span_starts(span_from(body, end), SPAN("--"));
		if (!found->closes && !is_line_end(body, end))
			continue; /* the start of a longer boundary */
		at -= 2;
		if (at > 0)
			at--;
		if (at > 0 && body.ptr[at] == '\n' && body.ptr[at - 1] == '\r')
			at--;
		lf = memchr(body.ptr + end, '\n', body.len - end);
		found->start = at;
		found->end = lf == NULL ? body.len : (size_t)(lf - body.ptr) + 1;
		return true;
	}
	return false;
}

/* The first line that reads like a boundary and is followed by a part's header. */
static struct span
guess_boundary(struct span body)
{
	struct span rest = body, line;

	while ((size_t)(rest.ptr - body.ptr) < GUESS_BYTES && span_line(&rest, &line)) {
		struct span next = rest, first;

		line = span_trim(line);
		if (line.len < 5 || line.len > BOUNDARY_MAX || !span_starts(line, SPAN("--")) ||
		    memchr(line.ptr, ' ', line.len) != NULL)
			continue;
		if (span_line(&next, &first) && span_istarts(first, SPAN("Content-")))
			return span_from(line, 2);
	}
	return span_make(NULL, 0);
}

static char *
lower_word(struct arena *arena, struct span text)
{
	char *word = arena_dup(arena, text);

	for (char *p = word; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p += 32;
	return word;
}

static void
read_content_type(struct parser *parser, struct mime_part *part, const char *otherwise)
{
	const char *field = header_field(parser->arena, part->header, "Content-Type");
	const char *charset;
	size_t len;

	part->content_type = field != NULL ? field : "";
	part->charset = "";
	len = strcspn(part->content_type, "; \t");
	if (memchr(part->content_type, '/', len) == NULL) {
		part->type = len > 0 ? "text/plain" : otherwise;
	} else {
		part->type = lower_word(parser->arena, span_make(part->content_type, len));
	}
	charset = header_parameter(parser->arena, part->content_type, "charset");
	if (charset != NULL)
		part->charset = charset;
}

static void
read_encoding(struct parser *parser, struct mime_part *part)
{
	const char *field = header_field(parser->arena, part->header, "Content-Transfer-Encoding");

	part->encoding = MIME_IDENTITY;
	if (field == NULL)
		return;
	if (strncasecmp(field, "base64", 6) == 0)
		part->encoding = MIME_BASE64;
	else if (strncasecmp(field, "quoted-printable", 16) == 0)
		part->encoding = MIME_QUOTED_PRINTABLE;
}

static struct mime_part *parse_part(struct parser *parser, struct mime_part *parent,
    struct span bytes, const char *otherwise);

static void
parse_children(struct parser *parser, struct mime_part *part, struct span boundary)
{
	const char *otherwise = mime_is(part, "multipart/digest") ? "message/rfc822" : "text/plain";
	struct mime_part **tail = &part->child;
	struct delimiter at, next;
	bool more = find_delimiter(part->body, boundary, 0, &at);

	while (more && !at.closes && parser->parts < MIME_PARTS_MAX) {
		size_t end = part->body.len;

		/* The delimiter before may have taken the line break that this one needs. */
		more = find_delimiter(part->body, boundary, at.end, &next);
		if (more)
			end = next.start > at.end ? next.start : at.end;
		*tail = parse_part(parser, part, span_make(part->body.ptr + at.end, end - at.end),
		    otherwise);
		tail = &(*tail)->next;
		at = next;
	}
}

static struct span
boundary_of(struct parser *parser, const struct mime_part *part)
{
	const char *announced = header_parameter(parser->arena, part->content_type, "boundary");
	struct delimiter at;

	if (announced != NULL && *announced != '\0' && strlen(announced) <= BOUNDARY_MAX &&
	    find_delimiter(part->body, span_of(announced), 0, &at))
		return span_of(announced);
	return guess_boundary(part->body);
}

static unsigned
count_lines(struct span body, size_t before)
{
	unsigned lines = 0;

	for (size_t i = 0; i < before; i++)
		lines += body.ptr[i] == '\n';
	return lines;
}

static struct mime_part *
parse_part(struct parser *parser, struct mime_part *parent, struct span bytes,
    const char *otherwise)
{
	struct mime_part *part = arena_alloc(parser->arena, sizeof(*part));
	struct span boundary = { NULL, 0 };
	struct delimiter first;

	parser->parts++;
	part->parent = parent;
	part->depth = parent != NULL ? parent->depth + 1 : 0;
	header_split(bytes, &part->header, &part->body);
	read_content_type(parser, part, otherwise);
	read_encoding(parser, part);
	if (part->depth >= MIME_DEPTH_MAX)
		return part;
	if (mime_is_multipart(part)) {
		boundary = boundary_of(parser, part);
	} else if (parent == NULL && *part->content_type == '\0') {
		/* A message that lost its Content-Type, but shows parts. */
		boundary = guess_boundary(part->body);
		if (boundary.ptr == NULL || !find_delimiter(part->body, boundary, 0, &first) ||
		    count_lines(part->body, first.start) > GUESS_LINES)
			boundary.ptr = NULL;
		if (boundary.ptr != NULL)
			part->type = "multipart/mixed";
	}
	if (boundary.ptr != NULL)
		parse_children(parser, part, boundary);
	return part;
}

struct mime_part *
mime_parse(struct arena *arena, struct span message)
{
	struct parser parser = { .arena = arena };

	return parse_part(&parser, NULL, message, "text/plain");
}

const struct mime_part *
mime_next(const struct mime_part *part)
{
	if (part->child != NULL)
		return part->child;
	while (part != NULL && part->next == NULL)
		part = part->parent;
	return part == NULL ? NULL : part->next;
}

bool
mime_is(const struct mime_part *part, const char *type)
{
	return strcmp(part->type, type) == 0;
}

bool
mime_is_multipart(const struct mime_part *part)
{
	return strncmp(part->type, "multipart/", 10) == 0;
}

bool
mime_is_message(const struct mime_part *part)
{
	static const char *const types[] = {
		"message/rfc822",
		"message/global",
		"message/partial",
		"text/rfc822-headers",
		"text/rfc822-header",
		"text/rfc822",
		"message/rfc822-headers",
		"message/global-headers",
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (mime_is(part, types[i]))
			return true;
	return false;
}

struct span
mime_bytes(struct arena *arena, const struct mime_part *part)
{
	switch (part->encoding) {
	case MIME_BASE64:
		return transfer_base64(arena, part->body, MIME_TEXT_MAX);
	case MIME_QUOTED_PRINTABLE:
		return transfer_quoted_printable(arena, part->body, false, MIME_TEXT_MAX);
	case MIME_IDENTITY:
		break;
	}
	return span_make(part->body.ptr,
	    part->body.len < MIME_TEXT_MAX ? part->body.len : MIME_TEXT_MAX);
}

struct span
mime_text(struct arena *arena, const struct mime_part *part)
{
	return charset_to_utf8(arena, mime_bytes(arena, part), part->charset);
}
