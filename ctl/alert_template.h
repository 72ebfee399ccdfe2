/*
 * alert_template - the text of a mail with fields in it. Pure.
 *
 * The first line is the subject, the rest without the empty lines before it the body. {name} is a
 * field's value, {name|shell} the same as one word of a shell command, {{ a brace. A line whose
 * fields are all empty is left out.
 */
#ifndef ALERT_TEMPLATE_H
#define ALERT_TEMPLATE_H

#include "err.h"
#include "str.h"

struct alert_value {
	const char *name;
	struct span text;
};

/* -1 and words, "NAME:LINE: ...": a field that is none of `known` (NULL-terminated), a brace that is
 * not closed, no subject. */
int alert_template_check(struct span text, const char *name, const char *const *known,
    struct err *err);

/* Of a text that passed. The body has LF at each line's end; what is no value given is empty. */
void alert_template_fill(struct span text, const struct alert_value *values, size_t count,
    struct str *subject, struct str *body);

#endif
