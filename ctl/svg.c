#include "svg.h"

#include <inttypes.h>

#include "report_words.h"

enum { GUTTER = 46, HEAD = 10, FOOT = 22, CHARACTER = 7 };

static void
rect(struct markup *markup, const char *class, double x, double y, double width, double height)
{
	markup_open_class(markup, "rect", class);
	markup_attrf(markup, "x", "%.2f", x);
	markup_attrf(markup, "y", "%.2f", y);
	markup_attrf(markup, "width", "%.2f", width);
	markup_attrf(markup, "height", "%.2f", height);
	markup_close(markup);
}

static void
text(struct markup *markup, const char *class, double x, double y, const char *words)
{
	markup_open_class(markup, "text", class);
	markup_attrf(markup, "x", "%.1f", x);
	markup_attrf(markup, "y", "%.1f", y);
	markup_text(markup, words);
	markup_close(markup);
}

static void
open_svg(struct markup *markup, const char *class, double width, double height, const char *label)
{
	markup_open_class(markup, "svg", class);
	markup_attr(markup, "xmlns", "http://www.w3.org/2000/svg");
	markup_attrf(markup, "viewBox", "0 0 %.0f %.0f", width, height);
	if (label == NULL) {
		markup_attr(markup, "aria-hidden", "true");
		return;
	}
	markup_attr(markup, "role", "img");
	markup_attr(markup, "aria-label", label);
}

/* -- columns ------------------------------------------------------------------------------------ */

struct plot {                       /* where the values are drawn */
	double x, y, width, height; /* y: its upper edge */
	int64_t scale;
	double pitch; /* from one column to the next */
};

static int64_t
sum_at(const struct svg_columns *chart, size_t i)
{
	int64_t sum = 0;

	for (size_t s = 0; s < chart->series_count; s++)
		sum += chart->series[s].values[i];
	return sum;
}

static void
grid(struct markup *markup, const struct plot *plot, int64_t step)
{
	char words[REPORT_WORDS_SIZE];

	for (int64_t mark = 0; mark <= plot->scale; mark += step) {
		double y = plot->y + plot->height * (1 - (double)mark / (double)plot->scale);

		markup_open_class(markup, "line", mark == 0 ? "axis" : "grid");
		markup_attrf(markup, "x1", "%.1f", plot->x);
		markup_attrf(markup, "x2", "%.1f", plot->x + plot->width);
		markup_attrf(markup, "y1", "%.1f", y);
		markup_attrf(markup, "y2", "%.1f", y);
		markup_close(markup);
		text(markup, "tick end", plot->x - 8, y + 4, report_short(mark, words));
	}
}

/* One column; what points at it reads its figures. */
static void
column(struct markup *markup, const struct svg_columns *chart, const struct plot *plot, size_t i)
{
	double gap = plot->pitch > 8 ? plot->pitch * 0.24 : plot->pitch * 0.12;
	double x = plot->x + plot->pitch * (double)i + gap / 2, y = plot->y + plot->height;
	char words[REPORT_WORDS_SIZE];

	markup_open(markup, "g");
	markup_open(markup, "title");
	markup_text(markup, chart->dates[i]);
	for (size_t s = 0; s < chart->series_count; s++)
		markup_textf(markup, ", %s: %s", chart->series[s].name,
		    report_number(chart->series[s].values[i], words));
	markup_close(markup);
	rect(markup, "touch", plot->x + plot->pitch * (double)i, plot->y, plot->pitch,
	    plot->height);
	for (size_t s = 0; s < chart->series_count; s++) {
		double height =
		    plot->height * (double)chart->series[s].values[i] / (double)plot->scale;

		y -= height;
		if (height > 0)
			rect(markup, chart->series[s].class, x, y, plot->pitch - gap, height);
	}
	markup_close(markup);
}

/* As many marks as stand side by side, evenly. */
static void
marks(struct markup *markup, const struct svg_columns *chart, const struct plot *plot)
{
	size_t longest = 1, every = 1;

	for (size_t i = 0; i < chart->count; i++) {
		size_t width = span_of(chart->marks[i]).len;

		longest = width > longest ? width : longest;
	}
	while (plot->pitch * (double)every < (double)(longest * CHARACTER + 14))
		every++;
	for (size_t i = 0; i < chart->count; i += every) {
		double x = plot->x + plot->pitch * ((double)i + 0.5);
		double half = (double)(longest * CHARACTER) / 2;

		if (x + half <= plot->x + plot->width + 4)
			text(markup, "tick mid", x, plot->y + plot->height + 17, chart->marks[i]);
	}
}

void
svg_columns(struct markup *markup, const struct svg_columns *chart)
{
	struct plot plot = { GUTTER, HEAD, chart->width - GUTTER - 2, 0, 1, 0 };
	int64_t most = 0, step;

	for (size_t i = 0; i < chart->count; i++)
		most = sum_at(chart, i) > most ? sum_at(chart, i) : most;
	plot.scale = report_scale(most, &step);
	plot.height = chart->height - HEAD - (chart->marks != NULL ? FOOT : HEAD);
	plot.pitch = plot.width / (double)(chart->count > 0 ? chart->count : 1);
	open_svg(markup, "chart", chart->width, chart->height, chart->label);
	grid(markup, &plot, step);
	for (size_t i = 0; i < chart->count; i++)
		column(markup, chart, &plot, i);
	if (chart->marks != NULL)
		marks(markup, chart, &plot);
	markup_close(markup);
}

/* -- bars and sparks ---------------------------------------------------------------------------- */

void
svg_bar(struct markup *markup, const struct svg_part *parts, size_t count, double scale)
{
	double x = 0;

	open_svg(markup, "bar", 100, 10, NULL);
	markup_attr(markup, "preserveAspectRatio", "none");
	rect(markup, "track", 0, 0, 100, 10);
	for (size_t i = 0; i < count && scale > 0; i++) {
		double width = 100 * parts[i].value / scale;

		if (x + width > 100)
			width = 100 - x;
		if (width > 0)
			rect(markup, parts[i].class, x, 0, width, 10);
		x += width > 0 ? width : 0;
	}
	markup_close(markup);
}

void
svg_spark(struct markup *markup, const int64_t *values, size_t count, const char *label)
{
	int64_t most = report_most(values, count);
	double pitch = (double)SVG_SPARK_WIDTH / (double)(count > 0 ? count : 1);

	open_svg(markup, "spark", SVG_SPARK_WIDTH, SVG_SPARK_HEIGHT, label);
	rect(markup, "base", 0, SVG_SPARK_HEIGHT - 1, SVG_SPARK_WIDTH, 1);
	for (size_t i = 0; i < count; i++) {
		double height =
		    most > 0 ? (SVG_SPARK_HEIGHT - 2) * (double)values[i] / (double)most : 0;

		if (values[i] > 0 && height < 1)
			height = 1;
		if (height > 0)
			rect(markup, "ink", pitch * (double)i, SVG_SPARK_HEIGHT - height,
			    pitch > 3 ? pitch - 1 : pitch * 0.75, height);
	}
	markup_close(markup);
}
