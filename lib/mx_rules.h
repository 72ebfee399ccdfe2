/*
 * mx_rules - which limits hold for which MX hosts: /etc/mxpace/mx-rules.conf as a value.
 *
 * Rules are tried in order; the first of which every host of an MX set matches one mask decides, so
 * a domain that mixes providers falls through to the default rule. Immutable once loaded and
 * reference-counted: a reload loads another one beside it. mx-rules(5) describes the file.
 */
#ifndef MX_RULES_H
#define MX_RULES_H

#include "conf.h"
#include "level.h"
#include "limit.h"
#include "mx_set.h"
#include "rule_off.h"

enum { MX_RULE_LIMITS_MAX = 8, MX_RULE_NAME_MAX = 64 };

enum mx_scope {
	MX_SCOPE_PROVIDER, /* the rule is one group */
	MX_SCOPE_SITE,     /* each MX set is a group of its own */
};

enum mx_per {
	MX_PER_IP,    /* limits hold for each sending IP */
	MX_PER_GROUP, /* for all sending IPs together */
};

enum backoff_action {
	BACKOFF_REDUCE,
	BACKOFF_ONE_CONNECTION,
	BACKOFF_SUSPEND,
	BACKOFF_AS_SOFT,
};

struct backoff_rule {          /* checked here; acted upon at delivery time (enforce = "egress") */
	struct pattern *match; /* on the provider's reply */
	struct conf_strings sample, not_sample; /* replies that it must match, and must not */
	struct limit after;                     /* so many within so long */
	int action;                             /* enum backoff_action */
	double factor;
	int64_t min; /* messages per hour */
	int64_t for_ms;
	const struct conf_place *places; /* of each row of mx_rules_backoff_keys */
	struct conf_place place;         /* of the group */
};

struct mx_rule {
	const char *name;
	struct conf_strings mx;          /* masks */
	int scope;                       /* enum mx_scope */
	int per;                         /* enum mx_per */
	int64_t connections;             /* at once; 0: no limit */
	int64_t messages_per_connection; /* 0: no limit */
	int64_t messages_per_hour;       /* 0: no limit */
	int level;                       /* enum level: pinned for this rule; LEVEL_NONE: not */
	/* What the provider has published; no level goes beyond. 0: nothing known */
	int64_t max_connections, max_messages_per_connection, max_messages_per_hour;
	bool burst; /* true: the hourly limit alone, without its 5-minute share */
	struct conf_strings limits_text;
	struct conf_strings sample_mx;     /* hosts that must come out at this rule */
	struct conf_strings not_sample_mx; /* hosts that must not */
	const char *origin;                /* where the figures come from */
	struct backoff_rule *backoff;
	size_t backoff_count;
	/* The further limits as written, shortest period first, one for each period. What is enforced
	 * is in mx_limits.h. */
	struct limit limits[MX_RULE_LIMITS_MAX];
	size_t limit_count;
	const char *file; /* where it stands, or was changed last */
	unsigned line;
	bool local;                /* the operator's own: no rule of this name is shipped */
	bool disabled, after;      /* as written; one that is switched off is in no list */
	struct conf_place home;    /* where it was given first */
	struct conf_place *places; /* where each row of mx_rules_keys was set */
};

struct mx_rules {
	unsigned references;
	unsigned generation; /* another one for each load of this process */
	size_t count;
	struct mx_rule *rules;
	struct rule_off *off; /* switched off */
	size_t off_count;
	const char *path;    /* the shipped file's name */
	const char *version; /* of the shipped file: "2026112201"; "" it has none */
	struct arena arena;
};

/* Reads path, then local (NULL or an absent file: none) over it: a local rule of a shipped rule's
 * name changes the keys it sets; any other stands before the shipped ones, or with `after` behind
 * them, before those that take every host. Rules with `disabled` are left out. NULL: the mistakes
 * are in errors. The caller holds the one reference. */
struct mx_rules *mx_rules_load(const char *path, const char *local, struct conf_errors *errors);
struct mx_rules *mx_rules_parse(const char *text, const char *name, struct conf_errors *errors);
struct mx_rules *mx_rules_hold(struct mx_rules *rules);
void mx_rules_release(struct mx_rules **rules);

/* The tables of a rule's keys and of a backoff group's. */
const struct conf_key *mx_rules_keys(size_t *count);
const struct conf_key *mx_rules_backoff_keys(size_t *count);
/* Where a key of a rule was set; where the rule was given first, if nowhere. */
const struct conf_place *mx_rule_place(const struct mx_rule *rule, const char *key);
const struct conf_place *mx_rule_backoff_place(const struct backoff_rule *backoff, const char *key);
/* Whether a mask of it matches every host. */
bool mx_rule_takes_all(const struct mx_rule *rule);
bool mx_rule_takes_host(const struct mx_rule *rule, const char *host);

/* NULL when no rule matches. */
const struct mx_rule *mx_rules_match(const struct mx_rules *rules, const struct mx_set *set);
const struct mx_rule *mx_rules_named(const struct mx_rules *rules, struct span name);

/* The group of a set under its rule: "google", or "default/mx1.foo.test" with site scope. */
enum { MX_GROUP_SIZE = MX_RULE_NAME_MAX + 1 + MX_SET_NAME_SIZE };
void mx_rule_group(const struct mx_rule *rule, const struct mx_set *set, char out[MX_GROUP_SIZE]);
/* The rule a group's name stands for; NULL when there is none any more. */
const struct mx_rule *mx_rules_of_group(const struct mx_rules *rules, const char *group);

extern const char *const mx_scope_names[];
extern const char *const mx_per_names[];
extern const char *const backoff_action_names[];

#endif
