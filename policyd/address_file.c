#include "address_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys.h"

enum {
	LINES_AT_ONCE = 1000, /* about a millisecond */
	LINE_MAX_BYTES = SOCKETS_ADDRESS_SIZE + 24 + 3 * MX_GROUP_SIZE,
	BYTES_A_LINE = 256, /* on average, of a file that is worth reading to its end */
};

/* -- reading ----------------------------------------------------------------------------------- */

/* Up to the next blank. False: there is none. */
static bool
take_word(struct span *rest, struct span *word)
{
	long blank = span_find(*rest, SPAN(" "));

	if (blank < 0)
		return false;
	*word = span_make(rest->ptr, (size_t)blank);
	*rest = span_from(*rest, (size_t)blank + 1);
	return true;
}

static bool
decode_group(struct span text, char group[MX_GROUP_SIZE])
{
	struct str decoded = { 0 };
	bool is_good;

	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < '!' || text.ptr[i] > '~')
			return false;
	is_good = keys_decode(&decoded, text) == 0 && decoded.len > 0 &&
		  decoded.len < MX_GROUP_SIZE && memchr(decoded.data, '\0', decoded.len) == NULL;
	if (is_good)
		memcpy(group, decoded.data, decoded.len + 1);
	str_free(&decoded);
	return is_good;
}

struct reading {
	struct address_table *table;
	int64_t now_s, ttl_max_s;
	size_t max;
};

static bool
parse_address(struct span word, struct sockets_address *address)
{
	char text[SOCKETS_ADDRESS_SIZE];

	if (word.len >= sizeof(text) || memchr(word.ptr, '\0', word.len) != NULL)
		return false;
	memcpy(text, word.ptr, word.len);
	text[word.len] = '\0';
	return sockets_address_parse(text, address);
}

/* False: it is none. */
static bool
read_line(const struct reading *reading, struct span line)
{
	struct span word, until;
	char group[MX_GROUP_SIZE];
	struct sockets_address address;
	struct listing *listing;
	unsigned long long until_s, now_s = (unsigned long long)reading->now_s,
				    latest_s = now_s + (unsigned long long)reading->ttl_max_s;

	if (!take_word(&line, &word) || !take_word(&line, &until) ||
	    !parse_address(word, &address) || !span_number(until, &until_s) ||
	    !decode_group(line, group))
		return false;
	if (until_s <= now_s)
		return true;
	if (until_s > latest_s)
		until_s = latest_s;
	listing = address_table_find(reading->table, &address, group);
	if (listing == NULL)
		listing = address_table_add(reading->table, &address, group, reading->max);
	if ((int64_t)until_s > listing->until_s)
		listing->until_s = listing->written_s = (int64_t)until_s;
	return true;
}

/* How many lines were none. */
static size_t
read_lines(const struct reading *reading, FILE *file)
{
	char line[LINE_MAX_BYTES];
	size_t len = 0, bad = 0, left = reading->max * BYTES_A_LINE;
	int c;

	for (; left > 0 && (c = getc_unlocked(file)) != EOF; left--) {
		if (c != '\n') {
			if (len < sizeof(line))
				line[len] = (char)c;
			len++;
			continue;
		}
		if (len > sizeof(line) || !read_line(reading, span_make(line, len)))
			bad++;
		len = 0;
	}
	return bad + (len > 0); /* half a line at the end */
}

int
address_file_read(const char *path, struct address_table *table, int64_t now_s, int64_t ttl_max_s,
    size_t max, struct err *err)
{
	const struct reading reading = { table, now_s, ttl_max_s, max };
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat stat;
	FILE *file = NULL;
	size_t bad;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd >= 0 && fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode))
		file = fdopen(fd, "r");
	if (file == NULL) {
		err_set(err, "%s: %s", path, fd < 0 ? strerror(errno) : "not a regular file");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	bad = read_lines(&reading, file);
	fclose(file);
	if (bad == 0)
		return 0;
	err_set(err, "%s: %zu lines are not \"ADDRESS UNIXTIME GROUP\" and were left out", path,
	    bad);
	return -1;
}

/* -- writing ----------------------------------------------------------------------------------- */

/* Gives up, for the reason in errno. */
static int
fail(struct address_file *file, struct err *err)
{
	err_set(err, "%s: %s", file->path_new, strerror(errno));
	unlink(file->path_new);
	return -1;
}

static void
clear(struct address_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
	free(file->path_new);
	file->path_new = NULL;
	str_free(&file->lines);
}

int
address_file_begin(struct address_file *file, const char *path, struct address_table *table,
    struct err *err)
{
	struct str name = { 0 };

	str_adds(&name, path);
	str_adds(&name, ".new");
	file->path_new = name.data;
	file->fd = open(name.data,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640);
	if (file->fd < 0 || fchmod(file->fd, 0640) != 0) {
		fail(file, err);
		clear(file);
		return -1;
	}
	table->next = TAILQ_FIRST(&table->by_age);
	return 0;
}

static void
format_line(struct str *out, const struct listing *listing)
{
	char text[SOCKETS_ADDRESS_SIZE];

	str_addf(out, "%s %lld ", sockets_address_format(&listing->address, text),
	    (long long)listing->until_s);
	for (const char *c = listing->group; *c != '\0'; c++)
		if (*c >= '!' && *c <= '~' && *c != '%')
			str_addc(out, *c);
		else
			str_addf(out, "%%%02X", (unsigned char)*c);
	str_addc(out, '\n');
}

static int
write_lines(struct address_file *file)
{
	const char *at = str_text(&file->lines);
	ssize_t n;

	for (size_t left = file->lines.len; left > 0; left -= (size_t)n, at += n) {
		n = write(file->fd, at, left);
		if (n < 0)
			return -1;
	}
	str_empty(&file->lines);
	return 0;
}

static int
finish(struct address_file *file, const char *path)
{
	int fd = file->fd;

	file->fd = -1;
	return close(fd) == 0 ? rename(file->path_new, path) : -1;
}

int
address_file_go_on(struct address_file *file, const char *path, struct address_table *table,
    int64_t now_s, void (*expired)(void *arg, struct listing *listing), void *arg, struct err *err)
{
	int rc = 0;

	for (int i = 0; i < LINES_AT_ONCE && table->next != NULL; i++) {
		struct listing *listing = table->next;

		table->next = TAILQ_NEXT(listing, age);
		if (listing->until_s > now_s) {
			format_line(&file->lines, listing);
			listing->written_s = listing->until_s;
		} else {
			address_table_remove(table, listing);
			expired(arg, listing);
		}
	}
	if (write_lines(file) != 0 || (table->next == NULL && finish(file, path) != 0))
		rc = fail(file, err);
	else if (table->next != NULL)
		return 1;
	clear(file);
	return rc;
}
