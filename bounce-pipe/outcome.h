/*
 * outcome - what counts where several words tell what became of a message for one recipient.
 *
 * The fields of a report, the server's reply in them and the notice for people contradict each
 * other often. One rule for all readers:
 *
 *   diagnostic   Diagnostic-Code; what the notice says about the recipient if that field is missing
 *                or has no words ("smtp; 550", "X-Unix; 77").
 *   reply code   the server's, in the diagnostic; else in what the notice says about this recipient,
 *                if its class is that of the status. 2yz for a success only. None is made up.
 *   status       the Status field, unless the server's own enhanced code (RFC 2034) says more. It
 *                does where it stands in a reply of its class (some senders make their Status from
 *                the reply code alone), and where that field is missing or x.0.0, x.4.7 (the
 *                sender waited; not what for), 2.y.z beside a failure, or of another class.
 *   expired      a reply x.4.7 that quotes the last reply is the sender's: the quoted one counts
 *                (dsn.h).
 *   remote host  Remote-MTA; else the host that the diagnostic names; else, for a single
 *                recipient, the one that the notice names (remote_host.h).
 */
#ifndef OUTCOME_H
#define OUTCOME_H

#include <stdbool.h>

#include "report.h"
#include "span.h"

/* RFC 3464's action for an Action field in whatever words: "failed (bounced)", "Failure",
 * "expired"; "" if it says nothing. */
const char *outcome_action(struct span field);

/* Fills in what a server's words tell: reply code, status, remote host. said: the diagnostic with
 * its line breaks, where there were some; the recipient's action, status and diagnostic are set. */
void outcome_complete(struct arena *arena, struct report_recipient *recipient, struct span said);

/* A diagnostic says why, beside its codes. */
bool outcome_has_words(struct span diagnostic);

/* The kind by the actions of all recipients: one that failed makes an NDR. */
enum report_kind outcome_kind(const struct report *report);

#endif
