/*
 * address_file - an address_table in a file, a line for each pair:
 *
 *   192.0.2.1 1700000000 google
 *
 * address, until when (Unix time), group; bytes of the group outside of '!'..'~', and '%', are
 * percent-encoded. The oldest stands first.
 *
 * It is written to another name (the path and ".new"), a part at a time, and renamed when it is
 * whole; without fsync, as what a crash loses is looked up again.
 */
#ifndef ADDRESS_FILE_H
#define ADDRESS_FILE_H

#include "address_table.h"
#include "err.h"
#include "str.h"

/* Adds what the file has and has not expired at now_s, to be kept ttl_max_s longer at most, `max`
 * pairs at most. No file is an empty one. -1 and words: it could not be read, or lines of it were
 * none of the kind and left out; the others are in the table. */
int address_file_read(const char *path, struct address_table *table, int64_t now_s,
    int64_t ttl_max_s, size_t max, struct err *err);

/* A file being written; { .fd = -1 } is none. */
struct address_file {
	int fd;
	char *path_new;
	struct str lines;
};

int address_file_begin(struct address_file *file, const char *path, struct address_table *table,
    struct err *err);
/* The next part, from table->next on; what has expired goes to expired(), removed from the table.
 * 1: there is more; 0: that was all, the file is there; -1 and words: given up. */
int address_file_go_on(struct address_file *file, const char *path, struct address_table *table,
    int64_t now_s, void (*expired)(void *arg, struct listing *listing), void *arg, struct err *err);

#endif
