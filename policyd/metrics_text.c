#include "metrics_text.h"

#include <inttypes.h>
#include <string.h>

#include "utf8.h"

void
metrics_head(struct str *out, const struct metrics_family *family)
{
	str_addf(out, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help, family->name,
	    family->type);
}

/* A scraper refuses all of a text that is not UTF-8. */
static void
add_escaped(struct str *out, const char *text)
{
	size_t left = strlen(text), len;

	for (; left > 0; text += len, left -= len) {
		len = utf8_length((const unsigned char *)text, left);
		if (len == 0) {
			str_addc(out, '?');
			len = 1;
		} else if (*text == '\n') {
			str_adds(out, "\\n");
		} else {
			if (*text == '\\' || *text == '"')
				str_addc(out, '\\');
			str_add(out, text, len);
		}
	}
}

void
metrics_label(struct str *labels, const char *name, const char *value)
{
	if (labels->len > 0)
		str_addc(labels, ',');
	str_adds(labels, name);
	str_adds(labels, "=\"");
	add_escaped(labels, value);
	str_addc(labels, '"');
}

static void
begin(struct str *out, const char *name, const char *suffix, const char *labels)
{
	str_adds(out, name);
	str_adds(out, suffix);
	if (*labels != '\0') {
		str_addc(out, '{');
		str_adds(out, labels);
		str_addc(out, '}');
	}
}

void
metrics_number(struct str *out, const char *name, const char *labels, int64_t value)
{
	begin(out, name, "", labels);
	str_addf(out, " %" PRId64 "\n", value);
}

void
metrics_value(struct str *out, const char *name, const char *labels, double value)
{
	begin(out, name, "", labels);
	str_addf(out, " %.17g\n", value);
}

void
metrics_histogram(struct str *out, const char *name, const char *labels,
    const struct histogram *histogram)
{
	const char *comma = *labels != '\0' ? "," : "";
	uint64_t count = 0;

	for (size_t i = 0; i < HISTOGRAM_STEPS; i++) {
		count += histogram->counts[i];
		str_addf(out, "%s_bucket{%s%sle=\"%g\"} %" PRIu64 "\n", name, labels, comma,
		    (double)histogram_steps_us[i] / 1e6, count);
	}
	count += histogram->counts[HISTOGRAM_STEPS];
	str_addf(out, "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", name, labels, comma, count);
	begin(out, name, "_sum", labels);
	str_addf(out, " %.6f\n", (double)histogram->sum_us / 1e6);
	begin(out, name, "_count", labels);
	str_addf(out, " %" PRIu64 "\n", count);
}
