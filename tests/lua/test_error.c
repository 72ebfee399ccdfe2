/* error.lua: the lives of a quarantine entry, by a clock that the test sets. */
#include <ctype.h>
#include <sys/wait.h>
#include <unistd.h>

#include "redis.h"
#include "store_delivered.h"
#include "tests/unit/check.h"

static struct redis redis;

#define T0     INT64_C(1795348800) /* some day at noon */
#define DAY    INT64_C(86400)
#define HOUR   INT64_C(3600)
#define DAY_MS (DAY * 1000)
#define KEY    "mxpace:{q:a@x.test}"

/* One event in an entry's life and what comes of it. Reasons: u user_unknown (hard), m mailbox_full,
 * i inactive_user, r unreachable (soft); in capitals: while an outage guard holds. + is a delivery,
 * - a removal. `outcome` NULL: look only. */
struct event {
	int64_t at_s; /* since T0 */
	char reason;
	const char *ndr;
	const char *outcome;
	int64_t errors;     /* of this reason */
	const char *status; /* of the entry afterwards; "" there is none */
	int64_t expiry_s;   /* since T0; 0: never */
	int64_t ago_s;      /* it happened so long before; 0: just now */
};

static const struct life_row {
	const char *label;
	int64_t hard_errors; /* user_unknown is quarantined at the so-manieth; 0 stands for 1 */
	struct event events[12];
} life_rows[] = {
	{ "hard at the first error, until removed", 0,
	    { { 0, 'u', "n1", "quarantined", 1, "quarantined", 0, 0 },
		{ 4000 * DAY, 0, NULL, NULL, 0, "quarantined", 0, 0 } } },
	{ "soft at the third, released after 30 days", 0,
	    { { 0, 'm', "n1", "counted", 1, "counting", 10 * DAY, 0 },
		{ DAY, 'm', "n2", "counted", 2, "counting", 11 * DAY, 0 },
		{ 2 * DAY, 'm', "n3", "quarantined", 3, "quarantined", 42 * DAY, 0 },
		{ 32 * DAY - 1, 0, NULL, NULL, 0, "quarantined", 42 * DAY, 0 },
		{ 32 * DAY, 0, NULL, NULL, 0, "released", 42 * DAY, 0 },
		{ 42 * DAY - 1, 0, NULL, NULL, 0, "released", 42 * DAY, 0 },
		{ 42 * DAY, 0, NULL, NULL, 0, "", 0, 0 } } },
	{ "soft at the third, until removed", 0,
	    { { 0, 'i', "n1", "counted", 1, "counting", 10 * DAY, 0 },
		{ DAY, 'i', "n2", "counted", 2, "counting", 11 * DAY, 0 },
		{ 2 * DAY, 'i', "n3", "quarantined", 3, "quarantined", 0, 0 },
		{ 4000 * DAY, 0, NULL, NULL, 0, "quarantined", 0, 0 } } },
	{ "soft at the fifth, released after 10 days", 0,
	    { { 0, 'r', "n1", "counted", 1, "counting", 10 * DAY, 0 },
		{ 1 * DAY, 'r', "n2", "counted", 2, "counting", 11 * DAY, 0 },
		{ 2 * DAY, 'r', "n3", "counted", 3, "counting", 12 * DAY, 0 },
		{ 3 * DAY, 'r', "n4", "counted", 4, "counting", 13 * DAY, 0 },
		{ 4 * DAY, 'r', "n5", "quarantined", 5, "quarantined", 24 * DAY, 0 },
		{ 14 * DAY - 1, 0, NULL, NULL, 0, "quarantined", 24 * DAY, 0 },
		{ 14 * DAY, 0, NULL, NULL, 0, "released", 24 * DAY, 0 },
		{ 24 * DAY, 0, NULL, NULL, 0, "", 0, 0 } } },
	{ "one a significant period, to the second", 0,
	    { { 0, 'm', "n1", "counted", 1, "counting", 10 * DAY, 0 },
		{ 1, 'm', "n2", "same", 1, "counting", 10 * DAY, 0 },
		{ DAY - 1, 'm', "n3", "same", 1, "counting", 10 * DAY, 0 },
		{ DAY, 'm', "n4", "counted", 2, "counting", 11 * DAY, 0 },
		{ DAY + 1, 'm', "n5", "same", 2, "counting", 11 * DAY, 0 } } },
	{ "of all reasons together", 0,
	    { { 0, 'm', "n1", "counted", 1, "counting", 10 * DAY, 0 },
		{ HOUR, 'r', "n2", "same", 0, "counting", 10 * DAY, 0 },
		{ DAY, 'r', "n3", "counted", 1, "counting", 11 * DAY, 0 },
		{ 2 * DAY, 'm', "n4", "counted", 2, "counting", 12 * DAY, 0 },
		{ 3 * DAY, 'm', "n5", "quarantined", 3, "quarantined", 43 * DAY, 0 } } },
	{ "the same notice again", 0,
	    { { 0, 'm', "n1", "counted", 1, "counting", 10 * DAY, 0 },
		{ 2 * DAY, 'm', "n1", "again", 1, "counting", 10 * DAY, 0 },
		{ 3 * DAY, 'm', "n2", "counted", 2, "counting", 13 * DAY, 0 },
		{ 4 * DAY, 'm', "n1", "again", 2, "counting", 13 * DAY, 0 },
		{ 4 * DAY, 'm', "n2", "again", 2, "counting", 13 * DAY, 0 },
		{ 4 * DAY, 'm', "n", "quarantined", 3, "quarantined", 44 * DAY, 0 } } },
	{ "the same notice after quarantine", 0,
	    { { 0, 'u', "n1", "quarantined", 1, "quarantined", 0, 0 },
		{ 0, 'u', "n1", "again", 1, "quarantined", 0, 0 },
		{ 5 * DAY, 'u', "n1", "again", 1, "quarantined", 0, 0 } } },
	{ "a notice of the same period, repeated later, is again", 0,
	    { { 0, 'm', "n1", "counted", 1, "counting", 10 * DAY, 0 },
		{ HOUR, 'm', "n2", "same", 1, "counting", 10 * DAY, 0 },
		{ 2 * DAY, 'm', "n2", "again", 1, "counting", 10 * DAY, 0 } } },
	{ "ten quiet days reset, to the second", 0,
	    { { 0, 'm', "n1", "counted", 1, "counting", 10 * DAY, 0 },
		{ 10 * DAY - 1, 'm', "n2", "counted", 2, "counting", 20 * DAY - 1, 0 },
		{ 20 * DAY - 1, 'm', "n3", "counted", 1, "counting", 30 * DAY - 1, 0 } } },
	{ "quiet days: the entry goes by itself", 0,
	    { { 0, 'm', "n1", "counted", 1, "counting", 10 * DAY, 0 },
		{ 10 * DAY - 1, 0, NULL, NULL, 0, "counting", 10 * DAY, 0 },
		{ 10 * DAY, 0, NULL, NULL, 0, "", 0, 0 },
		{ 10 * DAY, 'm', "n1", "counted", 1, "counting", 20 * DAY, 0 } } },
	{ "errors that do not count keep nothing alive", 0,
	    { { 0, 'm', "n1", "counted", 1, "counting", 10 * DAY, 0 },
		{ HOUR, 'm', "n2", "same", 1, "counting", 10 * DAY, 0 },
		{ 10 * DAY, 0, NULL, NULL, 0, "", 0, 0 } } },
	{ "late errors of a quarantined address", 0,
	    { { 0, 'u', "n1", "quarantined", 1, "quarantined", 0, 0 },
		{ 3 * DAY, 'u', "n2", "known", 1, "quarantined", 0, 0 },
		{ 4 * DAY, 'm', "n3", "known", 0, "quarantined", 0, 0 },
		{ 4 * DAY, 'm', "n3", "again", 0, "quarantined", 0, 0 } } },
	{ "late errors do not put off the release", 0,
	    { { 0, 'm', "n1", "counted", 1, "counting", 10 * DAY, 0 },
		{ DAY, 'm', "n2", "counted", 2, "counting", 11 * DAY, 0 },
		{ 2 * DAY, 'm', "n3", "quarantined", 3, "quarantined", 42 * DAY, 0 },
		{ 20 * DAY, 'm', "n4", "known", 3, "quarantined", 42 * DAY, 0 },
		{ 32 * DAY, 'm', "n5", "counted", 1, "counting", 42 * DAY, 0 } } },
	{ "hard upgrades soft, at once", 0,
	    { { 0, 'm', "n1", "counted", 1, "counting", 10 * DAY, 0 },
		{ 60, 'u', "n2", "quarantined", 1, "quarantined", 0, 0 },
		{ 4000 * DAY, 0, NULL, NULL, 0, "quarantined", 0, 0 } } },
	{ "hard upgrades a soft quarantine: no release any more", 0,
	    { { 0, 'm', "n1", "counted", 1, "counting", 10 * DAY, 0 },
		{ DAY, 'm', "n2", "counted", 2, "counting", 11 * DAY, 0 },
		{ 2 * DAY, 'm', "n3", "quarantined", 3, "quarantined", 42 * DAY, 0 },
		{ 3 * DAY, 'u', "n4", "quarantined", 1, "quarantined", 0, 0 },
		{ 3 * DAY, 'm', "n5", "known", 3, "quarantined", 0, 0 },
		{ 40 * DAY, 0, NULL, NULL, 0, "quarantined", 0, 0 } } },
	{ "hard upgrades a soft quarantine just after a late soft error", 0,
	    { { 0, 'm', "n1", "counted", 1, "counting", 10 * DAY, 0 },
		{ DAY, 'm', "n2", "counted", 2, "counting", 11 * DAY, 0 },
		{ 2 * DAY, 'm', "n3", "quarantined", 3, "quarantined", 42 * DAY, 0 },
		{ 20 * DAY, 'm', "n4", "known", 3, "quarantined", 42 * DAY, 0 },
		{ 20 * DAY + 60, 'u', "n5", "quarantined", 1, "quarantined", 0, 0 } } },
	{ "hard that is not enough yet leaves a soft quarantine as it is", 2,
	    { { 0, 'm', "n1", "counted", 1, "counting", 10 * DAY, 0 },
		{ DAY, 'm', "n2", "counted", 2, "counting", 11 * DAY, 0 },
		{ 2 * DAY, 'm', "n3", "quarantined", 3, "quarantined", 42 * DAY, 0 },
		{ 3 * DAY, 'u', "n4", "known", 1, "quarantined", 42 * DAY, 0 },
		{ 3 * DAY + HOUR, 'u', "n5", "known", 1, "quarantined", 42 * DAY,
		    0 }, /* same period */
		{ 5 * DAY, 'u', "n6", "quarantined", 2, "quarantined", 0, 0 } } },
	{ "hard that is not enough yet counts one a period", 2,
	    { { 0, 'u', "n1", "counted", 1, "counting", 10 * DAY, 0 },
		{ HOUR, 'u', "n2", "same", 1, "counting", 10 * DAY, 0 },
		{ DAY, 'u', "n3", "quarantined", 2, "quarantined", 0, 0 } } },
	{ "a soft error after a hard one", 2,
	    { { 0, 'u', "n1", "counted", 1, "counting", 10 * DAY, 0 },
		{ HOUR, 'm', "n2", "same", 0, "counting", 10 * DAY, 0 },
		{ DAY, 'm', "n3", "counted", 1, "counting", 11 * DAY, 0 },
		{ 2 * DAY, 'u', "n4", "quarantined", 2, "quarantined", 0, 0 } } },
	{ "ids that contain one another", 0,
	    { { 0, 'm', "abc", "counted", 1, "counting", 10 * DAY, 0 },
		{ DAY, 'm', "ab", "counted", 2, "counting", 11 * DAY, 0 },
		{ 2 * DAY, 'm', "bc", "quarantined", 3, "quarantined", 42 * DAY, 0 } } },
	{ "ids with magic characters", 0,
	    { { 0, 'm', "%a.+*-[x]", "counted", 1, "counting", 10 * DAY, 0 },
		{ DAY, 'm', "%a.+*-[x]", "again", 1, "counting", 10 * DAY, 0 },
		{ DAY, 'm', "xa.+*-[x]", "counted", 2, "counting", 11 * DAY, 0 } } },
	/* -- late notices -- */
	{ "a hard error of three weeks ago counts", 0,
	    { { 21 * DAY, 'u', "n1", "quarantined", 1, "quarantined", 0, 21 * DAY } } },
	{ "a soft error of nine days ago counts as of then", 0,
	    { { 9 * DAY, 'm', "n1", "counted", 1, "counting", 10 * DAY, 9 * DAY },
		{ 10 * DAY, 0, NULL, NULL, 0, "", 0, 0 } } },
	{ "a soft error of ten days ago is forgotten already", 0,
	    { { 10 * DAY, 'm', "n1", "outdated", 0, "", 0, 10 * DAY } } },
	{ "out of order, each significant period once", 0,
	    { { 5 * DAY, 'm', "n1", "counted", 1, "counting", 15 * DAY, 0 },
		{ 6 * DAY, 'm', "n2", "same", 1, "counting", 15 * DAY, DAY + HOUR },
		{ 6 * DAY, 'm', "n3", "counted", 2, "counting", 15 * DAY, 3 * DAY },
		{ 6 * DAY, 'm', "n4", "same", 2, "counting", 15 * DAY, 3 * DAY + 23 * HOUR },
		{ 6 * DAY, 'm', "n5", "quarantined", 3, "quarantined", 46 * DAY, 4 * DAY } } },
	{ "a soft error from before the quiet days", 0,
	    { { 20 * DAY, 'm', "n1", "counted", 1, "counting", 30 * DAY, 0 },
		{ 21 * DAY, 'm', "n2", "outdated", 1, "counting", 30 * DAY, 11 * DAY },
		{ 21 * DAY, 'm', "n2", "again", 1, "counting", 30 * DAY, 11 * DAY } } },
	{ "a clock that is fast: now", 0,
	    { { 0, 'm', "n1", "counted", 1, "counting", 10 * DAY, -5 * DAY } } },
	{ "notices of the time in quarantine after the release", 0,
	    { { 0, 'm', "n1", "counted", 1, "counting", 10 * DAY, 0 },
		{ DAY, 'm', "n2", "counted", 2, "counting", 11 * DAY, 0 },
		{ 2 * DAY, 'm', "n3", "quarantined", 3, "quarantined", 42 * DAY, 0 },
		{ 33 * DAY, 'm', "n4", "outdated", 0, "released", 42 * DAY, DAY + 1 },
		{ 33 * DAY, 'm', "n5", "counted", 1, "counting", 42 * DAY, DAY },
		{ 34 * DAY, 'm', "n6", "outdated", 1, "counting", 42 * DAY, 3 * DAY },
		{ 34 * DAY, 'm', "n7", "counted", 2, "counting", 44 * DAY, 0 },
		{ 34 * DAY, 'u', "n8", "outdated", 0, "counting", 44 * DAY, 3 * DAY } } },
	/* -- deliveries -- */
	{ "a delivery clears soft counts", 0,
	    { { 0, 'm', "n1", "counted", 1, "counting", 10 * DAY, 0 },
		{ DAY, 'm', "n2", "counted", 2, "counting", 11 * DAY, 0 },
		{ 2 * DAY, '+', NULL, "cleared", 0, "", 11 * DAY, 0 },
		{ 2 * DAY, '+', NULL, "none", 0, "", 11 * DAY, 0 },
		{ 3 * DAY, 'm', "n3", "counted", 1, "counting", 13 * DAY, 0 } } },
	{ "late notices from before a delivery", 0,
	    { { 0, 'm', "n1", "counted", 1, "counting", 10 * DAY, 0 },
		{ 5 * DAY, '+', NULL, "cleared", 0, "", 10 * DAY, 0 },
		{ 6 * DAY, 'm', "n2", "outdated", 0, "", 10 * DAY, DAY + 1 },
		{ 6 * DAY, 'u', "n3", "outdated", 0, "", 10 * DAY, 2 * DAY },
		{ 6 * DAY, 'm', "n4", "counted", 1, "counting", 15 * DAY, DAY },
		{ 7 * DAY, 'u', "n5", "outdated", 0, "counting", 15 * DAY, 3 * DAY } } },
	{ "a delivery ends a soft quarantine", 0,
	    { { 0, 'i', "n1", "counted", 1, "counting", 10 * DAY, 0 },
		{ DAY, 'i', "n2", "counted", 2, "counting", 11 * DAY, 0 },
		{ 2 * DAY, 'i', "n3", "quarantined", 3, "quarantined", 0, 0 },
		{ 9 * DAY, '+', NULL, "released", 0, "released", 19 * DAY, 0 },
		{ 9 * DAY, '+', NULL, "none", 0, "released", 19 * DAY, 0 },
		{ 10 * DAY, 'i', "n4", "outdated", 0, "released", 19 * DAY, 2 * DAY },
		{ 11 * DAY, 'i', "n5", "counted", 1, "counting", 21 * DAY, 0 } } },
	{ "a delivery before the last error ends nothing", 0,
	    { { 0, 'm', "n1", "counted", 1, "counting", 10 * DAY, 0 },
		{ DAY, 'm', "n2", "counted", 2, "counting", 11 * DAY, 0 },
		{ 2 * DAY, '+', NULL, "older", 0, "counting", 11 * DAY, DAY + 1 },
		{ 2 * DAY, 'm', "n3", "outdated", 2, "counting", 11 * DAY, DAY + 2 },
		{ 2 * DAY, '+', NULL, "cleared", 0, "", 11 * DAY, DAY } } },
	{ "a delivery leaves a hard quarantine", 0,
	    { { 0, 'u', "n1", "quarantined", 1, "quarantined", 0, 0 },
		{ DAY, '+', NULL, "hard", 0, "quarantined", 0, 0 } } },
	{ "a delivery leaves hard counts", 2,
	    { { 0, 'u', "n1", "counted", 1, "counting", 10 * DAY, 0 },
		{ DAY, '+', NULL, "hard", 0, "counting", 10 * DAY, 0 },
		{ 2 * DAY, 'u', "n2", "quarantined", 2, "quarantined", 0, 0 } } },
	{ "a delivery to an address that nothing is known of leaves nothing", 0,
	    { { 0, '+', NULL, "none", 0, "", 0, 0 } } },
	/* -- removals -- */
	{ "a removal, and the notices that were under way", 0,
	    { { 0, 'u', "n1", "quarantined", 1, "quarantined", 0, 0 },
		{ 3 * DAY, '-', NULL, "removed", 0, "released", 13 * DAY, 0 },
		{ 3 * DAY, 'u', "n1", "again", 0, "released", 13 * DAY, 0 },
		{ 4 * DAY, 'u', "n2", "outdated", 0, "released", 13 * DAY, DAY + 1 },
		{ 4 * DAY, '-', NULL, "", 0, "released", 13 * DAY, 0 },
		{ 5 * DAY, 'u', "n3", "quarantined", 1, "quarantined", 0, 0 } } },
	{ "a removal of counts", 0,
	    { { 0, 'm', "n1", "counted", 1, "counting", 10 * DAY, 0 },
		{ DAY, '-', NULL, "removed", 0, "", 11 * DAY, 0 },
		{ DAY, '-', NULL, "", 0, "", 11 * DAY, 0 },
		{ 2 * DAY, 'm', "n2", "outdated", 0, "", 11 * DAY, 2 * DAY },
		{ 2 * DAY, 'm', "n3", "counted", 1, "counting", 12 * DAY, 0 } } },
	/* -- outage guards -- */
	{ "a guard holds the quarantine back", 0,
	    { { 0, 'U', "n1", "held", 1, "held", 90 * DAY, 0 },
		{ HOUR, 'U', "n2", "same", 1, "held", 90 * DAY, 0 },
		{ DAY, 'U', "n3", "counted", 2, "held", 91 * DAY, 0 },
		{ DAY, 'U', "n3", "again", 2, "held", 91 * DAY, 0 },
		{ 2 * DAY, 'u', "n4", "quarantined", 3, "quarantined", 0, 0 } } },
	{ "below the limit a guard changes nothing", 0,
	    { { 0, 'M', "n1", "counted", 1, "counting", 10 * DAY, 0 },
		{ DAY, 'M', "n2", "counted", 2, "counting", 11 * DAY, 0 },
		{ 2 * DAY, 'M', "n3", "held", 3, "held", 92 * DAY, 0 },
		{ 92 * DAY, 0, NULL, NULL, 0, "", 0, 0 } } },
	{ "errors of another reason while held", 0,
	    { { 0, 'U', "n1", "held", 1, "held", 90 * DAY, 0 },
		{ DAY, 'm', "n2", "counted", 1, "held", 91 * DAY, 0 },
		{ 2 * DAY, 'm', "n3", "counted", 2, "held", 92 * DAY, 0 },
		{ 3 * DAY, 'm', "n4", "quarantined", 3, "quarantined", 43 * DAY, 0 } } },
	{ "a guard keeps a soft quarantine from becoming a hard one", 0,
	    { { 0, 'm', "n1", "counted", 1, "counting", 10 * DAY, 0 },
		{ DAY, 'm', "n2", "counted", 2, "counting", 11 * DAY, 0 },
		{ 2 * DAY, 'm', "n3", "quarantined", 3, "quarantined", 42 * DAY, 0 },
		{ 3 * DAY, 'U', "n4", "known", 1, "quarantined", 42 * DAY, 0 },
		{ 32 * DAY, 0, NULL, NULL, 0, "released", 42 * DAY, 0 } } },
	{ "a delivery to an address held for soft errors", 0,
	    { { 0, 'M', "n1", "counted", 1, "counting", 10 * DAY, 0 },
		{ DAY, 'M', "n2", "counted", 2, "counting", 11 * DAY, 0 },
		{ 2 * DAY, 'M', "n3", "held", 3, "held", 92 * DAY, 0 },
		{ 3 * DAY, '+', NULL, "cleared", 0, "", 12 * DAY, 0 } } },
	{ "a removal of a held address", 0,
	    { { 0, 'U', "n1", "held", 1, "held", 90 * DAY, 0 },
		{ DAY, '-', NULL, "removed", 0, "released", 11 * DAY, 0 } } },
};

static struct store_error
error_of(char reason, const char *ndr, int64_t hard_errors)
{
	struct quarantine_policy policy;
	struct store_error error = { .addr = "a@x.test",
		.ndr = ndr,
		.code = "5.1.1",
		.text = "550 gone",
		.mx = "mx.x.test",
		.campaign = "",
		.bounce_rule = "rule-1" };

	quarantine_policy_defaults(&policy);
	error.guarded = reason >= 'A' && reason <= 'Z';
	reason = (char)tolower(reason);
	error.reason = reason == 'u'   ? REASON_USER_UNKNOWN
		       : reason == 'm' ? REASON_MAILBOX_FULL
		       : reason == 'i' ? REASON_INACTIVE_USER
				       : REASON_UNREACHABLE;
	error.type = reason_usual_type(error.reason);
	error.rule = policy.rules[error.reason];
	if (reason == 'u' && hard_errors > 0)
		error.rule.errors = hard_errors;
	return error;
}

static struct store_counted
count(const struct store_error *error)
{
	struct store_batch batch = { 0 };
	struct store_counted counted;

	store_put_error(&batch, error, &counted);
	redis_run(&redis, &batch);
	return counted;
}

static struct quarantine_entry
entry_of(const char *addr)
{
	struct store_batch batch = { 0 };
	struct quarantine_entry entry;

	store_put_quarantine_read(&batch, addr, &entry);
	redis_run(&redis, &batch);
	if (redis_ms(&redis) > 0)
		quarantine_entry_settle(&entry, redis_ms(&redis) / 1000);
	return entry;
}

static void
check_entry(const struct event *event)
{
	struct quarantine_entry entry = entry_of("a@x.test");
	int64_t expiry = event->expiry_s == 0 ? 0 : T0 + event->expiry_s;
	bool none = entry.status == QUARANTINE_NONE;
	bool was = entry.status == QUARANTINE_QUARANTINED || entry.status == QUARANTINE_RELEASED;

	assert_string_equal(none ? "" : quarantine_status_name(entry.status), event->status);
	/* The key ends when the entry does, or when late notices need not be told apart any more. */
	assert_int_equal(redis_number(&redis, "PTTL " KEY), expiry > 0
								? expiry * 1000 - redis_ms(&redis)
							    : none ? -2
								   : -1);
	if (!none && entry.status != QUARANTINE_HELD)
		assert_int_equal(quarantine_entry_expiry(&entry), expiry);
	assert_int_equal(entry.release_s, was && expiry > 0 ? expiry - 10 * DAY : 0);
	if (!was || entry.released[0] == '\0')
		assert_int_equal(entry.since_s != 0, was);
	assert_int_equal(entry.held_s != 0, entry.status == QUARANTINE_HELD);
}

static void
check_delivered(const struct event *event)
{
	struct store_batch batch = { 0 };
	struct store_delivered delivered;

	store_put_delivered(&batch, "a@x.test", T0 + event->at_s - event->ago_s, &delivered);
	redis_run(&redis, &batch);
	assert_string_equal(delivered_name(delivered.outcome), event->outcome);
	if (delivered.status != QUARANTINE_NONE)
		assert_int_equal(delivered.expiry_s,
		    event->expiry_s == 0 ? 0 : T0 + event->expiry_s);
}

static void
check_removed(const struct event *event)
{
	struct store_batch batch = { 0 };
	struct store_removed removed = { -1, -1 };

	store_put_quarantine_remove(&batch, "a@x.test", "operator ann", 10 * DAY_MS, &removed);
	redis_run(&redis, &batch);
	assert_int_equal(removed.removed, *event->outcome != '\0');
	assert_int_equal(removed.expiry_s,
	    removed.removed && *event->status != '\0' ? T0 + event->expiry_s : 0);
}

static void
check_error(const struct event *event, int64_t hard_errors, bool own_time)
{
	struct store_error error = error_of(event->reason, event->ndr, hard_errors);
	int64_t now = T0 + event->at_s;
	struct store_counted counted;

	error.now_s = own_time ? now : 0;
	error.at_s = event->ago_s != 0 ? now - event->ago_s : 0;
	counted = count(&error);
	assert_string_equal(store_count_name(counted.outcome), event->outcome);
	assert_int_equal(counted.errors, event->errors);
	assert_string_equal(
	    counted.status == QUARANTINE_NONE ? "" : quarantine_status_name(counted.status),
	    event->status);
	if (counted.status != QUARANTINE_NONE)
		assert_int_equal(counted.expiry_s, event->expiry_s == 0 ? 0 : T0 + event->expiry_s);
}

static void
live(const struct life_row *row, bool own_time)
{
	redis_fresh(&redis);
	for (size_t i = 0; i < COUNT(row->events) && row->events[i].status != NULL; i++) {
		const struct event *event = &row->events[i];

		/* Either Redis TIME decides, or the time that the caller gives. */
		redis_set_ms(&redis, (T0 + event->at_s) * 1000 + 999);
		if (event->reason == '+')
			check_delivered(event);
		else if (event->reason == '-')
			check_removed(event);
		else if (event->outcome != NULL)
			check_error(event, row->hard_errors, own_time);
		check_entry(event);
	}
}

static void
lives_by_redis_time(void **state)
{
	live(*state, false);
}

static void
lives_by_the_callers_time(void **state)
{
	live(*state, true);
}

/* With the caller's time alone (Redis' own clock stands still, so nothing expires by itself) the
 * script does what expiry would have done. */
static void
expiry_without_redis(void **state)
{
	struct store_error error = error_of('m', "n1", 0);
	struct store_counted counted;

	(void)state;
	redis_fresh(&redis);
	redis_set_ms(&redis, T0 * 1000);
	error.now_s = T0;
	assert_int_equal(count(&error).errors, 1);
	error.now_s = T0 + DAY;
	error.ndr = "n2";
	assert_int_equal(count(&error).errors, 2);
	error.now_s = T0 + 11 * DAY; /* quiet */
	counted = count(&error);     /* even the notice is not known any more */
	assert_string_equal(store_count_name(counted.outcome), "counted");
	assert_int_equal(counted.errors, 1);
	for (int i = 3; i <= 4; i++) {
		char ndr[16];

		snprintf(ndr, sizeof(ndr), "n%d", i);
		error.ndr = ndr;
		error.now_s = T0 + (10 + i) * DAY;
		counted = count(&error);
	}
	assert_string_equal(store_count_name(counted.outcome), "quarantined");
	assert_int_equal(counted.expiry_s, T0 + 54 * DAY);
	error.ndr = "n5";
	error.now_s = T0 + 44 * DAY - 1;
	assert_string_equal(store_count_name(count(&error).outcome), "known");
	error.ndr = "n6";
	error.now_s = T0 + 44 * DAY; /* released */
	counted = count(&error);
	assert_string_equal(store_count_name(counted.outcome), "counted");
	assert_int_equal(counted.errors, 1);
	assert_int_equal(redis_number(&redis, "HEXISTS " KEY " since"), 0);
	assert_int_equal(redis_number(&redis, "HEXISTS " KEY " late"), 0);
}

/* What a person reads with redis-cli. */
static void
fields(void **state)
{
	struct store_error error = error_of('m', "n1", 0);
	struct quarantine_entry e;

	(void)state;
	error.campaign = "autumn";
	redis_fresh(&redis);
	redis_set_ms(&redis, T0 * 1000);
	count(&error);
	redis_set_ms(&redis, (T0 + DAY) * 1000);
	error = error_of('r', "n2", 0);
	error.text = "421 \"busy\" \xc3\xa4\n";
	error.code = "421";
	count(&error);
	e = entry_of("a@x.test");
	assert_int_equal(e.status, QUARANTINE_COUNTING);
	assert_int_equal(e.type, BOUNCE_SOFT);
	assert_int_equal(e.reason, REASON_UNREACHABLE); /* of the last one */
	assert_int_equal(e.errors, 2);                  /* of all reasons */
	assert_int_equal(e.first_s, T0);
	assert_int_equal(e.last_s, T0 + DAY);
	assert_string_equal(e.code, "421");
	assert_string_equal(e.text, "421 \"busy\" \xc3\xa4\n");
	assert_string_equal(e.mx, "mx.x.test");
	assert_string_equal(e.campaign, "");
	assert_string_equal(e.rule, "rule-1");
	assert_string_equal(e.by, "mxbounce");
	assert_int_equal(redis_number(&redis, "HGET " KEY " errors:mailbox_full"), 1);
	assert_int_equal(redis_number(&redis, "HGET " KEY " errors:unreachable"), 1);
	assert_true(redis_is(&redis, "n2 n1", "HGET " KEY " ndrs"));
	/* A late one only leaves its time. */
	redis_set_ms(&redis, (T0 + 2 * DAY) * 1000);
	error = error_of('u', "n3", 0);
	count(&error);
	redis_set_ms(&redis, (T0 + 3 * DAY) * 1000);
	error = error_of('m', "n4", 0);
	error.text = "late";
	count(&error);
	assert_int_equal(redis_number(&redis, "HGET " KEY " late"), T0 + 3 * DAY);
	e = entry_of("a@x.test");
	assert_string_equal(e.text, "550 gone");
	assert_int_equal(e.since_s, T0 + 2 * DAY);
	assert_int_equal(e.errors, 3);
}

/* The last eight notices are remembered, newest first, and no more. */
static void
remembers_eight_notices(void **state)
{
	(void)state;
	redis_fresh(&redis);
	redis_set_ms(&redis, T0 * 1000);
	for (int i = 1; i <= 12; i++) {
		char ndr[16];
		struct store_error error;

		snprintf(ndr, sizeof(ndr), "n%d", i);
		error = error_of('m', ndr, 0);
		count(&error);
	}
	assert_true(redis_is(&redis, "n12 n11 n10 n9 n8 n7 n6 n5", "HGET " KEY " ndrs"));
	for (int i = 5; i <= 12; i++) {
		char ndr[16];
		struct store_error error;

		snprintf(ndr, sizeof(ndr), "n%d", i);
		error = error_of('m', ndr, 0);
		assert_string_equal(store_count_name(count(&error).outcome), "again");
	}
}

static void
addresses_count_apart(void **state)
{
	struct store_error a = error_of('m', "n1", 0), b = a;

	(void)state;
	b.addr = "a+{b}@x.test";
	redis_fresh(&redis);
	assert_string_equal(store_count_name(count(&a).outcome), "counted");
	assert_string_equal(store_count_name(count(&b).outcome),
	    "counted"); /* one notice, two addresses */
	assert_int_equal(redis_number(&redis, "EXISTS " KEY), 1);
	assert_int_equal(redis_number(&redis, "EXISTS mxpace:{q:a+%%7Bb%%7D@x.test}"), 1);
}

static void
an_operators_entry_is_known(void **state)
{
	struct quarantine_entry entry = { .status = QUARANTINE_QUARANTINED,
		.type = BOUNCE_HARD,
		.reason = REASON_UNDEFINED,
		.since_s = T0,
		.text = "asked us",
		.by = "operator" };
	struct store_error error = error_of('u', "n1", 0);
	struct store_batch batch = { 0 };

	(void)state;
	redis_fresh(&redis);
	redis_set_ms(&redis, T0 * 1000);
	store_put_quarantine_add(&batch, "a@x.test", &entry);
	redis_run(&redis, &batch);
	assert_string_equal(store_count_name(count(&error).outcome), "known");
	entry = entry_of("a@x.test");
	assert_string_equal(entry.text, "asked us");
	assert_string_equal(entry.by, "operator");
	assert_int_equal(redis_number(&redis, "TTL " KEY), -1);
}

/* Twenty processes bring the same notice at once: it counts once. And twenty different ones of one
 * significant period: one counts. */
static void
racing_notices(void **state)
{
	enum { CLIENTS = 20 };

	(void)state;
	for (int same = 0; same < 2; same++) {
		int ends[2], outcomes[STORE_OUTDATED + 1] = { 0 };
		pid_t pids[CLIENTS];

		redis_fresh(&redis);
		assert_int_equal(pipe(ends), 0);
		for (int i = 0; i < CLIENTS; i++) {
			pids[i] = fork();
			assert_true(pids[i] >= 0);
			if (pids[i] == 0) {
				char ndr[16];
				struct err err;
				struct store_batch batch = { 0 };
				struct store_counted counted;
				struct store_error error;
				struct store_sync *store =
				    store_sync_open(&redis.address, 10000, &err);
				unsigned char outcome;

				snprintf(ndr, sizeof(ndr), "n%d", same ? 1 : i);
				error = error_of('i', ndr, 0);
				store_put_error(&batch, &error, &counted);
				if (store == NULL ||
				    store_sync_run(store, &batch, &err) != STORE_DONE)
					_exit(1);
				store_sync_close(&store);
				store_batch_free(&batch);
				outcome = (unsigned char)counted.outcome;
				_exit(write(ends[1], &outcome, 1) == 1 ? 0 : 1);
			}
		}
		close(ends[1]);
		for (int i = 0; i < CLIENTS; i++) {
			unsigned char outcome;
			int status;

			assert_int_equal(read(ends[0], &outcome, 1), 1);
			assert_true(outcome < COUNT(outcomes));
			outcomes[outcome]++;
			assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
			assert_int_equal(status, 0);
		}
		close(ends[0]);
		assert_int_equal(outcomes[STORE_COUNTED], 1);
		assert_int_equal(outcomes[same ? STORE_AGAIN : STORE_SAME], CLIENTS - 1);
		assert_int_equal(redis_number(&redis, "HGET " KEY " errors"), 1);
	}
}

/* With the limits that Redis has by itself the hash stays one small piece of memory. */
static void
stays_small(void **state)
{
	static const char *const usual[] = { "by", "quiet", "errors:mailbox_full", "text:4" };
	struct store_error error = error_of('m', "0123456789abcdef", 0);
	struct quarantine_entry e;
	char text[QUARANTINE_TEXT_SIZE];
	redisReply *reply;

	(void)state;
	redis_fresh(&redis);
	redis_set_ms(&redis, T0 * 1000);
	memset(text, 'x', 180);
	strcpy(text + 180, "\xc3\xa4 end");
	error.text = text;
	error.mx = "a-host-with-a-name-of-more-than-64-bytes.in-a-long-domain.mail.x.test";
	error.message = "20261122.0123456789abcdef0123456789abcdef0123456789@newsletter.shop.test";
	count(&error);
	e = entry_of("a@x.test");
	assert_string_equal(e.text, text);
	assert_string_equal(e.mx, error.mx);
	assert_string_equal(e.message, error.message);
	assert_int_equal(e.errors_by[REASON_MAILBOX_FULL], 1);
	for (size_t i = 0; i < COUNT(usual); i++)
		assert_int_equal(redis_number(&redis, "HEXISTS " KEY " %s", usual[i]), 0);
	reply = redis_do(&redis, "OBJECT ENCODING " KEY);
	assert_true(strcmp(reply->str, "listpack") == 0 || strcmp(reply->str, "ziplist") == 0);
	freeReplyObject(reply);
	/* A shorter text leaves nothing of a longer one. */
	redis_set_ms(&redis, (T0 + DAY) * 1000);
	error = error_of('m', "n2", 0);
	error.text = "552 full";
	count(&error);
	e = entry_of("a@x.test");
	assert_string_equal(e.text, "552 full");
	assert_string_equal(e.mx, "mx.x.test");
	assert_int_equal(redis_number(&redis, "HEXISTS " KEY " text:2"), 0);
	assert_int_equal(redis_number(&redis, "HEXISTS " KEY " mx:2"), 0);
}

int
main(void)
{
	struct check_list list = { 0 };
	int rc;

	CHECK_ROWS(&list, lives_by_redis_time, life_rows);
	CHECK_ROWS(&list, lives_by_the_callers_time, life_rows);
	CHECK(&list, expiry_without_redis);
	CHECK(&list, fields);
	CHECK(&list, stays_small);
	CHECK(&list, remembers_eight_notices);
	CHECK(&list, addresses_count_apart);
	CHECK(&list, an_operators_entry_is_known);
	CHECK(&list, racing_notices);
	redis_start(&redis, NULL);
	rc = check_run(&list, "error");
	redis_stop(&redis);
	return rc;
}
