/*
 * sent_counts - what each account, campaign and list sent, by group, until Redis was told.
 */
#ifndef SENT_COUNTS_H
#define SENT_COUNTS_H

#include <sys/queue.h>
#include <uthash.h>

#include "sender.h"
#include "transaction.h"

enum {
	SENT_COUNTS_MAX = 100000, /* accounts, campaigns and lists */
	SENT_PARTS = 64,          /* of one: groups */
};

struct sent_part {
	struct sent_part *next;
	int64_t count;
	char name[]; /* "sent", "group:google:sent" */
};

struct sent { /* of one account, campaign or list; those with counts are in `waiting` */
	UT_hash_handle hh;
	TAILQ_ENTRY(sent) link;
	struct sent_part *parts; /* NULL: nothing waits */
	int64_t used_s, told_s;  /* told: that it is in use */
	enum sender_kind kind;
	size_t len;
	char key[]; /* its tag and its name */
};

struct sent_counts { /* sent_counts_init() */
	struct sent *table;
	TAILQ_HEAD(, sent) waiting; /* who waits longest first */
};

void sent_counts_init(struct sent_counts *counts);
void sent_counts_clear(struct sent_counts *counts);

/* A message's recipients, by group; group NULL: of none. False: not counted, there are too many
 * senders. */
bool sent_counts_add(struct sent_counts *counts, enum sender_kind kind, const char *name,
    const struct transaction_recipients *list, size_t count);
/* Its counts are on their way: it waits no more, and has none. */
void sent_counts_done(struct sent_counts *counts, struct sent *sent);
size_t sent_counts_waiting(const struct sent_counts *counts);

#endif
