#include "sending_bind.h"

#include <stdio.h>
#include <string.h>

#include "transports.h"

static void
fill(const struct sending *sending, struct sending_bind *out)
{
	memset(out, 0, sizeof(*out));
	snprintf(out->name, sizeof(out->name), "%s", sending->name);
	if (!sockets_address_parse(sending->bind4, &out->bind[0]))
		out->bind[0].family = 0;
	if (!sockets_address_parse(sending->bind6, &out->bind[1]))
		out->bind[1].family = 0;
}

void
sending_bind_of_service(const struct settings *settings, const char *node_name, struct span service,
    struct sending_bind *out)
{
	size_t number = transports_parse(service, NULL);
	struct sending sending;

	if (number > 0 && sending_get(settings, node_name, number, &sending)) {
		fill(&sending, out);
		return;
	}
	memset(out, 0, sizeof(*out));
	snprintf(out->name, sizeof(out->name), "%s", node_name);
}

bool
sending_bind_of_address(const struct settings *settings, const char *node_name,
    const struct sockets_address *local, struct sending_bind *out)
{
	bool found = false;

	for (size_t number = 1; number <= sending_count(settings); number++) {
		struct sending_bind bind;
		struct sending sending;

		if (!sending_get(settings, node_name, number, &sending))
			continue;
		fill(&sending, &bind);
		if (memcmp(&bind.bind[0], local, sizeof(*local)) == 0 ||
		    memcmp(&bind.bind[1], local, sizeof(*local)) == 0) {
			*out = bind;
			return true;
		}
		if (!found && bind.bind[0].family == 0 && bind.bind[1].family == 0) {
			*out = bind;
			found = true;
		}
	}
	return found;
}
