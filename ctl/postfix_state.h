/*
 * postfix_state - what `mxctl postfix setup` remembers of a configuration directory, in
 * STATE_DIR/postfix-setup/<its name encoded>/: the files as they were before us, as we left them,
 * the values that stood where ours are now, and whether the timers were asked for.
 *
 *   directory       /etc/postfix
 *   main.cf.orig    main.cf.ours    master.cf.orig    master.cf.ours
 *   overwritten     "queue_run_delay = 300s", "smtp/unix/smtp_tls_policy_maps = hash:/...", a line
 *                   each; "queue_run_delay" alone was not set
 *   timers          there: main.cf has our queue timers
 *   transports      that Postfix has been set up with, for mxpolicyd (transports_known.h)
 */
#ifndef POSTFIX_STATE_H
#define POSTFIX_STATE_H

#include <stdbool.h>

#include "postfix_conf.h"
#include "str.h"

enum postfix_file { POSTFIX_MAIN, POSTFIX_MASTER, POSTFIX_FILES };
extern const char *const postfix_file_names[POSTFIX_FILES];

struct postfix_files { /* their texts */
	struct str text[POSTFIX_FILES];
};

void postfix_files_free(struct postfix_files *files);
void postfix_files_copy(struct postfix_files *to, const struct postfix_files *from);
bool postfix_files_equal(const struct postfix_files *a, const struct postfix_files *b);
int postfix_files_read(const char *folder, struct postfix_files *files, struct err *err);

struct postfix_state {
	const char *folder; /* its own */
	bool is_there;
	struct postfix_files original, ours;
	struct postfix_options overwritten; /* value NULL: it was not set */
	bool timers;
};

/* directory: the configuration directory, absolute. Without one is_there is false and the rest
 * empty. */
int postfix_state_read(struct arena *arena, const char *state_dir, const char *directory,
    struct postfix_state *state, struct err *err);
int postfix_state_write(const struct postfix_state *state, const char *directory, struct err *err);
/* names: of transports, a line each. Once Postfix has them: mxpolicyd answers with no others. */
int postfix_state_write_transports(const struct postfix_state *state, const char *directory,
    const struct str *names, struct err *err);
int postfix_state_remove(const struct postfix_state *state, struct err *err);
void postfix_state_free(struct postfix_state *state);

/* The configuration directories that were set up. */
void postfix_state_list(struct arena *arena, const char *state_dir, struct postfix_words *out);

#endif
