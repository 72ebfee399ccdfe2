/* mxctl doctor: whether smtpd(8) asks mxpolicyd, and where it is reached. */
#include <stdlib.h>
#include <string.h>

#include "doctor_checks.h"
#include "duration.h"
#include "postfix_tables.h"

enum { TIMEOUT_LEAST_MS = 1000, TIMEOUT_MOST_MS = 30000 };

enum { LISTS = 2 };
static const char *const lists[LISTS] = { "smtpd_recipient_restrictions",
	"smtpd_end_of_data_restrictions" };

struct asked {              /* one check_policy_service of ours */
	const char *text;   /* "{ unix:mxpace/policy, timeout=5s }"; NULL: there is none */
	const char *before; /* what permits, and stands before it; NULL: nothing */
	const char *timeout, *action; /* NULL: not said */
};

static struct span
without_braces(struct span text)
{
	if (text.len >= 2 && text.ptr[0] == '{' && text.ptr[text.len - 1] == '}')
		text = span_make(text.ptr + 1, text.len - 2);
	return span_trim(text);
}

/* "unix:mxpace/policy" is relative to the queue directory. */
static const char *
full_address(const struct doctor *doctor, struct span address)
{
	struct span path = span_from(address, strlen("unix:"));

	if (!span_starts(address, SPAN("unix:")) || (path.len > 0 && path.ptr[0] == '/'))
		return arena_dup(&doctor->ctl->arena, address);
	return doctor_text(doctor, "unix:%s/%.*s", doctor_postfix(doctor, "queue_directory"),
	    (int)path.len, path.ptr);
}

static bool
is_ours(const struct doctor *doctor, struct span address)
{
	struct span rest = span_of(doctor->settings->policy_listen), one;
	const char *wanted = full_address(doctor, address);

	while ((one = postfix_tables_next(&rest)).len > 0)
		if (span_eq(one, span_of(wanted)))
			return true;
	return false;
}

static void
take_options(const struct doctor *doctor, struct span rest, struct asked *asked)
{
	struct span word;

	while ((word = postfix_tables_next(&rest)).len > 0) {
		/* "timeout=5s", also with blanks around the sign */
		if (span_starts(word, SPAN("timeout=")))
			asked->timeout = arena_dup(&doctor->ctl->arena, span_from(word, 8));
		else if (span_starts(word, SPAN("default_action=")))
			asked->action = arena_dup(&doctor->ctl->arena, span_from(word, 15));
		else if (span_eq(word, SPAN("timeout")) || span_eq(word, SPAN("default_action"))) {
			bool is_timeout = word.ptr[0] == 't';
			struct span value;

			(void)postfix_tables_next(&rest);
			value = postfix_tables_next(&rest);
			*(is_timeout ? &asked->timeout : &asked->action) =
			    arena_dup(&doctor->ctl->arena, value);
		}
	}
}

static struct asked
find(const struct doctor *doctor, const char *list)
{
	struct span rest = span_of(doctor_postfix(doctor, list)), word;
	struct asked asked = { 0 };

	while (asked.text == NULL && (word = postfix_tables_next(&rest)).len > 0) {
		struct span inner, address;

		if (span_starts(word, SPAN("permit")) && asked.before == NULL)
			asked.before = arena_dup(&doctor->ctl->arena, word);
		if (!span_eq(word, SPAN("check_policy_service")))
			continue;
		word = postfix_tables_next(&rest);
		inner = without_braces(word);
		address = postfix_tables_next(&inner);
		if (!is_ours(doctor, address))
			continue;
		asked.text = arena_dup(&doctor->ctl->arena, word);
		take_options(doctor, inner, &asked);
	}
	return asked;
}

/* In egress admission is a choice: it then refuses quarantined addresses and dead domains. */
static bool
is_nothing_asked(struct doctor *doctor)
{
	for (size_t i = 0; i < LISTS; i++)
		if (span_find(span_of(doctor_postfix(doctor, lists[i])),
			SPAN("check_policy_service")) >= 0)
			return false;
	doctor_say(doctor, DOCTOR_SKIPPED, "", "smtpd(8) asks nobody");
	return doctor->settings->enforce != ENFORCE_ADMISSION;
}

/* A service of master.cf that has a list of its own. */
static void
look_at_services(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->services.count; i++) {
		const struct postfix_service *service = &doctor->services.items[i];
		const char *own = postfix_options_get(&service->options, lists[0]);

		if (own != NULL && strcmp(service->type, "inet") == 0 &&
		    span_find(span_of(own), SPAN("check_policy_service")) < 0)
			doctor_say(doctor, DOCTOR_WARNING,
			    doctor_text(doctor,
				"take -o %s out of it in master.cf, unless it is "
				"where a filter gives mail back",
				lists[0]),
			    "the service %s/%s has %s of its own and does not ask", service->name,
			    service->type, lists[0]);
	}
}

void
doctor_admission(struct doctor *doctor)
{
	const char *todo = doctor_see_example(doctor, "main.cf.admission");
	struct asked asked[LISTS];

	if (is_nothing_asked(doctor))
		return;
	for (size_t i = 0; i < LISTS; i++) {
		asked[i] = find(doctor, lists[i]);
		if (asked[i].text == NULL)
			doctor_say(doctor, DOCTOR_WRONG, todo,
			    "%s has no check_policy_service that names %s", lists[i],
			    doctor->settings->policy_listen);
		else if (asked[i].before != NULL)
			doctor_say(doctor, DOCTOR_WRONG, "put check_policy_service before it",
			    "in %s %s stands before check_policy_service: what it permits is "
			    "never asked about",
			    lists[i], asked[i].before);
	}
	if (asked[0].text != NULL && asked[1].text != NULL &&
	    strcmp(asked[0].text, asked[1].text) != 0)
		doctor_say(doctor, DOCTOR_WARNING, "write both in the same words",
		    "check_policy_service is not the same in %s and %s: smtpd(8) then opens two "
		    "connections for each client",
		    lists[0], lists[1]);
	look_at_services(doctor);
}

static int64_t
time_ms(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return text[digits] == '\0' ? strtoll(text, NULL, 10) * 1000
				    : duration_parse(span_of(text));
}

void
doctor_admission_timeout(struct doctor *doctor)
{
	if (is_nothing_asked(doctor))
		return;
	for (size_t i = 0; i < LISTS; i++) {
		struct asked asked = find(doctor, lists[i]);
		const char *text = asked.timeout != NULL
				       ? asked.timeout
				       : doctor_postfix(doctor, "smtpd_policy_service_timeout");
		int64_t ms = time_ms(text);

		if (asked.text != NULL && (ms < TIMEOUT_LEAST_MS || ms > TIMEOUT_MOST_MS))
			doctor_say(doctor, DOCTOR_WARNING,
			    "write timeout=5s into both check_policy_service",
			    "in %s smtpd(8) waits %s for an answer: a client waits as long when "
			    "mxpolicyd hangs",
			    lists[i], text);
	}
}

void
doctor_admission_default(struct doctor *doctor)
{
	if (is_nothing_asked(doctor))
		return;
	for (size_t i = 0; i < LISTS; i++) {
		struct asked asked = find(doctor, lists[i]);
		const char *action =
		    asked.action != NULL
			? asked.action
			: doctor_postfix(doctor, "smtpd_policy_service_default_action");
		bool refuses = strncasecmp(action, "reject", 6) == 0 || *action == '5';

		if (asked.text != NULL && (refuses || *action == '4'))
			doctor_say(doctor, refuses ? DOCTOR_WRONG : DOCTOR_WARNING,
			    "write default_action=DUNNO into both check_policy_service",
			    "in %s mail is answered \"%s\" while mxpolicyd is away", lists[i],
			    action);
	}
}

void
doctor_relay(struct doctor *doctor)
{
	static const char list[] = "smtpd_relay_restrictions";

	if (*doctor_postfix(doctor, list) == '\0')
		doctor_say(doctor, DOCTOR_WRONG,
		    "postconf -e 'smtpd_relay_restrictions = permit_mynetworks, "
		    "permit_sasl_authenticated, defer_unauth_destination'",
		    "%s is empty: strangers may relay", list);
}
