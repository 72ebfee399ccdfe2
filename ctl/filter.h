/*
 * filter - which entries of the quarantine a command is about: its options, and whether an entry is
 * meant. Every condition given must hold.
 */
#ifndef FILTER_H
#define FILTER_H

#include "ctl.h"
#include "pattern.h"

enum { FILTER_TEXTS = 6 };

struct filter {
	const char *match;               /* a glob for members of the index; "*": all */
	const char *domain;              /* globs as fnmatch(3) knows them; NULL: any */
	const char *texts[FILTER_TEXTS]; /* of group, rule, campaign, list, account in turn */
	const char *reason;              /* a name of reason.h; NULL: any */
	struct pattern *text;            /* of the diagnostic; NULL: any */
	int64_t since_s, until_s;        /* when it was decided; 0: any */
	unsigned statuses;               /* 1U << enum quarantine_status */
	bool given;                      /* there is any condition but the status */
	int64_t too_hard;                /* diagnostics on which the pattern gave up */
};

/* The options that filters are made of. */
#define FILTER_OPTIONS                                                               \
	(UINT64_C(1) << CTL_OPTION_MATCH | UINT64_C(1) << CTL_OPTION_DOMAIN |        \
	    UINT64_C(1) << CTL_OPTION_GROUP | UINT64_C(1) << CTL_OPTION_REASON |     \
	    UINT64_C(1) << CTL_OPTION_TEXT | UINT64_C(1) << CTL_OPTION_RULE |        \
	    UINT64_C(1) << CTL_OPTION_CAMPAIGN | UINT64_C(1) << CTL_OPTION_OF_LIST | \
	    UINT64_C(1) << CTL_OPTION_ACCOUNT | UINT64_C(1) << CTL_OPTION_SINCE |    \
	    UINT64_C(1) << CTL_OPTION_UNTIL | UINT64_C(1) << CTL_OPTION_STATUS)

/* From the options of the run. statuses: if --status does not say. CTL_USAGE: they are wrong, which
 * it said; filter_clear() all the same. */
enum ctl_exit filter_read(struct filter *filter, struct ctl *ctl, int64_t now_s, unsigned statuses);
void filter_clear(struct filter *filter);

bool filter_takes_address(const struct filter *filter, const char *addr);
/* entry: settled. */
bool filter_takes(struct filter *filter, const struct quarantine_entry *entry);

/* When an entry became what it is: quarantined, held, or its last error. */
int64_t filter_decided_s(const struct quarantine_entry *entry);

/* The options as they were given, for the record: "--domain icloud.com --since 6h". ctl's arena. */
const char *filter_words(struct ctl *ctl);

#endif
