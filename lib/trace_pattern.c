#include "trace_pattern.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "domain.h"

static const struct span group_prefix = { "group:", 6 };

static int
parse_domain(struct span text, struct trace_pattern *pattern, struct err *err)
{
	pattern->kind = TRACE_DOMAIN;
	return domain_normalise(text, pattern->name, err);
}

static int
parse_group(struct span name, struct trace_pattern *pattern, struct err *err)
{
	pattern->kind = TRACE_GROUP;
	if (name.len == 0 || name.len >= MX_GROUP_SIZE) {
		err_set(err, "no name of a group");
		return -1;
	}
	memcpy(pattern->name, name.ptr, name.len);
	pattern->name[name.len] = '\0';
	return 0;
}

int
trace_pattern_parse(struct span text, struct trace_pattern *pattern, struct err *err)
{
	if (span_starts(text, group_prefix))
		return parse_group(span_from(text, group_prefix.len), pattern, err);
	if (text.len > 0 && text.ptr[0] == '@')
		return parse_domain(span_from(text, 1), pattern, err);
	if (memchr(text.ptr, '@', text.len) == NULL)
		return parse_domain(text, pattern, err);
	pattern->kind = TRACE_ADDRESS;
	return addr_normalise(text, pattern->name, err);
}

void
trace_pattern_format(const struct trace_pattern *pattern, struct str *out)
{
	static const char *const prefixes[] = {
		[TRACE_ADDRESS] = "",
		[TRACE_DOMAIN] = "@",
		[TRACE_GROUP] = "group:",
	};

	str_adds(out, prefixes[pattern->kind]);
	str_adds(out, pattern->name);
}

static bool
same(const char *name, const char *other)
{
	return other != NULL && *other != '\0' && strcasecmp(name, other) == 0;
}

bool
trace_pattern_fits(const struct trace_pattern *pattern, const struct trace_about *about)
{
	switch (pattern->kind) {
	case TRACE_ADDRESS:
		return same(pattern->name, about->recipient) || same(pattern->name, about->sender);
	case TRACE_DOMAIN:
		return same(pattern->name, about->domain) ||
		       (about->recipient != NULL &&
			   same(pattern->name, addr_domain(about->recipient)));
	case TRACE_GROUP:
		return about->group != NULL && strcmp(pattern->name, about->group) == 0;
	}
	return false;
}

bool
trace_pattern_may_fit(const struct trace_pattern *pattern, const char *domain)
{
	return pattern->kind == TRACE_ADDRESS && same(addr_domain(pattern->name), domain);
}
