/*
 * log - lines for the administrator: "program: level: text", one event a line.
 *
 * Only programs log; the floors below hand words upward in a struct err. Text is one line; control
 * characters in it are shown as '?', so that bytes of a peer cannot forge lines.
 */
#ifndef LOG_H
#define LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* name: the program's, kept by reference. Lines go to stderr. */
void log_open(const char *name);
/* Also to syslog (facility mail). */
void log_to_syslog(void);
void log_set_level(enum log_level level);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
