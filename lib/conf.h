/*
 * conf - libconfig files turned into values by tables of keys.
 *
 * Every mistake of a file is told, all at once, as "file:line: key: what is wrong"; a syntax error
 * ends the reading of that file. A key that no table names is a mistake. The only module that
 * includes <libconfig.h>.
 */
#ifndef CONF_H
#define CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "pack.h"
#include "str.h"

struct config_setting_t; /* one setting of a file, libconfig's */

struct conf_errors {
	struct str lines; /* each "file:line: key: words\n" */
	unsigned count;
};

void conf_errors_free(struct conf_errors *errors);

/* Where a value was set. file NULL: nowhere, it is the default. */
struct conf_place {
	const char *file;
	unsigned line;
};

/* Adds a mistake found after reading. key: "google.connections"; "": none. What it quotes of the
 * file comes on one line. */
void conf_errors_add(struct conf_errors *errors, const struct conf_place *place, const char *key,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

struct conf_file;

/* False: no path, or no such file. One that cannot be looked at is there: conf_open says why. */
bool conf_exists(const char *path);
/* NULL when it cannot be read or parsed; errors then has the line. */
struct conf_file *conf_open(const char *path, struct conf_errors *errors);
struct conf_file *conf_parse(const char *text, const char *name, struct conf_errors *errors);
void conf_close(struct conf_file **file);
struct config_setting_t *conf_root(struct conf_file *file);

/* What a table's rows are read with: where values live and mistakes go. */
struct conf_reader {
	struct arena *arena; /* owns every string and list read */
	struct conf_errors *errors;
	const char *file; /* its name in mistakes, where libconfig does not know it */
	/* Put before key names in mistakes: "google."; without its dot, the name of a group that is
	 * none. Never NULL. */
	const char *context;
};

enum conf_type {
	CONF_STRING, /* const char *, never NULL */
	CONF_STRINGS, /* struct conf_strings: a list of strings; one string stands for a list of one */
	CONF_BOOL,    /* bool */
	CONF_NUMBER,   /* int64_t within min..max */
	CONF_DURATION, /* int64_t, milliseconds within min..max */
	CONF_SIZE,     /* int64_t, bytes within min..max: "64M", "512k", 4096 */
	CONF_WORD,     /* int: the index in words */
	CONF_CUSTOM,   /* read() does it */
};

struct conf_strings {
	const char **items;
	size_t count;
};

struct conf_key {
	const char *name;
	enum conf_type type;
	size_t offset;            /* of the value in the target struct */
	const char *fallback;     /* the default as text; NULL: the target keeps what it has */
	int64_t min, max;         /* both 0: any that is not negative */
	const char *const *words; /* CONF_WORD: NULL-terminated */
	void (*read)(struct conf_reader *reader, struct config_setting_t *setting, void *target);
};

/* Sets the defaults of all rows in target. Defaults are ours: a wrong one aborts. */
void conf_defaults(struct arena *arena, const struct conf_key *keys, size_t count, void *target);

/* Reads a group by its table. Keys named in `known` besides (NULL-terminated, may be NULL) are left
 * to the caller. Returns -1 if anything in it was wrong. */
int conf_read(struct conf_reader *reader, struct config_setting_t *group,
    const struct conf_key *keys, size_t count, const char *const *known, void *target);

/* Notes where a group sets which key: places has one for each row, those of others stay as they are.
 * The file's name is kept in the arena. */
void conf_places(struct conf_reader *reader, const struct config_setting_t *group,
    const struct conf_key *keys, size_t count, struct conf_place *places);
/* A value of source for people, as the file writes it; nothing for a custom one. */
void conf_format(const struct conf_key *key, const void *source, struct str *out);

/* The values of all rows but the custom ones, written and read back by the same table; texts stay
 * where they were read, lists are in the arena. False: another table wrote them, or they end before.
 */
void conf_pack(const struct conf_key *keys, size_t count, const void *source, struct str *out);
bool conf_unpack(struct arena *arena, const struct conf_key *keys, size_t count, void *target,
    struct unpack *in);
void conf_pack_strings(const struct conf_strings *strings, struct str *out);
void conf_unpack_strings(struct arena *arena, struct conf_strings *strings, struct unpack *in);

/* Adds a mistake at a setting. key NULL: the setting's own name. */
void conf_mistake(struct conf_reader *reader, struct config_setting_t *setting, const char *key,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Walking lists and groups. */
size_t conf_length(const struct config_setting_t *setting);
struct config_setting_t *conf_at(const struct config_setting_t *setting, size_t i);
struct config_setting_t *conf_member(const struct config_setting_t *setting, const char *name);
const char *conf_name(const struct config_setting_t *setting); /* "" in a list */
bool conf_is_group(const struct config_setting_t *setting);
bool conf_is_list(const struct config_setting_t *setting);       /* ( ) or [ ] */
const char *conf_string(const struct config_setting_t *setting); /* NULL: not a string */
/* A number with or without a point; false: something else. */
bool conf_fraction(const struct config_setting_t *setting, double *value);
/* Any setting's value for people, in one form however the file writes it. */
void conf_value(const struct config_setting_t *setting, struct str *out);
/* The file a setting stands in, @include'd or reader's own. */
const char *conf_where(const struct conf_reader *reader, const struct config_setting_t *setting);
unsigned conf_line(const struct config_setting_t *setting);

#endif
