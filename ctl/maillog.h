/*
 * maillog - deliveries in the log of Postfix.
 */
#ifndef MAILLOG_H
#define MAILLOG_H

#include <stdbool.h>
#include <stdint.h>

#include "span.h"

struct maillog_delivery {
	int64_t at_s;          /* Unix time */
	struct span recipient; /* as logged, without < > */
};

/* Whether a line tells that a host on the network took a message for good:
 * "Nov 22 09:50:22 mta1 postfix/smtp[123]: 4F2: to=<ann@example.org>, relay=mx.example.org[192.0.2.1]:25,
 * ..., dsn=2.0.0, status=sent (250 ok)". A relay on this host (a content filter, a mailbox) is none.
 * now_s: for dates without a year. */
bool maillog_read(struct span line, int64_t now_s, struct maillog_delivery *delivery);

#endif
