/*
 * run - another program, run to its end. No shell; its name alone is looked for in the system's own
 * folders, not in PATH.
 */
#ifndef RUN_H
#define RUN_H

#include <stdint.h>

#include "err.h"
#include "str.h"

enum { RUN_MS = 60000 }; /* what takes longer is killed */

/* argv ends with NULL. What it writes is added to out (NULL: dropped); err gets the last line it
 * says on standard error, "" if none. Returns its exit status; -1 and words: it could not be run, or
 * was killed, as at RUN_MS. */
int run_program(const char *const *argv, struct str *out, struct err *err);

/* The same, for a program that may wait for others. */
int run_within(int64_t ms, const char *const *argv, struct str *out, struct err *err);

/* As run_program(), and any exit status but 0 is a failure: -1 and words that name the program. */
int run_must(const char *const *argv, struct str *out, struct err *err);

#endif
