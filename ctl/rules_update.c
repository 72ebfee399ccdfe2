#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "operator.h"
#include "rules_change.h"
#include "rules_fleet.h"
#include "rules_install.h"
#include "rules_verdict.h"
#include "rules_version.h"
#include "verbs.h"

/* `rules update`: newer rules from rules_url, or what another node of the fleet has told. */

struct found {
	struct rules_offer offer;
	struct store_rules fleet; /* what Redis says; version empty: nothing, or it is away */
	enum rules_verdict verdict;
};

/* -- saying it --------------------------------------------------------------------------------- */

static void
show_offer(struct ctl *ctl, const struct rules_offer *offer)
{
	struct out *out = ctl_out(ctl);

	out_put(out, "from", "From", out_string(offer->from));
	out_put(out, "version", "Version", out_string(offer->bundle.version));
	out_put(out, "made", "Made", out_string(offer->bundle.made));
	if (*offer->bundle.comment != '\0')
		out_put(out, "comment", "Comment", out_string(offer->bundle.comment));
	out_put(out, "signed", "Signed", out_string(offer->comment));
}

static void
show_result(struct ctl *ctl, bool installed, const char *words)
{
	out_put(ctl_out(ctl), "installed", NULL, out_bool(installed));
	out_put(ctl->out, "result", "Result", out_string(words));
}

/* -- what there is ----------------------------------------------------------------------------- */

static bool
goes_back(const struct store_rules *fleet)
{
	return span_eq(fleet->how, SPAN("rollback"));
}

/* What anybody can write into Redis must not keep out all that comes. */
static const char *
held_of(struct ctl *ctl, const struct store_rules *fleet)
{
	const char *held = arena_dup(&ctl->arena, fleet->held);

	return rules_version_check(held, clock_wall_s(), NULL) == 0 ? held : "";
}

/* A rollback that this host has slept through holds here too. */
static void
learn_held(struct rules_change_run *run, const struct store_rules *fleet)
{
	const char *held = held_of(run->ctl, fleet);

	if (strcmp(held, run->last.held) > 0 && strcmp(held, run->in_force) > 0)
		memcpy(run->last.held, held, sizeof(run->last.held));
}

/* seen: the update that was in force before the server was asked. */
static int
judge_offer(struct rules_change_run *run, const char *seen, struct found *found, struct err *err)
{
	struct ctl *ctl = run->ctl;
	struct err away;

	if (rules_fleet_read(ctl, &found->fleet, &away) != 0)
		found->fleet = (struct store_rules){ 0 }; /* then what this host knows decides */
	learn_held(run, &found->fleet);
	found->verdict = rules_verdict(&(struct rules_question){
	    .offered = found->offer.bundle.version,
	    .in_force = run->in_force,
	    .held = run->last.held,
	    .forced = ctl->options[CTL_OPTION_FORCE] != NULL,
	});
	/* No fault of the server: a package was faster, or somebody meanwhile. */
	if (found->verdict != RULES_OLDER || *run->current == '\0' ||
	    strcmp(run->current, seen) != 0)
		return 0;
	err_set(err,
	    "%s: version %s is older than %s, which is in force; `mxctl rules rollback` goes back",
	    found->offer.from, found->offer.bundle.version, run->in_force);
	return -1;
}

/* -- taking it --------------------------------------------------------------------------------- */

static int
show_diff(struct rules_change_run *run, const char *version)
{
	struct rules_diff_files before, after;
	size_t count;

	rules_change_files(run->ctl, *run->current != '\0' ? run->current : NULL, &before);
	rules_change_files(run->ctl, "new", &after);
	after.name = version;
	return rules_diff_show(run->ctl, &before, &after, &count);
}

static int
take(struct rules_change_run *run, const struct rules_offer *offer, bool dry, struct err *err)
{
	if (rules_change_stage(run, offer, err) != 0)
		return -1;
	show_diff(run, offer->bundle.version);
	if (dry) {
		show_result(run->ctl, false, "--dry-run: nothing was changed");
		return 0;
	}
	/* Nothing is held then: they are newer, or were asked for. */
	if (rules_change_commit(run, offer, true, "", err) != 0)
		return -1;
	show_result(run->ctl, true,
	    arena_printf(&run->ctl->arena, "version %s is in force", offer->bundle.version));
	return 0;
}

/* They are in force here, but the fleet may not have heard of them: Redis was away, or is empty. */
static void
tell_again(struct rules_change_run *run, const struct found *found)
{
	struct rules_offer ours;
	struct err err;

	if (*run->current == '\0' || goes_back(&found->fleet) ||
	    (rules_version_is(found->fleet.version) &&
		strncmp(found->fleet.version.ptr, run->current, RULES_VERSION_LEN) >= 0))
		return;
	if (rules_offer_kept(run->ctl, run->current, &ours, &err) != 0 ||
	    rules_fleet_announce(run->ctl, &ours, "update", "", run->by, &err) != 0)
		ctl_complain(run->ctl, "the other nodes could not be told: %s", err.text);
}

static int
follow_offer(struct rules_change_run *run, struct found *found, bool dry, struct err *err)
{
	struct ctl *ctl = run->ctl;

	show_offer(ctl, &found->offer);
	switch (found->verdict) {
	case RULES_TAKE:
		return take(run, &found->offer, dry, err);
	case RULES_SAME:
		show_result(ctl, false, "this version is in force already");
		if (!dry)
			tell_again(run, found);
		break;
	case RULES_HELD:
		show_result(ctl, false,
		    "left alone: somebody went back from this version; --force takes it");
		break;
	case RULES_OLDER:
		show_result(ctl, false,
		    arena_printf(&ctl->arena, "left alone: version %s is in force, which is newer",
			run->in_force));
		break;
	}
	return 0;
}

static enum ctl_exit
update(struct ctl *ctl)
{
	bool dry = ctl->options[CTL_OPTION_DRY_RUN] != NULL;
	char seen[RULES_VERSION_SIZE];
	struct rules_change_run run;
	struct found found = { 0 };
	struct err err;
	int rc;

	if (rules_change_start(ctl, "update", &run) != 0)
		return CTL_NO;
	rules_place_current(ctl->settings->state_dir, seen);
	rc = rules_offer_fetch(ctl, &found.offer, &err);
	if (rules_change_lock(&run) != 0)
		return CTL_NO;
	if (!dry)
		rules_change_upgrade(&run);
	if (rc == 0)
		rc = judge_offer(&run, seen, &found, &err);
	if (rc == 0)
		rc = follow_offer(&run, &found, dry, &err);
	if (dry)
		return rules_change_leave(&run, rc == 0 ? NULL : &err);
	return rules_change_end(&run, rc == 0 ? NULL : &err);
}

/* -- from the fleet ---------------------------------------------------------------------------- */

static int
take_configured(struct rules_change_run *run, const char *held, struct err *err)
{
	struct rules_diff_files files;

	if (*run->current == '\0')
		return 0;
	rules_change_files(run->ctl, NULL, &files);
	if (rules_change_try(run->ctl, &files, err) != 0 ||
	    rules_change_commit(run, NULL, false, held, err) != 0)
		return -1;
	show_result(run->ctl, true, "the configured files are in force");
	return 0;
}

/* A rollback that is told, unless it goes forward, or what is in force here came after all that it is
 * to undo. */
static bool
goes_back_here(const struct rules_change_run *run, const struct store_rules *fleet)
{
	const char *held = held_of(run->ctl, fleet);

	return goes_back(fleet) && *held != '\0' && strcmp(run->in_force, held) <= 0;
}

/* Whoever may write into Redis may have old rules told again: this host goes back to none that it
 * has not had itself. One that never had an update knows nothing better. */
static int
check_known(const struct rules_change_run *run, const char *version, struct err *err)
{
	struct rules_versions versions;
	bool known;

	rules_install_list(run->ctl->settings->state_dir, &versions);
	known = versions.count == 0 || rules_install_has(&versions, version) ||
		strcmp(version, run->in_force) > 0;
	free(versions.items);
	if (known)
		return 0;
	err_set(err,
	    "Redis: the fleet goes back to version %s, which this host does not keep: version %s "
	    "stays; publish those rules again under a newer version",
	    version, run->in_force);
	return -1;
}

/* Who has asked for a version must not get another one. */
static int
open_told(struct ctl *ctl, const struct store_rules *fleet, struct rules_offer *offer,
    struct err *err)
{
	if (rules_offer_open(ctl, "Redis", fleet->bundle, fleet->signature, offer, err) != 0)
		return -1;
	if (span_eq(fleet->version, span_of(offer->bundle.version))) {
		if (rules_version_check(offer->bundle.version, clock_wall_s(), err) == 0)
			return 0;
		err_prefix(err, "Redis");
		return -1;
	}
	err_set(err, "Redis: the bundle of version %.*s says that it is version %s",
	    fleet->version.len < RULES_VERSION_LEN ? (int)fleet->version.len : RULES_VERSION_LEN,
	    fleet->version.ptr, offer->bundle.version);
	return -1;
}

static int
take_from_fleet(struct rules_change_run *run, struct found *found, struct err *err)
{
	struct ctl *ctl = run->ctl;
	struct rules_offer *offer = &found->offer;
	bool back;

	if (rules_fleet_read(ctl, &found->fleet, err) != 0)
		return -1;
	if (found->fleet.version.len == 0) {
		show_result(ctl, false, "nobody has told any rules");
		return 0;
	}
	back = goes_back_here(run, &found->fleet);
	run->how = back ? "rollback" : "update";
	run->by = operator_words(ctl, arena_dup(&ctl->arena, found->fleet.by), "another node");
	if (span_eq(found->fleet.version, SPAN(RULES_CONFIGURED))) {
		if (back)
			return take_configured(run, held_of(ctl, &found->fleet), err);
		show_result(ctl, false, "this node has newer ones");
		return 0;
	}
	if (open_told(ctl, &found->fleet, offer, err) != 0)
		return -1;
	found->verdict = rules_verdict(&(struct rules_question){
	    .offered = offer->bundle.version,
	    .in_force = run->in_force,
	    .held = "",
	    .back = back,
	});
	if (found->verdict == RULES_SAME || found->verdict == RULES_OLDER) {
		tell_again(run, found);
		show_result(ctl, false, "this node has them, or newer ones");
		return 0;
	}
	if ((back && check_known(run, offer->bundle.version, err) != 0) ||
	    rules_change_stage(run, offer, err) != 0)
		return -1;
	if (rules_change_commit(run, offer, true, held_of(ctl, &found->fleet), err) != 0)
		return -1;
	show_result(ctl, true,
	    arena_printf(&ctl->arena, "version %s is in force", offer->bundle.version));
	return 0;
}

static enum ctl_exit
update_from_fleet(struct ctl *ctl)
{
	struct rules_change_run run;
	struct found found = { 0 };
	struct err err;
	int rc;

	if (rules_change_begin(ctl, "update", &run) != 0)
		return CTL_NO;
	run.tells = false;
	rules_change_upgrade(&run);
	rc = take_from_fleet(&run, &found, &err);
	return rules_change_end(&run, rc == 0 ? NULL : &err);
}

enum ctl_exit
rules_update(struct ctl *ctl)
{
	bool from_fleet = ctl->options[CTL_OPTION_FROM_FLEET] != NULL;

	if (from_fleet &&
	    (ctl->options[CTL_OPTION_DRY_RUN] != NULL || ctl->options[CTL_OPTION_FORCE] != NULL)) {
		ctl_complain(ctl, "--from-fleet goes with no other option");
		return CTL_USAGE;
	}
	if (rules_change_allowed(ctl) != CTL_DONE)
		return CTL_NO;
	if (ctl->settings->rules_keys.count == 0 ||
	    (!from_fleet && *ctl->settings->rules_url == '\0')) {
		ctl_complain(ctl,
		    "%s: updates need rules_url and rules_keys: who makes the rules, and by which "
		    "key one knows them (mxpace.conf(5))",
		    ctl->file);
		return CTL_NO;
	}
	return from_fleet ? update_from_fleet(ctl) : update(ctl);
}
