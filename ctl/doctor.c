#include "doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "doctor_checks.h"
#include "verbs.h"

enum {
	SETTINGS = DOCTOR_NEEDS_SETTINGS,
	POSTFIX = DOCTOR_NEEDS_POSTFIX,
	DRAFT = DOCTOR_NEEDS_DRAFT,
	STORE = DOCTOR_NEEDS_STORE,
	INFO = DOCTOR_NEEDS_INFO,
	NODE = DOCTOR_NEEDS_NODE,
	MXPACE = DOCTOR_NEEDS_MXPACE,
	EGRESS = DOCTOR_NEEDS_EGRESS,
};

/* In the order in which one would mend them. */
static const struct doctor_check checks[] = {
	{ "configuration", DOCTOR_NEEDS_NOTHING, doctor_configuration },
	{ "rules", SETTINGS, doctor_rules },
	{ "files", SETTINGS | MXPACE, doctor_readable },
	{ "rules-cache", SETTINGS | MXPACE, doctor_cache },
	{ "rules-update", SETTINGS, doctor_updates },
	{ "keys", SETTINGS | MXPACE, doctor_keys },
	{ "state", SETTINGS | MXPACE, doctor_state_folder },
	{ "disk", SETTINGS, doctor_disk },
	{ "systemd", DOCTOR_NEEDS_NOTHING, doctor_systemd },

	{ "redis", SETTINGS, doctor_redis },
	{ "redis-version", INFO, doctor_redis_version },
	{ "redis-eviction", INFO, doctor_redis_eviction },
	{ "redis-disk", INFO, doctor_redis_disk },
	{ "redis-memory", INFO, doctor_redis_memory },
	{ "redis-writes", STORE, doctor_redis_writes },
	{ "redis-rights", STORE, doctor_redis_rights },
	{ "redis-latency", STORE, doctor_redis_latency },
	{ "clock", STORE, doctor_clock },

	{ "socket-folder", POSTFIX | DOCTOR_NEEDS_ROOT, doctor_socket_folder },
	{ "sockets", POSTFIX | DOCTOR_NEEDS_ROOT, doctor_socket_modes },
	{ "policy", SETTINGS, doctor_policy },
	{ "map", SETTINGS, doctor_map },
	{ "metrics", SETTINGS, doctor_metrics },
	{ "running", STORE, doctor_running },
	{ "twins", NODE, doctor_twins },
	{ "open-files", NODE, doctor_open_files },
	{ "kernel-view", NODE | EGRESS, doctor_kernel_view },

	{ "postfix", SETTINGS, doctor_has_postfix },
	{ "postfix-setup", DRAFT, doctor_setup },
	{ "delivery", DRAFT | EGRESS, doctor_delivery },
	{ "exceptions", DRAFT | EGRESS, doctor_exceptions },
	{ "timers", POSTFIX | EGRESS, doctor_timers },
	{ "active-queue", POSTFIX | EGRESS, doctor_active_queue },
	{ "tls-reuse", POSTFIX | EGRESS, doctor_tls_reuse },
	{ "tls-required", POSTFIX | EGRESS, doctor_tls_required },
	{ "chroot", POSTFIX, doctor_chroot },
	{ "clients", POSTFIX, doctor_clients },
	{ "admission", POSTFIX, doctor_admission },
	{ "admission-timeout", POSTFIX, doctor_admission_timeout },
	{ "admission-default", POSTFIX, doctor_admission_default },
	{ "relay", POSTFIX, doctor_relay },
	{ "pipe", POSTFIX | MXPACE, doctor_pipe },
	{ "pipe-time-limit", POSTFIX, doctor_pipe_time },
	{ "pipe-recipients", POSTFIX, doctor_pipe_recipients },
	{ "return-path", POSTFIX, doctor_return_path },

	{ "resolver", SETTINGS, doctor_resolver },
	{ "return-path-mx", SETTINGS, doctor_return_path_mx },
	{ "return-path-spf", SETTINGS, doctor_spf },
	{ "ptr", SETTINGS, doctor_ptr },
};
enum { CHECKS = sizeof(checks) / sizeof(checks[0]) };

static const char *const state_names[DOCTOR_STATES] = { [DOCTOR_FINE] = "fine",
	[DOCTOR_SKIPPED] = "skipped",
	[DOCTOR_WARNING] = "warning",
	[DOCTOR_WRONG] = "wrong",
	[DOCTOR_AWAY] = "away" };

void
doctor_say(struct doctor *doctor, enum doctor_state state, const char *todo, const char *fmt, ...)
{
	char *words = NULL;
	va_list ap;

	if (state <= doctor->state && *doctor->says != '\0')
		return;
	va_start(ap, fmt);
	if (vasprintf(&words, fmt, ap) < 0)
		words = NULL;
	va_end(ap);
	doctor->state = state;
	doctor->says = arena_dup(&doctor->ctl->arena, span_of(words));
	doctor->todo = todo;
	free(words);
}

/* -- what is missing --------------------------------------------------------------------------- */

static const char *
why_skipped(const struct doctor *doctor, unsigned missing)
{
	switch (missing & -missing) {
	case DOCTOR_NEEDS_SETTINGS:
		return "the configuration has mistakes";
	case DOCTOR_NEEDS_POSTFIX & ~DOCTOR_NEEDS_SETTINGS:
		return "Postfix cannot be asked: see postfix";
	case DOCTOR_NEEDS_DRAFT & ~DOCTOR_NEEDS_POSTFIX:
		return "what setup would write is not known: see postfix-setup, rules";
	case DOCTOR_NEEDS_STORE & ~DOCTOR_NEEDS_SETTINGS:
		return "Redis does not answer";
	case DOCTOR_NEEDS_INFO & ~DOCTOR_NEEDS_STORE:
		return doctor->info_words;
	case DOCTOR_NEEDS_NODE & ~DOCTOR_NEEDS_STORE:
		return "Redis knows no running mxpolicyd of this host";
	case DOCTOR_NEEDS_EGRESS & ~DOCTOR_NEEDS_SETTINGS:
		return "only for enforce = \"egress\" or \"observe\"";
	case DOCTOR_NEEDS_ROOT:
		return "only root can tell";
	default:
		return "there is no user " DOCTOR_USER;
	}
}

static void
run_check(struct doctor *doctor, const struct doctor_check *check)
{
	unsigned missing = check->needs & ~doctor->has;

	doctor->state = DOCTOR_FINE;
	doctor->says = doctor->todo = "";
	if (missing != 0)
		doctor_say(doctor, DOCTOR_SKIPPED, "", "%s", why_skipped(doctor, missing));
	else
		check->run(doctor);
}

/* -- what is shown ----------------------------------------------------------------------------- */

static void
show_check(struct doctor *doctor, const struct doctor_check *check)
{
	struct ctl *ctl = doctor->ctl;
	bool wanted = doctor->state > DOCTOR_SKIPPED || ctl->options[CTL_OPTION_ALL] != NULL;
	const char *join = *doctor->todo != '\0' ? ". " : "";

	if (!wanted && !ctl->json)
		return;
	out_cell(ctl->out, out_string(check->name));
	out_cell(ctl->out, out_string(state_names[doctor->state]));
	out_cell(ctl->out, out_string(doctor_text(doctor, "%s%s%s%s", doctor->says, join,
			       *join != '\0' ? "Do: " : "", doctor->todo)));
	out_cell(ctl->out, out_string(doctor->says));
	out_cell(ctl->out, out_string(doctor->todo));
}

static void
show_sum(struct ctl *ctl, const size_t counts[DOCTOR_STATES])
{
	out_open(ctl->out, "summary", NULL);
	for (size_t i = 0; i < DOCTOR_STATES; i++)
		out_put(ctl->out, state_names[i], NULL, out_number((int64_t)counts[i]));
	out_close(ctl->out);
	out_note(ctl->out, "%zu checks: %zu fine, %zu skipped, %zu warning%s, %zu wrong, %zu away",
	    (size_t)CHECKS, counts[DOCTOR_FINE], counts[DOCTOR_SKIPPED], counts[DOCTOR_WARNING],
	    counts[DOCTOR_WARNING] == 1 ? "" : "s", counts[DOCTOR_WRONG], counts[DOCTOR_AWAY]);
}

enum ctl_exit
doctor_run(struct ctl *ctl)
{
	static const struct out_column columns[] = {
		{ "check", "CHECK", OUT_LEFT },
		{ "state", "", OUT_LEFT },
		{ NULL, "", OUT_WRAP },
		{ "says", NULL, OUT_LEFT },
		{ "do", NULL, OUT_LEFT },
	};
	struct doctor doctor = { .ctl = ctl };
	size_t counts[DOCTOR_STATES] = { 0 };

	doctor_open(&doctor);
	out_table(ctl_out(ctl), "checks", NULL, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < CHECKS; i++) {
		run_check(&doctor, &checks[i]);
		counts[doctor.state]++;
		show_check(&doctor, &checks[i]);
	}
	out_table_end(ctl->out, "Nothing to complain of.");
	show_sum(ctl, counts);
	doctor_close(&doctor);
	return counts[DOCTOR_WRONG] > 0 ? CTL_NO : counts[DOCTOR_AWAY] > 0 ? CTL_AWAY : CTL_DONE;
}
