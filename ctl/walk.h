/*
 * walk - all entries of the quarantine that a filter takes, page by page: neither Redis nor memory is
 * held up by a million of them. What changes meanwhile may be missing or come twice.
 */
#ifndef WALK_H
#define WALK_H

#include "filter.h"
#include "progress.h"

struct walk_row {
	const char *addr;
	struct store_fields fields;    /* of the hash, as they are */
	struct quarantine_entry entry; /* settled */
};

struct walk {
	struct ctl *ctl;
	struct filter *filter;
	struct progress *progress; /* shows entries seen; may be NULL */
	int64_t now_s;
	int64_t seen; /* entries of the index so far */
	/* Some rows, at least one; all of them are gone after the call. Anything but CTL_DONE ends the
	 * walk. */
	enum ctl_exit (*each)(void *arg, const struct walk_row *rows, size_t count);
	void *arg;
};

/* Until all were seen, `each` ends it or interrupt_seen(): CTL_DONE, what `each` returned, CTL_NO.
 * CTL_AWAY: the store is, which it said. */
enum ctl_exit walk_run(struct walk *walk);

/* A raw field; empty: it has none of that name. */
struct span walk_field(const struct walk_row *row, const char *name);

#endif
