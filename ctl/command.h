/*
 * command - mxctl's grammar: a table of commands and one of options, from which parsing, the help
 * texts (and shell completion) come.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include "ctl.h"

enum { COMMAND_MANY = 1000000 };

struct command {
	const char *name;     /* "quarantine" */
	const char *sub;      /* "list"; NULL: the command has no further word */
	const char *operands; /* "ADDRESS..."; "": none */
	size_t least, most;   /* operands */
	uint64_t options;     /* 1 << enum ctl_option, those it takes */
	unsigned needs;       /* enum ctl_needs */
	const char *help;     /* one line */
	enum ctl_exit (*run)(struct ctl *ctl);
};

struct command_option {
	const char *name;  /* "--match" */
	const char *value; /* "GLOB"; NULL: it takes none */
	const char *help;
};

extern const struct command commands[];
extern const size_t command_count;
extern const struct command_option command_options[CTL_OPTIONS];

/* The whole of mxctl. Returns how it exits (enum ctl_exit). */
int command_main(int argc, char **argv, FILE *in, FILE *stream, FILE *errors);

#endif
