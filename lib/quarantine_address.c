#include "quarantine_address.h"

#include <stdio.h>
#include <string.h>

#include "domain.h"

static const struct address_rule *
rule_for(const struct settings *settings, const char *domain)
{
	for (size_t i = 0; i < settings->address_rule_count; i++) {
		const struct address_rule *rule = &settings->address_rules[i];

		for (size_t k = 0; k < rule->domains.count; k++)
			if (domain_matches(rule->domains.items[k], domain))
				return rule;
	}
	return NULL;
}

/* A local part without its tag and dots, into out; its length. */
static size_t
strip(const struct address_rule *rule, struct span local, char *out)
{
	size_t kept = 0;

	for (size_t i = 0; i < local.len; i++) {
		if (local.ptr[i] == *rule->strip_tag)
			break;
		if (!rule->strip_dots || local.ptr[i] != '.')
			out[kept++] = local.ptr[i];
	}
	return kept;
}

void
quarantine_address_of(const struct settings *settings, const char *normal, char out[ADDR_SIZE])
{
	const char *domain = addr_domain(normal);
	const struct address_rule *rule = *domain != '\0' ? rule_for(settings, domain) : NULL;
	struct span local;
	size_t kept;

	memcpy(out, normal, strlen(normal) + 1);
	if (rule == NULL || *normal == '"')
		return;
	local = span_make(normal, (size_t)(domain - normal) - 1);
	kept = strip(rule, local, out);
	if (kept == 0) {
		memcpy(out, local.ptr, local.len);
		kept = local.len;
	}
	snprintf(out + kept, ADDR_SIZE - kept, "@%s",
	    *rule->domain != '\0' ? rule->domain : domain);
}

int
quarantine_address(const struct settings *settings, struct span addr, char out[ADDR_SIZE],
    struct err *err)
{
	char normal[ADDR_SIZE];

	if (addr_normalise(addr, normal, err) != 0) {
		out[0] = '\0';
		return -1;
	}
	quarantine_address_of(settings, normal, out);
	return 0;
}
