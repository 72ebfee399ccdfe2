#include "next_hop.h"

#include <stdio.h>
#include <string.h>

/* "192.0.2.1" or "ipv6:2001:db8::1", not a host's name; a bracket stands behind it. */
static bool
is_address(struct span text)
{
	return strspn(text.ptr, "0123456789.") >= text.len || span_find(text, SPAN(":")) >= 0;
}

void
next_hop_domain(struct span key, char out[DOMAIN_SIZE])
{
	bool bracketed = key.len > 0 && key.ptr[0] == '[';
	long end = span_find(key, bracketed ? SPAN("]") : SPAN(":"));
	struct span name = key;
	struct err err;

	if (bracketed && end > 1) {
		name = span_make(key.ptr + 1, (size_t)end - 1);
		if (is_address(name))
			name = span_make(key.ptr, (size_t)end + 1);
	} else if (!bracketed && end > 0) {
		name = span_make(key.ptr, (size_t)end);
	}
	if (domain_normalise(name, out, &err) != 0)
		snprintf(out, DOMAIN_SIZE, "%.*s",
		    (int)(name.len < DOMAIN_SIZE ? name.len : DOMAIN_SIZE - 1), name.ptr);
}
