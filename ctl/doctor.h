/*
 * doctor - whether what mxpace stands on is as it should be: Postfix, sockets, Redis, DNS, the host.
 *
 * A check is a row of the table in doctor.c: a name, what it needs, and a function that looks at one
 * thing and says at most one thing about it. Checks do not build upon each other: one that cannot be
 * judged is skipped, and says why. None changes anything, and each has a deadline, so that a run
 * ends within seconds also where everything else is away.
 */
#ifndef DOCTOR_H
#define DOCTOR_H

#include "ctl.h"
#include "doctor_dns.h"
#include "nodes.h"
#include "postfix_draft.h"

enum doctor_state {
	DOCTOR_FINE,
	DOCTOR_SKIPPED, /* it cannot be judged, or there is nothing to judge */
	DOCTOR_WARNING, /* it works, but not as it should */
	DOCTOR_WRONG,
	DOCTOR_AWAY, /* Redis or mxpolicyd does not answer */
	DOCTOR_STATES
};

/* What a check needs; without it it is skipped. */
enum doctor_needs {
	DOCTOR_NEEDS_NOTHING = 0,
	DOCTOR_NEEDS_SETTINGS = 1,
	DOCTOR_NEEDS_POSTFIX = 2 | DOCTOR_NEEDS_SETTINGS,
	DOCTOR_NEEDS_DRAFT = 4 | DOCTOR_NEEDS_POSTFIX, /* what setup would write */
	DOCTOR_NEEDS_STORE = 8 | DOCTOR_NEEDS_SETTINGS,
	DOCTOR_NEEDS_INFO = 16 | DOCTOR_NEEDS_STORE, /* Redis' INFO */
	DOCTOR_NEEDS_NODE = 32 | DOCTOR_NEEDS_STORE, /* the heartbeat of this host's mxpolicyd */
	DOCTOR_NEEDS_ROOT = 64,
	DOCTOR_NEEDS_MXPACE = 128 | DOCTOR_NEEDS_ROOT,     /* that there is a user mxpace */
	DOCTOR_NEEDS_EGRESS = 256 | DOCTOR_NEEDS_SETTINGS, /* enforce = "egress" or "observe" */
};
enum { DOCTOR_NEEDS = 9 };

#define DOCTOR_USER "mxpace" /* whom mxpolicyd and mxbounce run as */

struct doctor {
	struct ctl *ctl;
	const struct settings *settings; /* NULL: the configuration has mistakes */
	const struct mx_rules *rules;    /* NULL: they have */
	const char *mistake;             /* the first one of the configuration */
	unsigned has;                    /* enum doctor_needs, single bits */

	const char *folder;             /* Postfix' configuration directory */
	struct postfix_options postfix; /* its parameters, values of what they refer to in place */
	struct postfix_services services;
	struct postfix_draft draft;
	bool table_hangs; /* one of transport_maps does not answer */

	const char *redis_words, *info_words; /* why there is none */
	const char *info;
	struct nodes nodes;
	const struct node *node; /* this host's; NULL: none */
	bool policy_answers;

	struct doctor_dns dns;

	/* Of the check that runs. */
	enum doctor_state state;
	const char *says, *todo;
};

struct doctor_check {
	const char *name;
	unsigned needs;
	void (*run)(struct doctor *doctor);
};

/* Fills in what checks need, as far as it is there. */
void doctor_open(struct doctor *doctor);
void doctor_close(struct doctor *doctor);

/* What a check has found; the worst counts, of several the first. todo: what to do about it, ""
 * nothing. fmt: one line, one sentence. */
void doctor_say(struct doctor *doctor, enum doctor_state state, const char *todo, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));
/* The text in the arena of the run. */
#define doctor_text(doctor, ...) arena_printf(&(doctor)->ctl->arena, __VA_ARGS__)

/* "see NAME in FOLDER": one of the postfix-examples, where they were installed with this program. */
const char *doctor_see_example(struct doctor *doctor, const char *name);

/* A parameter of Postfix; "" where it is not set or not known. */
const char *doctor_postfix(const struct doctor *doctor, const char *name);
/* A line of Redis' INFO; "": it says nothing of it. */
const char *doctor_info(const struct doctor *doctor, const char *name);

/* The domains that bounces come back to: return_path_domains, else those that transport_maps give to
 * mxbounce. The words are those of the run. */
void doctor_return_domains(struct doctor *doctor, struct postfix_words *out);

#endif
