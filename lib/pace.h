/*
 * pace - which level holds for a rule and a sending IP, and who said so. Pure.
 *
 *   rule    what mxctl level set for it, else the rule's own `level`
 *   ip      what mxctl level set for it, else the sending IP's `level` in the configuration
 *   pool    of the first pool that has the sending IP and a level: set, else configured
 *   all     what mxctl level set, else the configuration's `level`
 *
 * The first of these that says a level decides. "custom" can only be written, in a rule or as the
 * configuration's `level`, where nothing can be set for all. Rules that count all sending IPs together know no ip or pool.
 * A stage of a warm-up takes the lower of its level and this one (level_lower).
 */
#ifndef PACE_H
#define PACE_H

#include "mx_limits.h"
#include "settings.h"

enum pace_scope { PACE_ALL, PACE_POOL, PACE_IP, PACE_RULE, PACE_SCOPES };
/* "all" "pool" "ip" "rule", NULL at the end: before the ':' of a field of mxpace:levels. */
extern const char *const pace_scope_names[];

/* "set": by mxctl level, in Redis. */
enum pace_source { PACE_CONFIGURED, PACE_IN_RULE, PACE_SET };
extern const char *const pace_source_names[]; /* "configuration" "rules" "set" */

struct pace_set { /* one field of mxpace:levels: "fast since 1793427293 by root" */
	enum pace_scope scope;
	const char *name; /* of the pool, IP or rule; "" for all */
	enum level level;
	int64_t since_s; /* 0: not known */
	const char *by;  /* "": not known */
};

struct pace_sets {
	struct pace_set *items;
	size_t count;
};

/* The field's name: "all", "ip:192.0.2.1". */
void pace_field(struct str *out, enum pace_scope scope, const char *name);
/* False: not a field or level of ours (perhaps of a newer version); texts are copied to the arena. */
bool pace_set_parse(struct arena *arena, struct span field, struct span value,
    struct pace_set *out);
/* NULL: nothing is set there. */
const struct pace_set *pace_set_of(const struct pace_sets *sets, enum pace_scope scope,
    const char *name);

struct pace {
	enum level level; /* never LEVEL_NONE */
	enum pace_scope scope;
	const char *name; /* of the pool, IP or rule that decides; "" for all */
	enum pace_source source;
	const struct pace_set *set; /* PACE_SET: which */
};

/* rule NULL: of the sending IP; ip NULL: of all (or of the rule wherever nothing more is said). */
void pace_of(const struct settings *settings, const struct pace_sets *sets,
    const struct mx_rule *rule, const char *ip, struct pace *out);
/* Of one pool. */
void pace_of_pool(const struct settings *settings, const struct pace_sets *sets,
    const struct pool *pool, struct pace *out);

#endif
