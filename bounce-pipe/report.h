/*
 * report - what one returned message says: its kind, for whom, what and why.
 *
 * The result of ndr_read(); classify_report() fills in type, reason and rule. All strings are in
 * the arena it was read with, NUL-terminated, UTF-8, one line, never NULL ("" is "not said").
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "reason.h"
#include "span.h"
#include "str.h"

enum report_kind {
	REPORT_NONE,       /* ordinary mail, nothing that came back */
	REPORT_NDR,        /* at least one recipient failed */
	REPORT_DELAY,      /* still being tried */
	REPORT_SUCCESS,    /* delivered, relayed or expanded (RFC 3464) */
	REPORT_AUTO_REPLY, /* RFC 3834 and its relatives */
	REPORT_FEEDBACK,   /* a complaint (RFC 5965) */
};

enum {
	REPORT_RECIPIENTS_MAX = 1000,
	REPORT_ATTEMPTS_MAX = 4000, /* at adding one; most are the same again */
	REPORT_DIAGNOSTIC_MAX = 1000,
};

struct report_recipient {
	const char
	    *address; /* as the sender knows it: addr_normalise(), else lower case as found */
	const char *final_address; /* where the mail went in the end, if that is another */
	unsigned reply_code;       /* 0: none */
	const char *status;        /* "5.1.1" */
	const char *diagnostic;    /* decoded, at most REPORT_DIAGNOSTIC_MAX bytes */
	const char *remote_mta;    /* host name in lower case, or an IP address */
	bool remote_rooted; /* the report names it with the root's dot, as the JSON does then */
	const char *action; /* RFC 3464: failed, delayed, delivered, relayed, expanded */
	const char *last_attempt; /* a date as found */
	/* classify_report() */
	enum bounce_type type;
	enum reason reason;
	const char *rule; /* "": none matched */
};

struct report_feedback {  /* RFC 5965, for REPORT_FEEDBACK */
	const char *type; /* "abuse" */
	const char *user_agent;
	const char *source_ip;
	bool redacted; /* it names a recipient without saying who that is (RFC 6590) */
};

struct report {
	struct arena *arena;
	enum report_kind kind;
	const char *format; /* which reader understood it: "rfc3464", "qmail", "plain" */
	struct report_recipient *recipients;
	size_t count, room;
	size_t attempts;
	const char *message_id; /* of the message that was sent; without < > */
	const char *campaign;
	const char *list;
	const char *account;
	const char *reporting_mta;
	const char *arrival; /* a date as found */
	struct report_feedback feedback;
	struct span message; /* as it was read, with LF for its line ends */
	struct span header;  /* of the message itself, raw: for trust_judge() */
};

void report_init(struct report *report, struct arena *arena);
/* An attempt at adding a recipient, which may turn out to be there already: false when there are too
 * many of them, or of recipients. */
bool report_attempt(struct report *report);
/* A further recipient with all its strings ""; NULL when there are too many. */
struct report_recipient *report_add(struct report *report);

/* Text as a report's strings are: UTF-8, one line (runs of blanks, line breaks and control
 * characters are one blank), at most max bytes. */
const char *report_line(struct arena *arena, struct span text, size_t max);
/* An address as found ("<User@Example.ORG>", "\"User\" <u@e.org>", "rfc822;u@e.org") in the form of
 * addr_normalise(); what has no such form (a pipe, X.400) is one line as it stands. */
const char *report_address(struct arena *arena, struct span text);
/* A host as found ("dns; MX.Example.org [192.0.2.1]", "[192.0.2.1]"): its name in lower case, else
 * its address. */
const char *report_host(struct arena *arena, struct span text);
/* Whether that name ends with the root's dot ("mx.example.org."). RFC 3464 2.3.5 has the name of a
 * host as the reporting one knows it; who reads a report must get that. */
bool report_host_is_rooted(struct span text);
/* A Message-ID or a list's name as found: "Name <id>" and "<id>" are "id". */
const char *report_identifier(struct arena *arena, struct span text);

const char *report_kind_name(enum report_kind kind); /* "ndr" */
/* One JSON object, the line of `mxbounce --dry-run --json` without its newline. */
void report_json(const struct report *report, struct str *out);

#endif
