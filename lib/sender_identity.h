/*
 * sender_identity - whose mail it is: account, campaign and list by the settings account_from and
 * account_from_sender.
 *
 * The envelope sender names an account by account_from_sender (its named groups account, campaign
 * and list; default: the sender's domain). Where account_from has sasl_username first, the login
 * name is the account, if there is one; what the sender names is then kept as `by_sender`, so that
 * returned mail, which comes back to the sender alone, finds the account (lib/store_sender.h,
 * store_put_sender_user).
 */
#ifndef SENDER_IDENTITY_H
#define SENDER_IDENTITY_H

#include "sender.h"
#include "settings.h"

struct sender_identity { /* "": not known */
	char account[SENDER_NAME_SIZE];
	char by_sender[SENDER_NAME_SIZE]; /* the account by the sender alone */
	char campaign[SENDER_NAME_SIZE];
	char list[SENDER_NAME_SIZE];
};

/* A name as it is counted under: cut to its size, control characters as '?', which would make two of
 * one or none of it. An empty one leaves `out` as it is. */
void sender_name(char out[SENDER_NAME_SIZE], struct span text);

/* Both as they came; either may be empty. The null sender names nobody. */
void sender_identify(const struct settings *settings, struct span sasl_username, struct span sender,
    struct sender_identity *identity);

/* Whether the configuration exempts the account. */
bool sender_is_exempt(const struct settings *settings, const char *account);

#endif
