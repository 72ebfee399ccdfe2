/*
 * postfix_conf - main.cf and master.cf of a folder, as postconf(1) reads and edits them.
 */
#ifndef POSTFIX_CONF_H
#define POSTFIX_CONF_H

#include <stdbool.h>

#include "arena.h"
#include "err.h"

struct postfix_words { /* a list of strings that grows in an arena */
	const char **items;
	size_t count;
};

void postfix_words_add(struct arena *arena, struct postfix_words *words, const char *text);

struct postfix_option {
	const char *name, *value;
};

struct postfix_options {
	struct postfix_option *items;
	size_t count;
};

/* Sets one; a value that is there already is replaced. */
void postfix_options_set(struct arena *arena, struct postfix_options *options, const char *name,
    const char *value);
const char *postfix_options_get(const struct postfix_options *options,
    const char *name); /* NULL: none */

struct postfix_service {
	const char *name, *type;
	const char *chroot; /* as it stands there: "y", "n", "-" */
	const char *line;   /* all of it on one line */
	struct postfix_options options;
};

struct postfix_services {
	struct postfix_service *items;
	size_t count;
};

/* The parameters by their names (ends with NULL), those that this Postfix does not know left out.
 * expanded: with the values of what they refer to. */
int postfix_conf_parameters(struct arena *arena, const char *folder, bool expanded,
    const char *const *names, struct postfix_options *out, struct err *err);
/* Those that main.cf sets. */
int postfix_conf_set_parameters(struct arena *arena, const char *folder,
    struct postfix_options *out, struct err *err);
int postfix_conf_services(struct arena *arena, const char *folder, struct postfix_services *out,
    struct err *err);
/* type NULL: of any. NULL: there is none. */
const struct postfix_service *postfix_services_find(const struct postfix_services *services,
    const char *name, const char *type);

/* postconf -c FOLDER FLAG ITEM...: "-e", "-X", "-M", "-MX", "-P", "-PX". Without items nothing. */
int postfix_conf_edit(const char *folder, const char *flag, const struct postfix_words *items,
    struct err *err);

#endif
