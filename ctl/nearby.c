#include "nearby.h"

static const char *const names[] = {
	[NEARBY_DECIDED] = "decided",
	[NEARBY_ALSO] = "also",
	[NEARBY_CLOSE] = "close",
};

const char *
nearby_part_name(enum nearby_part part)
{
	return names[part];
}

/* By bits: 1 code, 2 status, 4 host. */
static const char *
missing(const struct classify_look *look)
{
	static const char *const words[] = { "", "another code", "another status",
		"another code and status", "another host", "another code and host",
		"another status and host", "another code, status and host" };

	return words[(look->code ? 0 : 1) + (look->status ? 0 : 2) + (look->remote ? 0 : 4)];
}

size_t
nearby_list(const struct bounce_rules *rules, const struct classify_view *view,
    const struct bounce_rule *decided, struct nearby all[NEARBY_MAX])
{
	struct nearby close[NEARBY_OF_EACH];
	size_t count = 0, also = 0, closes = 0;
	bool behind = false; /* the one that decided */

	if (decided != NULL)
		all[count++] = (struct nearby){ decided, NEARBY_DECIDED,
			classify_look(view, decided).found, "" };
	for (size_t i = 0; i < bounce_rules_count(rules); i++) {
		const struct bounce_rule *rule = bounce_rules_at(rules, i);
		struct classify_look look;

		if (rule == decided) {
			behind = true;
			continue;
		}
		look = classify_look(view, rule);
		if (look.text && *missing(&look) == '\0' && also < NEARBY_OF_EACH) {
			all[count++] = (struct nearby){ rule, NEARBY_ALSO, look.found, "" };
			also++;
		} else if (!behind && look.text && rule->pattern != NULL &&
			   *missing(&look) != '\0' && closes < NEARBY_OF_EACH) {
			close[closes++] =
			    (struct nearby){ rule, NEARBY_CLOSE, look.found, missing(&look) };
		}
	}
	for (size_t i = 0; i < closes; i++)
		all[count++] = close[i];
	return count;
}
