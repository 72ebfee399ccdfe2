/*
 * err - words about what went wrong, carried upward to whoever decides.
 *
 * A function that can fail returns -1 (or an enum) and fills a struct err with one line of text,
 * without a newline, that an administrator can act on. Whoever decides what to do about it logs
 * it, once. Functions accept NULL where the words are not wanted.
 */
#ifndef ERR_H
#define ERR_H

struct err {
	char text[512];
};

/* Sets the words; longer text is cut. */
void err_set(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Puts "prefix: " before the words that are there. */
void err_prefix(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
