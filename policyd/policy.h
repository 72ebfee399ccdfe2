/*
 * policy - Postfix's policy delegation protocol on the wire (SMTPD_POLICY_README): bytes to a
 * request, an action to bytes. Pure.
 *
 * A request is lines of name=value and an empty line. Attributes nobody here needs pass unseen;
 * of an attribute given twice the last counts. Postfix itself sends LF alone; CRLF is taken as
 * well. Not accepted: a line without '=', a NUL, a line over POLICY_LINE_MAX, a request over
 * POLICY_REQUEST_MAX, one without any attribute, and one whose `request` is another than
 * smtpd_access_policy.
 */
#ifndef POLICY_H
#define POLICY_H

#include "err.h"
#include "span.h"
#include "str.h"

enum { POLICY_LINE_MAX = 8192, POLICY_REQUEST_MAX = 65536 };

struct policy_request { /* spans into the parsed bytes; absent attributes are empty */
	struct span request;
	struct span protocol_state;
	struct span instance;
	struct span sender;
	struct span recipient;
	struct span client_address;
	struct span queue_id;
	struct span sasl_username;
};

enum policy_parse {
	POLICY_REQUEST,   /* one is there; *used bytes of the input are its */
	POLICY_MORE,      /* not yet whole */
	POLICY_MALFORMED, /* words in err; the connection is of no more use */
};

/* Looks for one request at the start of bytes. `seen` is how many of them an earlier call has found
 * to hold no end of a request (0 at first): the caller keeps it over calls, so that a request
 * trickling in byte by byte is not read again from its start each time. */
enum policy_parse policy_parse(struct span bytes, size_t *seen, struct policy_request *request,
    size_t *used, struct err *err);

/* "action=...\n\n". An action is one line; a newline in it would end the answer, so it is cut. */
void policy_format(const char *action, struct str *out);

#endif
