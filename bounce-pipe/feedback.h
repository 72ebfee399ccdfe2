/*
 * feedback - complaints: the machine-readable part of RFC 5965 (abuse reporting format) in its
 * deviations, and what providers sent before it, or beside it.
 */
#ifndef FEEDBACK_H
#define FEEDBACK_H

#include <stdbool.h>

#include "formats.h"
#include "mime.h"
#include "report.h"
#include "span.h"

/* message/feedback-report, or the text part of a feedback report that begins like one. */
bool feedback_is(const struct mime_part *part);

/* Sets kind, the feedback's fields, arrival, reporting_mta, and adds the recipients it names. The
 * provider may have taken them out: then there are none. */
void feedback_read(struct span text, struct report *report);

/* A complaint without such a part: Hotmail's JMRP (the message itself, with a field that names the
 * recipient), AOL's and others' plain text around the message. Sets kind, format, type and
 * source_ip, and adds the recipient if the message names it. False: it is none. */
bool feedback_read_older(const struct format_input *in, struct report *report);

/* A complaint of a person, not a report about DMARC, SPF or DKIM or a "this is no spam". */
bool feedback_is_complaint(const struct report *report);

#endif
