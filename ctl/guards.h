/*
 * guards - the outage guards that hold, or did until all was quiet and wait for an operator.
 */
#ifndef GUARDS_H
#define GUARDS_H

#include "ctl.h"
#include "store_guard.h"

struct guard_row {
	const char *group;
	enum reason reason;
	int64_t since_s;
	bool quiet;
	struct store_guard guard;
};

struct guards {
	struct guard_row *items; /* ctl's arena */
	size_t count;
	int64_t now_s;
};

/* -1 and words: the store did not answer. */
int guards_read(struct ctl *ctl, struct guards *guards, struct err *err);
void guards_show(struct ctl *ctl, const struct guards *guards);

#endif
