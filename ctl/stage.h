/*
 * stage - a folder for a moment, with a main.cf and a master.cf that postconf(1) may edit.
 *
 * Postfix' programs wait until a file that they read has not changed for a while: the files of a
 * stage look old after each change.
 */
#ifndef STAGE_H
#define STAGE_H

#include "postfix_state.h"

struct stage {
	char folder[64]; /* "" : there is none */
};

int stage_open(struct stage *stage, const struct postfix_files *files, struct err *err);
void stage_close(struct stage *stage);

/* postconf -c STAGE FLAG ITEM..., as postfix_conf_edit(). */
int stage_edit(const struct stage *stage, const char *flag, const struct postfix_words *items,
    struct err *err);
/* Adds to one of its files, which ends its last line first: postconf(1) would go on in it. */
int stage_append(const struct stage *stage, enum postfix_file file, const char *lines,
    struct err *err);
/* Takes out whole lines. */
int stage_drop_lines(const struct stage *stage, bool (*is_dropped)(struct span line),
    struct err *err);

/* Sets an option of a service that is there; blanks in the value are no hindrance. */
int stage_set_option(const struct stage *stage, const char *service, const char *type,
    const char *name, const char *value, struct err *err);

#endif
