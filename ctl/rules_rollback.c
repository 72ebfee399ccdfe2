#include <stdlib.h>
#include <string.h>

#include "rules_change.h"
#include "rules_fleet.h"
#include "rules_history.h"
#include "rules_install.h"
#include "verbs.h"

/* `rules rollback`, `list`, `history`: the versions that are kept. */

/* -- rollback ---------------------------------------------------------------------------------- */

/* *target: NULL for the configured files. */
static int
find_target(struct rules_change_run *run, const char **target, struct err *err)
{
	struct ctl *ctl = run->ctl;
	const char *asked = ctl->operand_count > 0 ? ctl->operands[0] : NULL;
	struct rules_versions versions;
	int rc = 0;

	rules_install_list(ctl->settings->state_dir, &versions);
	*target = NULL;
	if (asked == NULL) {
		const char *kept = rules_install_before(&versions, run->current);

		*target = kept != NULL ? arena_dup(&ctl->arena, span_of(kept)) : NULL;
	} else if (strcmp(asked, RULES_CONFIGURED) != 0) {
		*target = asked;
		if (!rules_install_has(&versions, asked)) {
			err_set(err, "version %s is not kept; `mxctl rules list` shows which are",
			    asked);
			rc = -1;
		}
	}
	if (rc == 0 && strcmp(run->current, *target != NULL ? *target : "") == 0) {
		err_set(err, *target != NULL ? "this version is in force already"
					     : "no update is in force that one could go back from");
		rc = -1;
	}
	free(versions.items);
	return rc;
}

/* Updates up to the one that we leave are left alone, until one is newer. */
static const char *
held_then(const struct rules_change_run *run, const char *target)
{
	const char *left = run->in_force, *held = run->last.held;
	const char *then = target != NULL ? target : run->configured;

	if (strcmp(then, held) >= 0)
		held = "";
	if (strcmp(left, then) > 0 && strcmp(left, held) > 0)
		held = left;
	return arena_dup(&run->ctl->arena, span_of(held));
}

static int
roll_back(struct rules_change_run *run, struct err *err)
{
	struct ctl *ctl = run->ctl;
	struct rules_diff_files old, files;
	struct rules_offer offer;
	const char *target;
	size_t count;

	if (find_target(run, &target, err) != 0)
		return -1;
	if (target != NULL && rules_offer_kept(ctl, target, &offer, err) != 0)
		return -1;
	rules_change_files(ctl, *run->current != '\0' ? run->current : NULL, &old);
	rules_change_files(ctl, target, &files);
	if (rules_change_try(ctl, &files, err) != 0)
		return -1;
	rules_diff_show(ctl, &old, &files, &count);
	if (rules_change_commit(run, target != NULL ? &offer : NULL, false, held_then(run, target),
		err) != 0)
		return -1;
	out_put(ctl->out, "version", "In force", out_string(files.name));
	if (*run->last.held != '\0')
		out_put(ctl->out, "held", "Held",
		    out_string(arena_printf(&ctl->arena,
			"updates up to %s, until a newer one comes", run->last.held)));
	return 0;
}

enum ctl_exit
rules_rollback(struct ctl *ctl)
{
	struct rules_change_run run;
	struct err err;
	int rc;

	if (rules_change_allowed(ctl) != CTL_DONE || rules_change_begin(ctl, "rollback", &run) != 0)
		return CTL_NO;
	run.notes = false;
	rc = roll_back(&run, &err);
	return rules_change_end(&run, rc == 0 ? NULL : &err);
}

/* -- list, history ----------------------------------------------------------------------------- */

enum ctl_exit
rules_list(struct ctl *ctl)
{
	static const struct out_column columns[] = {
		{ "version", "VERSION", OUT_LEFT },
		{ "in_force", NULL, OUT_LEFT },
		{ NULL, "", OUT_LEFT },
		{ "made", "MADE", OUT_LEFT },
		{ "comment", "COMMENT", OUT_WRAP },
	};
	struct rules_versions versions;
	struct rules_last last;
	char current[RULES_VERSION_SIZE];

	rules_last_load(ctl->settings->state_dir, &last);
	rules_place_current(ctl->settings->state_dir, current);
	rules_install_list(ctl->settings->state_dir, &versions);
	out_table(ctl_out(ctl), "versions", NULL, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < versions.count; i++) {
		bool in_force = strcmp(versions.items[i], current) == 0;
		struct rules_offer offer;
		struct err err;
		bool good = rules_offer_kept(ctl, versions.items[i], &offer, &err) == 0;

		out_cell(ctl->out, out_string(versions.items[i]));
		out_cell(ctl->out, out_bool(in_force));
		out_cell(ctl->out, out_string(in_force ? "in force"
					      : strcmp(versions.items[i], last.held) <= 0 &&
						      strcmp(versions.items[i], current) > 0
						  ? "held"
						  : ""));
		out_cell(ctl->out, good ? out_string(offer.bundle.made) : out_none("-"));
		out_cell(ctl->out, out_string(good ? offer.bundle.comment : err.text));
	}
	out_table_end(ctl->out, "No update has been installed: the configured files are in force.");
	free(versions.items);
	return CTL_DONE;
}

enum ctl_exit
rules_history(struct ctl *ctl)
{
	static const struct out_column columns[] = {
		{ "at", "AT", OUT_LEFT },
		{ "how", "HOW", OUT_LEFT },
		{ "version", "VERSION", OUT_LEFT },
		{ "before", "BEFORE", OUT_LEFT },
		{ "by", "BY", OUT_LEFT },
	};
	struct rules_change *changes;
	size_t count = rules_history_read(ctl->settings->state_dir, &ctl->arena, &changes);

	out_table(ctl_out(ctl), "changes", NULL, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < count; i++) {
		out_cell(ctl->out, out_string(changes[i].at));
		out_cell(ctl->out, out_string(changes[i].how));
		out_cell(ctl->out, out_string(changes[i].version));
		out_cell(ctl->out, out_string(changes[i].before));
		out_cell(ctl->out, out_string(changes[i].by));
	}
	out_table_end(ctl->out, "The rules were never changed by mxctl.");
	return CTL_DONE;
}
