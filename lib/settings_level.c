#include "settings_level.h"

#include <string.h>

/* Packed as millionths. */
#define PARTS 1e6

static const struct {
	const char *name;
	size_t offset;
} factors[] = {
	{ "connections", offsetof(struct level_factors, connections) },
	{ "messages_per_connection", offsetof(struct level_factors, messages_per_connection) },
	{ "rate", offsetof(struct level_factors, rate) },
};
enum { FACTORS = sizeof(factors) / sizeof(factors[0]), FACTOR_MAX = 100 };

static double *
factor_of(struct level_factors *level, size_t i)
{
	return (double *)(void *)((char *)level + factors[i].offset);
}

void
settings_level_defaults(struct settings *settings)
{
	memcpy(settings->levels, level_factors_default, sizeof(settings->levels));
}

static void
read_level(struct conf_reader *reader, struct config_setting_t *setting, const char *name,
    struct level_factors *level)
{
	const char *known[FACTORS + 1] = { NULL };

	for (size_t i = 0; i < FACTORS; i++)
		known[i] = factors[i].name;
	reader->context = arena_printf(reader->arena, "levels.%s.", name);
	conf_read(reader, setting, NULL, 0, known, NULL);
	for (size_t i = 0; i < FACTORS && conf_is_group(setting); i++) {
		struct config_setting_t *member = conf_member(setting, factors[i].name);
		double value;

		if (member == NULL)
			continue;
		if (conf_fraction(member, &value) && value >= 0.001 && value <= FACTOR_MAX)
			*factor_of(level, i) = value;
		else
			conf_mistake(reader, member, NULL, "must be a number from 0.001 to %d",
			    FACTOR_MAX);
	}
}

void
settings_read_levels(struct conf_reader *reader, struct config_setting_t *setting, void *target)
{
	static const enum level own[] = { LEVEL_SLOW, LEVEL_FAST, LEVEL_VERY_FAST, LEVEL_BOOST };
	struct settings *settings = target;
	const char *known[LEVELS] = { NULL };
	size_t count = sizeof(own) / sizeof(own[0]);

	/* "normal" and "custom" are the rules as they are. */
	for (size_t i = 0; i < count; i++)
		known[i] = level_names[own[i]];
	reader->context = "levels.";
	conf_read(reader, setting, NULL, 0, known, NULL);
	for (size_t i = 0; i < count && conf_is_group(setting); i++) {
		struct config_setting_t *member = conf_member(setting, known[i]);

		if (member != NULL)
			read_level(reader, member, known[i], &settings->levels[own[i]]);
	}
	reader->context = "";
}

void
settings_pack_level(const struct settings *settings, struct str *out)
{
	for (size_t level = 0; level < LEVELS; level++) {
		struct level_factors one = settings->levels[level];

		for (size_t i = 0; i < FACTORS; i++)
			pack_number(out, (int64_t)(*factor_of(&one, i) * PARTS + 0.5));
	}
}

void
settings_unpack_level(struct settings *settings, struct unpack *in)
{
	for (size_t level = 0; level < LEVELS; level++)
		for (size_t i = 0; i < FACTORS; i++)
			*factor_of(&settings->levels[level], i) = (double)unpack_number(in) / PARTS;
}
