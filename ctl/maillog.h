/*
 * maillog - what lines of Postfix's log say of a message on its way out.
 *
 *   4F2: client=app[192.0.2.9], sasl_method=PLAIN, sasl_username=ann     smtpd(8)
 *   4F2: from=<news@example.org>, size=1234, nrcpt=2 (queue active)      qmgr(8)
 *   4F2: to=<ann@example.net>, relay=mx[192.0.2.1]:25, ..., dsn=2.0.0, status=sent (250 ok)  smtp(8)
 *   4F2: removed                                                         qmgr(8)
 *
 * each behind "Nov 22 09:50:22 mta1 postfix/smtp[123]: ", whatever the syslog_name is.
 */
#ifndef MAILLOG_H
#define MAILLOG_H

#include <stdint.h>

#include "span.h"

enum maillog_kind {
	MAILLOG_OTHER,
	MAILLOG_CLIENT, /* a message begins */
	MAILLOG_SENDER,
	MAILLOG_DELIVERED, /* a host on the network took it for good; one on this host is none */
	MAILLOG_REMOVED,
};

struct maillog_line { /* parts of the line; "" where it has none */
	int64_t at_s; /* Unix time; -1: it has no date */
	struct span host;
	struct span id;   /* in the queue: "4F2A81B03C", or long: "4bMxyz0Tz9z1Q" */
	struct span text; /* login or "", sender, recipient, as logged, without < > */
};

/* now_s: for dates without a year. */
enum maillog_kind maillog_read(struct span line, int64_t now_s, struct maillog_line *out);

#endif
