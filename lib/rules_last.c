#include "rules_last.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
read_time(struct span value, int64_t *time_s)
{
	unsigned long long number;

	if (span_number(value, &number) && number < INT64_MAX)
		*time_s = (int64_t)number;
}

void
rules_last_parse(struct span text, struct rules_last *last)
{
	struct span line;

	*last = (struct rules_last){ 0 };
	while (span_line(&text, &line)) {
		long blank = span_find(line, SPAN(" "));
		struct span name, value;

		if (blank <= 0)
			continue;
		name = span_make(line.ptr, (size_t)blank);
		value = span_trim(span_from(line, (size_t)blank));
		if (span_eq(name, SPAN("succeeded")))
			read_time(value, &last->succeeded_s);
		else if (span_eq(name, SPAN("failed")))
			read_time(value, &last->failed_s);
		else if (span_eq(name, SPAN("held")) && rules_version_is(value))
			snprintf(last->held, sizeof(last->held), "%.*s", (int)value.len, value.ptr);
		else if (span_eq(name, SPAN("failure")))
			snprintf(last->failure, sizeof(last->failure), "%.*s", (int)value.len,
			    value.ptr);
	}
}

void
rules_last_format(const struct rules_last *last, struct str *out)
{
	size_t start = out->len;

	str_addf(out, "succeeded %" PRId64 "\nfailed %" PRId64 "\n", last->succeeded_s,
	    last->failed_s);
	if (*last->held != '\0')
		str_addf(out, "held %s\n", last->held);
	if (*last->failure != '\0') {
		str_addf(out, "failure %.*s", RULES_LAST_WORDS - 1, last->failure);
		for (size_t i = start; i < out->len; i++) /* one line */
			if (out->data[i] == '\r')
				out->data[i] = ' ';
		str_addc(out, '\n');
	}
	while (out->len - start < RULES_LAST_SIZE - 1)
		str_addc(out, ' ');
	str_addc(out, '\n');
}

void
rules_last_load(const char *state_dir, struct rules_last *last)
{
	char path[PATH_MAX], text[RULES_LAST_SIZE];
	ssize_t len = -1;
	int fd;

	snprintf(path, sizeof(path), "%s/rules/last", state_dir);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0) {
		len = read(fd, text, sizeof(text));
		close(fd);
	}
	rules_last_parse(span_make(text, len > 0 ? (size_t)len : 0), last);
}
