#include "level.h"

const char *const level_names[] = { "", "slow", "normal", "fast", "very_fast", "boost", "custom",
	NULL };

enum level
level_of(struct span name)
{
	for (int i = LEVEL_SLOW; i < LEVELS; i++)
		if (span_eq(name, span_of(level_names[i])))
			return (enum level)i;
	return LEVEL_NONE;
}
