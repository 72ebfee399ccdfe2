#include "rules_change.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "operator.h"
#include "rules_fleet.h"
#include "rules_history.h"
#include "rules_install.h"
#include "rules_trial.h"
#include "rules_verdict.h"
#include "rules_version.h"

enum ctl_exit
rules_change_allowed(struct ctl *ctl)
{
	if (!settings_rules_are_own(ctl->settings))
		return CTL_DONE;
	ctl_complain(ctl, "%s: level = \"custom\": the rules are your own, and updates are off",
	    ctl->file);
	return CTL_NO;
}

/* -- how things stand -------------------------------------------------------------------------- */

void
rules_change_files(struct ctl *ctl, const char *version, struct rules_diff_files *files)
{
	files->name = version != NULL ? version : "the configured files";
	for (size_t i = 0; i < RULES_FILES; i++)
		files->paths[i] =
		    version != NULL ? rules_place_path(&ctl->arena, ctl->settings->state_dir,
					  version, rules_file_names[i])
				    : settings_configured_rules(ctl->settings, (enum rules_file)i);
}

int
rules_change_start(struct ctl *ctl, const char *how, struct rules_change_run *run)
{
	struct err err;

	*run = (struct rules_change_run){ .ctl = ctl, .how = how, .tells = true, .notes = true };
	run->by = operator_name(ctl);
	if (rules_install_own(ctl->settings, &err) == 0)
		return 0;
	ctl_complain(ctl, "rules %s: %s", how, err.text);
	return -1;
}

int
rules_change_lock(struct rules_change_run *run)
{
	struct ctl *ctl = run->ctl;
	struct rules_diff_files files;
	bool updated;
	struct err err;

	run->lock = rules_install_begin(ctl->settings, &err);
	if (run->lock < 0) {
		ctl_complain(ctl, "rules %s: %s", run->how, err.text);
		return -1;
	}
	rules_last_load(ctl->settings->state_dir, &run->last);
	rules_change_files(ctl, NULL, &files);
	rules_version_load(files.paths[RULES_FILE_MX], run->configured);
	updated = rules_place_current(ctl->settings->state_dir, run->current);
	memcpy(run->in_force, updated ? run->current : run->configured, sizeof(run->in_force));
	return 0;
}

int
rules_change_begin(struct ctl *ctl, const char *how, struct rules_change_run *run)
{
	if (rules_change_start(ctl, how, run) != 0)
		return -1;
	return rules_change_lock(run);
}

enum ctl_exit
rules_change_leave(struct rules_change_run *run, const struct err *failure)
{
	if (failure != NULL)
		ctl_complain(run->ctl, "rules %s: %s", run->how, failure->text);
	rules_install_drop(run->ctl->settings);
	close(run->lock);
	return failure != NULL ? CTL_NO : CTL_DONE;
}

/* Words on one line, as the note and the event have them. */
static void
note_failure(struct rules_change_run *run, const char *words)
{
	struct str clean = { 0 };
	struct err ignored;

	out_clean(&clean, span_of(words));
	snprintf(run->last.failure, sizeof(run->last.failure), "%s", str_text(&clean));
	run->last.failed_s = clock_wall_s();
	if (run->tells)
		rules_fleet_event(run->ctl, run->how, NULL, run->in_force, run->by,
		    run->last.failure, &ignored);
	str_free(&clean);
}

enum ctl_exit
rules_change_end(struct rules_change_run *run, const struct err *failure)
{
	struct err err;

	if (failure != NULL && !run->notes)
		return rules_change_leave(run, failure);
	if (failure != NULL) {
		note_failure(run, failure->text);
	} else if (run->notes) {
		*run->last.failure = '\0';
		run->last.succeeded_s = clock_wall_s();
	}
	if (rules_install_save_last(run->ctl->settings, &run->last, &err) != 0)
		ctl_complain(run->ctl, "this could not be noted for `mxctl status`: %s", err.text);
	return rules_change_leave(run, failure);
}

/* -- proving ----------------------------------------------------------------------------------- */

int
rules_change_try(struct ctl *ctl, const struct rules_diff_files *files, struct err *err)
{
	struct findings findings = { 0 };
	struct conf_errors *errors = &findings.mistakes;
	struct rules_trial trial;
	struct span rest, line;
	int rc = rules_trial(files->paths, ctl->settings, &trial, &findings);

	if (rc != 0) {
		rest = span_of(str_text(&errors->lines));
		span_line(&rest, &line);
		if (errors->count > 1)
			ctl_complain_mistakes(ctl, errors);
		err_set(err, "%u mistake%s in the rules: %.*s", errors->count,
		    errors->count == 1 ? "" : "s", (int)line.len, line.ptr);
	}
	findings_free(&findings);
	return rc;
}

int
rules_change_stage(struct rules_change_run *run, const struct rules_offer *offer, struct err *err)
{
	struct rules_diff_files files;

	if (rules_install_stage(run->ctl->settings, &offer->bundle, offer->text, offer->signature,
		err) != 0)
		return -1;
	rules_change_files(run->ctl, "new", &files);
	return rules_change_try(run->ctl, &files, err);
}

/* -- putting in force -------------------------------------------------------------------------- */

/* All who should know. It is in force by now: what fails here is said, no more. */
static void
tell(struct rules_change_run *run, const struct rules_offer *offer, const char *version)
{
	const char *before = *run->current != '\0' ? run->current : RULES_CONFIGURED;
	char at[CLOCK_DATE_SIZE];
	const struct rules_change change = { clock_format(clock_wall_s(), at), run->how, version,
		before, run->by };
	struct ctl *ctl = run->ctl;
	struct err err;

	if (rules_history_add(ctl->settings, &change, &err) != 0)
		ctl_complain(ctl, "the history could not be written: %s", err.text);
	if (run->tells &&
	    (rules_fleet_announce(ctl, offer, run->how, run->last.held, run->by, &err) != 0 ||
		rules_fleet_event(ctl, run->how, version, before, run->by, NULL, &err) != 0))
		ctl_complain(ctl,
		    "installed here, but the other nodes could not be told: %s; the next update "
		    "tells them",
		    err.text);
}

static int
put_in_force(const struct settings *settings, const char *version, bool staged, struct err *err)
{
	if (staged && rules_install_keep(settings, version, err) != 0)
		return -1;
	if (rules_install_use(settings, version, err) == 0)
		return 0;
	if (staged)
		rules_install_forget(settings, version);
	return -1;
}

int
rules_change_commit(struct rules_change_run *run, const struct rules_offer *offer, bool staged,
    const char *held, struct err *err)
{
	const struct settings *settings = run->ctl->settings;
	const char *version = offer != NULL ? offer->bundle.version : NULL;
	const struct rules_last before = run->last;
	/* Noted first: who is broken off behind this must not take again what was left. */
	bool early = strcmp(held, before.held) > 0;

	snprintf(run->last.held, sizeof(run->last.held), "%s", held);
	if (early)
		rules_install_save_last(settings, &run->last, NULL);
	if (put_in_force(settings, version, staged, err) != 0) {
		run->last = before;
		if (early)
			rules_install_save_last(settings, &before, NULL);
		return -1;
	}
	rules_install_prune(settings);
	tell(run, offer, version != NULL ? version : RULES_CONFIGURED);
	return 0;
}

void
rules_change_upgrade(struct rules_change_run *run)
{
	const struct rules_question question = { .offered = run->configured,
		.in_force = run->current,
		.held = run->last.held };
	const char *how = run->how;
	bool tells = run->tells;
	struct rules_diff_files files;
	struct err err;

	if (*run->current == '\0' || rules_verdict(&question) != RULES_TAKE)
		return;
	rules_change_files(run->ctl, NULL, &files);
	run->how = "upgrade";
	run->tells = false; /* each host has files of its own */
	if (rules_change_try(run->ctl, &files, &err) == 0 &&
	    rules_change_commit(run, NULL, false, "", &err) == 0) {
		*run->current = '\0';
		memcpy(run->in_force, run->configured, sizeof(run->in_force));
	} else {
		ctl_complain(run->ctl,
		    "the configured files are version %s, which is newer, but version %s stays: %s",
		    run->configured, run->current, err.text);
	}
	run->how = how;
	run->tells = tells;
}
