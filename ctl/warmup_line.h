/*
 * warmup_line - the time line of a warm-up: a row for each group, a column for each day.
 */
#ifndef WARMUP_LINE_H
#define WARMUP_LINE_H

#include "warmup_state.h"

/* Adds lines of at most 80 columns, each with its newline: dates, then the stage and the sign of each
 * day of each group; so many days below each other as fit. Nothing if no day was judged. */
void warmup_line_draw(const struct warmup *warmup, struct str *out);

#endif
