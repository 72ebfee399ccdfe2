#include "policy.h"

#include <string.h>

/* Attributes by length and first letter, each in a place of its own: two in one are a warning of the
 * compiler (-Woverride-init), and another factor is to be found. */
enum { PLACES = 32 };
#define PLACE(letter, len) ((4 * (len) + (unsigned char)(letter)) % PLACES)
#define ROW(letter, name)                                                    \
	[PLACE(letter, sizeof(#name) - 1)] = { { #name, sizeof(#name) - 1 }, \
		offsetof(struct policy_request, name) }

static const struct {
	struct span name;
	size_t offset;
} attributes[PLACES] = {
	ROW('r', request),
	ROW('p', protocol_state),
	ROW('i', instance),
	ROW('s', sender),
	ROW('r', recipient),
	ROW('c', client_address),
	ROW('q', queue_id),
	ROW('s', sasl_username),
};

/* name has a byte at least. */
static void
keep(struct span name, struct span value, struct policy_request *request)
{
	size_t place = PLACE(name.ptr[0], name.len);

	if (span_eq(attributes[place].name, name))
		*(struct span *)((char *)request + attributes[place].offset) = value;
}

static int
parse_line(struct span line, struct policy_request *request, struct err *err)
{
	const char *equals = memchr(line.ptr, '=', line.len);
	struct span name;

	if (line.len > POLICY_LINE_MAX) {
		err_set(err, "line over %d bytes", POLICY_LINE_MAX);
		return -1;
	}
	if (equals == NULL || equals == line.ptr) {
		err_set(err, "line without name=value");
		return -1;
	}
	name = span_make(line.ptr, (size_t)(equals - line.ptr));
	keep(name, span_from(line, name.len + 1), request);
	return 0;
}

/* All lines up to the empty one, which is there. Returns where that ends, or NULL: a bad line. */
static const char *
parse_lines(const char *p, struct policy_request *request, struct err *err)
{
	for (;;) {
		const char *lf = rawmemchr(p, '\n');
		struct span line = span_make(p, (size_t)(lf - p));

		if (line.len > 0 && lf[-1] == '\r')
			line.len--;
		if (line.len == 0)
			return lf + 1;
		if (parse_line(line, request, err) != 0)
			return NULL;
		p = lf + 1;
	}
}

/* Whether the newline at p ends an empty line. */
static bool
ends_request(const char *start, const char *p)
{
	return p == start || p[-1] == '\n' || (p[-1] == '\r' && (p == start + 1 || p[-2] == '\n'));
}

/* Length of the request's lines with the empty line that ends it, or 0: not there yet. */
static size_t
find_end(struct span bytes, size_t from)
{
	for (const char *p = bytes.ptr + from, *end = bytes.ptr + bytes.len;; p++) {
		if (p >= end || (p = memchr(p, '\n', (size_t)(end - p))) == NULL)
			return 0;
		if (ends_request(bytes.ptr, p))
			return (size_t)(p - bytes.ptr) + 1;
	}
}

static bool
has_end(struct span bytes, size_t seen)
{
	const char *last = bytes.ptr + bytes.len - 1;

	if (*last == '\n' && ends_request(bytes.ptr, last))
		return true; /* the usual case: one request and nothing behind it */
	/* An end may have its first newline among the bytes seen before. */
	return find_end(bytes, seen > 2 ? seen - 2 : 0) > 0;
}

/* What is malformed already though the end is not there. */
static enum policy_parse
check_unfinished(struct span bytes, struct err *err)
{
	const char *last = memrchr(bytes.ptr, '\n', bytes.len);
	size_t open = last == NULL ? bytes.len : (size_t)(bytes.ptr + bytes.len - last - 1);

	if (open > 0 && bytes.ptr[bytes.len - 1] == '\r')
		open--; /* it may belong to the line's end */
	if (open > POLICY_LINE_MAX)
		err_set(err, "line over %d bytes", POLICY_LINE_MAX);
	else if (bytes.len > POLICY_REQUEST_MAX)
		err_set(err, "request over %d bytes", POLICY_REQUEST_MAX);
	else
		return POLICY_MORE;
	return POLICY_MALFORMED;
}

enum policy_parse
policy_parse(struct span bytes, size_t *seen, struct policy_request *request, size_t *used,
    struct err *err)
{
	const char *last;
	size_t end;

	if (bytes.len == 0)
		return POLICY_MORE;
	if (!has_end(bytes, *seen)) {
		*seen = bytes.len;
		return check_unfinished(bytes, err);
	}
	*seen = 0;
	*request = (struct policy_request){ 0 };
	last = parse_lines(bytes.ptr, request, err);
	end = *used = last != NULL ? (size_t)(last - bytes.ptr) : find_end(bytes, 0);
	/* These are said rather than what a line has. */
	if (end > POLICY_REQUEST_MAX) {
		err_set(err, "request over %d bytes", POLICY_REQUEST_MAX);
		return POLICY_MALFORMED;
	}
	if (memchr(bytes.ptr, '\0', end) != NULL) {
		err_set(err, "NUL byte");
		return POLICY_MALFORMED;
	}
	if (last == NULL)
		return POLICY_MALFORMED;
	if (end <= 2) {
		err_set(err, "empty request");
		return POLICY_MALFORMED;
	}
	if (!span_eq(request->request, SPAN("smtpd_access_policy"))) {
		err_set(err, "request is not smtpd_access_policy");
		return POLICY_MALFORMED;
	}
	return POLICY_REQUEST;
}

void
policy_format(const char *action, struct str *out)
{
	str_adds(out, "action=");
	str_add(out, action, strcspn(action, "\r\n"));
	str_adds(out, "\n\n");
}
