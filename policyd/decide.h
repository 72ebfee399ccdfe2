/*
 * decide - what becomes of a recipient: facts in, verdict and words out. Pure.
 *
 * Facts are gathered in steps, because some cost a look-up: decide() is asked again after each, and
 * says what it still needs. The policy server (flow.c) and `mxctl explain` run this same function.
 * Adding a reason is a row in the table of decide.c, its branch, and a test row.
 */
#ifndef DECIDE_H
#define DECIDE_H

#include "mx.h"
#include "mx_limits.h"
#include "settings.h"
#include "store.h"

enum decide_known { FACT_UNKNOWN, FACT_KNOWN, FACT_FAILED };

struct decide_facts {
	const struct settings *settings;
	const char *recipient;       /* normal form; "" when the request had none */
	const char *recipient_error; /* why it is no address, or NULL */
	bool null_sender;
	const char *account, *list;          /* "": not known */
	const struct sender_status *refused; /* the account's, if nothing is taken from it now */

	enum decide_known mx_known;
	enum mx_state mx_state;
	const char *mx_words;
	const struct mx_rule *rule;     /* NULL: none matches */
	const struct mx_limits *limits; /* of the rule, for this sending IP now; NULL: no rule */
	const char *group;

	enum decide_known store_known; /* FAILED: away or refused, words say why */
	const char *store_words;
	const struct quarantine_entry *entry;
	bool repeated; /* this transaction has its message and slot of the group already */
	const struct store_took *took; /* NULL if repeated or the rule has no limits */
};

enum verdict {
	VERDICT_NEEDS_MX,    /* ask again with the domain's MX */
	VERDICT_NEEDS_STORE, /* ask again with the store's answers */
	VERDICT_PASS,
	VERDICT_DEFER,  /* 4xx: try again */
	VERDICT_REFUSE, /* 5xx: not to be tried again */
	VERDICT_DIVERT, /* taken, but discarded, held or tagged, as configured */
};

enum decide_reason {
	DECIDE_NONE,
	DECIDE_WITHIN_LIMITS,
	DECIDE_REPEATED,
	DECIDE_AT_DELIVERY, /* enforce is not "admission": limits hold when it goes out */
	DECIDE_NO_LIMITS,   /* no rule matches, or its rule has none */
	DECIDE_NULL_SENDER,
	DECIDE_LOCAL_DOMAIN,
	DECIDE_BAD_RECIPIENT,
	DECIDE_NO_DOMAIN,
	DECIDE_NO_HOST,
	DECIDE_NULL_MX,
	DECIDE_MX_FAILED_PERMIT,
	DECIDE_MX_FAILED_DEFER,
	DECIDE_STORE_FAILED_PERMIT,
	DECIDE_STORE_FAILED_DEFER,
	DECIDE_QUARANTINED,
	DECIDE_QUARANTINED_DIVERTED,
	DECIDE_MESSAGE_LIMIT,
	DECIDE_CONNECTION_LIMIT,
	DECIDE_PAUSED,
	DECIDE_SUSPENDED,
	DECIDE_BACKOFF,
	DECIDE_ACCOUNT_SUSPENDED,
	DECIDE_ACCOUNT_SUSPENDED_DEFER, /* reputation.action = "defer" */
	DECIDE_ACCOUNT_PROBATION,       /* today's recipients are used up */
	DECIDE_COMPLAINED,              /* the recipient, about this account, list or all */
	DECIDE_REASONS
};

enum { DECISION_TEXT_SIZE = 768 };

struct decision {
	enum verdict verdict;
	enum decide_reason reason;
	/* The message and slot that `took` took are not used: give them back. */
	bool gives_back;
	/* For Postfix: "DUNNO", "DEFER_IF_PERMIT 4.7.1 mxpace: ..." */
	char action[DECISION_TEXT_SIZE];
};

void decide(const struct decide_facts *facts, struct decision *decision);

/* "message_limit", in metrics and logs. */
const char *decide_reason_name(enum decide_reason reason);
enum verdict decide_reason_verdict(enum decide_reason reason);
const char *verdict_name(enum verdict verdict); /* "pass" "defer" "refuse" "divert" */

/* What a rule's limits are counted by: the sending IP, or "all". */
const char *decide_ip(const struct mx_rule *rule, const char *ip);

/* The take of a rule's limits for a request; false: there are neither message limits nor a
 * connection limit (or no rule: NULL). open: slots this node would then have. */
bool decide_take(const struct mx_rule *rule, const struct mx_limits *limits, const char *group,
    const char *ip, const char *node, int64_t open, struct store_take *take);

#endif
