#include "transports_watch.h"

#include <string.h>

#include "log.h"

enum { NAMED = 5 }; /* in the log; the others are counted */

static void
add_missing(const char *name, size_t count, struct str *words)
{
	if (count < NAMED)
		str_addf(words, "%s%s", count > 0 ? ", " : "", name);
	else if (count == NAMED)
		str_adds(words, ", ...");
}

/* Of this node's sending IPs. Returns how many. */
static size_t
find_missing(const struct egress *egress, struct str *words)
{
	const struct engine *engine = egress->engine;
	struct transport_class class;
	struct sending sending;
	size_t count = 0;

	if (egress->transports.names.len == 0)
		return 0;
	for (size_t at = 0; transports_at(engine->rules, at, &class); at++)
		for (size_t i = 1; i <= sending_count(engine->settings); i++) {
			char name[TRANSPORT_NAME_SIZE];

			if (!sending_get(engine->settings, engine->ip, i, &sending) ||
			    transports_known_has(&egress->transports, &class, i))
				continue;
			transports_name(&class, i, name);
			add_missing(name, count++, words);
		}
	return count;
}

void
transports_watch(struct egress *egress, bool begins)
{
	struct str words = { 0 };
	size_t count;

	if (!egress_enforces(egress))
		return;
	if (!transports_known_read(&egress->transports, egress->engine->settings->state_dir) &&
	    !begins)
		return;
	count = find_missing(egress, &words);
	if (count > 0)
		log_warning("transports: Postfix has not been set up with %zu of them (%s); their "
			    "mail goes by others meanwhile, within its own limits: mxctl postfix "
			    "setup --reload",
		    count, str_text(&words));
	else if (egress->transports_missing)
		log_info("transports: Postfix has all of them now");
	egress->transports_missing = count > 0;
	str_free(&words);
}
