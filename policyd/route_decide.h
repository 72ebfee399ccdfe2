/*
 * route_decide - where a recipient's mail goes as it enters the active queue: facts in, reply to
 * qmgr's resolver out. Pure.
 *
 * Facts are gathered in steps, as for decide.h: route_decide() is asked again after each, and says
 * what it still needs. route.c and `mxctl explain` run this same function. Adding a reason is a row
 * in the table of route_decide.c, its branch, and a test row.
 */
#ifndef ROUTE_DECIDE_H
#define ROUTE_DECIDE_H

#include "decide.h"
#include "sending.h"
#include "sockmap.h"
#include "transports_known.h"

/* A sending IP of this node that the sender's mail may take, and the lane from there. */
struct route_lane {
	size_t number;                  /* of the sending IP, from 1 */
	int64_t inside;                 /* messages in the active queue */
	int64_t allowed;                /* of them (intake_allowed()) */
	double per_minute;              /* messages it can send; < 0: no limit known */
	int64_t dead_ms;                /* the site may not be tried for so long; 0: it may */
	const char *dead_words;         /* what happened there; NULL: nothing */
	const struct mx_limits *limits; /* that hold there; NULL: not known */
	int64_t spent_ms;               /* no room for so long, far beyond; 0: there is, or soon */
	const struct limit *spent;      /* the limit that has none; NULL: not known */
	int64_t suspended_ms; /* by backoff, for so long, far beyond; 0: not, or not long */
};

/* NULL and 0 are facts not known, or that do not matter. */
struct route_facts {
	const struct settings *settings;
	struct mx_rules *rules;
	const char *recipient;       /* normal form */
	const char *recipient_error; /* why it is no address, or NULL */
	bool null_sender;
	const char *account;                 /* of the sender; NULL and "": not known */
	const struct sender_status *refused; /* the account's, if nothing is sent for it now */

	enum decide_known mx_known; /* FAILED: not at hand, being looked up */
	enum mx_state mx_state;
	const char *mx_words;
	const struct mx_rule *rule; /* NULL: none matches */
	const char *group;

	enum decide_known store_known; /* FAILED: not in time; goes on as if nothing were there */
	const struct quarantine_entry *entry;

	enum decide_known lanes_known;
	const struct pool *pool; /* NULL: none, every sending IP will do */
	const struct route_lane *lanes;
	size_t lane_count;
	size_t turn; /* another one each time: which of lanes that are alike comes first */
	const struct transports_known *transports; /* that Postfix has */
};

enum route_verdict {
	ROUTE_NEEDS_MX,    /* ask again with the domain's MX */
	ROUTE_NEEDS_STORE, /* ask again with the quarantine entry */
	ROUTE_NEEDS_LANES, /* ask again with the lanes (of class "unknown": numbers alone) */
	ROUTE_LEAVE,       /* NOTFOUND: none of ours */
	ROUTE_SEND,        /* by a transport of ours */
	ROUTE_RETRY,       /* qmgr defers it */
	ROUTE_REFUSE,      /* qmgr returns it */
	ROUTE_DISCARD,
};

enum route_reason {
	ROUTE_NONE,
	ROUTE_NOT_ASKED, /* not of remote mail: no `sender` before it */
	ROUTE_INTERRUPTED,
	ROUTE_BAD_RECIPIENT,
	ROUTE_LOCAL_DOMAIN,
	ROUTE_EXCEPTION, /* transport_exceptions */
	ROUTE_NO_RULE,
	ROUTE_PACED,
	ROUTE_UNKNOWN, /* MX set not known yet */
	ROUTE_MX_FAILED,
	ROUTE_NULL_MX,
	ROUTE_NO_DOMAIN,
	ROUTE_NO_HOST,
	ROUTE_QUARANTINED,
	ROUTE_QUARANTINED_DISCARDED,
	ROUTE_NO_SENDING_IP,
	ROUTE_SITE_DEAD,
	ROUTE_QUEUE_FULL,
	ROUTE_WARMUP_CAP,
	ROUTE_ACCOUNT_SUSPENDED,
	ROUTE_ACCOUNT_SUSPENDED_DEFER,
	ROUTE_COMPLAINED,
	ROUTE_REASONS
};

struct route_decision {
	enum route_verdict verdict;
	enum route_reason reason;
	const struct route_lane *lane; /* SEND: of facts->lanes */
	struct sockmap_reply reply;
};

void route_decide(const struct route_facts *facts, struct route_decision *decision);
/* What needs no facts: NOT_ASKED, INTERRUPTED. */
void route_conclude(struct route_decision *decision, enum route_reason reason);

const char *route_reason_name(enum route_reason reason); /* "queue_full", in metrics and logs */
enum route_verdict route_reason_verdict(enum route_reason reason);
const char *route_verdict_name(enum route_verdict verdict); /* "retry" */

#endif
