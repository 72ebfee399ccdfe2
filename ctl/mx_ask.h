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

#endif
