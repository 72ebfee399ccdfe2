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
	size_t *left; /* of MIME_DECODED_MAX */
};

struct mime_decoded {
	struct span bytes, text; /* ptr NULL: not yet asked for */
	size_t *left;            /* one count for all parts */
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

/* The bytes that a boundary's line begins with, after the line break before it. */
static struct span
delimiter_of(struct arena *arena, struct span boundary)
{
	return span_of(arena_printf(arena, "\n--%.*s", (int)boundary.len, boundary.ptr));
}

/* from: 0, or the start of a line. */
static bool
find_delimiter(struct span body, struct span delimiter, size_t from, struct delimiter *found)
{
	struct span dashes = span_from(delimiter, 1);
	bool first = from == 0 && span_starts(body, dashes);

	from -= from > 0;
	while (from < body.len) {
		long hit = first ? -1 : span_find(span_from(body, from), delimiter);
		size_t start, end;
		const char *lf;

		if (hit < 0 && !first)
			return false;
		start = first ? 0 : from + (size_t)hit;
		end = start + (first ? dashes.len : delimiter.len);
		from = first ? 0 : start + 1;
		first = false;
		found->closes = span_starts(span_from(body, end), SPAN("--"));
		if (!found->closes && !is_line_end(body, end))
			continue; /* the start of a longer boundary */
		lf = memchr(body.ptr + end, '\n', body.len - end);
		found->start = start > 0 && body.ptr[start - 1] == '\r' ? start - 1 : start;
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
parse_children(struct parser *parser, struct mime_part *part, struct span delimiter)
{
	const char *otherwise = mime_is(part, "multipart/digest") ? "message/rfc822" : "text/plain";
	struct mime_part **tail = &part->child;
	struct delimiter at, next;
	bool more = find_delimiter(part->body, delimiter, 0, &at);

	while (more && !at.closes && parser->parts < MIME_PARTS_MAX) {
		size_t end = part->body.len;

		/* The delimiter before may have taken the line break that this one needs. */
		more = find_delimiter(part->body, delimiter, at.end, &next);
		if (more)
			end = next.start > at.end ? next.start : at.end;
		*tail = parse_part(parser, part, span_make(part->body.ptr + at.end, end - at.end),
		    otherwise);
		tail = &(*tail)->next;
		at = next;
	}
}

/* The announced boundary if it occurs, else what looks like one; ptr is NULL if nothing does. */
static struct span
find_boundary(struct parser *parser, const struct mime_part *part)
{
	const char *announced = header_parameter(parser->arena, part->content_type, "boundary");
	struct span guessed, delimiter;
	struct delimiter at;

	if (announced != NULL && *announced != '\0' && strlen(announced) <= BOUNDARY_MAX) {
		delimiter = delimiter_of(parser->arena, span_of(announced));
		if (find_delimiter(part->body, delimiter, 0, &at))
			return delimiter;
	}
	guessed = guess_boundary(part->body);
	return guessed.ptr == NULL ? guessed : delimiter_of(parser->arena, guessed);
}

static unsigned
count_lines(struct span body, size_t before)
{
	unsigned lines = 0;

	for (size_t i = 0; i < before; i++)
		lines += body.ptr[i] == '\n';
	return lines;
}

/* Of a message that lost its Content-Type, but shows parts. */
static struct span
find_lost_boundary(struct parser *parser, const struct mime_part *root)
{
	struct span delimiter = guess_boundary(root->body);
	struct delimiter first;

	if (delimiter.ptr == NULL)
		return delimiter;
	delimiter = delimiter_of(parser->arena, delimiter);
	if (!find_delimiter(root->body, delimiter, 0, &first) ||
	    count_lines(root->body, first.start) > GUESS_LINES)
		delimiter.ptr = NULL;
	return delimiter;
}

static struct mime_part *
parse_part(struct parser *parser, struct mime_part *parent, struct span bytes,
    const char *otherwise)
{
	struct mime_part *part = arena_alloc(parser->arena, sizeof(*part));
	struct span delimiter = { NULL, 0 };

	parser->parts++;
	part->parent = parent;
	part->depth = parent != NULL ? parent->depth + 1 : 0;
	part->decoded = arena_alloc(parser->arena, sizeof(*part->decoded));
	part->decoded->left = parser->left;
	header_split(bytes, &part->header, &part->body);
	if (parent != NULL && part->header.len > MIME_HEADER_MAX)
		part->header.len = MIME_HEADER_MAX;
	read_content_type(parser, part, otherwise);
	read_encoding(parser, part);
	if (part->depth >= MIME_DEPTH_MAX)
		return part;
	if (mime_is_multipart(part)) {
		delimiter = find_boundary(parser, part);
	} else if (parent == NULL && *part->content_type == '\0') {
		delimiter = find_lost_boundary(parser, part);
		if (delimiter.ptr != NULL)
			part->type = "multipart/mixed";
	}
	if (delimiter.ptr != NULL)
		parse_children(parser, part, delimiter);
	return part;
}

/* With LF for every line end, so that nothing below depends on how a message came here. A CR that
 * no LF follows ends a line too, as on old Macs; the many in "\r\r\n" are of gateways that mended
 * what was not broken. */
static struct span
with_lf(struct arena *arena, struct span message)
{
	struct span rest = message;
	size_t len = 0;
	char *out;

	if (message.len == 0 || memchr(message.ptr, '\r', message.len) == NULL)
		return message;
	out = arena_alloc(arena, message.len + 1);
	while (rest.len > 0) {
		const char *cr = memchr(rest.ptr, '\r', rest.len);
		size_t before = cr != NULL ? (size_t)(cr - rest.ptr) : rest.len, run = 0;

		memcpy(out + len, rest.ptr, before);
		len += before;
		rest = span_from(rest, before);
		while (run < rest.len && rest.ptr[run] == '\r')
			run++;
		rest = span_from(rest, run);
		if (rest.len > 0 && rest.ptr[0] == '\n')
			continue;
		memset(out + len, '\n', run);
		len += run;
	}
	return span_make(out, len);
}

struct mime_part *
mime_parse(struct arena *arena, struct span message)
{
	struct parser parser = {
		.arena = arena,
		.left = arena_alloc(arena, sizeof(*parser.left)),
	};

	*parser.left = MIME_DECODED_MAX;
	return parse_part(&parser, NULL, with_lf(arena, message), "text/plain");
}

struct span
mime_message(const struct mime_part *root)
{
	const char *end = root->body.ptr + root->body.len;

	return span_make(root->header.ptr, (size_t)(end - root->header.ptr));
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

/* What may still be decoded of `wanted` bytes; it is then taken. */
static size_t
take(struct mime_decoded *decoded, size_t wanted)
{
	size_t taken = wanted < *decoded->left ? wanted : *decoded->left;

	*decoded->left -= taken;
	return taken;
}

struct span
mime_bytes(struct arena *arena, const struct mime_part *part)
{
	struct mime_decoded *decoded = part->decoded;
	size_t max = part->body.len < MIME_TEXT_MAX ? part->body.len : MIME_TEXT_MAX;

	if (decoded->bytes.ptr != NULL)
		return decoded->bytes;
	switch (part->encoding) {
	case MIME_BASE64:
		decoded->bytes = transfer_base64(arena, part->body, take(decoded, max));
		break;
	case MIME_QUOTED_PRINTABLE:
		decoded->bytes =
		    transfer_quoted_printable(arena, part->body, false, take(decoded, max));
		break;
	case MIME_IDENTITY:
		decoded->bytes = span_make(part->body.ptr, max);
		break;
	}
	return decoded->bytes;
}

struct span
mime_text(struct arena *arena, const struct mime_part *part)
{
	struct mime_decoded *decoded = part->decoded;
	struct span bytes;

	if (decoded->text.ptr != NULL)
		return decoded->text;
	bytes = mime_bytes(arena, part);
	if (*decoded->left == 0)
		bytes.len = 0;
	decoded->text = charset_to_utf8(arena, bytes, part->charset);
	if (decoded->text.ptr != bytes.ptr)
		take(decoded, decoded->text.len);
	return decoded->text;
}
