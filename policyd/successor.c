#include "successor.h"

#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "log.h"
#include "mem.h"
#include "str.h"

enum { TRIAL_MS = 20000 };

struct successor {
	struct child *child;
	struct str words; /* what it says, in lines */
	successor_told *told;
	void *arg;
};

static void
on_line(void *arg, struct span line)
{
	struct successor *successor = arg;

	str_add_span(&successor->words, line);
	str_addc(&successor->words, '\n');
}

static void
log_words(const struct successor *successor, int status)
{
	struct span rest = span_of(str_text(&successor->words)), line;

	while (span_line(&rest, &line))
		log_error("restart: %.*s", (int)line.len, line.ptr);
	log_error(
	    "restart: not done, this mxpolicyd goes on: -t of the one that is installed ended "
	    "with status %d%s",
	    status, status < 0 ? " (a signal, or it took too long)" : "");
}

static void
on_end(void *arg, int status)
{
	struct successor *successor = arg;

	successor->child = NULL;
	if (status != 0)
		log_words(successor, status);
	successor->told(successor->arg, status == 0);
	successor_stop(&successor);
}

struct successor *
successor_try(struct event_base *base, const char *program, const char *file, successor_told *told,
    void *arg)
{
	/* Found as execvp(3) finds it. */
	const char *const argv[] = { "/usr/bin/env", program, "-t", "-c", file, NULL };
	bool has_path = strchr(program, '/') != NULL;
	struct successor *successor = mem_alloc(sizeof(*successor));
	struct err err;

	successor->told = told;
	successor->arg = arg;
	successor->child =
	    child_start(base, argv + has_path, TRIAL_MS, on_line, on_end, successor, &err);
	if (successor->child != NULL)
		return successor;
	log_error("restart: not done, this mxpolicyd goes on: %s", err.text);
	free(successor);
	return NULL;
}

void
successor_stop(struct successor **successor)
{
	struct successor *old = *successor;

	*successor = NULL;
	if (old == NULL)
		return;
	if (old->child != NULL)
		child_stop(&old->child);
	str_free(&old->words);
	free(old);
}
