#include "rules_text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"

struct reader {
	struct arena *arena;
	struct rules_text *text;
	const char *list, *rule;
};

int
rules_text_compare(const struct rules_text_value *a, const struct rules_text_value *b)
{
	int order = strcmp(a->list, b->list);

	if (order == 0)
		order = strcmp(a->rule, b->rule);
	return order != 0 ? order : strcmp(a->key, b->key);
}

static int
by_place(const void *a, const void *b)
{
	return rules_text_compare(a, b);
}

const struct rules_text_value *
rules_text_find(const struct rules_text *text, const char *list, const char *rule, const char *key)
{
	const struct rules_text_value wanted = { list, rule, key, NULL };

	if (text->count == 0)
		return NULL;
	return bsearch(&wanted, text->values, text->count, sizeof(wanted), by_place);
}

static void
add(struct reader *reader, const char *key, const struct config_setting_t *setting)
{
	struct rules_text *text = reader->text;
	struct str value = { 0 };

	conf_value(setting, &value);
	if ((text->count & (text->count - 1)) == 0)
		text->values =
		    mem_resize(text->values, (2 * text->count + 1) * sizeof(*text->values));
	text->values[text->count++] = (struct rules_text_value){ reader->list, reader->rule, key,
		arena_dup(reader->arena, span_make(str_text(&value), value.len)) };
	str_free(&value);
}

static bool
is_list_of_groups(const struct config_setting_t *setting)
{
	return conf_is_list(setting) && conf_length(setting) > 0 &&
	       conf_is_group(conf_at(setting, 0));
}

/* The members of a group, those of groups within it as "backoff[2].after". */
static void
read_group(struct reader *reader, const struct config_setting_t *group, const char *prefix)
{
	for (size_t i = 0; i < conf_length(group); i++) {
		const struct config_setting_t *member = conf_at(group, i);
		const char *key = arena_printf(reader->arena, "%s%s", prefix, conf_name(member));

		if (*prefix == '\0' && strcmp(key, "name") == 0)
			continue;
		if (conf_is_group(member))
			read_group(reader, member, arena_printf(reader->arena, "%s.", key));
		else if (!is_list_of_groups(member))
			add(reader, key, member);
		else
			for (size_t k = 0; k < conf_length(member); k++)
				read_group(reader, conf_at(member, k),
				    arena_printf(reader->arena, "%s[%zu].", key, k + 1));
	}
}

static void
read_root(struct reader *reader, const struct config_setting_t *root)
{
	for (size_t i = 0; i < conf_length(root); i++) {
		const struct config_setting_t *list = conf_at(root, i);

		reader->list = arena_dup(reader->arena, span_of(conf_name(list)));
		for (size_t k = 0; is_list_of_groups(list) && k < conf_length(list); k++) {
			const struct config_setting_t *rule = conf_at(list, k);
			const struct config_setting_t *name =
			    conf_is_group(rule) ? conf_member(rule, "name") : NULL;
			const char *text = name != NULL ? conf_string(name) : NULL;

			reader->rule = text != NULL ? arena_dup(reader->arena, span_of(text))
						    : arena_printf(reader->arena, "#%zu", k + 1);
			if (conf_is_group(rule))
				read_group(reader, rule, "");
		}
	}
}

int
rules_text_read(const char *path, struct arena *arena, struct rules_text *text,
    struct conf_errors *errors)
{
	struct reader reader = { arena, text, "", "" };
	struct conf_file *file;

	if (!conf_exists(path))
		return 0;
	file = conf_open(path, errors);
	if (file == NULL)
		return -1;
	read_root(&reader, conf_root(file));
	conf_close(&file);
	if (text->count > 1)
		qsort(text->values, text->count, sizeof(*text->values), by_place);
	return 0;
}

void
rules_text_free(struct rules_text *text)
{
	free(text->values);
	*text = (struct rules_text){ 0 };
}
