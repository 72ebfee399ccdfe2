/* mxpolicyd - answers Postfix: which mail may go out now. mxpolicyd(8). */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "clients.h"
#include "clock.h"
#include "event_loop.h"
#include "handover.h"
#include "listen.h"
#include "log.h"
#include "mem.h"
#include "mx.h"
#include "mx_rules_check.h"
#include "pulse.h"
#include "reload.h"
#include "rules_watch.h"
#include "service.h"
#include "successor.h"

enum { FILES_BESIDE_CLIENTS = 64, DRAIN_MAX_S = 10, FAREWELL_MS = 100, SETTLE_MS = 5 };

struct daemon {
	const char *program, *file;
	struct event_base *base;
	struct engine engine;
	struct server *server;
	struct metrics_http *http;
	struct rules_watch *watch;
	struct pulse *pulse;
	struct successor *successor; /* whether it may become one */
	struct event *sighup, *sigterm, *sigint, *sigusr2, *drain_limit, *settle, *farewell;
	bool serves, draining;
	bool parks;   /* rather than drains: connections are left to the next process */
	bool becomes; /* that one itself */
	struct service_files left; /* what it leaves then */
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

/* Take back what this node has in Redis, unless it is handed over, and give that a moment. */
static void
part(struct daemon *daemon, bool handed_over)
{
	struct timeval moment = { 0, FAREWELL_MS * 1000 };

	if (evtimer_pending(daemon->farewell, NULL))
		return;
	engine_withdraw(&daemon->engine, handed_over);
	evtimer_add(daemon->farewell, &moment);
}

/* All requests are answered, and all clients gone. */
static void
on_drained(void *arg)
{
	part(arg, false);
}

/* In their place: ours are closed soon. Returns how many; one that cannot be is left out. */
static size_t
copy_files(int *fds, size_t count)
{
	size_t copied = 0;

	for (size_t i = 0; i < count; i++) {
		int fd = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);

		if (fd >= 0)
			fds[copied++] = fd;
	}
	return copied;
}

/* True: another process goes on with the connections. */
static bool
hand_over(struct daemon *daemon)
{
	struct err err;
	size_t count;
	int *fds;
	bool kept;

	if (handover_make(&daemon->engine, daemon->server, &fds, &count, &err) != 0) {
		log_warning("connections are closed, not handed over: %s", err.text);
		return false;
	}
	if (count > 1)
		log_info("connections left to the next mxpolicyd: %zu", count - 1);
	if (daemon->becomes) {
		daemon->left.kept = fds;
		daemon->left.kept_count = 1 + copy_files(fds + 1, count - 1);
		return true;
	}
	kept = service_keep(fds, count);
	close(fds[0]);
	free(fds);
	return kept;
}

/* Nothing is under way on any connection; some answers of Redis may be, and belong to them. */
static void
on_parked(void *arg)
{
	struct daemon *daemon = arg;
	struct timeval moment = { 0, SETTLE_MS * 1000 };

	if (store_async_figures(daemon->engine.store).waiting > 0)
		evtimer_add(daemon->settle, &moment);
	else
		part(daemon, hand_over(daemon));
}

static void
on_settle(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	on_parked(arg);
}

static void
on_drain_limit(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *daemon = arg;

	(void)fd;
	(void)what;
	log_warning("drain: still busy after %d s, stopping", DRAIN_MAX_S);
	if (daemon->parks && !evtimer_pending(daemon->farewell, NULL))
		hand_over(daemon);
	event_base_loopbreak(daemon->base);
}

static void
drain(struct daemon *daemon)
{
	struct timeval limit = { DRAIN_MAX_S, 0 };

	daemon->draining = true;
	rules_watch_free(&daemon->watch);
	evtimer_add(daemon->drain_limit, &limit);
	if (daemon->parks)
		server_park(daemon->server, on_parked, daemon);
	else
		server_drain(daemon->server, on_drained, daemon);
}

static void
on_sigterm(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *daemon = arg;

	(void)fd;
	(void)what;
	successor_stop(&daemon->successor);
	service_stopping();
	if (daemon->draining) {
		if (daemon->becomes && daemon->left.kept_count > 0)
			service_keep(daemon->left.kept, daemon->left.kept_count);
		daemon->becomes = false;
		return;
	}
	daemon->parks = service_is_managed();
	log_info("stopping: answering what is under way");
	drain(daemon);
}

static void
on_tried(void *arg, bool able)
{
	struct daemon *daemon = arg;
	struct service_files *left = &daemon->left;

	daemon->successor = NULL;
	if (!able)
		return;
	daemon->parks = daemon->becomes = true;
	left->sockets = mem_alloc(LISTEN_MAX * sizeof(*left->sockets));
	left->socket_count = server_sockets(daemon->server, left->sockets);
	left->socket_count = copy_files(left->sockets, left->socket_count);
	service_reloading();
	log_info("restarting: answering what is under way");
	drain(daemon);
}

/* A connection is open twice for a moment. */
static bool
has_files_to_become(const struct daemon *daemon)
{
	size_t clients = clients_count(server_clients(daemon->server));
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
	    2 * clients + FILES_BESIDE_CLIENTS <= limit.rlim_cur)
		return true;
	log_error("restart: not done, this mxpolicyd goes on: %zu connections are too many for "
		  "%llu files (ulimit -Hn, LimitNOFILE=)",
	    clients, (unsigned long long)limit.rlim_cur);
	return false;
}

/* The program as it is installed now, in this process' place, if it could start. */
static void
on_sigusr2(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *daemon = arg;

	(void)fd;
	(void)what;
	if (daemon->draining || !daemon->serves || daemon->successor != NULL ||
	    !has_files_to_become(daemon))
		return;
	daemon->successor =
	    successor_try(daemon->base, daemon->program, daemon->file, on_tried, daemon);
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
	daemon->sigusr2 = evsignal_new(daemon->base, SIGUSR2, on_sigusr2, daemon);
	daemon->settle = evtimer_new(daemon->base, on_settle, daemon);
	daemon->drain_limit = evtimer_new(daemon->base, on_drain_limit, daemon);
	daemon->farewell = evtimer_new(daemon->base, on_farewell, daemon->base);
	evsignal_add(daemon->sighup, NULL);
	evsignal_add(daemon->sigterm, NULL);
	evsignal_add(daemon->sigint, NULL);
	evsignal_add(daemon->sigusr2, NULL);
}

static void
inherit_sockets(struct daemon *daemon, const struct service_files *files)
{
	for (size_t i = 0; i < files->socket_count; i++)
		server_inherit(daemon->server, files->sockets[i]);
}

static void
inherit_clients(struct daemon *daemon, struct service_files *files)
{
	size_t count;

	if (files->kept_count == 0)
		return;
	count = handover_take(&daemon->engine, daemon->server, files->kept, files->kept_count);
	if (files->kept_count > 1)
		log_info("connections of the mxpolicyd before that go on: %zu", count);
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
	struct service_files files;
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
	service_files_take(&files, LISTEN_MAX);
	inherit_sockets(daemon, &files);
	daemon->http = metrics_http_new(&daemon->engine);
	await_store(daemon);
	if (daemon->draining) { /* told to stop before it began */
		rc = EX_OK;
	} else if (server_listen(daemon->server, daemon->engine.settings, &err) != 0 ||
		   metrics_http_listen(daemon->http, daemon->engine.settings, &err) != 0) {
		log_error("%s", err.text);
	} else {
		inherit_clients(daemon, &files);
		log_ready(daemon);
		service_ready();
		daemon->serves = true;
		daemon->pulse = pulse_new(&daemon->engine);
		daemon->watch = rules_watch_new(&daemon->engine, daemon->program, daemon->file,
		    reload_again, daemon);
		event_loop_run(&daemon->engine);
		log_info("stopped");
		rc = EX_OK;
	}
	service_files_free(&files);
	successor_stop(&daemon->successor);
	rules_watch_free(&daemon->watch);
	pulse_free(&daemon->pulse);
	metrics_http_free(&daemon->http);
	server_free(&daemon->server);
	engine_clear(&daemon->engine);
	return rc;
}

static void
clear(struct daemon *daemon)
{
	struct event *events[] = { daemon->sighup, daemon->sigterm, daemon->sigint, daemon->sigusr2,
		daemon->drain_limit, daemon->settle, daemon->farewell };

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
	if (daemon.becomes && rc == EX_OK) {
		service_exec(argv, &daemon.left);
		log_error("restart: %s: %s", argv[0], strerror(errno));
		rc = EX_OSERR;
	}
	service_files_free(&daemon.left);
	return rc;
}
