#include <inttypes.h>
#include <string.h>

#include "conf.h"
#include "duration.h"

void
conf_places(struct conf_reader *reader, const struct config_setting_t *group,
    const struct conf_key *keys, size_t count, struct conf_place *places)
{
	const char *file = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct config_setting_t *setting = conf_member(group, keys[i].name);
		const char *where;

		if (setting == NULL)
			continue;
		where = conf_where(reader, setting);
		if (file == NULL || strcmp(file, where) != 0)
			file = arena_dup(reader->arena, span_of(where));
		places[i] = (struct conf_place){ file, conf_line(setting) };
	}
}

static void
format_strings(const struct conf_strings *strings, struct str *out)
{
	str_adds(out, "[");
	for (size_t i = 0; i < strings->count; i++)
		str_addf(out, "%s\"%s\"", i > 0 ? ", " : " ", strings->items[i]);
	str_adds(out, " ]");
}

void
conf_format(const struct conf_key *key, const void *source, struct str *out)
{
	const void *value = (const char *)source + key->offset;
	const char *text;
	char duration[DURATION_SIZE];

	switch (key->type) {
	case CONF_STRING:
		text = *(const char *const *)value;
		str_addf(out, "\"%s\"", text != NULL ? text : "");
		break;
	case CONF_STRINGS:
		format_strings(value, out);
		break;
	case CONF_BOOL:
		str_adds(out, *(const bool *)value ? "true" : "false");
		break;
	case CONF_NUMBER:
	case CONF_SIZE:
		str_addf(out, "%" PRId64, *(const int64_t *)value);
		break;
	case CONF_DURATION:
		str_addf(out, "\"%s\"", duration_format(*(const int64_t *)value, duration));
		break;
	case CONF_WORD:
		if (*(const int *)value >= 0)
			str_addf(out, "\"%s\"", key->words[*(const int *)value]);
		break;
	case CONF_CUSTOM:
		break;
	}
}
