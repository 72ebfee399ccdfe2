#include "pace.h"

#include <string.h>

#include "keys.h"

const char *const pace_scope_names[] = { "all", "pool", "ip", "rule", NULL };
const char *const pace_source_names[] = { "configuration", "rules", "set", NULL };

/* Takes the next word off *rest. */
static struct span
word(struct span *rest)
{
	long blank = span_find(*rest, SPAN(" "));
	struct span word = blank < 0 ? *rest : span_make(rest->ptr, (size_t)blank);

	*rest = span_from(*rest, blank < 0 ? rest->len : (size_t)blank + 1);
	return word;
}

void
pace_field(struct str *out, enum pace_scope scope, const char *name)
{
	str_adds(out, pace_scope_names[scope]);
	if (scope == PACE_ALL)
		return;
	str_adds(out, ":");
	keys_encode(out, span_of(name));
}

bool
pace_set_parse(struct arena *arena, struct span field, struct span value, struct pace_set *out)
{
	long colon = span_find(field, SPAN(":"));
	struct span scope = colon < 0 ? field : span_make(field.ptr, (size_t)colon);
	unsigned long long since;
	struct str name = { 0 };
	bool decoded;

	*out = (struct pace_set){ .name = "", .by = "" };
	while (out->scope < PACE_SCOPES && !span_eq(scope, span_of(pace_scope_names[out->scope])))
		out->scope++;
	if (out->scope == PACE_SCOPES || (out->scope == PACE_ALL) != (colon < 0))
		return false;
	out->level = level_of(word(&value));
	if (out->level == LEVEL_NONE || out->level == LEVEL_CUSTOM)
		return false;
	decoded = colon < 0 || keys_decode(&name, span_from(field, (size_t)colon + 1)) == 0;
	out->name = arena_dup(arena, span_of(str_text(&name)));
	str_free(&name);
	if (!decoded)
		return false;
	if (span_eq(word(&value), SPAN("since")) && span_number(word(&value), &since))
		out->since_s = (int64_t)since;
	if (span_eq(word(&value), SPAN("by")))
		out->by = arena_dup(arena, value);
	return true;
}

const struct pace_set *
pace_set_of(const struct pace_sets *sets, enum pace_scope scope, const char *name)
{
	for (size_t i = 0; i < sets->count; i++)
		if (sets->items[i].scope == scope && strcmp(sets->items[i].name, name) == 0)
			return &sets->items[i];
	return NULL;
}

/* What is set there, else what is written; false: neither. */
static bool
says(const struct pace_sets *sets, enum pace_scope scope, const char *name, int written,
    struct pace *out)
{
	const struct pace_set *set = pace_set_of(sets, scope, name);

	*out = (struct pace){
		.level = set != NULL ? set->level : (enum level)written,
		.scope = scope,
		.name = name,
		.source = set != NULL          ? PACE_SET
			  : scope == PACE_RULE ? PACE_IN_RULE
					       : PACE_CONFIGURED,
		.set = set,
	};
	return out->level != LEVEL_NONE;
}

static bool
rule_says(const struct pace_sets *sets, const struct mx_rule *rule, struct pace *out)
{
	return rule != NULL && says(sets, PACE_RULE, rule->name, rule->level, out);
}

static bool
ip_says(const struct settings *settings, const struct pace_sets *sets, const char *ip,
    struct pace *out)
{
	int written = LEVEL_NONE;

	for (size_t i = 0; i < settings->sending_ip_count; i++)
		if (strcmp(settings->sending_ips[i].name, ip) == 0)
			written = settings->sending_ips[i].level;
	return says(sets, PACE_IP, ip, written, out);
}

static bool
has(const struct pool *pool, const char *ip)
{
	for (size_t i = 0; i < pool->ips.count; i++)
		if (strcmp(pool->ips.items[i], ip) == 0)
			return true;
	return false;
}

static bool
a_pool_says(const struct settings *settings, const struct pace_sets *sets, const char *ip,
    struct pace *out)
{
	for (size_t i = 0; i < settings->pool_count; i++)
		if (has(&settings->pools[i], ip) &&
		    says(sets, PACE_POOL, settings->pools[i].name, settings->pools[i].level, out))
			return true;
	return false;
}

static void
all_say(const struct settings *settings, const struct pace_sets *sets, struct pace *out)
{
	static const struct pace_sets none;

	says(settings->level == LEVEL_CUSTOM ? &none : sets, PACE_ALL, "", settings->level, out);
}

void
pace_of(const struct settings *settings, const struct pace_sets *sets, const struct mx_rule *rule,
    const char *ip, struct pace *out)
{
	bool together = ip == NULL || (rule != NULL && rule->per == MX_PER_GROUP);

	if (rule_says(sets, rule, out))
		return;
	if (!together && (ip_says(settings, sets, ip, out) || a_pool_says(settings, sets, ip, out)))
		return;
	all_say(settings, sets, out);
}

void
pace_of_pool(const struct settings *settings, const struct pace_sets *sets, const struct pool *pool,
    struct pace *out)
{
	if (!says(sets, PACE_POOL, pool->name, pool->level, out))
		all_say(settings, sets, out);
}
