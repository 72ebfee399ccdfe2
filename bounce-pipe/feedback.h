/*
 * feedback - complaints: the machine-readable part of RFC 5965 (abuse reporting format).
 */
#ifndef FEEDBACK_H
#define FEEDBACK_H

#include <stdbool.h>

#include "mime.h"
#include "report.h"
#include "span.h"

bool feedback_is(const struct mime_part *part);

/* Sets kind, the feedback's fields, arrival, reporting_mta, and adds the recipients it names. The
 * provider may have taken them out: then there are none. */
void feedback_read(struct span text, struct report *report);

/* A complaint of a person, not a report about DMARC, SPF or DKIM or a "this is no spam". */
bool feedback_is_complaint(const struct report *report);

#endif
