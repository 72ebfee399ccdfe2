/*
 * rules_change - a change of the rules in force, from beginning to end: allowed at all, prepared,
 * made, told to the fleet and to everybody who reads events, noted for `mxctl status`. What fails
 * leaves everything as it was.
 */
#ifndef RULES_CHANGE_H
#define RULES_CHANGE_H

#include "rules_diff.h"
#include "rules_last.h"
#include "rules_offer.h"

struct rules_change_run {
	struct ctl *ctl;
	int lock;
	struct rules_last last;
	char current[RULES_VERSION_SIZE]; /* the update in force; "": the configured files are */
	char configured
	    [RULES_VERSION_SIZE];          /* the version that the configured files say; "": none */
	char in_force[RULES_VERSION_SIZE]; /* of both the one that holds */
	const char *how;                   /* "update", "rollback" */
	const char *by;
	bool tells; /* the fleet is told: this change begins here */
	bool notes; /* it is an update, whose success or failure `mxctl status` shows */
};

/* Says why there are no updates here, if so. */
enum ctl_exit rules_change_allowed(struct ctl *ctl);

/* Begins one that first has to ask others, who may take their time: nobody is kept waiting. -1: said
 * why. */
int rules_change_start(struct ctl *ctl, const char *how, struct rules_change_run *run);
/* Locks and reads how things stand. -1: said why; it has ended. */
int rules_change_lock(struct rules_change_run *run);
/* Both. */
int rules_change_begin(struct ctl *ctl, const char *how, struct rules_change_run *run);
/* Ends it: failure NULL, or why it failed, which is said and noted. Returns how mxctl exits. */
enum ctl_exit rules_change_end(struct rules_change_run *run, const struct err *failure);
/* The same for one that only looks: nothing is noted. */
enum ctl_exit rules_change_leave(struct rules_change_run *run, const struct err *failure);

/* Writes an offer to STATE_DIR/rules/new and proves it. -1 and words; more than one mistake is said
 * at once. */
int rules_change_stage(struct rules_change_run *run, const struct rules_offer *offer,
    struct err *err);
/* The paths of a version ("new" too); NULL: the configured files. */
void rules_change_files(struct ctl *ctl, const char *version, struct rules_diff_files *files);
/* Proves them likewise. */
int rules_change_try(struct ctl *ctl, const struct rules_diff_files *files, struct err *err);

/* Puts what was staged (staged), or a kept version, or the configured files (offer NULL) in force;
 * tells it. held: updates up to this one are left alone from now on; "": none. -1 and words: as
 * before. */
int rules_change_commit(struct rules_change_run *run, const struct rules_offer *offer, bool staged,
    const char *held, struct err *err);

/* Configured files that are newer than the update in force, as a package brings them, are taken as
 * an update of this host alone, unless somebody went back from one as new. What is in the way is said,
 * and all stays as it was. */
void rules_change_upgrade(struct rules_change_run *run);

#endif
