/* Bundles of rules: what is read is complete, reads no other file, and made again says the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
unsigned long fuzz_accepted; /* inputs that are a bundle */

static void
hold(bool promise)
{
	if (!promise)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bundle bundle, again;
	struct str text = { 0 };
	struct arena arena;
	struct err err = { "" };

	arena_init(&arena);
	if (bundle_parse(span_make((const char *)data, size), &arena, &bundle, &err) == 0) {
		hold(rules_version_is(span_of(bundle.version)));
		hold(bundle_format(&bundle, &text, NULL) == 0);
		hold(bundle_parse(span_make(text.data, text.len), &arena, &again, NULL) == 0);
		hold(strcmp(bundle.comment, again.comment) == 0);
		for (size_t i = 0; i < RULES_FILES; i++)
			hold(strcmp(bundle.files[i], again.files[i]) == 0);
		fuzz_accepted++;
	} else {
		hold(*err.text != '\0' && strchr(err.text, '\n') == NULL);
	}
	str_free(&text);
	arena_clear(&arena);
	return 0;
}
