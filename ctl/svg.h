/*
 * svg - small charts as inline SVG. Colours are classes of the style sheet, so that one drawing
 * serves light, dark and print. All values are at least 0.
 */
#ifndef SVG_H
#define SVG_H

#include <stdint.h>

#include "markup.h"

struct svg_series {
	const char *name;
	const char *class;
	const int64_t *values;
};

struct svg_columns {       /* stacked columns over an axis */
	int width, height; /* of the drawing, in its own units; text is 12 of them high */
	const char *label; /* what it shows, for who cannot see it */
	size_t count;
	const struct svg_series *series; /* from the axis upward */
	size_t series_count;
	const char *const *dates; /* of each column */
	const char *const *marks; /* below the axis, as many as fit; NULL: no marks */
};
void svg_columns(struct markup *markup, const struct svg_columns *chart);

struct svg_part {
	const char *class;
	double value;
};
/* One horizontal bar as wide as its place, `scale` being the whole width. */
void svg_bar(struct markup *markup, const struct svg_part *parts, size_t count, double scale);

/* A trend without axes, SVG_SPARK_WIDTH wide. label: for who cannot see it. */
enum { SVG_SPARK_WIDTH = 96, SVG_SPARK_HEIGHT = 22 };
void svg_spark(struct markup *markup, const int64_t *values, size_t count, const char *label);

#endif
