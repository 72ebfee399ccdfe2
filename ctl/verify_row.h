/*
 * verify_row - one line of a list on its way through `mxctl verify`: read, and written with its
 * verdict. Pure.
 */
#ifndef VERIFY_ROW_H
#define VERIFY_ROW_H

#include "str.h"
#include "verify_judge.h"

enum verify_format {
	VERIFY_TEXT, /* address, verdict, why, by tabs */
	VERIFY_CSV,  /* the line as it was, and three columns more */
	VERIFY_LIST, /* the addresses that may be mailed, as they were */
	VERIFY_JSON, /* an object a line */
};

struct verify_row {
	struct span line;    /* as it was read */
	struct span text;    /* the address in it */
	const char *address; /* its normal form, "" none */
	const char *key;     /* the one it has in quarantine */
	enum verdict_of verdict;
	const char *why; /* or "" */
	int64_t until_s; /* quarantined until then; 0: until removed, or not at all */
	bool header;     /* of a CSV file: names of columns */
};

/* The field of a CSV line (RFC 4180, on one line), quotes taken off, into out; column from 1. -1: it
 * has fewer. */
int verify_column(struct span line, size_t column, struct str *out);

/* The line for this row, or nothing. */
void verify_row_format(const struct verify_row *row, enum verify_format format, struct str *out);

#endif
