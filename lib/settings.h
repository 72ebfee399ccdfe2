/*
 * settings - mxpace.conf as a value. mxpace.conf(5) describes every key; conf/mxpace.conf shows
 * them at their defaults. Immutable once loaded and reference-counted.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "conf.h"
#include "guard.h"
#include "level.h"
#include "quarantine.h"
#include "rules_place.h"
#include "sender.h"
#include "settings_mail.h"
#include "store_address.h"
#include "warmup.h"

enum enforce { ENFORCE_OBSERVE, ENFORCE_ADMISSION, ENFORCE_EGRESS };
enum on_failure {
	ON_FAILURE_PERMIT,
	ON_FAILURE_DEFER,
	ON_FAILURE_LOCAL, /* of the store alone: each node goes on with its share of the limits */
};
enum quarantine_action {
	QUARANTINE_REJECT,
	QUARANTINE_DISCARD,
	QUARANTINE_HOLD,
	QUARANTINE_PREPEND,
};

enum verify_return_path { VERIFY_RETURN_PATH_OFF, VERIFY_RETURN_PATH_SIGNED };

struct sending_ip {
	const char *name;          /* what keys and people call it: the public address */
	const char *bind4, *bind6; /* the local addresses it is sent from; "" none */
	struct conf_strings nodes; /* where it exists; empty: on every node */
	int level;                 /* enum level; LEVEL_NONE: that of its pool, or of all */
};

struct pool { /* which sending IPs a sender's mail may take; the first that matches decides */
	const char *name;
	struct conf_strings senders; /* masks on the envelope sender, "<>" the null sender's */
	struct conf_strings ips;     /* names of sending IPs */
	int level;                   /* enum level of its sending IPs; LEVEL_NONE: that of all */
};

struct address_rule { /* which addresses are one in quarantine; the first that matches decides */
	struct conf_strings domains; /* masks */
	const char *strip_tag;       /* what begins a tag in the local part: "+"; "" nothing does */
	bool strip_dots;             /* dots in the local part tell nobody apart */
	const char *domain;          /* the one in whose place they stand; "" each for itself */
};

enum suspended_action { SUSPENDED_REJECT, SUSPENDED_DEFER };
enum complaint_scope { COMPLAINT_ACCOUNT, COMPLAINT_LIST, COMPLAINT_ALL, COMPLAINT_NONE };

struct reputation { /* when an account has to stop, and what it is told then */
	struct sender_policy policy;
	const char *review_hard, *suspend_hard; /* as written; policy has the figures */
	const char *review_complaints, *suspend_complaints;
	int action;                 /* enum suspended_action */
	struct conf_strings exempt; /* masks on accounts */
};

struct settings {
	unsigned references;
	const char *file;

	struct store_address redis;
	const char *redis_text;
	int64_t store_timeout_ms;
	int on_store_failure; /* enum on_failure */

	const char *policy_listen;
	const char *map_listen;
	const char *metrics_listen;
	const char *socket_mode_text;
	unsigned socket_mode;
	const char *socket_owner, *socket_group;
	struct conf_strings allow_from;
	int64_t policy_timeout_ms, policy_idle_ms;
	int64_t max_clients;

	int enforce; /* enum enforce */
	int64_t hold_ms;
	const char *node; /* never empty once loaded */
	struct sending_ip *sending_ips;
	size_t sending_ip_count;
	struct pool *pools;
	size_t pool_count;
	int level;                           /* enum level; never LEVEL_NONE once loaded */
	struct level_factors levels[LEVELS]; /* by enum level */
	struct warmup_policy warmup;
	const struct warmup_plan *warmup_plans; /* at least one; the first is the default */
	size_t warmup_plan_count;
	int64_t transport_processes;
	struct conf_strings transport_exceptions;
	int64_t active_queue_limit;
	struct conf_strings local_domains;

	struct conf_strings dns_servers;
	int64_t dns_timeout_ms;
	int on_dns_failure; /* enum on_failure */

	/* Paths, resolved: of the rules in force, and of the operator's own. */
	const char *mx_rules, *mx_rules_local, *bounce_rules, *bounce_rules_local;
	const char *mx_rules_text, *bounce_rules_text, *bounce_rules_local_text; /* as configured */
	/* Of the update that is in force; "": the configured files are. */
	const char *rules_version;
	const char *rules_url;          /* where updates come from; "": nowhere */
	struct conf_strings rules_keys; /* "RW...", or files: who may sign them */
	int64_t rules_keep;             /* versions that stay for a rollback */
	const char *rules_ca;           /* whose servers are trusted; "": the system's */
	const char *state_dir;
	int64_t log_period_ms; /* in which equal lines are counted; 0: each is written */
	int64_t log_rate;      /* lines a second about mail and clients; 0: no limit */

	int quarantine_action; /* enum quarantine_action */
	struct quarantine_policy quarantine;
	struct guard_policy guard;
	struct address_rule *address_rules;
	size_t address_rule_count;
	const char *verp_delimiters;
	int verify_return_path;                  /* enum verify_return_path */
	struct conf_strings return_path_keys;    /* files: verp_keys.h */
	int64_t return_path_validity_ms;         /* whole days count */
	struct conf_strings return_path_domains; /* masks: whose senders mxpolicyd signs */
	int64_t max_message_size;
	struct conf_strings campaign_headers, account_headers, list_headers;

	struct conf_strings account_from; /* "sasl_username", "sender": the first that says one */
	const char *account_from_sender;
	struct pattern *account_pattern; /* of it; NULL: the sender's domain */
	struct reputation reputation;
	int complaint_scope;                    /* enum complaint_scope */
	struct conf_strings feedback_addresses; /* masks: where complaints come that count */
	struct mail_settings mail;

	unsigned *lines; /* of each key; see settings_line */
	struct arena arena;
};

/* NULL: the mistakes are in errors. */
struct settings *settings_load(const char *path, struct conf_errors *errors);
struct settings *settings_parse(const char *text, const char *name, struct conf_errors *errors);
/* The table of all keys. */
const struct conf_key *settings_keys(size_t *count);
/* For mxbounce: all but the lines of keys. Texts stay where they were read. NULL: written by another
 * version, or cut off. */
void settings_pack(const struct settings *settings, struct str *out);
struct settings *settings_unpack(struct unpack *in);
struct settings *settings_hold(struct settings *settings);
void settings_release(struct settings **settings);

/* Whether the operator keeps rules of his own (level = "custom"): then there are no updates. */
bool settings_rules_are_own(const struct settings *settings);
/* The file that the configuration names, in force or not. */
const char *settings_configured_rules(struct settings *settings, enum rules_file file);

/* Whether a domain in the normal form is delivered here (local_domains). */
bool settings_is_local(const struct settings *settings, const char *domain);

/* NULL: there is none of that name. name NULL: the default. */
const struct warmup_plan *settings_warmup_plan(const struct settings *settings, const char *name);

/* Whether a sending IP exists on this node. */
bool settings_is_here(const struct settings *settings, const struct sending_ip *ip);

/* Whether a domain in the normal form is left to the site's own transport_maps: "example.com" that
 * domain, ".example.com" those below it. */
bool settings_is_exception(const struct settings *settings, const char *domain);

/* The line a key was set in, 0 if it was not: for mistakes found after loading. */
unsigned settings_line(const struct settings *settings, const char *key);

extern const char *const enforce_names[];

#endif
