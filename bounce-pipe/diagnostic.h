/*
 * diagnostic - what a server said, in the form that bounce rules match.
 *
 * One line, in which every mail address is "<address>" (its words are not the server's), further
 * lines of a reply have lost their "550-5.1.1 ", typographic quotes are plain, words_joined_so are
 * words, and the frame that the sending system put around the reply is gone, but for the command
 * that was refused:
 *
 *     host mx.example.org[192.0.2.1] said: 550 5.1.8 no (in reply to MAIL FROM command) Postfix
 *     SMTP error from remote mail server after MAIL FROM:<a@b>: host mx… [192.0.2.1]: 550 5.1.8 no
 *                                                                                              Exim
 *     550 5.1.8 no (in reply to MAIL FROM command)                                             both
 *
 * Likewise what qmail ("192.0.2.1 does not like recipient. Remote host said: 550 …"), Sendmail and
 * Courier ("<<< 550 …"), Gmail ("The response was: 550 …") and Exchange ("Remote Server returned
 * '550 …'") write before a reply, and what some write behind it ("Giving up on 192.0.2.1.").
 */
#ifndef DIAGNOSTIC_H
#define DIAGNOSTIC_H

#include "span.h"
#include "str.h"

enum { DIAGNOSTIC_MAX = 1000 }; /* bytes of a diagnostic that are looked at */

void diagnostic_text(struct span diagnostic, struct str *out);

#endif
