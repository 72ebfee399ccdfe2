#include "restore.h"

#include "clock.h"
#include "store_egress.h"

static void
restore_lane(struct egress *egress, struct lane *lane)
{
	struct store_async *store = egress->engine->store;
	struct str newest[MX_LIMITS_MAX] = { 0 };
	const char *texts[MX_LIMITS_MAX];
	struct store_restore restore = {
		.group = lane_name(lane),
		.ip = lane_ip(lane),
		.node = egress->engine->settings->node,
		.limits = lane->limits.limits,
		.limit_count = lane->limits.limit_count,
		.sent = lane->ledger.sent,
		.newest = texts,
	};

	for (size_t i = 0; i < restore.limit_count; i++) {
		ledger_newest(&lane->ledger, i, INT64_MAX, clock_monotonic_ms(), &newest[i]);
		texts[i] = str_text(&newest[i]);
	}
	store_put_restore(store_async_batch(store), &restore, NULL);
	store_async_send(store);
	for (size_t i = 0; i < restore.limit_count; i++)
		str_free(&newest[i]);
	lane->unrestored = false;
}

static void
restore_known(void *arg, struct lane *lane)
{
	if (lane->ledger.sent > 0)
		restore_lane(arg, lane);
}

static void
restore_unrestored(void *arg, struct lane *lane)
{
	if (lane->unrestored)
		restore_lane(arg, lane);
}

void
restore_lanes(struct egress *egress, bool all)
{
	if (store_async_works(egress->engine->store))
		lanes_each(egress->lanes, all ? restore_known : restore_unrestored, egress);
}
