/*
 * postfix_plan - what Postfix has to be told for `enforce`: lines for main.cf and master.cf from
 * the settings, the rules and what the site has set itself. Pure.
 *
 *   egress    qmgr resolves through rewrite-egress, which asks `transport` and `sender`; one
 *             transport for each class and sending IP of this node asks `dns`, `connect`, `status`
 *   observe   the services smtp and relay ask `dns`, `connect`, `status`; nothing else changes
 *
 * The site's own tables stay, behind ours.
 */
#ifndef POSTFIX_PLAN_H
#define POSTFIX_PLAN_H

#include "pace.h"
#include "postfix_conf.h"
#include "transports.h"

enum { POSTFIX_TRANSPORTS_MOST = 200 };

struct postfix_site { /* as it is without us */
	const char *folder;
	struct postfix_options raw;      /* parameters as main.cf has them, or their defaults */
	struct postfix_options expanded; /* with the values of what they refer to */
	struct postfix_services services;
	struct postfix_words domains; /* with entries in transport_maps: "a.test", ".a.test", "*" */
	struct postfix_words unread;  /* tables of transport_maps that cannot be listed */
};

struct postfix_transport {
	const char *name, *class;
	const char *ip; /* the sending IP's name; "" where none is configured */
	int64_t messages_per_connection, concurrency;
};

struct postfix_added { /* an option of a service that is there */
	const char *service, *type, *name, *value;
};

struct postfix_plan {
	struct postfix_transport *transports;
	size_t transport_count;
	const char *main_lines, *master_lines; /* added at the ends */
	struct postfix_added *added;
	size_t added_count;
	struct postfix_options timers; /* proposed for main.cf */
	struct postfix_words mistakes; /* it cannot work */
	struct postfix_words doubts;   /* nothing is done without --force */
	struct postfix_words notes;    /* what an operator should know */
};

/* The parameters to read; each ends with NULL. */
extern const char *const postfix_plan_raw[];
extern const char *const postfix_plan_expanded[];

/* sets: levels as set in Redis. Messages per connection are those of the level that holds; the
 * deliveries Postfix attempts at once are enough for the fastest level, so that a change of levels
 * needs no other set-up. */
void postfix_plan_make(struct arena *arena, const struct settings *settings,
    const struct mx_rules *rules, const struct pace_sets *sets, const struct postfix_site *site,
    struct postfix_plan *plan);

/* What the transports of a class allow on one connection now; 0: no limit. Of rules that share a
 * class the lowest. ip: the sending IP's name. */
int64_t postfix_plan_messages(const struct settings *settings, const struct mx_rules *rules,
    const struct pace_sets *sets, const struct transport_class *class, const char *ip);

#endif
