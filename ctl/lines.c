#include "lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void
lines_init(struct lines *lines, FILE *in)
{
	lines->in = in;
	lines->start = lines->len = 0;
	lines->skips = lines->ended = false;
}

static bool
take(struct lines *lines, size_t len, size_t with_end, struct span *line)
{
	bool skipped = lines->skips;

	*line = span_make(lines->buffer + lines->start, len);
	if (line->len > 0 && line->ptr[line->len - 1] == '\r')
		line->len--;
	lines->start += with_end;
	lines->len -= with_end;
	lines->skips = false;
	return !skipped;
}

bool
lines_next(struct lines *lines, struct span *line)
{
	while (lines->len > 0) {
		const char *begin = lines->buffer + lines->start;
		const char *end = memchr(begin, '\n', lines->len);

		if (end == NULL && !lines->ended)
			return false;
		if (end == NULL)
			return take(lines, lines->len, lines->len, line);
		if (take(lines, (size_t)(end - begin), (size_t)(end - begin) + 1, line))
			return true;
	}
	return false;
}

/* A stream without a descriptor is memory. */
static ssize_t
read_some(FILE *in, char *buffer, size_t size)
{
	int fd = fileno(in);
	ssize_t n;

	if (fd < 0)
		return (ssize_t)fread(buffer, 1, size, in);
	do
		n = read(fd, buffer, size);
	while (n < 0 && errno == EINTR);
	return n;
}

bool
lines_wait(struct lines *lines)
{
	ssize_t n;

	if (lines->ended)
		return false;
	memmove(lines->buffer, lines->buffer + lines->start, lines->len);
	lines->start = 0;
	if (lines->len == LINES_MAX) { /* and no end of line in it */
		lines->len = 0;
		lines->skips = true;
	}
	n = read_some(lines->in, lines->buffer + lines->len, LINES_MAX - lines->len);
	if (n > 0)
		lines->len += (size_t)n;
	else
		lines->ended = true;
	return !lines->ended || lines->len > 0;
}
