/*
 * metrics_text - the text format of Prometheus, 0.0.4: families, samples, label values escaped,
 * histograms. Pure.
 */
#ifndef METRICS_TEXT_H
#define METRICS_TEXT_H

#include "histogram.h"
#include "str.h"

struct metrics_family {
	const char *name, *type, *help;
};

/* The head of a family; its samples follow. */
void metrics_head(struct str *out, const struct metrics_family *family);

/* One label more: name="value", any bytes in value. */
void metrics_label(struct str *labels, const char *name, const char *value);

/* labels: as metrics_label() made them; "": none. */
void metrics_number(struct str *out, const char *name, const char *labels, int64_t value);
void metrics_value(struct str *out, const char *name, const char *labels, double value);

/* The samples of a histogram in seconds, without its head. */
void metrics_histogram(struct str *out, const char *name, const char *labels,
    const struct histogram *histogram);

#endif
