#include "local.h"

int64_t
local_share(int64_t limit, const struct local_fleet *fleet)
{
	return limit / fleet->nodes + (fleet->rank < limit % fleet->nodes ? 1 : 0);
}

int64_t
local_cap(int64_t limit, int64_t period_ms, int64_t had, int64_t away_ms,
    const struct local_fleet *fleet)
{
	int64_t share = local_share(limit, fleet);
	int64_t after_ms =
	    period_ms > 0 && period_ms < LOCAL_FREEZE_MS ? period_ms : LOCAL_FREEZE_MS;

	if (fleet->nodes <= 1)
		return limit;
	if (away_ms < LOCAL_FREEZE_MS)
		return had;
	if (away_ms < LOCAL_FREEZE_MS + after_ms && had < share)
		return had;
	return share;
}
