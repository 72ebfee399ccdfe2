#include "log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "clock.h"
#include "duration.h"
#include "utf8.h"

enum { WORDS_SIZE = 1024, DRIFT_MAX = 120 };

static struct {
	const char *name;
	enum log_level level;
	bool syslog, journal;
	struct log_repeat *repeat; /* NULL: every line is written */
	struct str same, text;     /* of the line in the making */
} out = { .name = "mxpace", .level = LOG_LEVEL_INFO };

static const struct {
	const char *word;
	const char *prefix; /* where the reader does not see the level otherwise */
	int priority;
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", "error: ", LOG_ERR },
	[LOG_LEVEL_WARNING] = { "warning", "warning: ", LOG_WARNING },
	[LOG_LEVEL_INFO] = { "info", "", LOG_INFO },
	[LOG_LEVEL_DEBUG] = { "debug", "", LOG_DEBUG },
};

/* JOURNAL_STREAM is "DEVICE:INODE" of what a service was given for stderr. */
static bool
is_journal(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat stat;

	return stream != NULL && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(fd, &stat) == 0 && stat.st_dev == device && stat.st_ino == inode;
}

void
log_open(const char *name)
{
	out.name = name;
	out.journal = is_journal(STDERR_FILENO);
}

void
log_to_syslog(void)
{
	openlog(out.name, LOG_PID | LOG_NDELAY, LOG_MAIL);
	out.syslog = true;
}

void
log_set_level(enum log_level level)
{
	out.level = level;
}

bool
log_writes(enum log_level level)
{
	return level <= out.level;
}

/* -- one line ---------------------------------------------------------------------------------- */

static void
clean(char *text)
{
	size_t len;

	for (size_t room = strlen(text); room > 0; room -= len, text += len) {
		len = utf8_length((const unsigned char *)text, room);
		if (len == 0 || (unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
		len = len > 0 ? len : 1;
	}
}

__attribute__((format(printf, 2, 0))) static void
log_line(enum log_level level, const char *fmt, va_list ap)
{
	char line[2048];
	int head, len;
	ssize_t n;

	if (level > out.level)
		return;
	if (out.journal)
		head = snprintf(line, sizeof(line), "<%d>%s", levels[level].priority,
		    levels[level].prefix);
	else
		head = snprintf(line, sizeof(line), "%s: %s: ", out.name, levels[level].word);
	vsnprintf(line + head, sizeof(line) - (size_t)head - 1, fmt, ap);
	clean(line + head);
	if (out.syslog)
		syslog(levels[level].priority, "%s%s", levels[level].prefix, line + head);
	if (out.syslog && out.journal)
		return;
	len = (int)strlen(line);
	line[len++] = '\n';
	/* One write a line: lines of several processes on one terminal stay whole. */
	n = write(STDERR_FILENO, line, (size_t)len);
	(void)n;
}

__attribute__((format(printf, 2, 3))) static void
log_at(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(level, fmt, ap);
	va_end(ap);
}

#define LOG_FUNCTION(function, level)       \
	void function(const char *fmt, ...) \
	{                                   \
		va_list ap;                 \
                                            \
		va_start(ap, fmt);          \
		log_line(level, fmt, ap);   \
		va_end(ap);                 \
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warning, LOG_LEVEL_WARNING)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)

/* -- events ------------------------------------------------------------------------------------ */

/* What the words say but for their numbers: waits and counts are others each time. */
static void
add_drift(struct str *same, const char *words)
{
	size_t begin = same->len;

	for (; *words != '\0' && same->len - begin < DRIFT_MAX; words++) {
		bool digit = *words >= '0' && *words <= '9';

		if (!digit)
			str_addc(same, *words != '\n' ? *words : ' ');
		else if (same->len == begin || same->data[same->len - 1] != '#')
			str_addc(same, '#');
	}
}

static bool
is_admitted(enum log_level level, const char *event, const struct log_field *fields, size_t count,
    const char *words)
{
	if (out.repeat == NULL || level == LOG_LEVEL_DEBUG)
		return true;
	str_empty(&out.same);
	log_line_format(&out.same, event, fields, count, false);
	str_addc(&out.same, '\n');
	add_drift(&out.same, words);
	return log_repeat_admits(out.repeat, span_make(out.same.data, out.same.len), (int)level,
	    clock_monotonic_ms());
}

static void
write_event(enum log_level level, const char *event, const struct log_field *fields, size_t count,
    const char *words)
{
	str_empty(&out.text);
	log_line_format(&out.text, event, fields, count, true);
	log_at(level, "%s%s%s", str_text(&out.text), *words != '\0' ? ": " : "", words);
}

__attribute__((format(printf, 2, 0))) static void
put_words(char words[WORDS_SIZE], const char *fmt, va_list ap)
{
	words[0] = '\0';
	if (fmt != NULL)
		vsnprintf(words, WORDS_SIZE, fmt, ap);
}

void
log_event(enum log_level level, const char *event, const struct log_field *fields, size_t count,
    const char *fmt, ...)
{
	char words[WORDS_SIZE];
	va_list ap;

	if (level > out.level)
		return;
	va_start(ap, fmt);
	put_words(words, fmt, ap);
	va_end(ap);
	if (is_admitted(level, event, fields, count, words))
		write_event(level, event, fields, count, words);
}

void
log_always(enum log_level level, const char *event, const struct log_field *fields, size_t count,
    const char *fmt, ...)
{
	char words[WORDS_SIZE];
	va_list ap;

	if (level > out.level)
		return;
	va_start(ap, fmt);
	put_words(words, fmt, ap);
	va_end(ap);
	write_event(level, event, fields, count, words);
}

static void
tell_counted(bool all)
{
	struct log_repeated repeated;
	char in[DURATION_SIZE];
	uint64_t left_out;

	while (log_repeat_next(out.repeat, clock_monotonic_ms(), all, &repeated)) {
		const char *words = strchr(repeated.same, '\n') + 1; /* add_drift() */

		log_at((enum log_level)repeated.level,
		    "%.*s: repeated %" PRIu64 " time%s in %s%s%s", (int)(words - repeated.same) - 1,
		    repeated.same, repeated.times, repeated.times == 1 ? "" : "s",
		    duration_format_wait(repeated.in_ms, in), *words != '\0' ? ": " : "", words);
	}
	left_out = log_repeat_left_out(out.repeat);
	if (left_out > 0)
		log_warning("log: %" PRIu64 " line%s left out: more than log_rate a second",
		    left_out, left_out == 1 ? "" : "s");
}

void
log_collapse(const struct log_repeat_limits *limits)
{
	if (limits != NULL && out.repeat != NULL) {
		log_repeat_limit(out.repeat, limits);
	} else if (limits != NULL) {
		out.repeat = log_repeat_new(limits, clock_monotonic_ms());
	} else if (out.repeat != NULL) {
		tell_counted(true);
		log_repeat_free(&out.repeat);
		str_free(&out.same);
		str_free(&out.text);
	}
}

void
log_tick(void)
{
	if (out.repeat != NULL)
		tell_counted(false);
}
