#include "rules_watch.h"

#include <event2/event.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "log.h"
#include "mem.h"
#include "rules_last.h"
#include "rules_version.h"
#include "store_rules.h"

enum {
	TICK_S = 5,
	CHILD_MS = 120000,
	AGAIN_MS = 30000, /* after a failure, and twice as long after each further one */
	AGAIN_MOST_MS = 3600000,
};

/* What has failed waits longer each time, until something else is asked for. */
struct patience {
	char what[RULES_VERSION_SIZE];
	int64_t wait_ms, next_ms; /* monotonic */
};

struct rules_watch {
	struct engine *engine;
	const char *file;
	char mxctl[PATH_MAX];
	rules_watch_reload *reload;
	void *arg;
	struct event *tick;
	struct store_call *call;
	struct str told; /* the fleet's version */
	struct child *child;
	char fetched[RULES_VERSION_SIZE]; /* that the child is to install */
	struct patience *trying;          /* of the child */
	struct patience reloading, fetching, upgrading;
	struct settings *looked_in;          /* a reference: whose configured rules are */
	char configured[RULES_VERSION_SIZE]; /* of this version */
	char held[RULES_VERSION_SIZE];       /* updates up to this one are left alone */
	int64_t failed_s;                    /* of the failure that was logged */
	bool idle_said;
};

/* -- patience ---------------------------------------------------------------------------------- */

static bool
may_try(const struct patience *patience, const char *what)
{
	return strcmp(patience->what, what) != 0 || patience->wait_ms == 0 ||
	       clock_monotonic_ms() >= patience->next_ms;
}

static void
note(struct patience *patience, const char *what, bool done)
{
	bool again = strcmp(patience->what, what) == 0 && patience->wait_ms > 0;

	snprintf(patience->what, sizeof(patience->what), "%s", what);
	patience->wait_ms = done ? 0 : again ? 2 * patience->wait_ms : AGAIN_MS;
	if (patience->wait_ms > AGAIN_MOST_MS)
		patience->wait_ms = AGAIN_MOST_MS;
	patience->next_ms = clock_monotonic_ms() + patience->wait_ms;
}

/* -- what was installed here ------------------------------------------------------------------- */

static const char *
words_of(const char *version)
{
	return *version != '\0' ? version : "the configured files";
}

static void
follow_installed(struct rules_watch *watch, const char *installed)
{
	const struct settings *settings = watch->engine->settings;
	char before[RULES_VERSION_SIZE];
	bool reloaded, done;

	if (strcmp(installed, settings->rules_version) == 0 ||
	    !may_try(&watch->reloading, installed))
		return;
	snprintf(before, sizeof(before), "%s", settings->rules_version);
	reloaded = watch->reload(watch->arg) == 0;
	settings = watch->engine->settings;
	done = reloaded && strcmp(settings->rules_version, installed) == 0;
	note(&watch->reloading, installed, done);
	if (done)
		log_info("rules: version %s instead of %s", words_of(installed), words_of(before));
	else if (reloaded && !settings_rules_are_own(settings))
		log_warning("rules: version %s in %s/rules cannot be read: %s hold",
		    words_of(installed), settings->state_dir, words_of(settings->rules_version));
}

static void
tell_last(struct rules_watch *watch)
{
	struct metrics *metrics = &watch->engine->metrics;
	struct rules_last last;

	rules_last_load(watch->engine->settings->state_dir, &last);
	memcpy(watch->held, last.held, sizeof(watch->held));
	metrics->rules_updated_s = last.succeeded_s;
	metrics->rules_failed_s = last.failed_s;
	metrics->rules_failing = *last.failure != '\0';
	if (metrics->rules_failing && last.failed_s != watch->failed_s)
		log_warning("rules: the last update failed: %s", last.failure);
	watch->failed_s = last.failed_s;
}

/* -- what the fleet has told ------------------------------------------------------------------- */

static void
on_line(void *arg, struct span line)
{
	(void)arg;
	if (span_trim(line).len > 0)
		log_info("rules: mxctl: %.*s", (int)line.len, line.ptr);
}

static void
on_end(void *arg, int status)
{
	struct rules_watch *watch = arg;
	char installed[RULES_VERSION_SIZE];

	watch->child = NULL;
	if (status != 0) {
		note(watch->trying, watch->fetched, false);
		log_warning("rules: version %s could not be installed here; again in "
			    "%lld s",
		    words_of(watch->fetched), (long long)watch->trying->wait_ms / 1000);
		return;
	}
	rules_place_current(watch->engine->settings->state_dir, installed);
	/* If this node has newer ones, it has told them: not again each time. */
	note(watch->trying, watch->fetched, strcmp(installed, watch->fetched) == 0);
	follow_installed(watch, installed);
}

static void
install(struct rules_watch *watch, const char *version, struct patience *trying)
{
	const char *argv[] = { watch->mxctl, "-c", watch->file, "rules", "update", "--from-fleet",
		NULL };
	struct err err;

	snprintf(watch->fetched, sizeof(watch->fetched), "%s", version);
	watch->trying = trying;
	watch->child =
	    child_start(watch->engine->base, argv, CHILD_MS, on_line, on_end, watch, &err);
	if (watch->child != NULL)
		return;
	note(trying, version, false);
	log_warning("rules: mxctl cannot be started: %s", err.text);
}

static void
on_told(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct rules_watch *watch = arg;
	char installed[RULES_VERSION_SIZE], told[RULES_VERSION_SIZE] = "";

	(void)err;
	watch->call = NULL;
	if (outcome != STORE_DONE || watch->told.len == 0 || watch->child != NULL)
		return;
	if (rules_version_is(span_make(watch->told.data, watch->told.len)))
		memcpy(told, watch->told.data, sizeof(told));
	else if (strcmp(watch->told.data, "configured") != 0)
		return;
	rules_place_current(watch->engine->settings->state_dir, installed);
	if (strcmp(installed, told) != 0 && may_try(&watch->fetching, told))
		install(watch, told, &watch->fetching);
}

static void
ask_fleet(struct rules_watch *watch)
{
	struct store_async *store = watch->engine->store;

	if (watch->engine->settings->rules_keys.count == 0) {
		if (!watch->idle_said)
			log_debug("rules: without rules_keys nothing is taken from the fleet");
		watch->idle_said = true;
		return;
	}
	if (watch->call != NULL || watch->child != NULL || !store_async_works(store))
		return;
	str_empty(&watch->told);
	store_put_rules_version(store_async_batch(store), &watch->told);
	watch->call = store_async_run(store, on_told, watch, NULL);
}

/* -- what a package has brought ----------------------------------------------------------------- */

/* The configured files are looked into once after each reload: a package restarts mxpolicyd. */
static void
follow_configured(struct rules_watch *watch, const char *installed)
{
	struct settings *settings = watch->engine->settings;

	if (watch->looked_in != settings) {
		settings_release(&watch->looked_in);
		watch->looked_in = settings_hold(settings);
		rules_version_load(settings_configured_rules(settings, RULES_FILE_MX),
		    watch->configured);
	}
	if (*installed == '\0' || strcmp(watch->configured, installed) <= 0 ||
	    strcmp(watch->configured, watch->held) <= 0 || settings->rules_keys.count == 0 ||
	    watch->child != NULL || !may_try(&watch->upgrading, watch->configured))
		return;
	log_info("rules: the configured files are version %s, newer than %s of the last update",
	    watch->configured, installed);
	install(watch, watch->configured, &watch->upgrading);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct rules_watch *watch = arg;
	char installed[RULES_VERSION_SIZE];

	(void)fd;
	(void)what;
	tell_last(watch);
	if (settings_rules_are_own(watch->engine->settings))
		return;
	rules_place_current(watch->engine->settings->state_dir, installed);
	follow_installed(watch, installed);
	follow_configured(watch, installed);
	ask_fleet(watch);
}

/* -- the whole --------------------------------------------------------------------------------- */

struct rules_watch *
rules_watch_new(struct engine *engine, const char *program, const char *file,
    rules_watch_reload *reload, void *arg)
{
	struct rules_watch *watch = mem_alloc(sizeof(*watch));
	struct timeval every = { TICK_S, 0 };
	const char *slash = strrchr(program, '/');

	watch->engine = engine;
	watch->file = file;
	watch->reload = reload;
	watch->arg = arg;
	if (slash != NULL)
		snprintf(watch->mxctl, sizeof(watch->mxctl), "%.*s/mxctl", (int)(slash - program),
		    program);
	if (slash != NULL && access(watch->mxctl, X_OK) != 0)
		snprintf(watch->mxctl, sizeof(watch->mxctl), "%.*s/../bin/mxctl",
		    (int)(slash - program), program);
	if (slash == NULL || access(watch->mxctl, X_OK) != 0)
		snprintf(watch->mxctl, sizeof(watch->mxctl), "/usr/bin/mxctl");
	watch->tick = event_new(engine->base, -1, EV_PERSIST, on_tick, watch);
	evtimer_add(watch->tick, &every);
	tell_last(watch);
	return watch;
}

void
rules_watch_free(struct rules_watch **watch)
{
	struct rules_watch *old = *watch;

	*watch = NULL;
	if (old == NULL)
		return;
	event_free(old->tick);
	if (old->call != NULL)
		store_async_cancel(&old->call);
	child_stop(&old->child);
	settings_release(&old->looked_in);
	str_free(&old->told);
	free(old);
}
