/*
 * metrics_process - the figures of a process that Prometheus' own libraries tell, under their names.
 * Where /proc or a part of it is missing, a figure is left out.
 */
#ifndef METRICS_PROCESS_H
#define METRICS_PROCESS_H

#include <stdint.h>

#include "str.h"

/* started_s: Unix time. */
void metrics_process_format(int64_t started_s, struct str *out);

#endif
