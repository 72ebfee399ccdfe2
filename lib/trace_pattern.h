/*
 * trace_pattern - what `mxctl trace` follows: an address (as recipient or as sender), the recipients
 * of a domain, or an MX group. Pure.
 */
#ifndef TRACE_PATTERN_H
#define TRACE_PATTERN_H

#include "addr.h"
#include "mx_rules.h"

enum trace_kind { TRACE_ADDRESS, TRACE_DOMAIN, TRACE_GROUP };
enum {
	TRACE_NAME_SIZE = (int)ADDR_SIZE > (int)MX_GROUP_SIZE ? (int)ADDR_SIZE : (int)MX_GROUP_SIZE
};

struct trace_pattern {
	enum trace_kind kind;
	char name[TRACE_NAME_SIZE]; /* normal form */
};

/* "ann@example.org", "example.org" or "@example.org", "group:google". -1 and words. */
int trace_pattern_parse(struct span text, struct trace_pattern *pattern, struct err *err);
/* The normal form of the same: a field of mxpace:trace. */
void trace_pattern_format(const struct trace_pattern *pattern, struct str *out);

struct trace_about { /* NULL or "": not known */
	const char *recipient, *sender, *group;
	const char *domain; /* the recipient's, where the recipient itself is not known */
};
bool trace_pattern_fits(const struct trace_pattern *pattern, const struct trace_about *about);
/* Whether a delivery to that domain may be one to the address. */
bool trace_pattern_may_fit(const struct trace_pattern *pattern, const char *domain);

#endif
