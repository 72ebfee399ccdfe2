#include "pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

#include "mem.h"

enum { MATCH_LIMIT = 200000, DEPTH_LIMIT = 2000, HEAP_LIMIT_KIB = 4096 };

struct pattern {
	char *text;
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *limits;
	const char *subject; /* of the last match */
};

struct pattern *
pattern_new(const char *expression, struct err *err)
{
	struct pattern *pattern;
	PCRE2_SIZE offset;
	int code;
	pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED,
	    PCRE2_CASELESS | PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &code, &offset, NULL);

	if (compiled == NULL) {
		char words[256];

		pcre2_get_error_message(code, (PCRE2_UCHAR *)words, sizeof(words));
		err_set(err, "%s at offset %zu of \"%s\"", words, (size_t)offset, expression);
		return NULL;
	}
	pattern = mem_alloc(sizeof(*pattern));
	pattern->text = mem_dup(expression);
	pattern->code = compiled;
	pattern->match = pcre2_match_data_create_from_pattern(compiled, NULL);
	pattern->limits = pcre2_match_context_create(NULL);
	if (pattern->match == NULL || pattern->limits == NULL) {
		err_set(err, "no memory for \"%s\"", expression);
		pattern_free(&pattern);
		return NULL;
	}
	pcre2_set_match_limit(pattern->limits, MATCH_LIMIT);
	pcre2_set_depth_limit(pattern->limits, DEPTH_LIMIT);
	pcre2_set_heap_limit(pattern->limits, HEAP_LIMIT_KIB);
	return pattern;
}

void
pattern_free(struct pattern **pattern)
{
	if (*pattern == NULL)
		return;
	pcre2_match_context_free((*pattern)->limits);
	pcre2_match_data_free((*pattern)->match);
	pcre2_code_free((*pattern)->code);
	free((*pattern)->text);
	free(*pattern);
	*pattern = NULL;
}

const char *
pattern_text(const struct pattern *pattern)
{
	return pattern->text;
}

int
pattern_match(const struct pattern *pattern, struct span subject)
{
	int rc = pcre2_match(pattern->code, (PCRE2_SPTR)(subject.len > 0 ? subject.ptr : ""),
	    subject.len, 0, 0, pattern->match, pattern->limits);

	((struct pattern *)(uintptr_t)pattern)->subject = subject.ptr;
	if (rc >= 0)
		return 1;
	return rc == PCRE2_ERROR_NOMATCH ? 0 : -1;
}

struct span
pattern_group(const struct pattern *pattern, const char *name)
{
	int n = pcre2_substring_number_from_name(pattern->code, (PCRE2_SPTR)name);
	PCRE2_SIZE *ends = pcre2_get_ovector_pointer(pattern->match);

	if (n < 0 || ends[2 * n] == PCRE2_UNSET)
		return SPAN("");
	return span_make(pattern->subject + ends[2 * n], ends[2 * n + 1] - ends[2 * n]);
}
