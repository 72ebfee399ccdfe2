/* What another mxpolicyd left, by somebody who has gone wrong: whatever it says, mxpolicyd goes on,
 * every socket is either taken over or closed, and what is open is given back with the last client.
 *
 * The input is what handover_make() packs, without its format and sum; the names of the two sockets,
 * which are other ones each time, stand there as "SOCKET_1" and "SOCKET_2". */
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients.h"
#include "handover.h"
#include "log.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
extern unsigned long fuzz_accepted;
unsigned long fuzz_accepted; /* inputs with at least one connection that goes on */

enum { SOCKETS = 2, FILES = SOCKETS + 1, TURNS = 8 };

static const char *const markers[SOCKETS] = { "SOCKET_1", "SOCKET_2" };

static const char conf[] =
    "redis = \"unix:/nonexistent/mxpace-fuzz\"; store_timeout = \"1s\"; node = \"a\";\n"
    "dns_servers = [ \"127.0.0.1:1\" ]; state_dir = \"/nonexistent\";\n"
    "sending_ips = ( { name = \"192.0.2.1\"; } );\n";
static const char rules_text[] =
    "mx_rules = ( { name = \"two\"; mx = \"*.two.test\"; connections = 2; limits = \"4/10s\"; } );\n";

static void
hold(bool promise)
{
	if (!promise)
		abort();
}

static void
start(struct engine *engine, struct event_base *base, bool egress)
{
	struct conf_errors errors = { 0 };
	struct settings *settings;
	struct mx_rules *rules;
	struct err err;

	log_set_level((enum log_level)(LOG_LEVEL_ERROR));
	settings = settings_parse(conf, "conf", &errors);
	rules = mx_rules_parse(rules_text, "rules", &errors);
	hold(settings != NULL && rules != NULL);
	settings->enforce = egress ? ENFORCE_EGRESS : ENFORCE_ADMISSION;
	hold(engine_init(engine, base, settings, rules, &err) == 0);
}

/* A copy, with the sockets' own names. */
static void
name_sockets(struct str *bytes, const int *fds)
{
	for (int i = 0; i < SOCKETS; i++) {
		struct stat st;
		int64_t name;

		hold(fstat(fds[i], &st) == 0);
		name = (int64_t)st.st_ino;
		for (size_t at = 0; at + sizeof(name) <= bytes->len; at++)
			if (memcmp(bytes->data + at, markers[i], sizeof(name)) == 0)
				memcpy(bytes->data + at, &name, sizeof(name));
	}
}

static int
leave(const unsigned char *data, size_t size, const int *sockets)
{
	int file = memfd_create("mxpace-fuzz", MFD_CLOEXEC);
	struct str body = { 0 }, out = { 0 };

	str_add(&body, data, size);
	name_sockets(&body, sockets);
	pack_number(&out, HANDOVER_FORMAT);
	pack_number(&out, (int64_t)pack_sum(span_make(str_text(&body), body.len)));
	str_add(&out, str_text(&body), body.len);
	hold(file >= 0 && write(file, out.data, out.len) == (ssize_t)out.len);
	str_free(&body);
	str_free(&out);
	return file;
}

static void
turn(struct event_base *base)
{
	for (int i = 0; i < TURNS; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

/* Their processes speak, and hang up. */
static void
end_clients(struct event_base *base, struct engine *engine, int *ends)
{
	static const char words[] = "13:connect a b,c,";

	for (int i = 0; i < SOCKETS; i++)
		hold(send(ends[i], words, sizeof(words) - 1, MSG_NOSIGNAL) != 0);
	turn(base);
	for (int i = 0; i < SOCKETS; i++)
		close(ends[i]);
	turn(base);
	hold(engine->metrics.clients <= SOCKETS);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct event_base *base = event_base_new();
	int ends[SOCKETS], files[FILES], left[FILES];
	struct server *server;
	struct engine engine;
	size_t found;

	start(&engine, base, size % 2 != 0);
	server = server_new(&engine);
	for (int i = 0; i < SOCKETS; i++) {
		int pair[2];

		hold(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
		ends[i] = pair[0];
		files[1 + i] = pair[1];
	}
	files[0] = leave(data, size, files + 1);
	memcpy(left, files, sizeof(left));
	found = handover_take(&engine, server, files, FILES);
	hold(found <= SOCKETS && found == engine.metrics.clients);
	hold(fcntl(left[0], F_GETFD) < 0);
	fuzz_accepted += found > 0;
	end_clients(base, &engine, ends);
	server_free(&server);
	transactions_free(&engine.transactions);
	/* As mail goes out a grant counts until the next look at the kernel. */
	hold(size % 2 != 0 || groups_open(engine.groups) == 0);
	engine.transactions = transactions_new(base);
	engine_clear(&engine);
	event_base_free(base);
	return 0;
}
