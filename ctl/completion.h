/*
 * completion - what the Tab key of a shell offers for mxctl, made from the table of commands. A file
 * for each shell; here is what they share.
 */
#ifndef COMPLETION_H
#define COMPLETION_H

#include "command.h"

/* The script for a shell. */
void completion_bash(FILE *out);
void completion_zsh(FILE *out);
void completion_fish(FILE *out);

/* Whether no command before has the same first word. */
bool completion_is_first(size_t at);
/* Whether a command takes an option of enum ctl_option. */
bool completion_takes(const struct command *command, size_t option);
/* Whether an option's value names a file or folder. */
bool completion_is_path(const char *value);
/* Whether an operand names a file. */
bool completion_takes_file(const struct command *command);
/* Operands "list|show|confirm [GROUP REASON]": the length of what stands before the blank; 0: there
 * is no such choice. */
size_t completion_choices(const struct command *command);
/* These, by blanks. */
void completion_put_choices(FILE *out, const struct command *command);
/* The words that a family of commands goes on with. */
void completion_put_subs(FILE *out, size_t first, const char *between);

#endif
