#include "postfix_advice.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "postfix_map.h"
#include "postfix_ours.h"

static const char *
expanded(const struct postfix_site *site, const char *name)
{
	const char *value = postfix_options_get(&site->expanded, name);

	return value != NULL ? value : "";
}

/* Mail that goes somewhere else than to the MX hosts of its domain. */
static void
doubt_elsewhere(struct arena *arena, const struct postfix_site *site, struct postfix_plan *plan)
{
	static const char *const names[] = { "relayhost", "sender_dependent_relayhost_maps" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (*expanded(site, names[i]) != '\0')
			postfix_words_add(arena, &plan->doubts,
			    arena_printf(arena,
				"%s = %s: mail goes there and not to the MX hosts of its domains, "
				"so there is nothing to pace; set up the host that delivers it",
				names[i], expanded(site, names[i])));
	if (strcmp(expanded(site, "default_transport"), "smtp") != 0)
		postfix_words_add(arena, &plan->doubts,
		    arena_printf(arena, "default_transport = %s: mail does not go by smtp(8)",
			expanded(site, "default_transport")));
}

static void
advise_maps(struct arena *arena, const struct settings *settings, const struct postfix_site *site,
    struct postfix_plan *plan)
{
	struct postfix_words open = { 0 };
	struct str list = { 0 };

	for (size_t i = 0; i < site->domains.count; i++) {
		const char *domain = site->domains.items[i];

		if (strcmp(domain, "*") == 0)
			postfix_words_add(arena, &plan->doubts,
			    "transport_maps has an entry for \"*\": mxpace would decide before it "
			    "for all mail");
		else if (!settings_is_exception(settings, domain) &&
			 !settings_is_local(settings, domain))
			postfix_words_add(arena, &open, domain);
	}
	for (size_t i = 0; i < open.count; i++)
		str_addf(&list, "%s\"%s\"", i > 0 ? ", " : "", open.items[i]);
	if (open.count > 0)
		postfix_words_add(arena, &plan->notes,
		    arena_printf(arena,
			"transport_maps has entries for domains that mxpace would decide before; "
			"leave them to it in mxpace.conf: transport_exceptions = [ %s ];",
			str_text(&list)));
	for (size_t i = 0; i < site->unread.count; i++)
		postfix_words_add(arena, &plan->notes,
		    arena_printf(arena,
			"the table %s of transport_maps cannot be listed: put the domains that it "
			"routes into transport_exceptions",
			site->unread.items[i]));
	if (*expanded(site, "sender_dependent_default_transport_maps") != '\0')
		postfix_words_add(arena, &plan->notes,
		    "sender_dependent_default_transport_maps is set: mxpace decides before it; what "
		    "it does for sending IPs, pools in mxpace.conf do");
	str_free(&list);
}

static bool
is_chrooted(const struct postfix_site *site)
{
	const struct postfix_service *smtp = postfix_services_find(&site->services, "smtp", "unix");
	const char *chroot = smtp != NULL ? smtp->chroot : "n";

	if (strcmp(chroot, "-") == 0) /* the default became "n" with level 1 */
		return atoi(expanded(site, "compatibility_level")) < 1;
	return strcmp(chroot, "y") == 0;
}

static void
advise_numbers(struct arena *arena, const struct settings *settings,
    const struct postfix_site *site, struct postfix_plan *plan)
{
	const char *active = expanded(site, "qmgr_message_active_limit");

	if (plan->transport_count > POSTFIX_TRANSPORTS_MOST)
		postfix_words_add(arena, &plan->doubts,
		    arena_printf(arena,
			"%zu transports: over %d make Postfix slow; rules with the "
			"messages_per_connection of the last rule share one",
			plan->transport_count, POSTFIX_TRANSPORTS_MOST));
	if (strtoll(active, NULL, 10) != settings->active_queue_limit)
		postfix_words_add(arena, &plan->notes,
		    arena_printf(arena,
			"qmgr_message_active_limit = %s, but active_queue_limit = %" PRId64
			" in mxpace.conf: they have to agree",
			active, settings->active_queue_limit));
}

/* Postfix counts in seconds where there is no unit. */
static int64_t
time_ms(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return text[digits] == '\0' ? strtoll(text, NULL, 10) * 1000
				    : duration_parse(span_of(text));
}

void
postfix_advice_add(struct arena *arena, const struct settings *settings,
    const struct postfix_site *site, const char *map, struct postfix_plan *plan)
{
	doubt_elsewhere(arena, site, plan);
	if (map != NULL && postfix_map_is_outside(map) && is_chrooted(site))
		postfix_words_add(arena, &plan->notes,
		    arena_printf(arena,
			"smtp(8) runs in a chroot and does not see %s: have map_listen name a "
			"socket below %s",
			map + sizeof("unix:") - 1, expanded(site, "queue_directory")));
	if (settings->enforce != ENFORCE_EGRESS)
		return;
	advise_maps(arena, settings, site, plan);
	advise_numbers(arena, settings, site, plan);
	for (size_t i = 0; i < POSTFIX_TIMERS; i++)
		if (time_ms(expanded(site, postfix_timers[i].name)) !=
		    time_ms(postfix_timers[i].value))
			postfix_options_set(arena, &plan->timers, postfix_timers[i].name,
			    postfix_timers[i].value);
}
