/* The first line is a pattern, the rest a text: a pattern that matches is never left out. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "pattern.h"
#include "prefilter.h"

unsigned long fuzz_accepted; /* patterns that matched, and had literals */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char decoy[] = "another text";

static void
check(const char *expression, const struct pattern *pattern, struct span text)
{
	const char *patterns[] = { decoy, expression };
	struct prefilter prefilter;
	struct prefilter_set set;
	struct str bytes = { 0 };

	prefilter_build(patterns, 2, &bytes);
	if (!prefilter_open(span_make(bytes.data, bytes.len), &prefilter))
		abort();
	prefilter_ask(&prefilter, text, &set);
	if (pattern_match(pattern, text) == 1) {
		if (!prefilter_has(&set, 1))
			abort();
		fuzz_accepted += (prefilter.always[0] & 2) == 0;
	}
	str_free(&bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
	struct pattern *pattern;
	char *expression;

	if (end == NULL)
		return 0;
	expression = mem_dup_bytes(data, (size_t)(end - data));
	pattern = pattern_new(expression, NULL);
	if (pattern != NULL)
		check(expression, pattern,
		    span_make((const char *)end + 1, size - (size_t)(end + 1 - data)));
	pattern_free(&pattern);
	free(expression);
	return 0;
}
