#include "conf.h"

#include <errno.h>
#include <inttypes.h>
#include <libconfig.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "duration.h"
#include "mem.h"

struct conf_file {
	config_t config;
	char *name;
};

void
conf_errors_free(struct conf_errors *errors)
{
	str_free(&errors->lines);
	errors->count = 0;
}

static void
add_mistake(struct conf_errors *errors, const char *file, unsigned line, const char *key,
    const char *words)
{
	size_t start = errors->lines.len;

	errors->count++;
	str_addf(&errors->lines, "%s:%u: %s%s%s", file, line, key, *key != '\0' ? ": " : "", words);
	for (size_t i = start; i < errors->lines.len; i++) /* one line, whatever it quotes */
		if ((unsigned char)errors->lines.data[i] < ' ' || errors->lines.data[i] == 0x7f)
			errors->lines.data[i] = '?';
	str_addc(&errors->lines, '\n');
}

void
conf_errors_add(struct conf_errors *errors, const struct conf_place *place, const char *key,
    const char *fmt, ...)
{
	char words[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	add_mistake(errors, place->file, place->line, key, words);
}

static struct conf_file *
file_new(const char *name)
{
	struct conf_file *file = mem_alloc(sizeof(*file));

	config_init(&file->config);
	file->name = mem_dup(name);
	return file;
}

static struct conf_file *
file_parsed(struct conf_file *file, int ok, struct conf_errors *errors)
{
	const char *where = config_error_file(&file->config);

	if (ok)
		return file;
	add_mistake(errors, where != NULL ? where : file->name,
	    (unsigned)config_error_line(&file->config), "", config_error_text(&file->config));
	conf_close(&file);
	return NULL;
}

bool
conf_exists(const char *path)
{
	if (*path == '\0')
		return false;
	return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

struct conf_file *
conf_open(const char *path, struct conf_errors *errors)
{
	struct conf_file *file;
	struct stat st;
	const char *slash = strrchr(path, '/');

	if (stat(path, &st) != 0 || access(path, R_OK) != 0) {
		add_mistake(errors, path, 0, "", strerror(errno));
		return NULL;
	}
	if (!S_ISREG(st.st_mode)) {
		add_mistake(errors, path, 0, "", "not a regular file");
		return NULL;
	}
	file = file_new(path);
	if (slash != NULL) {
		char *folder = mem_dup_bytes(path, (size_t)(slash - path) + (slash == path));

		config_set_include_dir(&file->config, folder);
		free(folder);
	}
	return file_parsed(file, config_read_file(&file->config, path), errors);
}

struct conf_file *
conf_parse(const char *text, const char *name, struct conf_errors *errors)
{
	struct conf_file *file = file_new(name);

	return file_parsed(file, config_read_string(&file->config, text), errors);
}

void
conf_close(struct conf_file **file)
{
	if (*file == NULL)
		return;
	config_destroy(&(*file)->config);
	free((*file)->name);
	free(*file);
	*file = NULL;
}

struct config_setting_t *
conf_root(struct conf_file *file)
{
	return config_root_setting(&file->config);
}

size_t
conf_length(const struct config_setting_t *setting)
{
	return config_setting_is_aggregate(setting) ? (size_t)config_setting_length(setting) : 0;
}

struct config_setting_t *
conf_at(const struct config_setting_t *setting, size_t i)
{
	return config_setting_get_elem(setting, (unsigned)i);
}

struct config_setting_t *
conf_member(const struct config_setting_t *setting, const char *name)
{
	return config_setting_get_member(setting, name);
}

const char *
conf_name(const struct config_setting_t *setting)
{
	const char *name = config_setting_name(setting);

	return name != NULL ? name : "";
}

bool
conf_is_group(const struct config_setting_t *setting)
{
	return config_setting_is_group(setting);
}

bool
conf_is_list(const struct config_setting_t *setting)
{
	return config_setting_is_list(setting) || config_setting_is_array(setting);
}

const char *
conf_string(const struct config_setting_t *setting)
{
	if (config_setting_type(setting) != CONFIG_TYPE_STRING)
		return NULL;
	return config_setting_get_string(setting);
}

bool
conf_fraction(const struct config_setting_t *setting, double *value)
{
	int type = config_setting_type(setting);

	if (type == CONFIG_TYPE_FLOAT)
		*value = config_setting_get_float(setting);
	else if (type == CONFIG_TYPE_INT)
		*value = config_setting_get_int(setting);
	else
		return false;
	return true;
}

const char *
conf_where(const struct conf_reader *reader, const struct config_setting_t *setting)
{
	const char *file = config_setting_source_file(setting);

	return file != NULL ? file : reader->file;
}

unsigned
conf_line(const struct config_setting_t *setting)
{
	return config_setting_source_line(setting);
}

void
conf_mistake(struct conf_reader *reader, struct config_setting_t *setting, const char *key,
    const char *fmt, ...)
{
	struct str words = { 0 };
	struct str name = { 0 };
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	str_adds(&words, text);
	str_addf(&name, "%s%s", reader->context, key != NULL ? key : conf_name(setting));
	if (name.len > 0 && name.data[name.len - 1] == '.')
		name.data[--name.len] = '\0';
	add_mistake(reader->errors, conf_where(reader, setting), conf_line(setting),
	    str_text(&name), str_text(&words));
	str_free(&words);
	str_free(&name);
}

static bool
in_range(const struct conf_key *key, int64_t value)
{
	if (key->min == 0 && key->max == 0)
		return value >= 0;
	return value >= key->min && value <= key->max;
}

static int64_t
parse_size(struct span text)
{
	static const char units[] = "kMG";
	unsigned long long n;
	unsigned shift = 0;
	const char *unit;

	if (text.len > 1 && (unit = strchr(units, text.ptr[text.len - 1])) != NULL) {
		shift = 10 * (unsigned)(unit - units + 1);
		text.len--;
	}
	if (!span_number(text, &n) || n > (UINT64_C(1) << 40) >> shift)
		return -1;
	return (int64_t)(n << shift);
}

static void
set_strings(struct arena *arena, struct conf_strings *strings, size_t count)
{
	strings->count = count;
	strings->items = arena_alloc(arena, (count > 0 ? count : 1) * sizeof(*strings->items));
}

static void
set_blank_separated(struct arena *arena, struct conf_strings *strings, const char *text)
{
	struct span words[64];
	size_t count = 0;

	while (*text != '\0' && count < 64) {
		size_t len = strcspn(text, " ");

		if (len > 0)
			words[count++] = span_make(text, len);
		text += len + (text[len] == ' ');
	}
	set_strings(arena, strings, count);
	for (size_t i = 0; i < count; i++)
		strings->items[i] = arena_dup(arena, words[i]);
}

/* The value of a key from text; NULL when it fits, else what would. */
static const char *
set_text(struct arena *arena, const struct conf_key *key, void *value, const char *text)
{
	unsigned long long n;
	int64_t amount;

	switch (key->type) {
	case CONF_STRING:
		*(const char **)value = arena_dup(arena, span_of(text));
		return NULL;
	case CONF_STRINGS:
		set_blank_separated(arena, value, text);
		return NULL;
	case CONF_BOOL:
		*(bool *)value = strcmp(text, "true") == 0;
		return NULL;
	case CONF_NUMBER:
		if (!span_number(span_of(text), &n))
			return "a number";
		*(int64_t *)value = (int64_t)n;
		return NULL;
	case CONF_DURATION:
	case CONF_SIZE:
		amount = key->type == CONF_SIZE ? parse_size(span_of(text))
						: duration_parse(span_of(text));
		if (amount < 0)
			return key->type == CONF_SIZE
				   ? "a size such as \"64M\" or \"512k\""
				   : "a duration such as \"500ms\", \"60s\", \"5m\", \"24h\" or \"10d\"";
		*(int64_t *)value = amount;
		return NULL;
	case CONF_WORD:
		for (int i = 0; key->words[i] != NULL; i++)
			if (strcmp(key->words[i], text) == 0) {
				*(int *)value = i;
				return NULL;
			}
		return "one of";
	case CONF_CUSTOM:
		return NULL;
	}
	return NULL;
}

void
conf_defaults(struct arena *arena, const struct conf_key *keys, size_t count, void *target)
{
	for (size_t i = 0; i < count; i++) {
		if (keys[i].fallback == NULL)
			continue;
		if (set_text(arena, &keys[i], (char *)target + keys[i].offset, keys[i].fallback) !=
		    NULL)
			abort();
	}
}

static void
mistake_word(struct conf_reader *reader, struct config_setting_t *setting,
    const struct conf_key *key, const char *text)
{
	struct str list = { 0 };

	for (size_t i = 0; key->words[i] != NULL; i++)
		str_addf(&list, "%s\"%s\"", i > 0 ? ", " : "", key->words[i]);
	conf_mistake(reader, setting, NULL, "\"%s\" is not one of %s", text, str_text(&list));
	str_free(&list);
}

static void
read_strings(struct conf_reader *reader, struct config_setting_t *setting,
    struct conf_strings *strings)
{
	if (conf_string(setting) != NULL) {
		set_strings(reader->arena, strings, 1);
		strings->items[0] = arena_dup(reader->arena, span_of(conf_string(setting)));
		return;
	}
	if (!conf_is_list(setting)) {
		conf_mistake(reader, setting, NULL, "must be a list of strings: [ \"a\", \"b\" ]");
		return;
	}
	set_strings(reader->arena, strings, conf_length(setting));
	for (size_t i = 0; i < strings->count; i++) {
		const char *text = conf_string(conf_at(setting, i));

		if (text == NULL)
			conf_mistake(reader, setting, NULL, "element %zu is not a string", i + 1);
		strings->items[i] = arena_dup(reader->arena, span_of(text));
	}
}

static void
read_number(struct conf_reader *reader, struct config_setting_t *setting,
    const struct conf_key *key, void *value)
{
	int type = config_setting_type(setting);
	int64_t n;

	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) {
		conf_mistake(reader, setting, NULL, "must be a whole number");
		return;
	}
	n = type == CONFIG_TYPE_INT ? config_setting_get_int(setting)
				    : config_setting_get_int64(setting);
	if (!in_range(key, n)) {
		if (key->min == 0 && key->max == 0)
			conf_mistake(reader, setting, NULL, "%" PRId64 " is negative", n);
		else
			conf_mistake(reader, setting, NULL,
			    "%" PRId64 " is not within %" PRId64 " to %" PRId64, n, key->min,
			    key->max);
		return;
	}
	*(int64_t *)value = n;
}

static void
mistake_range(struct conf_reader *reader, struct config_setting_t *setting,
    const struct conf_key *key, const char *text)
{
	char low[DURATION_SIZE], high[DURATION_SIZE];

	if (key->type == CONF_DURATION) {
		duration_format(key->min, low);
		duration_format(key->max, high);
	} else {
		snprintf(low, sizeof(low), "%" PRId64, key->min);
		snprintf(high, sizeof(high), "%" PRId64, key->max);
	}
	conf_mistake(reader, setting, NULL, "\"%s\" is not within %s to %s", text, low, high);
}

static void
read_text(struct conf_reader *reader, struct config_setting_t *setting, const struct conf_key *key,
    void *value)
{
	const char *text = conf_string(setting);
	const char *wanted;
	int64_t before = 0;

	if (text == NULL) {
		conf_mistake(reader, setting, NULL, "must be a string in double quotes");
		return;
	}
	if (key->type == CONF_DURATION || key->type == CONF_SIZE)
		before = *(int64_t *)value;
	wanted = set_text(reader->arena, key, value, text);
	if (wanted != NULL && key->type == CONF_WORD)
		mistake_word(reader, setting, key, text);
	else if (wanted != NULL)
		conf_mistake(reader, setting, NULL, "\"%s\" is not %s", text, wanted);
	else if ((key->type == CONF_DURATION || key->type == CONF_SIZE) &&
		 !in_range(key, *(int64_t *)value)) {
		mistake_range(reader, setting, key, text);
		*(int64_t *)value = before;
	}
}

static void
read_key(struct conf_reader *reader, struct config_setting_t *setting, const struct conf_key *key,
    void *target)
{
	void *value = (char *)target + key->offset;

	switch (key->type) {
	case CONF_STRING:
	case CONF_DURATION:
	case CONF_WORD:
		read_text(reader, setting, key, value);
		break;
	case CONF_SIZE:
		if (conf_string(setting) == NULL)
			read_number(reader, setting, key, value);
		else
			read_text(reader, setting, key, value);
		break;
	case CONF_STRINGS:
		read_strings(reader, setting, value);
		break;
	case CONF_BOOL:
		if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
			conf_mistake(reader, setting, NULL, "must be true or false");
		else
			*(bool *)value = config_setting_get_bool(setting) != 0;
		break;
	case CONF_NUMBER:
		read_number(reader, setting, key, value);
		break;
	case CONF_CUSTOM:
		key->read(reader, setting, target);
		break;
	}
}

static bool
is_known(const char *const *known, const char *name)
{
	for (; known != NULL && *known != NULL; known++)
		if (strcmp(*known, name) == 0)
			return true;
	return false;
}

int
conf_read(struct conf_reader *reader, struct config_setting_t *group, const struct conf_key *keys,
    size_t count, const char *const *known, void *target)
{
	unsigned before = reader->errors->count;

	if (!conf_is_group(group)) {
		/* The context, if there is one, is the group's own name. */
		conf_mistake(reader, group, *reader->context != '\0' ? "" : NULL,
		    "must be a group: { key = value; }");
		return -1;
	}
	for (size_t i = 0; i < conf_length(group); i++) {
		struct config_setting_t *setting = conf_at(group, i);
		const struct conf_key *key = NULL;

		for (size_t k = 0; k < count && key == NULL; k++)
			if (strcmp(keys[k].name, conf_name(setting)) == 0)
				key = &keys[k];
		if (key != NULL)
			read_key(reader, setting, key, target);
		else if (!is_known(known, conf_name(setting)))
			conf_mistake(reader, setting, NULL, "unknown key");
	}
	return reader->errors->count == before ? 0 : -1;
}

void
conf_value(const struct config_setting_t *setting, struct str *out)
{
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		str_addf(out, "%lld", config_setting_get_int64(setting));
		return;
	case CONFIG_TYPE_FLOAT:
		str_addf(out, "%.15g", config_setting_get_float(setting));
		return;
	case CONFIG_TYPE_BOOL:
		str_adds(out, config_setting_get_bool(setting) ? "true" : "false");
		return;
	case CONFIG_TYPE_STRING:
		str_addf(out, "\"%s\"", config_setting_get_string(setting));
		return;
	default:
		break;
	}
	str_adds(out, conf_is_group(setting) ? "{ " : "[ ");
	for (size_t i = 0; i < conf_length(setting); i++) {
		const struct config_setting_t *member = conf_at(setting, i);

		str_adds(out, i > 0 ? ", " : "");
		if (conf_is_group(setting))
			str_addf(out, "%s = ", conf_name(member));
		conf_value(member, out);
	}
	str_adds(out, conf_is_group(setting) ? " }" : " ]");
}
