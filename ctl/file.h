/*
 * file - whole small files, read and put in place at once.
 */
#ifndef FILE_H
#define FILE_H

#include "err.h"
#include "str.h"

/* Adds what is in it. -1 and words; errno says why. */
int file_read(const char *path, struct str *out, struct err *err);

/* In place of what is there, with owner and mode of the file `like` (NULL: mode 0600); nobody sees
 * half of it, and a symbolic link stays one. */
int file_write(const char *path, struct span text, const char *like, struct err *err);

/* Just writes it, mode 0600: for files that nobody else knows of. */
int file_put(const char *path, struct span text, struct err *err);

/* Makes a folder and those above it. */
int file_make_folder(const char *path, struct err *err);

#endif
