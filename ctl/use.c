#include "use.h"

#include <string.h>

#include "keys.h"

struct use
use_of(struct ctl *ctl, const char *group, const char *ip, const struct mx_rule *rule)
{
	const struct mx_limits *limits = in_force(ctl, rule, group, ip);

	return (struct use){
		.group = group,
		.ip = ip,
		.rule = rule,
		.limits = limits,
		.count = limits != NULL ? limits->limit_count : 0,
	};
}

int64_t
use_connections(const struct use *use)
{
	return use->limits != NULL ? use->limits->connections : 0;
}

/* Adds a row for each sending IP. */
static void
add_group(struct ctl *ctl, const struct conf_strings *ips, const char *group,
    const struct mx_rule *rule, int64_t used_s, struct uses *uses)
{
	bool together = rule != NULL && rule->per == MX_PER_GROUP;

	for (size_t i = 0; i < (together ? 1 : ips->count); i++) {
		struct use *use = &uses->items[uses->count++];

		*use = use_of(ctl, group, together ? "all" : ips->items[i], rule);
		use->used_s = used_s;
	}
}

int
uses_list(struct ctl *ctl, const struct nodes *nodes, int64_t since_s, struct uses *uses,
    struct err *err)
{
	struct store_fields index = { .arena = &ctl->arena };
	struct conf_strings ips = nodes_sending_ips(ctl, nodes);
	struct str name = { 0 };

	*uses = (struct uses){ 0 };
	store_put_groups(&ctl->batch, &index);
	if (ctl_store_run(ctl, err) != 0)
		return -1;
	uses->items = arena_alloc(&ctl->arena,
	    (index.count / 2 + 1) * (ips.count + 1) * sizeof(*uses->items));
	for (size_t i = 0; i + 1 < index.count; i += 2) {
		unsigned long long used = 0;

		str_empty(&name);
		if (!span_number(index.items[i + 1], &used) || (int64_t)used < since_s ||
		    keys_decode(&name, index.items[i]) != 0)
			continue;
		add_group(ctl, &ips, arena_dup(&ctl->arena, span_of(str_text(&name))),
		    mx_rules_of_group(ctl->rules, str_text(&name)), (int64_t)used, uses);
	}
	str_free(&name);
	return 0;
}

struct uses
uses_of_group(struct ctl *ctl, const struct nodes *nodes, const char *group,
    const struct mx_rule *rule)
{
	struct conf_strings ips = nodes_sending_ips(ctl, nodes);
	struct uses uses = { arena_alloc(&ctl->arena, (ips.count + 1) * sizeof(*uses.items)), 0 };

	add_group(ctl, &ips, group, rule, 0, &uses);
	return uses;
}

/* -- reading ----------------------------------------------------------------------------------- */

struct use_fields { /* of one row, as Redis has them */
	struct store_fields connections;
	struct store_fields rings[MX_LIMITS_MAX];
};

static void
put_use(struct ctl *ctl, struct arena *arena, const struct use *use, struct use_fields *fields)
{
	fields->connections = (struct store_fields){ .arena = arena };
	store_put_connections(&ctl->batch, use->group, use->ip, &fields->connections);
	for (size_t i = 0; i < use->count; i++) {
		fields->rings[i] = (struct store_fields){ .arena = arena };
		store_put_ring(&ctl->batch, use->group, use->ip, &use->limits->limits[i],
		    &fields->rings[i]);
	}
}

static void
set_use(struct use *use, const struct use_fields *fields, const struct ctl_time *now)
{
	use->open = store_open_total(&fields->connections, now->s);
	for (size_t i = 0; i < use->count; i++) {
		const struct limit *limit = &use->limits->limits[i];

		use->messages[i] = (struct out_use){
			.used = store_ring_used(&fields->rings[i], limit, now->ms),
			.limit = limit->count,
			.period = limit->period,
		};
		use->wait_ms[i] = store_ring_wait(&fields->rings[i], limit, now->ms);
	}
}

/* Reads as many rows as one batch takes, at least one. */
static int
read_some(struct ctl *ctl, struct use *uses, size_t count, const struct ctl_time *now, size_t *done,
    struct err *err)
{
	struct use_fields fields[STORE_BATCH_MAX];
	struct arena arena;
	int rc;

	arena_init(&arena);
	for (*done = 0; *done < count; ++*done) {
		if (ctl->batch.count + 1 + uses[*done].count > STORE_BATCH_MAX)
			break;
		put_use(ctl, &arena, &uses[*done], &fields[*done]);
	}
	rc = ctl_store_run(ctl, err);
	for (size_t i = 0; rc == 0 && i < *done; i++)
		set_use(&uses[i], &fields[i], now);
	arena_clear(&arena);
	return rc;
}

int
uses_read(struct ctl *ctl, struct uses *uses, const struct ctl_time *now, struct err *err)
{
	size_t done;

	for (size_t i = 0; i < uses->count; i += done)
		if (read_some(ctl, uses->items + i, uses->count - i, now, &done, err) != 0)
			return -1;
	return 0;
}

/* -- what follows from it ---------------------------------------------------------------------- */

bool
use_has_slot(const struct use *use)
{
	return use_connections(use) == 0 || use->open < use_connections(use);
}

int64_t
use_wait_ms(const struct use *use)
{
	int64_t longest = 0;

	for (size_t i = 0; i < use->count; i++)
		if (use->wait_ms[i] > longest)
			longest = use->wait_ms[i];
	return longest;
}

int64_t
use_fullness(const struct use *use)
{
	int64_t fullest = 0;

	if (use_connections(use) > 0)
		fullest = use->open * 1000 / use_connections(use);
	for (size_t i = 0; i < use->count; i++)
		if (use->messages[i].used * 1000 / use->messages[i].limit > fullest)
			fullest = use->messages[i].used * 1000 / use->messages[i].limit;
	return fullest;
}

struct out_value
use_next(const struct use *use)
{
	if (use_wait_ms(use) == 0 && !use_has_slot(use))
		return out_none("no slot");
	return out_wait(use_wait_ms(use));
}

struct out_value
use_open(const struct use *use, struct out_use *open)
{
	*open = (struct out_use){ use->open, use_connections(use), NULL };
	return out_use(open);
}
