/*
 * store_fleet - sizes and counts of the whole fleet: what is read for its figures (mxpolicyd), and
 * the count of returned mail behind them (mxbounce).
 */
#ifndef STORE_FLEET_H
#define STORE_FLEET_H

#include "reason.h"
#include "store_batch.h"

/* What became of a recipient of a notice, as its event is named. */
enum store_bounced {
	STORE_BOUNCED_COUNTED,
	STORE_BOUNCED_QUARANTINED,
	STORE_BOUNCED_HELD,
	STORE_BOUNCED_SAME,
	STORE_BOUNCED_KNOWN,
	STORE_BOUNCED_OUTDATED,
	STORE_BOUNCED_BOUNCE,
	STORE_BOUNCED_COMPLAINT,
	STORE_BOUNCED_IGNORED,
	STORE_BOUNCED_COUNT
};
extern const char *const store_bounced_names[STORE_BOUNCED_COUNT];

/* One recipient of a notice more. what: of these names. */
void store_put_bounced(struct store_batch *batch, enum reason reason, const char *what);

struct store_fleet {
	int64_t forever; /* addresses in quarantine until they are removed */
	int64_t entries; /* addresses with errors, a quarantine or a release of late, all of them */
	int64_t stopped; /* accounts nothing is taken from */
	int64_t unknown; /* texts no bounce rule knows */
	int64_t notified;             /* events given to a mxctl notify and not done */
	int64_t digests;              /* people for whom a digest waits */
	int64_t guards, quiet_guards; /* outage guards that hold, and that only watch still */
	int64_t bounced[REASON_COUNT][STORE_BOUNCED_COUNT];
};

enum { STORE_FLEET_COMMANDS = 8 };
/* Costs Redis some ten microseconds, whatever its size. fleet must be all 0. */
void store_put_fleet(struct store_batch *batch, struct store_fleet *fleet);

#endif
