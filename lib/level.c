#include "level.h"

const char *const level_names[] = { "", "slow", "normal", "fast", "very_fast", "boost", "custom",
	NULL };

const struct level_factors level_factors_default[LEVELS] = {
	[LEVEL_NONE] = { 1, 1, 1 },
	[LEVEL_SLOW] = { 0.4, 0.5, 0.25 },
	[LEVEL_NORMAL] = { 1, 1, 1 },
	[LEVEL_FAST] = { 1.5, 1, 2 },
	[LEVEL_VERY_FAST] = { 2, 1, 4 },
	[LEVEL_BOOST] = { 4, 1, 10 },
	[LEVEL_CUSTOM] = { 1, 1, 1 },
};

enum level
level_of(struct span name)
{
	for (int i = LEVEL_SLOW; i < LEVELS; i++)
		if (span_eq(name, span_of(level_names[i])))
			return (enum level)i;
	return LEVEL_NONE;
}

static int
rank(enum level level)
{
	return level == LEVEL_NONE || level == LEVEL_CUSTOM ? LEVEL_NORMAL : (int)level;
}

enum level
level_lower(enum level a, enum level b)
{
	return rank(b) < rank(a) ? b : a;
}
