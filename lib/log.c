#include "log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

static struct {
	const char *name;
	enum log_level level;
	bool syslog;
} out = { "mxpace", LOG_LEVEL_INFO, false };

static const struct {
	const char *word;
	int priority;
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", LOG_ERR },
	[LOG_LEVEL_WARNING] = { "warning", LOG_WARNING },
	[LOG_LEVEL_INFO] = { "info", LOG_INFO },
	[LOG_LEVEL_DEBUG] = { "debug", LOG_DEBUG },
};

void
log_open(const char *name)
{
	out.name = name;
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

__attribute__((format(printf, 2, 0))) static void
log_line(enum log_level level, const char *fmt, va_list ap)
{
	char line[2048];
	int head, len;
	ssize_t n;

	if (level > out.level)
		return;
	head = snprintf(line, sizeof(line), "%s: %s: ", out.name, levels[level].word);
	vsnprintf(line + head, sizeof(line) - (size_t)head - 1, fmt, ap);
	for (len = head; line[len] != '\0'; len++)
		if ((unsigned char)line[len] < ' ' || line[len] == 0x7f)
			line[len] = '?';
	if (out.syslog)
		syslog(levels[level].priority, "%s", line + head);
	line[len++] = '\n';
	/* One write a line: lines of several processes on one terminal stay whole. */
	n = write(STDERR_FILENO, line, (size_t)len);
	(void)n;
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
