/*
 * record_file - what export and import share about the file: its name and its format.
 */
#ifndef RECORD_FILE_H
#define RECORD_FILE_H

#include "ctl.h"
#include "record.h"

/* The operand; NULL: standard input or output. */
const char *record_file_name(const struct ctl *ctl);
/* From --format, else from the name's end; -1: neither says. CTL_USAGE: no such format. */
enum ctl_exit record_file_format(struct ctl *ctl, const char *name, int *format);

#endif
