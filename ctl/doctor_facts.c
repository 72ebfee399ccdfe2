#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "doctor_user.h"
#include "postfix_check.h"
#include "store_doctor.h"

enum { STORE_MS = 800 };

/* Those that the checks look at; expanded. */
static const char *const parameters[] = { "queue_directory", "compatibility_level", "mail_owner",
	"default_process_limit", "qmgr_message_active_limit", "queue_run_delay",
	"minimal_backoff_time", "maximal_backoff_time", "smtp_tls_connection_reuse",
	"smtp_tls_security_level", "tls_required_enable", "smtpd_relay_restrictions",
	"smtpd_recipient_restrictions", "smtpd_end_of_data_restrictions",
	"smtpd_policy_service_timeout", "smtpd_policy_service_default_action", "transport_maps",
	"relay_domains", "mydestination", "virtual_mailbox_domains", "mxbounce_time_limit",
	"mxbounce_destination_recipient_limit", "default_destination_recipient_limit",
	"command_time_limit", NULL };

/* -- the configuration ------------------------------------------------------------------------- */

static void
open_configuration(struct doctor *doctor)
{
	struct conf_errors errors = { 0 };
	struct ctl *ctl = doctor->ctl;
	struct span rest, line = SPAN("");

	ctl->settings = settings_load(ctl->file, &errors);
	if (ctl->settings != NULL)
		ctl->rules =
		    mx_rules_load(ctl->settings->mx_rules, ctl->settings->mx_rules_local, &errors);
	rest = span_of(str_text(&errors.lines));
	if (ctl->settings == NULL && span_line(&rest, &line))
		doctor->mistake = arena_dup(&ctl->arena, line);
	conf_errors_free(&errors);
	doctor->settings = ctl->settings;
	doctor->rules = ctl->rules;
	if (ctl->settings == NULL)
		return;
	doctor->has |= DOCTOR_NEEDS_SETTINGS;
	if (ctl->settings->enforce != ENFORCE_ADMISSION)
		doctor->has |= DOCTOR_NEEDS_EGRESS;
}

/* -- Postfix ----------------------------------------------------------------------------------- */

static void
open_postfix(struct doctor *doctor)
{
	struct arena *arena = &doctor->ctl->arena;
	const char *given = doctor->ctl->options[CTL_OPTION_DIRECTORY];
	struct err err;

	doctor->folder = given != NULL ? given : "/etc/postfix";
	if (postfix_conf_parameters(arena, doctor->folder, true, parameters, &doctor->postfix,
		&err) != 0 ||
	    postfix_conf_services(arena, doctor->folder, &doctor->services, &err) != 0)
		return;
	doctor->has |= DOCTOR_NEEDS_POSTFIX;
}

const char *
doctor_see_example(struct doctor *doctor, const char *name)
{
	static const char below[] = "share/doc/mxpace/postfix-examples";
	char program[PATH_MAX] = "";
	char *bin;

	if (readlink("/proc/self/exe", program, sizeof(program) - 1) > 0 &&
	    (bin = strstr(program, "/bin/mxctl")) != NULL) {
		const char *path =
		    doctor_text(doctor, "%.*s/%s", (int)(bin - program), program, below);

		if (access(path, F_OK) == 0)
			return doctor_text(doctor, "see %s in %s", name, path);
	}
	return doctor_text(doctor, "see %s in /usr/%s", name, below);
}

const char *
doctor_postfix(const struct doctor *doctor, const char *name)
{
	const char *value = postfix_options_get(&doctor->postfix, name);

	return value != NULL ? value : "";
}

/* -- Redis ------------------------------------------------------------------------------------- */

static const char *
words_of(struct doctor *doctor, const struct err *err)
{
	return arena_dup(&doctor->ctl->arena, span_of(err->text));
}

static void
find_node(struct doctor *doctor)
{
	if (nodes_read(doctor->ctl, &doctor->nodes, NULL) != 0)
		return;
	for (size_t i = 0; i < doctor->nodes.count; i++)
		if (doctor->nodes.items[i].alive &&
		    strcmp(doctor->nodes.items[i].name, doctor->settings->node) == 0)
			doctor->node = &doctor->nodes.items[i];
	if (doctor->node != NULL)
		doctor->has |= DOCTOR_NEEDS_NODE;
}

static void
open_store(struct doctor *doctor)
{
	const struct settings *settings = doctor->settings;
	struct ctl *ctl = doctor->ctl;
	struct str info = { 0 };
	struct err err;

	ctl->store = store_sync_open(&settings->redis,
	    settings->store_timeout_ms < STORE_MS ? settings->store_timeout_ms : STORE_MS, &err);
	if (ctl->store == NULL) {
		doctor->redis_words = words_of(doctor, &err);
		return;
	}
	store_put_info(&ctl->batch, &info);
	switch (store_sync_run(ctl->store, &ctl->batch, &err)) {
	case STORE_DONE:
		doctor->has |= DOCTOR_NEEDS_INFO;
		doctor->info = arena_dup(&ctl->arena, span_of(str_text(&info)));
		break;
	case STORE_REFUSED:
		doctor->has |= DOCTOR_NEEDS_STORE;
		doctor->info_words =
		    doctor_text(doctor, "Redis does not tell about itself: %s", err.text);
		break;
	case STORE_AWAY:
		doctor->redis_words =
		    doctor_text(doctor, "Redis at %s: %s", settings->redis.text, err.text);
		break;
	}
	str_free(&info);
	if ((doctor->has & DOCTOR_NEEDS_STORE) == DOCTOR_NEEDS_STORE)
		find_node(doctor);
}

const char *
doctor_info(const struct doctor *doctor, const char *name)
{
	struct span rest = span_of(doctor->info), line, wanted = span_of(name);

	while (span_line(&rest, &line))
		if (span_starts(line, wanted) && line.len > wanted.len &&
		    line.ptr[wanted.len] == ':')
			return arena_dup(&doctor->ctl->arena, span_from(line, wanted.len + 1));
	return "";
}

/* -- all of it --------------------------------------------------------------------------------- */

void
doctor_open(struct doctor *doctor)
{
	/* A host name in the configuration is looked up by the C library, which waits long. */
	setenv("RES_OPTIONS", "timeout:1 attempts:1", 1);
	arena_init(&doctor->draft.arena);
	doctor->info_words = "Redis does not answer";
	/* In a container root may be unable to become somebody else. */
	if (geteuid() == 0 && doctor_user_enter("nobody", NULL) == 0) {
		doctor_user_leave();
		doctor->has |= DOCTOR_NEEDS_ROOT;
	}
	if ((doctor->has & DOCTOR_NEEDS_ROOT) != 0 && doctor_user_enter(DOCTOR_USER, NULL) == 0) {
		doctor_user_leave();
		doctor->has |= DOCTOR_NEEDS_MXPACE;
	}
	open_configuration(doctor);
	if (doctor->settings == NULL)
		return;
	open_postfix(doctor);
	open_store(doctor);
	doctor_dns_ask(doctor);
}

void
doctor_close(struct doctor *doctor)
{
	postfix_draft_free(&doctor->draft);
	doctor_dns_clear(&doctor->dns);
}
