/*
 * verify_judge - what can be said of an address before it is mailed, and of a list of them. Pure:
 * facts in, verdict and words out; verify.c finds the facts.
 */
#ifndef VERIFY_JUDGE_H
#define VERIFY_JUDGE_H

#include "addr.h"
#include "mx.h"
#include "quarantine.h"

enum verdict_of {
	VERIFY_OK,
	VERIFY_ROLE,      /* info@, abuse@: a function, nobody who signed up */
	VERIFY_COUNTING,  /* has bounced, is still mailed */
	VERIFY_UNCERTAIN, /* DNS did not answer: ask again */
	VERIFY_DUPLICATE,
	VERIFY_SYNTAX,
	VERIFY_NO_DOMAIN, /* NXDOMAIN, or nothing there takes mail */
	VERIFY_NULL_MX,   /* RFC 7505 */
	VERIFY_QUARANTINED,
	VERIFY_VERDICTS
};

/* "ok", "role", "counting", "uncertain", "duplicate", "syntax", "no_domain", ... */
const char *verify_name(enum verdict_of verdict);
/* For people: "no such domain". */
const char *verify_words(enum verdict_of verdict);
/* Whether it may be mailed: ok, role, counting. */
bool verify_is_mailable(enum verdict_of verdict);

/* The normal form of one that can be mailed from here: a domain with a dot, a local part of at most
 * 64 bytes and of atoms or quoted (RFC 5321, 4.1.2). -1 and words. */
int verify_parse(struct span text, char out[ADDR_SIZE], struct err *err);

bool verify_is_role(const char *address);

struct verify_facts {
	const char *address; /* normal form; "" it is none */
	bool seen;           /* earlier in the list */
	bool local;          /* its domain is delivered here */
	enum mx_state mx;
	const struct quarantine_entry *entry; /* settled; NULL: not asked, as the rest decides */
};

/* Without entry what it would be if there was none. */
enum verdict_of verify_judge(const struct verify_facts *facts);

struct verify_summary {
	int64_t total;
	int64_t verdicts[VERIFY_VERDICTS];
	int64_t unknown; /* in quarantine as user_unknown */
};

enum verify_opinion { VERIFY_TOO_SHORT, VERIFY_CLEAN, VERIFY_AGED, VERIFY_BOUGHT };
enum {
	VERIFY_LEAST = 100,  /* addresses without which nothing can be said */
	VERIFY_AGED_PM = 20, /* dead of 1000: an own list a year old */
	VERIFY_BOUGHT_PM = 50,
	VERIFY_ROLE_PM = 100, /* and what was gathered from web pages has many roles */
};

/* Dead addresses among 1000, duplicates apart: bad syntax, no domain, null MX, quarantined. */
int64_t verify_dead_pm(const struct verify_summary *summary);
enum verify_opinion verify_opinion_of(const struct verify_summary *summary);
const char *verify_opinion_name(enum verify_opinion opinion); /* "too_short" "clean" ... */
const char *verify_opinion_words(enum verify_opinion opinion);

#endif
