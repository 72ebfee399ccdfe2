/*
 * terminal - how much fits where output goes.
 */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

struct terminal {
	bool is_one;
	size_t width; /* columns that text is made for: of a terminal what it has, else 80 */
	size_t lines; /* of a terminal that says so; else SIZE_MAX */
};

struct terminal terminal_of(FILE *stream);

#endif
