#include "pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "mem.h"

enum { MATCH_LIMIT = 200000, DEPTH_LIMIT = 2000, HEAP_LIMIT_KIB = 4096 };

struct pattern {
	const char *text;
	char *owned;      /* the text, where it is ours */
	pcre2_code *code; /* NULL: not read from `packed` yet */
	struct span packed;
	uint64_t sum;            /* of `packed` */
	pcre2_match_data *match; /* its own if it has named groups, else the one all others share */
	const char *subject;     /* of the last match */
};

/* What matching takes, made once: PCRE2 keeps 20 kB of working memory with each match data. */
static pcre2_match_data *shared_match;
static pcre2_match_context *limits;

static bool
prepare(struct pattern *pattern)
{
	uint32_t names = 0;

	if (limits == NULL && (limits = pcre2_match_context_create(NULL)) != NULL) {
		pcre2_set_match_limit(limits, MATCH_LIMIT);
		pcre2_set_depth_limit(limits, DEPTH_LIMIT);
		pcre2_set_heap_limit(limits, HEAP_LIMIT_KIB);
	}
	if (shared_match == NULL)
		shared_match = pcre2_match_data_create(1, NULL);
	pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMECOUNT, &names);
	pattern->match =
	    names == 0 ? shared_match : pcre2_match_data_create_from_pattern(pattern->code, NULL);
	return limits != NULL && pattern->match != NULL;
}

static pcre2_code *
compile(const char *expression, struct err *err)
{
	PCRE2_SIZE offset;
	int code;
	pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED,
	    PCRE2_CASELESS | PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &code, &offset, NULL);

	if (compiled == NULL) {
		char words[256];

		pcre2_get_error_message(code, (PCRE2_UCHAR *)words, sizeof(words));
		err_set(err, "%s at offset %zu of \"%s\"", words, (size_t)offset, expression);
	}
	return compiled;
}

/* PCRE2 looks at no length, so damaged bytes must not come to it. */
static pcre2_code *
decode(const struct pattern *pattern)
{
	pcre2_code *code;

	if (pattern->packed.len > 0 && pack_sum(pattern->packed) == pattern->sum &&
	    pcre2_serialize_decode(&code, 1, (const uint8_t *)pattern->packed.ptr, NULL) == 1)
		return code;
	return compile(pattern->text, NULL);
}

/* Read when it is first needed: most never are. False: no memory. */
static bool
is_ready(const struct pattern *pattern)
{
	struct pattern *ready = (struct pattern *)(uintptr_t)pattern;

	if (ready->code == NULL)
		ready->code = decode(ready);
	return ready->code != NULL && (ready->match != NULL || prepare(ready));
}

struct pattern *
pattern_new(const char *expression, struct err *err)
{
	struct pattern *pattern;
	pcre2_code *code = compile(expression, err);

	if (code == NULL)
		return NULL;
	pattern = mem_alloc(sizeof(*pattern));
	pattern->code = code;
	pattern->text = pattern->owned = mem_dup(expression);
	if (!is_ready(pattern)) {
		err_set(err, "no memory for \"%s\"", expression);
		pattern_free(&pattern);
	}
	return pattern;
}

void
pattern_free(struct pattern **pattern)
{
	if (*pattern == NULL)
		return;
	if ((*pattern)->match != shared_match)
		pcre2_match_data_free((*pattern)->match);
	pcre2_code_free((*pattern)->code);
	free((*pattern)->owned);
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
	int rc;

	if (!is_ready(pattern))
		return -1;
	rc = pcre2_match(pattern->code, (PCRE2_SPTR)(subject.len > 0 ? subject.ptr : ""),
	    subject.len, 0, 0, pattern->match, limits);
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

struct span
pattern_found(const struct pattern *pattern)
{
	const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(pattern->match);

	if (ends[0] > ends[1]) /* \K in a look-ahead */
		return SPAN("");
	return span_make(pattern->subject + ends[0], ends[1] - ends[0]);
}

void
pattern_pack(const struct pattern *pattern, struct str *out)
{
	uint8_t *bytes = NULL;
	PCRE2_SIZE size = 0;
	struct span packed;

	if (!is_ready(pattern) || pcre2_serialize_encode(&(const pcre2_code *){ pattern->code }, 1,
				      &bytes, &size, NULL) != 1)
		size = 0; /* no memory: read back, it is compiled */
	packed = span_make(size > 0 ? (const char *)bytes : "", size);
	pack_text(out, pattern->text);
	pack_number(out, (int64_t)pack_sum(packed));
	pack_bytes(out, packed);
	if (size > 0)
		pcre2_serialize_free(bytes);
}

struct pattern *
pattern_unpack(struct unpack *in)
{
	const char *text = unpack_text(in);
	uint64_t sum = (uint64_t)unpack_number(in);
	struct span packed = unpack_bytes(in);
	struct pattern *pattern;

	if (in->failed)
		return NULL;
	pattern = mem_alloc(sizeof(*pattern));
	*pattern = (struct pattern){ .text = text, .packed = packed, .sum = sum };
	return pattern;
}

const char *
pattern_version(char buf[PATTERN_VERSION_SIZE])
{
	char version[PATTERN_VERSION_SIZE] = "", unicode[PATTERN_VERSION_SIZE] = "";

	pcre2_config(PCRE2_CONFIG_VERSION, version);
	pcre2_config(PCRE2_CONFIG_UNICODE_VERSION, unicode);
	snprintf(buf, PATTERN_VERSION_SIZE, "%.30s, Unicode %.15s", version, unicode);
	return buf;
}
