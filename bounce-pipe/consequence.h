/*
 * consequence - one failed recipient of a report on its way through apply.c: what is known before
 * its error is counted, what Redis said, and what is written down of it.
 */
#ifndef CONSEQUENCE_H
#define CONSEQUENCE_H

#include "addr.h"
#include "report.h"
#include "store.h"

struct consequence {
	const struct report_recipient *recipient;

	/* First step: what has to be known. */
	char address[ADDR_SIZE];          /* quarantine_address(); "" it has none */
	int64_t at_s;                     /* when it bounced, Unix time; 0: now */
	char code[16];                    /* reply code and enhanced status: "550 5.1.1" */
	bool counts;                      /* trusted, and of a reason that quarantines */
	char group[QUARANTINE_NAME_SIZE]; /* its domain's MX group; "" not known */
	bool doubtful;                    /* TRUST_SENDER: soft evidence */
	bool outside;                     /* who wrote it is none of ours: it may be one of many */
	bool guarded;                     /* an outage guard holds group and reason */

	/* Second step: error.lua, if it counts. */
	struct store_counted counted;
	bool asked;

	/* For event and log: "counted", "quarantined", ...; and why it did not count, or "". */
	const char *what, *why;
};

#endif
