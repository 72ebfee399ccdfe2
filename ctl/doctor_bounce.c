/* mxctl doctor: whether returned mail comes to mxbounce, and how pipe(8) starts it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor_checks.h"
#include "doctor_user.h"
#include "duration.h"
#include "postfix_tables.h"
#include "run.h"

enum { TIME_LEAST_MS = 60000 }; /* mxbounce ends itself after 30 s */
enum { DOMAINS_MAX = 20, TABLE_MS = 2000 };

/* The pipe(8) service that runs mxbounce. NULL: there is none. */
static const struct postfix_service *
pipe_of(const struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->services.count; i++) {
		const struct postfix_service *service = &doctor->services.items[i];
		struct span line = span_of(service->line);

		if (span_find(line, SPAN(" pipe ")) >= 0 &&
		    span_find(line, SPAN("mxbounce ")) >= 0 && span_find(line, SPAN("argv=")) >= 0)
			return service;
	}
	return NULL;
}

/* NULL: none, and it was said. */
static const struct postfix_service *
find_service(struct doctor *doctor)
{
	const struct postfix_service *service = pipe_of(doctor);

	if (service == NULL && doctor->settings->return_path_domains.count > 0)
		doctor_say(doctor, DOCTOR_WRONG, "INSTALL, step 6",
		    "master.cf has no service that runs mxbounce, but there are "
		    "return_path_domains");
	else if (service == NULL)
		doctor_say(doctor, DOCTOR_SKIPPED, "", "bounces do not come to this host");
	return service;
}

/* The word behind "user=" on a service's line; "" none. */
static const char *
word_of(const struct doctor *doctor, const struct postfix_service *service, const char *name)
{
	const char *at = strstr(service->line, doctor_text(doctor, " %s", name));

	if (at == NULL)
		return "";
	at += 1 + strlen(name);
	return arena_dup(&doctor->ctl->arena, span_make(at, strcspn(at, " \t")));
}

static void
look_at_user(struct doctor *doctor, const struct postfix_service *service)
{
	const char *text = word_of(doctor, service, "user=");
	size_t colon = strcspn(text, ":");
	const char *user = arena_dup(&doctor->ctl->arena, span_make(text, colon));
	const char *group = text[colon] == ':' ? text + colon + 1 : DOCTOR_USER;
	const char *socket = doctor->settings->redis.path;

	if (strcmp(user, DOCTOR_USER) != 0)
		doctor_say(doctor, DOCTOR_WRONG,
		    doctor_text(doctor, "write user=" DOCTOR_USER " into the service %s",
			service->name),
		    "the service %s runs mxbounce as \"%s\", which may not use its keys and state",
		    service->name, user);
	else if (*socket != '\0' && !doctor_user_may(user, group, socket, W_OK))
		doctor_say(doctor, DOCTOR_WRONG,
		    doctor_text(doctor, "write user=" DOCTOR_USER ":redis into the service %s",
			service->name),
		    "mxbounce, run as %s, may not use the Redis socket %s", text, socket);
}

static void
look_at_program(struct doctor *doctor, const struct postfix_service *service)
{
	const char *program = word_of(doctor, service, "argv=");
	const char *file = word_of(doctor, service, "-c ");

	if (!doctor_user_may(DOCTOR_USER, NULL, program, X_OK))
		doctor_say(doctor, DOCTOR_WRONG,
		    doctor_text(doctor, "mend argv= of the service %s", service->name),
		    "%s cannot be run by the user " DOCTOR_USER, program);
	else if (*file != '\0' && strcmp(file, doctor->settings->file) != 0)
		doctor_say(doctor, DOCTOR_WARNING,
		    doctor_text(doctor, "write -c %s into the service %s", doctor->settings->file,
			service->name),
		    "mxbounce is run with %s, not with %s", file, doctor->settings->file);
}

void
doctor_pipe(struct doctor *doctor)
{
	const struct postfix_service *service = find_service(doctor);
	const char *todo = doctor_see_example(doctor, "master.cf.bounce");

	if (service == NULL)
		return;
	look_at_user(doctor, service);
	if (strstr(service->line, " null_sender=") == NULL ||
	    *word_of(doctor, service, "null_sender=") != '\0')
		doctor_say(doctor, DOCTOR_WRONG, todo,
		    "the service %s has no empty null_sender=: mxbounce is told MAILER-DAEMON "
		    "for the null sender",
		    service->name);
	if (strstr(service->line, "${sender}") == NULL ||
	    strstr(service->line, "${recipient}") == NULL)
		doctor_say(doctor, DOCTOR_WRONG, todo,
		    "the service %s does not tell mxbounce --sender ${sender} --recipient "
		    "${recipient}",
		    service->name);
	look_at_program(doctor, service);
	if (strcmp(service->chroot, "y") == 0)
		doctor_say(doctor, DOCTOR_WRONG, todo, "the service %s is in a chroot",
		    service->name);
	if (strchr(word_of(doctor, service, "flags="), 'q') == NULL)
		doctor_say(doctor, DOCTOR_WARNING, todo,
		    "the service %s has no flags=q: a recipient with blanks comes unquoted",
		    service->name);
}

static const char *
limit_of(struct doctor *doctor, const struct postfix_service *service, const char *suffix,
    const char *otherwise)
{
	const char *name = doctor_text(doctor, "%s%s", service->name, suffix);
	const char *own = postfix_options_get(&service->options, name);

	if (own != NULL)
		return own;
	own = doctor_postfix(doctor, name);
	return *own != '\0' ? own : doctor_postfix(doctor, otherwise);
}

void
doctor_pipe_time(struct doctor *doctor)
{
	const struct postfix_service *service = find_service(doctor);
	const char *limit;

	if (service == NULL)
		return;
	limit = limit_of(doctor, service, "_time_limit", "command_time_limit");
	if (limit[strspn(limit, "0123456789")] == '\0'
		? atoll(limit) * 1000 < TIME_LEAST_MS
		: duration_parse(span_of(limit)) < TIME_LEAST_MS)
		doctor_say(doctor, DOCTOR_WRONG,
		    doctor_text(doctor, "write -o %s_time_limit=300 into the service %s",
			service->name, service->name),
		    "%s_time_limit = %s: pipe(8) would end mxbounce and bounce the notice, which "
		    "is lost then",
		    service->name, limit);
}

void
doctor_pipe_recipients(struct doctor *doctor)
{
	const struct postfix_service *service = find_service(doctor);
	const char *limit;

	if (service == NULL)
		return;
	limit = limit_of(doctor, service, "_destination_recipient_limit",
	    "default_destination_recipient_limit");
	if (strcmp(limit, "1") != 0)
		doctor_say(doctor, DOCTOR_WRONG,
		    doctor_text(doctor,
			"postconf -e %s_destination_recipient_limit=1; postfix reload",
			service->name),
		    "%s_destination_recipient_limit = %s: mxbounce would be told several "
		    "recipients at once",
		    service->name, limit);
}

/* -- the way there ----------------------------------------------------------------------------- */

/* What transport_maps of main.cf say of a domain; "" nothing. After a table that does not answer none
 * is asked any more. */
static const char *
route_of(struct doctor *doctor, const char *domain)
{
	struct span rest = span_of(doctor_postfix(doctor, "transport_maps")), table;
	const char *found = "";

	while (*found == '\0' && !doctor->table_hangs &&
	       (table = postfix_tables_next(&rest)).len > 0) {
		const char *name = arena_dup(&doctor->ctl->arena, table);
		const char *const argv[] = { "postmap", "-c", doctor->folder, "-q", domain, name,
			NULL };
		struct str out = { 0 };
		int rc = 1;

		if (!span_starts(table, SPAN("socketmap:")))
			rc = run_within(TABLE_MS, argv, &out, NULL);
		doctor->table_hangs = rc < 0;
		if (rc == 0)
			found = arena_dup(&doctor->ctl->arena, span_trim(span_of(str_text(&out))));
		str_free(&out);
	}
	return found;
}

/* Whether Postfix takes mail for the domain. Tables are not asked: then it may. */
static bool
is_taken(const struct doctor *doctor, const char *domain)
{
	static const char *const names[] = { "relay_domains", "mydestination",
		"virtual_mailbox_domains" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct span rest = span_of(doctor_postfix(doctor, names[i])), word;

		while ((word = postfix_tables_next(&rest)).len > 0)
			if (span_ieq(word, span_of(domain)) || span_find(word, SPAN(":")) >= 0 ||
			    word.ptr[0] == '/')
				return true;
	}
	return false;
}

static void
look_at_domain(struct doctor *doctor, const struct postfix_service *service, const char *domain)
{
	const char *route = route_of(doctor, domain);
	struct span transport = span_make(route, strcspn(route, ":"));

	if (doctor->table_hangs)
		doctor_say(doctor, DOCTOR_WARNING,
		    doctor_text(doctor, "find out which: postmap -q %s TABLE", domain),
		    "a table of transport_maps does not answer within %d s", TABLE_MS / 1000);
	else if (!span_eq(transport, span_of(service->name)))
		doctor_say(doctor, DOCTOR_WRONG,
		    doctor_text(doctor, "put \"%s %s:\" into a table of transport_maps", domain,
			service->name),
		    "mail to %s does not go to %s%s%s", domain, service->name,
		    *route != '\0' ? " but to " : "", route);
	else if (!is_taken(doctor, domain))
		doctor_say(doctor, DOCTOR_WRONG,
		    doctor_text(doctor, "add %s to relay_domains in main.cf", domain),
		    "Postfix takes no mail for %s", domain);
	else if (!settings_is_local(doctor->settings, domain))
		doctor_say(doctor, DOCTOR_WRONG,
		    doctor_text(doctor, "add %s to local_domains in mxpace.conf", domain),
		    "local_domains does not have %s: what comes back would be paced", domain);
}

void
doctor_return_domains(struct doctor *doctor, struct postfix_words *out)
{
	const struct conf_strings *masks = &doctor->settings->return_path_domains;
	const struct postfix_service *service = pipe_of(doctor);
	struct postfix_words domains = { 0 }, unread = { 0 };
	struct arena *arena = &doctor->ctl->arena;

	for (size_t i = 0; i < masks->count; i++)
		if (strpbrk(masks->items[i], "*?") == NULL)
			postfix_words_add(arena, out, masks->items[i]);
	if (out->count > 0 || service == NULL)
		return;
	postfix_tables_list(arena, doctor->folder, doctor_postfix(doctor, "transport_maps"),
	    &domains, &unread);
	for (size_t i = 0; i < domains.count && i < DOMAINS_MAX; i++)
		if (span_starts(span_of(route_of(doctor, domains.items[i])),
			span_of(doctor_text(doctor, "%s:", service->name))))
			postfix_words_add(arena, out, domains.items[i]);
}

void
doctor_return_path(struct doctor *doctor)
{
	const struct postfix_service *service = find_service(doctor);
	struct postfix_words domains = { 0 };

	if (service == NULL)
		return;
	doctor_return_domains(doctor, &domains);
	for (size_t i = 0; i < domains.count; i++)
		look_at_domain(doctor, service, domains.items[i]);
	if (domains.count == 0)
		doctor_say(doctor, DOCTOR_WRONG, "INSTALL, step 6",
		    "transport_maps sends no domain to the service %s", service->name);
}
