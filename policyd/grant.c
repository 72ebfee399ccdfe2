#include "grant.h"

#include <string.h>

static bool
same_address(const struct sockets_address *a, const struct sockets_address *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static bool
is_local_of(const struct grant *grant, const struct sockets_entry *entry)
{
	bool bound = false;

	for (size_t i = 0; i < 2; i++) {
		if (grant->local[i].family != entry->local.family)
			continue;
		if (same_address(&grant->local[i], &entry->local))
			return true;
		bound = true;
	}
	return !bound;
}

bool
grant_fits(const struct grant *grant, const struct sockets_entry *entry,
    const struct addresses *addresses)
{
	if (!grant->connecting || !is_local_of(grant, entry))
		return false;
	for (size_t i = 0; i < grant->address_count; i++)
		if (same_address(&grant->addresses[i], &entry->remote))
			return true;
	return grant->address_count == 0 &&
	       addresses_has(addresses, &entry->remote, lane_name(grant->lane));
}

struct grant *
grants_find(const struct grants *live, const struct sockets_entry *entry,
    const struct addresses *addresses)
{
	struct grant *grant, *second = NULL;

	TAILQ_FOREACH (grant, live, link) {
		if (!grant_fits(grant, entry, addresses))
			continue;
		if (grant->sockets == 0)
			return grant;
		if (second == NULL)
			second = grant;
	}
	return second;
}
