/*
 * mx - which hosts take a domain's mail, asked of DNS without waiting.
 *
 * Answers are cached for their TTL (at least MX_TTL_MIN_S, at most MX_TTL_MAX_S; failures for
 * MX_TTL_FAILED_S), look-ups of one domain under way are shared, and the cache has a cap. The rules
 * of RFC 5321, 5.1: MX records, else the domain's own addresses as an implicit MX; RFC 7505: a null
 * MX takes no mail.
 */
#ifndef MX_H
#define MX_H

#include "conf.h"
#include "histogram.h"
#include "mx_set.h"

struct event_base;

enum mx_state {
	MX_FOUND,
	MX_IMPLICIT,  /* no MX record; the domain itself has an address and is the one host */
	MX_NULL,      /* RFC 7505 */
	MX_NO_DOMAIN, /* NXDOMAIN */
	MX_NO_HOST,   /* the name exists, with neither MX nor address */
	MX_FAILED,    /* time-out, SERVFAIL, refused, nonsense: words say which */
};

enum { MX_TTL_MIN_S = 30, MX_TTL_MAX_S = 86400, MX_TTL_FAILED_S = 5, MX_CACHE_MAX = 200000 };
enum { MX_LOOKUPS_MAX = 10000 }; /* under way; further ones fail */

enum { MX_WORDS_SIZE = 96 };

struct mx_answer {
	enum mx_state state;
	const struct mx_set *set; /* FOUND, IMPLICIT; else NULL. The cache's */
	int64_t ttl_s;            /* left */
	const char *words;        /* FAILED: "timeout", "SERVFAIL"; else "" */
	/* A place for the caller's own conclusion from this answer (policyd: rule and group);
	 * empty in a new answer, freed by its own function when it goes. */
	struct mx_note **note;
};

struct mx_note { /* the beginning of a struct of the caller's */
	void (*free)(struct mx_note *note);
};

struct mx;
struct mx_query;

/* servers: "192.0.2.1", "[2001:db8::1]:53", "127.0.0.1:5353"; empty: the system's. */
struct mx *mx_new(struct event_base *base, const struct conf_strings *servers, int64_t timeout_ms,
    struct err *err);
/* Queries under way end without their callback, their pointers with them. Not from within a
 * callback of this mx. */
void mx_free(struct mx **mx);

/* True and the answer if the cache has one that is still good. domain: normal form (domain.h); an
 * address literal "[192.0.2.1]" is always known: an implicit MX of that name. The answer is good
 * until the event loop runs on. */
bool mx_cached(struct mx *mx, const char *domain, struct mx_answer *answer);

/* Asks. The callback comes later, never within this call, exactly once, by timeout_ms after the
 * look-up began; never after mx_cancel. The answer is good during the callback. */
typedef void mx_done(void *arg, const struct mx_answer *answer);
struct mx_query *mx_start(struct mx *mx, const char *domain, mx_done *done, void *arg);
void mx_cancel(struct mx_query **query);

struct mx_figures {
	uint64_t hits, lookups;
	uint64_t failed; /* time-outs included */
	uint64_t timeouts;
	struct histogram took; /* look-ups, failed ones included */
	size_t cached;         /* answers, also expired ones that nothing has replaced yet */
	size_t waiting;        /* look-ups under way */
};
struct mx_figures mx_figures(const struct mx *mx);

const char *mx_state_name(enum mx_state state);

#endif
