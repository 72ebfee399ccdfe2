/*
 * auto_reply - answers of programs on behalf of people: vacation notices and their like (RFC 3834).
 */
#ifndef AUTO_REPLY_H
#define AUTO_REPLY_H

#include <stdbool.h>

#include "formats.h"
#include "report.h"

/* By header fields and subject. Ask only when it is no delivery notice: those are marked as
 * automatic too. */
bool auto_reply_is(const struct format_input *in);

/* Who answered, and which message it answers. */
void auto_reply_read(const struct format_input *in, struct report *report);

#endif
