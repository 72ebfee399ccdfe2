/* mxctl doctor: what Postfix is told for delivery, against the settings and rules. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor_checks.h"
#include "duration.h"
#include "postfix_check.h"
#include "postfix_map.h"
#include "postfix_ours.h"
#include "transports.h"

void
doctor_has_postfix(struct doctor *doctor)
{
	struct err err;

	if ((doctor->has & DOCTOR_NEEDS_POSTFIX) != DOCTOR_NEEDS_POSTFIX) {
		doctor_say(doctor, DOCTOR_WRONG,
		    "postconf -n tells; another directory: mxctl doctor -c DIR",
		    "the configuration of Postfix in %s cannot be read", doctor->folder);
		return;
	}
	if (doctor->rules == NULL)
		return;
	if (postfix_check_open(doctor->ctl, doctor->folder, false, &doctor->draft, &err) == 0)
		doctor->has |= DOCTOR_NEEDS_DRAFT;
	else
		doctor_say(doctor, DOCTOR_WRONG, "postconf -n and postconf -M tell", "%s",
		    err.text);
}

/* -- what setup writes ------------------------------------------------------------------------- */

void
doctor_setup(struct doctor *doctor)
{
	const struct postfix_draft *draft = &doctor->draft;
	bool wanted = doctor->settings->enforce != ENFORCE_ADMISSION;

	if (draft->plan.mistakes.count > 0)
		doctor_say(doctor, DOCTOR_WRONG, "mend that, then: mxctl postfix setup --reload",
		    "%s", draft->plan.mistakes.items[0]);
	else if (postfix_check_fits(draft))
		return;
	else if (!wanted)
		doctor_say(doctor, DOCTOR_WRONG,
		    doctor_text(doctor, "mxctl postfix remove --reload -c %s", doctor->folder),
		    "Postfix is set up for egress, but enforce = \"admission\"");
	else
		doctor_say(doctor, DOCTOR_WRONG,
		    doctor_text(doctor, "mxctl postfix setup --reload -c %s", doctor->folder),
		    postfix_files_equal(&draft->now, &draft->base)
			? "Postfix is not set up: it does not ask mxpolicyd about deliveries"
			: "Postfix is set up for other rules or settings");
}

void
doctor_delivery(struct doctor *doctor)
{
	if (doctor->draft.plan.doubts.count > 0)
		doctor_say(doctor, DOCTOR_WRONG,
		    "set mxpace up on the host that delivers, or take the line out of main.cf",
		    "%s", doctor->draft.plan.doubts.items[0]);
}

static bool
is_routed(const struct postfix_words *domains, const char *domain)
{
	for (size_t i = 0; i < domains->count; i++)
		if (strcmp(domains->items[i], domain) == 0)
			return true;
	return false;
}

void
doctor_exceptions(struct doctor *doctor)
{
	const struct settings *settings = doctor->settings;
	const struct postfix_site *site = &doctor->draft.site;
	struct postfix_words returns = { 0 }; /* another check looks at them */

	doctor_return_domains(doctor, &returns);
	for (size_t i = 0; i < site->domains.count; i++) {
		const char *domain = site->domains.items[i];

		if (strcmp(domain, "*") != 0 && !is_routed(&returns, domain) &&
		    !settings_is_exception(settings, domain) &&
		    !settings_is_local(settings, domain))
			doctor_say(doctor, DOCTOR_WRONG,
			    "add it to transport_exceptions in mxpace.conf; systemctl reload "
			    "mxpolicyd",
			    "transport_maps routes %s, but mxpace decides before it", domain);
	}
	for (size_t i = 0; i < settings->transport_exceptions.count && site->unread.count == 0; i++)
		if (!is_routed(&site->domains, settings->transport_exceptions.items[i]))
			doctor_say(doctor, DOCTOR_WARNING,
			    "take it out of transport_exceptions in mxpace.conf, or route it",
			    "transport_exceptions has %s, but transport_maps does not route it: "
			    "its mail is not paced",
			    settings->transport_exceptions.items[i]);
}

/* -- numbers ----------------------------------------------------------------------------------- */

/* Postfix counts in seconds where there is no unit. */
static int64_t
time_ms(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return text[digits] == '\0' ? strtoll(text, NULL, 10) * 1000
				    : duration_parse(span_of(text));
}

void
doctor_timers(struct doctor *doctor)
{
	for (size_t i = 0; i < POSTFIX_TIMERS; i++) {
		const char *name = postfix_timers[i].name, *value = doctor_postfix(doctor, name);

		if (time_ms(value) > time_ms(postfix_timers[i].value))
			doctor_say(doctor, DOCTOR_WARNING,
			    doctor_text(doctor, "mxctl postfix setup --timers --reload -c %s",
				doctor->folder),
			    "%s = %s: what a limit deferred comes back later than it could; %s "
			    "is proposed",
			    name, value, postfix_timers[i].value);
	}
}

void
doctor_active_queue(struct doctor *doctor)
{
	const char *active = doctor_postfix(doctor, "qmgr_message_active_limit");

	if (strtoll(active, NULL, 10) != doctor->settings->active_queue_limit)
		doctor_say(doctor, DOCTOR_WARNING,
		    doctor_text(doctor, "set active_queue_limit = %s in mxpace.conf", active),
		    "qmgr_message_active_limit of Postfix is %s, active_queue_limit %" PRId64,
		    active, doctor->settings->active_queue_limit);
}

static bool
wants_reuse(const struct doctor *doctor)
{
	for (size_t i = 0; doctor->rules != NULL && i < doctor->rules->count; i++)
		if (doctor->rules->rules[i].messages_per_connection != 1)
			return true;
	return false;
}

/* What holds the TLS connections that are used again; Postfix's master.cf has it in a comment. */
static bool
has_tlsproxy(const struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->services.count; i++)
		if (strcmp(doctor->services.items[i].name, "tlsproxy") == 0)
			return true;
	return false;
}

void
doctor_tls_reuse(struct doctor *doctor)
{
	static const char proxy[] =
	    "postconf -M \"tlsproxy/unix=tlsproxy unix - - y - 0 tlsproxy\"";
	const char *reuse = doctor_postfix(doctor, "smtp_tls_connection_reuse");
	const char *level = doctor_postfix(doctor, "smtp_tls_security_level");

	if (*level == '\0' || strcmp(level, "none") == 0 || !wants_reuse(doctor))
		doctor_say(doctor, DOCTOR_SKIPPED, "", "no TLS, or no connection used twice");
	else if (strcmp(reuse, "no") == 0)
		doctor_say(doctor, DOCTOR_WARNING,
		    doctor_text(doctor,
			"%s%spostconf -e smtp_tls_connection_reuse=yes; postfix reload",
			has_tlsproxy(doctor) ? "" : proxy, has_tlsproxy(doctor) ? "" : "; "),
		    "smtp_tls_connection_reuse = no: each message over TLS takes a connection of "
		    "its own");
	else if (!has_tlsproxy(doctor))
		doctor_say(doctor, DOCTOR_WRONG, doctor_text(doctor, "%s; postfix reload", proxy),
		    "smtp_tls_connection_reuse = %s, but master.cf has no tlsproxy: nothing is sent "
		    "over TLS",
		    reuse);
}

/* A "TLS-Required: no" header skips the table in which we are asked (Postfix 3.10). */
void
doctor_tls_required(struct doctor *doctor)
{
	static const char option[] = "tls_required_enable";
	const char *value = doctor_postfix(doctor, option);
	bool observing = doctor->settings->enforce == ENFORCE_OBSERVE;

	if (*value == '\0')
		doctor_say(doctor, DOCTOR_SKIPPED, "", "this Postfix has no %s", option);
	else if (observing && strcmp(value, "yes") == 0)
		doctor_say(doctor, DOCTOR_WARNING, "postconf -e tls_required_enable=no",
		    "%s = yes: a header in a message can have its connection not counted", option);
	for (size_t i = 0; *value != '\0' && i < doctor->services.count; i++) {
		const struct postfix_service *service = &doctor->services.items[i];
		const char *own = postfix_options_get(&service->options, option);

		if (transports_parse(span_of(service->name), NULL) > 0 &&
		    strcmp(own != NULL ? own : value, "yes") == 0)
			doctor_say(doctor, DOCTOR_WRONG,
			    doctor_text(doctor, "mxctl postfix setup --reload -c %s",
				doctor->folder),
			    "%s = yes for %s: any sender can skip the limits with a header", option,
			    service->name);
	}
}

/* -- processes --------------------------------------------------------------------------------- */

static bool
is_chrooted(const struct doctor *doctor, const char *name, const char *type)
{
	const struct postfix_service *service =
	    postfix_services_find(&doctor->services, name, type);

	if (service == NULL)
		return false;
	if (strcmp(service->chroot, "-") == 0) /* the default became "n" with level 1 */
		return atoi(doctor_postfix(doctor, "compatibility_level")) < 1;
	return strcmp(service->chroot, "y") == 0;
}

void
doctor_chroot(struct doctor *doctor)
{
	const struct settings *settings = doctor->settings;
	const struct {
		const char *key, *listen, *service, *type;
		bool used;
	} rows[] = {
		{ "policy_listen", settings->policy_listen, "smtp", "inet", true },
		{ "map_listen", settings->map_listen, "smtp", "unix",
		    settings->enforce != ENFORCE_ADMISSION },
	};
	const char *queue = doctor_postfix(doctor, "queue_directory");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *name = postfix_map_name(&doctor->ctl->arena, rows[i].listen, queue);

		if (name != NULL && rows[i].used && postfix_map_is_outside(name) &&
		    is_chrooted(doctor, rows[i].service, rows[i].type))
			doctor_say(doctor, DOCTOR_WRONG,
			    doctor_text(doctor, "have %s name a socket below %s/mxpace",
				rows[i].key, queue),
			    "the service %s/%s runs in a chroot and does not see %s of %s",
			    rows[i].service, rows[i].type, name + sizeof("unix:") - 1, rows[i].key);
	}
}

/* How many processes a service may have. */
static int64_t
processes_of(const struct doctor *doctor, const struct postfix_service *service)
{
	char most[32] = "-";

	if (sscanf(service->line, "%*s %*s %*s %*s %*s %*s %31s", most) != 1 ||
	    strcmp(most, "-") == 0)
		return atoll(doctor_postfix(doctor, "default_process_limit"));
	return atoll(most);
}

/* Each process of Postfix that asks has a connection of its own. */
void
doctor_clients(struct doctor *doctor)
{
	bool admission = span_find(span_of(doctor_postfix(doctor, "smtpd_recipient_restrictions")),
			     SPAN("check_policy_service")) >= 0;
	int64_t most = doctor->settings->max_clients, sum = 0;

	for (size_t i = 0; i < doctor->services.count; i++) {
		const struct postfix_service *service = &doctor->services.items[i];
		char command[64] = "";

		sscanf(service->line, "%*s %*s %*s %*s %*s %*s %*s %63s", command);
		if (postfix_ours_is_service(service) ||
		    (admission && strcmp(command, "smtpd") == 0))
			sum += processes_of(doctor, service);
	}
	if (sum > most)
		doctor_say(doctor, DOCTOR_WARNING,
		    doctor_text(doctor,
			"set max_clients to %" PRId64 " or more, or a lower default_process_limit "
			"in main.cf",
			sum),
		    "Postfix may run %" PRId64 " processes that ask, max_clients = %" PRId64, sum,
		    most);
}
