/*
 * dsn - SMTP reply codes (RFC 5321, 4.2) and enhanced status codes (RFC 3463) in text.
 *
 * Pure. Replies reach us inside other text ("host mx[192.0.2.1] said: 550 5.1.1 no such user (in
 * reply to RCPT TO command)"), folded, numbered in brackets "(#5.1.1)" or not at all, among
 * addresses, dates and IP addresses that look like them.
 */
#ifndef DSN_H
#define DSN_H

#include <stdbool.h>

#include "span.h"

struct dsn_status {
	unsigned char class; /* 2, 4 or 5; 0: none */
	unsigned short subject;
	unsigned short detail;
};

struct dsn {
	unsigned short code; /* 200 to 599; 0: none */
	struct dsn_status status;
};

enum { DSN_STATUS_SIZE = sizeof("5.999.999") };

/* The whole of text is a status: "5.1.1", blanks around it and "(#…)" or a comment behind it
 * allowed ("5.1.1 (bad destination mailbox address)"). -1: it is none. */
int dsn_parse_status(struct span text, struct dsn_status *status);
/* The whole of text is a reply code. 0: it is none. */
unsigned dsn_parse_code(struct span text);

/* A word of a reply that is a status, "5.1.1" or "#5.1.1"; the first one may be a code too, or both:
 * "550", "550-5.1.1". Numbers that mean something, while others tell one message from another. */
bool dsn_is_word(struct span word, bool first);

/* "5.1.1"; "" for none. Returns buf. */
const char *dsn_format_status(struct dsn_status status, char buf[DSN_STATUS_SIZE]);

/* The class is all it says: 4.0.0 or 5.0.0. */
bool dsn_status_is_vague(struct dsn_status status);
/* x.4.7: the sending system waited long enough; it does not say for what. */
bool dsn_status_is_expiry(struct dsn_status status);

/*
 * The first reply of a server in text. The code: after "said:", "response:" and their like, else
 * at the start of a line, else the first number that reads as one; 4yz and 5yz only. The status:
 * behind that code, else in "(#5.1.1)", else the first that stands alone. Where that is an
 * expiry which quotes the last reply ("554 5.4.7 expired <421 4.4.2 timed out>"), the quoted one.
 * What is not there, or only behind the first 16 kB, is 0.
 */
struct dsn dsn_find(struct span text);

/* Worth another attempt: one of the codes says so, and no 5yz stands beside a mere 4.0.0. */
bool dsn_is_temporary(const struct dsn *dsn);

#endif
