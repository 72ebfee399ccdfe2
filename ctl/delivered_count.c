#include "delivered_count.h"

#include <string.h>

#include "clock.h"
#include "store_delivered.h"
#include "store_sender.h"

enum { COMMANDS = 3 }; /* a script, and the two of an index */

/* Whether both are counted by one call. */
static bool
is_same(const struct delivery *a, const struct delivery *b, size_t kind)
{
	return strcmp(a->names[kind], b->names[kind]) == 0 && strcmp(a->source, b->source) == 0;
}

/* The first of a call has those after it, in their order, with it. */
static bool
is_first(const struct delivery *deliveries, size_t i, size_t kind)
{
	for (size_t k = 0; k < i; k++)
		if (is_same(&deliveries[k], &deliveries[i], kind))
			return false;
	return *deliveries[i].names[kind] != '\0';
}

static void
put_count(struct ctl *ctl, const struct delivery *deliveries, size_t count, size_t first,
    size_t kind, struct store_delivered_counted *counted)
{
	struct store_delivered_at list[DELIVERY_AT_ONCE];
	const struct delivery *of = &deliveries[first];
	int64_t now_s = clock_wall_s();
	struct store_delivered_count call = {
		.kind = (enum sender_kind)kind,
		.name = of->names[kind],
		.source = of->source,
		.known_only = of->known_only,
		.list = list,
	};

	for (size_t i = first; i < count && call.count < DELIVERY_AT_ONCE; i++)
		if (is_same(&deliveries[i], of, kind))
			list[call.count++] = (struct store_delivered_at){ deliveries[i].place,
				deliveries[i].at_s > 0 ? deliveries[i].at_s : now_s };
	store_put_delivered_count(&ctl->batch, &call, counted);
	if (!of->known_only)
		store_put_sender_use(&ctl->batch, call.kind, call.name, now_s);
}

int
delivered_count(struct ctl *ctl, const struct delivery *deliveries, size_t count, int64_t *counted,
    struct err *err)
{
	struct store_delivered_counted answers[SENDER_KINDS][DELIVERY_AT_ONCE] = { 0 };

	for (size_t kind = 0; kind < SENDER_KINDS; kind++)
		for (size_t i = 0; i < count; i++) {
			if (!is_first(deliveries, i, kind))
				continue;
			if (ctl->batch.count + COMMANDS > STORE_BATCH_MAX &&
			    ctl_store_run(ctl, err) != 0)
				return -1;
			put_count(ctl, deliveries, count, i, kind, &answers[kind][i]);
		}
	if (ctl->batch.count > 0 && ctl_store_run(ctl, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		*counted += answers[SENDER_ACCOUNT][i].counted;
	return 0;
}
