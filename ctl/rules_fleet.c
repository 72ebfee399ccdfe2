#include "rules_fleet.h"

#include "clock.h"
#include "minisign.h"

static int
open_store(struct ctl *ctl, struct err *err)
{
	return ctl->store != NULL ? 0 : ctl_store_open(ctl, err);
}

int
rules_fleet_read(struct ctl *ctl, struct store_rules *rules, struct err *err)
{
	*rules = (struct store_rules){ .arena = &ctl->arena };
	if (open_store(ctl, err) != 0)
		return -1;
	store_put_rules_read(&ctl->batch, rules);
	return ctl_store_run(ctl, err);
}

int
rules_fleet_announce(struct ctl *ctl, const struct rules_offer *offer, const char *how,
    const char *held, const char *by, struct err *err)
{
	char at[CLOCK_DATE_SIZE], digest[MINISIGN_SHA256_TEXT] = "";
	struct store_rules rules = { .version = SPAN(RULES_CONFIGURED),
		.by = span_of(by),
		.how = span_of(how),
		.held = span_of(held) };

	if (open_store(ctl, err) != 0)
		return -1;
	rules.at = span_of(clock_format(clock_wall_s(), at));
	if (offer != NULL) {
		minisign_sha256(offer->text, digest);
		rules.version = span_of(offer->bundle.version);
		rules.bundle = offer->text;
		rules.signature = offer->signature;
	}
	rules.sha256 = span_of(digest);
	store_put_rules(&ctl->batch, &rules);
	return ctl_store_run(ctl, err);
}

int
rules_fleet_event(struct ctl *ctl, const char *how, const char *version, const char *before,
    const char *by, const char *failure, struct err *err)
{
	const struct store_event_field fields[] = {
		{ "how", how },
		{ "version", version },
		{ "before", before },
		{ "by", by },
		{ "node", ctl->settings->node },
		{ "failure", failure },
	};

	if (open_store(ctl, err) != 0)
		return -1;
	store_put_event(&ctl->batch, "rules", fields, sizeof(fields) / sizeof(fields[0]));
	return ctl_store_run(ctl, err);
}
