/*
 * operator - who is at the terminal, and what was said, for the record.
 */
#ifndef OPERATOR_H
#define OPERATOR_H

#include "ctl.h"

/* "operator ann"; behind sudo the one who typed it. ctl's arena. */
const char *operator_name(struct ctl *ctl);
/* Words of an option on one line, at most OPERATOR_WORDS bytes; otherwise: if there are none. */
enum { OPERATOR_WORDS = 120 };
const char *operator_words(struct ctl *ctl, const char *text, const char *otherwise);

#endif
