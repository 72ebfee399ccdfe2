/* mxpolicyd - answers Postfix: which mail may go out now. mxpolicyd(8). */
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "listen.h"
#include "log.h"
#include "mx.h"
#include "mx_rules_check.h"
#include "reload.h"
#include "rules_watch.h"
#include "service.h"

enum { FILES_BESIDE_CLIENTS = 64, DRAIN_MAX_S = 10, FAREWELL_MS = 100 };

struct daemon {
	const char *program, *file;
	struct event_base *base;
	struct engine engine;
	struct server *server;
	struct metrics_http *http;
	struct rules_watch *watch;
	struct event *sighup, *sigterm, *sigint, *drain_limit, *farewell;
	bool draining;
};

static void
usage(FILE *to)
{
	fputs("usage: mxpolicyd [-c file] [-t] [-s] [-v] [-V]\n"
	      "  -c file  configuration (default /etc/mxpace/mxpace.conf)\n"
	      "  -t       check the configuration and exit\n"
	      "  -V       print the version and exit\n"
	      "  -s       log to syslog (facility mail) as well\n"
	      "  -v       log more\n",
	    to);
}

static void
print_warnings(const struct conf_errors *warnings)
{
	struct span rest = span_of(str_text(&warnings->lines)), line;

	while (span_line(&rest, &line))
		fprintf(stderr, "warning: %.*s\n", (int)line.len, line.ptr);
}

static int
check_configuration(const char *file)
{
	struct conf_errors errors = { 0 };
	struct config config;
	struct findings findings = { 0 };
	bool good = config_load(file, &config, &errors) == 0;

	good = good && mx_rules_check(config.rules, &findings) == 0;
	fputs(str_text(&errors.lines), stderr);
	fputs(str_text(&findings.mistakes.lines), stderr);
	print_warnings(&findings.warnings);
	if (good)
		printf("%s: %zu MX rules, no mistake\n", file, config.rules->count);
	conf_errors_free(&errors);
	findings_free(&findings);
	config_clear(&config);
	return good ? EX_OK : EX_CONFIG;
}

static void
on_farewell(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(arg);
}

/* All requests are answered: take back what this node has in Redis, and give that a moment. */
static void
on_drained(void *arg)
{
	struct daemon *daemon = arg;
	struct timeval moment = { 0, FAREWELL_MS * 1000 };

	if (evtimer_pending(daemon->farewell, NULL))
		return;
	engine_withdraw(&daemon->engine);
	evtimer_add(daemon->farewell, &moment);
}

static void
on_drain_limit(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *daemon = arg;

	(void)fd;
	(void)what;
	log_warning("drain: still busy after %d s, stopping", DRAIN_MAX_S);
	event_base_loopbreak(daemon->base);
}

static void
on_sigterm(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *daemon = arg;
	struct timeval limit = { DRAIN_MAX_S, 0 };

	(void)fd;
	(void)what;
	if (daemon->draining)
		return;
	daemon->draining = true;
	rules_watch_free(&daemon->watch);
	service_stopping();
	log_info("stopping: answering what is under way");
	evtimer_add(daemon->drain_limit, &limit);
	server_drain(daemon->server, on_drained, daemon);
}

static int
reload_again(void *arg)
{
	struct daemon *daemon = arg;
	int rc;

	service_reloading();
	rc = reload(&daemon->engine, daemon->server, daemon->http, daemon->file);
	service_ready();
	return rc;
}

static void
on_sighup(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *daemon = arg;

	(void)fd;
	(void)what;
	if (!daemon->draining)
		reload_again(daemon);
}

/* Until Redis has answered, or its time is up: the first requests are counted as well. */
static void
await_store(struct daemon *daemon)
{
	int64_t deadline_ms = clock_monotonic_ms() + daemon->engine.settings->store_timeout_ms;

	while (!store_async_works(daemon->engine.store) && clock_monotonic_ms() < deadline_ms) {
		struct timeval moment = { 0, 10000 };

		event_base_loopexit(daemon->base, &moment);
		event_base_dispatch(daemon->base);
	}
}

/* As many descriptors as the system lets us have: the soft limit of a shell is 1024. */
static void
raise_file_limit(const struct settings *settings)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max != RLIM_INFINITY &&
	    limit.rlim_max < (rlim_t)settings->max_clients + FILES_BESIDE_CLIENTS)
		log_warning(
		    "only %llu files may be open (ulimit -Hn), too few for max_clients = %lld",
		    (unsigned long long)limit.rlim_max, (long long)settings->max_clients);
}

static void
add_signals(struct daemon *daemon)
{
	signal(SIGPIPE, SIG_IGN);
	daemon->sighup = evsignal_new(daemon->base, SIGHUP, on_sighup, daemon);
	daemon->sigterm = evsignal_new(daemon->base, SIGTERM, on_sigterm, daemon);
	daemon->sigint = evsignal_new(daemon->base, SIGINT, on_sigterm, daemon);
	daemon->drain_limit = evtimer_new(daemon->base, on_drain_limit, daemon);
	daemon->farewell = evtimer_new(daemon->base, on_farewell, daemon->base);
	evsignal_add(daemon->sighup, NULL);
	evsignal_add(daemon->sigterm, NULL);
	evsignal_add(daemon->sigint, NULL);
}

static void
inherit_sockets(struct daemon *daemon)
{
	int fds[LISTEN_MAX];
	size_t count = service_sockets(fds, LISTEN_MAX);

	for (size_t i = 0; i < count; i++)
		server_inherit(daemon->server, fds[i]);
}

static void
log_ready(const struct daemon *daemon)
{
	const struct settings *settings = daemon->engine.settings;
	struct str where = { 0 };

	server_describe(daemon->server, &where);
	log_info("ready: %s, metrics %s, node %s sending as %s, %zu MX rules, enforce %s, "
		 "version " MXPACE_VERSION,
	    str_text(&where), *settings->metrics_listen != '\0' ? settings->metrics_listen : "off",
	    settings->node, daemon->engine.ip, daemon->engine.rules->count,
	    enforce_names[settings->enforce]);
	str_free(&where);
}

static int
serve(struct daemon *daemon, struct config *config)
{
	struct err err;
	int rc = EX_UNAVAILABLE;

	daemon->base = event_base_new();
	add_signals(daemon);
	if (engine_init(&daemon->engine, daemon->base, config->settings, config->rules, &err) !=
	    0) {
		log_error("%s", err.text);
		config_clear(config);
		return EX_UNAVAILABLE;
	}
	daemon->server = server_new(&daemon->engine);
	inherit_sockets(daemon);
	daemon->http = metrics_http_new(&daemon->engine);
	await_store(daemon);
	if (daemon->draining) { /* told to stop before it began */
		rc = EX_OK;
	} else if (server_listen(daemon->server, daemon->engine.settings, &err) != 0 ||
		   metrics_http_listen(daemon->http, daemon->engine.settings, &err) != 0) {
		log_error("%s", err.text);
	} else {
		log_ready(daemon);
		service_ready();
		daemon->watch = rules_watch_new(&daemon->engine, daemon->program, daemon->file,
		    reload_again, daemon);
		event_base_dispatch(daemon->base);
		log_info("stopped");
		rc = EX_OK;
	}
	rules_watch_free(&daemon->watch);
	metrics_http_free(&daemon->http);
	server_free(&daemon->server);
	engine_clear(&daemon->engine);
	return rc;
}

static void
clear(struct daemon *daemon)
{
	struct event *events[] = { daemon->sighup, daemon->sigterm, daemon->sigint,
		daemon->drain_limit, daemon->farewell };

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		event_free(events[i]);
	event_base_free(daemon->base);
	libevent_global_shutdown();
}

int
main(int argc, char **argv)
{
	struct daemon daemon = { .program = argv[0], .file = "/etc/mxpace/mxpace.conf" };
	struct conf_errors errors = { 0 };
	struct config config;
	bool check = false;
	int option, rc;

	log_open("mxpolicyd");
	while ((option = getopt(argc, argv, "c:tsvVh")) != -1) {
		switch (option) {
		case 'c':
			daemon.file = optarg;
			break;
		case 't':
			check = true;
			break;
		case 's':
			log_to_syslog();
			break;
		case 'v':
			log_set_level(LOG_LEVEL_DEBUG);
			break;
		case 'V':
			puts("mxpolicyd " MXPACE_VERSION);
			return EX_OK;
		case 'h':
			usage(stdout);
			return EX_OK;
		default:
			usage(stderr);
			return EX_USAGE;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return EX_USAGE;
	}
	if (check)
		return check_configuration(daemon.file);
	if (config_load(daemon.file, &config, &errors) != 0) {
		reload_log_mistakes(&errors);
		conf_errors_free(&errors);
		return EX_CONFIG;
	}
	raise_file_limit(config.settings);
	rc = serve(&daemon, &config);
	clear(&daemon);
	return rc;
}
