#include "settings_guard.h"

#define MINUTE INT64_C(60000)

#define AT(member) offsetof(struct guard_policy, member)
static const struct conf_key guard_keys[] = {
	{ "window", CONF_DURATION, AT(window_ms), "10m", 2 * MINUTE, 60 * MINUTE, NULL, NULL },
	{ "factor", CONF_NUMBER, AT(factor), "5", 2, 1000, NULL, NULL },
	{ "floor", CONF_NUMBER, AT(floor), "20", 0, 100000, NULL, NULL },
	{ "ratio", CONF_NUMBER, AT(ratio), "50", 1, 95, NULL, NULL },
	{ "quiet", CONF_DURATION, AT(quiet_ms), "1h", MINUTE, 30 * 1440 * MINUTE, NULL, NULL },
};
#undef AT
enum { KEYS = sizeof(guard_keys) / sizeof(guard_keys[0]) };

void
settings_guard_defaults(struct settings *settings)
{
	conf_defaults(&settings->arena, guard_keys, KEYS, &settings->guard);
}

void
settings_read_guard(struct conf_reader *reader, struct config_setting_t *setting, void *target)
{
	struct settings *settings = target;

	reader->context = "guard.";
	conf_read(reader, setting, guard_keys, KEYS, NULL, &settings->guard);
	reader->context = "";
}

void
settings_pack_guard(const struct settings *settings, struct str *out)
{
	conf_pack(guard_keys, KEYS, &settings->guard, out);
}

void
settings_unpack_guard(struct settings *settings, struct unpack *in)
{
	conf_unpack(&settings->arena, guard_keys, KEYS, &settings->guard, in);
}
