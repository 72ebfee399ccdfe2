/*
 * mx_ask - which hosts take a domain's mail, asked of DNS and waited for: policyd/mx for a program
 * that does one thing.
 */
#ifndef MX_ASK_H
#define MX_ASK_H

#include "mx.h"
#include "settings.h"

struct mx_asked {
	enum mx_state state;
	struct mx_set *set; /* or NULL; mx_set_free() */
	int64_t ttl_s;
	char words[MX_WORDS_SIZE]; /* MX_FAILED: why */
};

/* By dns_timeout; what cannot even be asked is MX_FAILED. */
void mx_ask(const struct settings *settings, const char *domain, struct mx_asked *asked);

/* Many domains: answers are shared and kept for their TTL. */
struct mx_asker;

struct mx_asker *mx_asker_new(const struct settings *settings, struct err *err);
void mx_asker_free(struct mx_asker **asker);

struct mx_wanted {
	const char *domain; /* normal form; "" nothing is asked */
	enum mx_state state;
};
/* Fills in every state; by dns_timeout for each MX_ASK_AT_ONCE of them. */
enum { MX_ASK_AT_ONCE = 400 };
void mx_asker_ask(struct mx_asker *asker, struct mx_wanted *wanted, size_t count);

#endif
