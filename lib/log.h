/*
 * log - lines for the administrator, one a line: on stderr "program: level: text", in syslog and the
 * journal of systemd the text, with "warning: " or "error: " before it, at the priority of its level.
 *
 * Only programs log; the floors below hand words upward in a struct err. Text is one line of at most
 * about 2000 bytes; control characters in it and bytes that are no UTF-8 are shown as '?', so that a
 * peer can neither forge lines nor hide them (journalctl shows none that is not UTF-8).
 *
 * There are two kinds of lines. What the program does or finds by itself (log_info() and its
 * relatives) is always written. What peers and mail bring about (log_event()) can come by the
 * thousand: with log_collapse() equal ones are counted, and there is a most of them a second.
 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>

#include "log_line.h"
#include "log_repeat.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* name: the program's, kept by reference. Lines go to stderr, which may be the journal
 * (systemd.exec(5), JOURNAL_STREAM). */
void log_open(const char *name);
/* Also to syslog (facility mail); instead of the journal, which gets them from there. */
void log_to_syslog(void);
void log_set_level(enum log_level level);
/* Lines of that level are written: asked first where it costs something to make one. */
bool log_writes(enum log_level level);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* "event: name=value ...: words", see log_line.h. fmt: the words; NULL: none. Events are equal that
 * agree in their LOG_SAME fields and, but for numbers, in the words. Debug lines are all written. */
void log_event(enum log_level level, const char *event, const struct log_field *fields,
    size_t count, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* The same for a change of state: always written. */
void log_always(enum log_level level, const char *event, const struct log_field *fields,
    size_t count, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* From now on events are collapsed within these limits; NULL: not any more, and what was counted is
 * told. log_tick() has to be called now and then, once a second. */
void log_collapse(const struct log_repeat_limits *limits);
/* Tells of what was counted, where it is time. */
void log_tick(void);

#endif
