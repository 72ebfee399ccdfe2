/*
 * settings_mail - the keys of mail { }: which events mxctl notify writes of, and to whom.
 */
#ifndef SETTINGS_MAIL_H
#define SETTINGS_MAIL_H

#include <stdbool.h>

#include "conf.h"

enum mail_event { /* what may be written of, by the names of mail_event_names */
	MAIL_SUSPENDED,
	MAIL_REVIEW,
	MAIL_RESUMED,
	MAIL_GUARD,
	MAIL_GUARD_QUIET,
	MAIL_GUARD_DECIDED,
	MAIL_BACKOFF,
	MAIL_PAUSE,
	MAIL_RULES,
	MAIL_LEVEL,
	MAIL_WARMUP,
	MAIL_EVENTS
};
extern const char *const mail_event_names[]; /* NULL-terminated */

struct mail_owner {          /* who is written to about accounts; the first that matches decides */
	const char *account; /* a mask, domain_matches() */
	const char *mail;    /* an address */
};

struct mail_settings {
	const char *postmaster; /* an address; "" none */
	struct conf_strings events;
	bool wanted[MAIL_EVENTS]; /* made of it */
	bool to_account;
	struct mail_owner *owners;
	size_t owner_count;
	const char *from; /* "" the system's own name for mxpace */
	int64_t per_hour; /* mails to one recipient */
	int64_t digest_after_ms;
	const char *sendmail;  /* a path */
	int64_t timeout_ms;    /* of one run of it */
	const char *templates; /* a folder; "" none */
};

/* An address that may stand in a header and on a command line as it is: ASCII, no blanks. */
bool mail_address_is_plain(const char *address);

void settings_mail_defaults(struct arena *arena, struct mail_settings *mail);
/* A conf_key's read(); the target is a struct settings. */
void settings_read_mail(struct conf_reader *reader, struct config_setting_t *setting, void *target);
void settings_pack_mail(const struct mail_settings *mail, struct str *out);
void settings_unpack_mail(struct arena *arena, struct mail_settings *mail, struct unpack *in);

#endif
