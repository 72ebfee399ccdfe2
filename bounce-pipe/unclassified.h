/*
 * unclassified - the form in which texts that no rule knew are counted, so that the same answer to
 * many recipients is one text.
 */
#ifndef UNCLASSIFIED_H
#define UNCLASSIFIED_H

#include "span.h"
#include "str.h"

enum { UNCLASSIFIED_MAX = 200 };

/* Adds the text to out with addresses, ids, IP addresses, host names, URLs, numbers and dates as
 * words in < >; the reply code and enhanced status stay. At most UNCLASSIFIED_MAX bytes. The form
 * of a form is the same. */
void unclassified_form(struct span text, struct str *out);

#endif
