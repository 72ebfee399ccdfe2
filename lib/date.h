/*
 * date - dates as mail and logs write them, as Unix time.
 */
#ifndef DATE_H
#define DATE_H

#include <stdint.h>

#include "span.h"

/* RFC 5322, 3.3 and the obsolete forms of 4.3: "Sun, 22 Nov 2026 09:50:22 +0100 (CET)". -1: none. */
int64_t date_parse(struct span text);

/* What a line of a log begins with: "2026-11-22T09:50:22.123456+01:00" (RFC 3339), or "Nov 22
 * 09:50:22" in local time of the year that makes it the latest not after a day from now_s. *rest is
 * what follows it and its blank. -1: neither. */
int64_t date_parse_log(struct span line, int64_t now_s, struct span *rest);

#endif
