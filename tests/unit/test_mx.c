/* mx against name servers of the test's own, on loopback and in the same event loop. */
#include "check.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "dnsmsg.h"
#include "mx.h"

/* -- the clock: real, with days skipped at will; instead of the one in lib.a ------------------- */

static int64_t skipped_ms;

static int64_t
real_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
clock_monotonic_ms(void)
{
	return real_ms() + skipped_ms;
}

int64_t
clock_monotonic_us(void)
{
	return clock_monotonic_ms() * 1000;
}

int64_t
clock_wall_s(void)
{
	return 0;
}

const char *
clock_format(int64_t wall_s, char buf[CLOCK_DATE_SIZE])
{
	(void)wall_s;
	buf[0] = '\0';
	return buf;
}

/* -- name servers ------------------------------------------------------------------------------ */

#define SOA "ns test 600 SOA 60;"

static const struct zone_row {
	const char *name;
	unsigned type;
	const char *answer; /* as dnsmsg.h writes them, without the question; or one of: */
} zone[] = {
	{ "silent.test", DNS_MX, "SILENT" },
	{ "found.test", DNS_MX,
	    "an @12 300 MX 20 mx2.found.test; an @12 400 MX 10 mx1.found.test" },
	{ "alias.test", DNS_MX,
	    "an @12 200 CNAME found.test; an found.test 300 MX 10 mx1.found.test" },
	{ "short.test", DNS_MX, "an @12 1 MX 10 mx.test" },
	{ "long.test", DNS_MX, "an @12 1000000 MX 10 mx.test" },
	{ "null.test", DNS_MX, "an @12 300 MX 0 ." },
	{ "dot.test", DNS_MX, "an @12 300 MX 10 ." },
	{ "nxdomain.test", DNS_MX, "rcode 3; ns test 600 SOA 120" },
	{ "name.onion", DNS_MX, "rcode 3" },
	{ "servfail.test", DNS_MX, "rcode 2" },
	{ "refused.test", DNS_MX, "rcode 5" },
	{ "garbage.test", DNS_MX, "count an 3; hex ffffffff" },
	{ "big.test", DNS_MX, "BIG" },
	{ "changing.test", DNS_MX, "CHANGING" },

	{ "a.test", DNS_MX, SOA },
	{ "a.test", DNS_A, "an @12 50 A yes" },
	{ "a.test", DNS_AAAA, SOA },
	{ "aaaa.test", DNS_MX, "ns test 600 SOA 600" },
	{ "aaaa.test", DNS_A, "ns test 600 SOA 600" },
	{ "aaaa.test", DNS_AAAA, "an @12 500 AAAA yes" },
	{ "both.test", DNS_MX, SOA },
	{ "both.test", DNS_A, "an @12 50 A yes" },
	{ "both.test", DNS_AAAA, "an @12 50 AAAA yes" },
	{ "nohost.test", DNS_MX, "ns test 600 SOA 600" },
	{ "nohost.test", DNS_A, "ns test 600 SOA 600" },
	{ "nohost.test", DNS_AAAA, "ns test 600 SOA 77" },
	{ "nosoa.test", DNS_MX, "" },
	{ "nosoa.test", DNS_A, "" },
	{ "nosoa.test", DNS_AAAA, "" },
	{ "odd.test", DNS_MX, SOA }, /* there, but not by A and AAAA */
	{ "odd.test", DNS_A, "rcode 3;" SOA },
	{ "odd.test", DNS_AAAA, "rcode 3;" SOA },
	{ "a-fails.test", DNS_MX, SOA },
	{ "a-fails.test", DNS_A, "rcode 2" },
	{ "a-fails.test", DNS_AAAA, "an @12 50 AAAA yes" },
	{ "aaaa-fails.test", DNS_MX, SOA },
	{ "aaaa-fails.test", DNS_A, "an @12 50 A yes" },
	{ "aaaa-fails.test", DNS_AAAA, "rcode 2" },
	{ "aaaa-silent.test", DNS_MX, SOA },
	{ "aaaa-silent.test", DNS_A, "an @12 50 A yes" },
	{ "aaaa-silent.test", DNS_AAAA, "SILENT" },
	{ "half.test", DNS_MX, SOA }, /* no A; who knows about AAAA */
	{ "half.test", DNS_A, SOA },
	{ "half.test", DNS_AAAA, "rcode 5" },
	{ "half-silent.test", DNS_MX, SOA },
	{ "half-silent.test", DNS_A, "SILENT" },
	{ "half-silent.test", DNS_AAAA, SOA },
};

enum { SERVERS_MAX = 8 };

struct server {
	const char *always; /* the answer to everything; NULL: the zone's */
	unsigned queries;
	int udp, tcp;
	unsigned port;
	struct event *on_udp, *on_tcp, *on_client;
};

static struct event_base *base;
static struct server servers[SERVERS_MAX];
static unsigned queries; /* of all servers */
static bool broken;      /* changing.test: SERVFAIL instead of its host */

static const char *
zone_answer(const char *name, unsigned type)
{
	if (strcmp(name, "changing.test") == 0 && type == DNS_MX)
		return broken ? "rcode 2" : "an @12 300 MX 10 mx.test";
	for (size_t i = 0; i < COUNT(zone); i++)
		if (strcasecmp(zone[i].name, name) == 0 && zone[i].type == type)
			return zone[i].answer;
	return "rcode 9"; /* a name no test should ask for */
}

/* More than 512 bytes: UDP says truncated. */
static void
put_big(struct str *out, bool udp)
{
	char statement[80];

	if (udp) {
		dns_message(out, "flags 8380");
		return;
	}
	for (int i = 0; i < 40; i++) {
		snprintf(statement, sizeof(statement), "an @12 300 MX %d host-number-%d.big.test",
		    i, i);
		dns_message(out, statement);
	}
}

/* False: no answer. */
static bool
make_answer(struct server *server, const char *query, size_t len, bool udp, struct str *out)
{
	char name[DOMAIN_SIZE] = "";
	const char *answer;
	size_t at = 12;

	assert_true(len > 16);
	queries++;
	server->queries++;
	while (query[at] != 0) {
		snprintf(name + strlen(name), sizeof(name) - strlen(name), "%s%.*s",
		    at > 12 ? "." : "", query[at], query + at + 1);
		at += (size_t)query[at] + 1;
	}
	answer = server->always != NULL ? server->always
					: zone_answer(name, (unsigned char)query[at + 2]);
	if (strcmp(answer, "SILENT") == 0)
		return false;
	dns_message(out, "");
	memcpy(out->data, query, 2);
	dns_set_u16(out, 4, 1);
	str_add(out, query + 12, at + 5 - 12);
	if (strcmp(answer, "BIG") == 0)
		put_big(out, udp);
	else
		dns_message(out, answer);
	return true;
}

static void
on_udp(evutil_socket_t fd, short what, void *arg)
{
	struct sockaddr_in peer;
	socklen_t peer_len = sizeof(peer);
	char query[1024];
	struct str answer = { 0 };
	ssize_t len = recvfrom(fd, query, sizeof(query), 0, (struct sockaddr *)&peer, &peer_len);

	(void)what;
	assert_true(len > 0);
	if (make_answer(arg, query, (size_t)len, true, &answer))
		assert_int_equal(
		    sendto(fd, answer.data, answer.len, 0, (struct sockaddr *)&peer, peer_len),
		    answer.len);
	str_free(&answer);
}

static void
on_client(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;
	char query[1024];
	struct str answer = { 0 }, framed = { 0 };
	ssize_t len = recv(fd, query, sizeof(query), 0);

	(void)what;
	assert_true(len > 2); /* on loopback a query comes in one piece */
	assert_true(make_answer(server, query + 2, (size_t)len - 2, false, &answer));
	dns_u16(&framed, (unsigned)answer.len);
	str_add(&framed, answer.data, answer.len);
	assert_int_equal(send(fd, framed.data, framed.len, 0), framed.len);
	str_free(&answer);
	str_free(&framed);
	event_free(server->on_client);
	server->on_client = NULL;
	close(fd);
}

static void
on_tcp(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;
	int client = accept(fd, NULL, NULL);

	(void)what;
	assert_true(client >= 0);
	assert_null(server->on_client);
	server->on_client = event_new(base, client, EV_READ, on_client, server);
	event_add(server->on_client, NULL);
}

/* UDP and TCP on one port that the kernel chooses. */
static void
server_start(struct server *server)
{
	for (int tries = 0; tries < 20; tries++) {
		struct sockaddr_in addr = { .sin_family = AF_INET };
		socklen_t len = sizeof(addr);

		addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		server->udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		server->tcp = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		assert_int_equal(bind(server->udp, (struct sockaddr *)&addr, len), 0);
		assert_int_equal(getsockname(server->udp, (struct sockaddr *)&addr, &len), 0);
		if (bind(server->tcp, (struct sockaddr *)&addr, len) == 0) {
			server->port = ntohs(addr.sin_port);
			assert_int_equal(listen(server->tcp, 5), 0);
			server->on_udp =
			    event_new(base, server->udp, EV_READ | EV_PERSIST, on_udp, server);
			server->on_tcp =
			    event_new(base, server->tcp, EV_READ | EV_PERSIST, on_tcp, server);
			event_add(server->on_udp, NULL);
			event_add(server->on_tcp, NULL);
			return;
		}
		close(server->udp);
		close(server->tcp);
	}
	fail_msg("no port is free for both UDP and TCP");
}

static void
server_stop(struct server *server)
{
	if (server->on_udp == NULL)
		return;
	event_free(server->on_udp);
	event_free(server->on_tcp);
	close(server->udp);
	close(server->tcp);
	*server = (struct server){ 0 };
}

/* -- asking ------------------------------------------------------------------------------------ */

enum { LONG_MS = 20000 }; /* a time-out that no passing test waits for */

static struct mx *mx;

/* What a callback was told. */
struct told {
	unsigned times;
	enum mx_state state;
	int64_t ttl_s;
	char set[512], words[MX_WORDS_SIZE];
	struct mx_query **cancels; /* cancelled by the callback */
	struct told *starts;       /* found.test is asked by the callback */
};

static void
on_done(void *arg, const struct mx_answer *answer)
{
	struct told *told = arg;
	struct str text = { 0 };

	told->times++;
	told->state = answer->state;
	told->ttl_s = answer->ttl_s;
	if (answer->set != NULL)
		mx_set_format(answer->set, &text);
	snprintf(told->set, sizeof(told->set), "%s", str_text(&text));
	snprintf(told->words, sizeof(told->words), "%s", answer->words);
	str_free(&text);
	if (told->cancels != NULL)
		mx_cancel(told->cancels);
	if (told->starts != NULL) {
		mx_start(mx, "found.test", on_done, told->starts);
		assert_int_equal(told->starts->times, 0);
	}
}

/* So many servers, each with that answer to everything (NULL: the zone). */
static void
set_up(const char *const *always, size_t count, int64_t timeout_ms)
{
	char text[SERVERS_MAX][32];
	const char *items[SERVERS_MAX];
	struct conf_strings list = { items, count };
	struct err err = { "" };

	skipped_ms = 0;
	queries = 0;
	broken = false;
	base = event_base_new();
	for (size_t i = 0; i < count; i++) {
		servers[i].always = always[i];
		server_start(&servers[i]);
		snprintf(text[i], sizeof(text[i]), "127.0.0.1:%u", servers[i].port);
		items[i] = text[i];
	}
	mx = mx_new(base, &list, timeout_ms, &err);
	assert_string_equal(err.text, "");
	assert_non_null(mx);
}

static void
set_up_zone(int64_t timeout_ms)
{
	static const char *const the_zone[] = { NULL };

	set_up(the_zone, 1, timeout_ms);
}

static void
tear_down(void)
{
	mx_free(&mx);
	assert_null(mx);
	for (size_t i = 0; i < SERVERS_MAX; i++)
		server_stop(&servers[i]);
	event_base_free(base);
}

static void
on_stuck(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	fail_msg("no callback within its time");
}

/* Runs the loop until *count is at least `enough`. */
static void
run_until(const unsigned *count, unsigned enough)
{
	struct timeval longest = { 2 * LONG_MS / 1000, 0 };
	struct event *stuck = evtimer_new(base, on_stuck, NULL);

	evtimer_add(stuck, &longest);
	while (*count < enough)
		event_base_loop(base, EVLOOP_ONCE);
	event_free(stuck);
}

static void
look_up(const char *domain, struct told *told)
{
	*told = (struct told){ 0 };
	assert_non_null(mx_start(mx, domain, on_done, told));
	assert_int_equal(told->times, 0);
	run_until(&told->times, 1);
	assert_int_equal(told->times, 1);
}

struct note {
	struct mx_note note;
	const char *text;
};

static unsigned notes_freed;

static void
note_free(struct mx_note *note)
{
	notes_freed++;
	free(note);
}

static struct mx_note *
note_new(const char *text)
{
	struct note *note = calloc(1, sizeof(*note));

	assert_non_null(note);
	note->note.free = note_free;
	note->text = text;
	return &note->note;
}

static const char *
note_text(const struct mx_answer *answer)
{
	assert_non_null(*answer->note);
	return ((const struct note *)*answer->note)->text;
}

/* -- tests ------------------------------------------------------------------------------------- */

static const struct outcome_row {
	const char *label;
	enum mx_state state;
	int64_t ttl_s;
	const char *set, *words;
	unsigned queries;
} outcome_rows[] = {
	{ "found.test", MX_FOUND, 300, "10 mx1.found.test 20 mx2.found.test", "", 1 },
	{ "alias.test", MX_FOUND, 200, "10 mx1.found.test", "", 1 },
	{ "short.test", MX_FOUND, MX_TTL_MIN_S, "10 mx.test", "", 1 },
	{ "long.test", MX_FOUND, MX_TTL_MAX_S, "10 mx.test", "", 1 },
	{ "null.test", MX_NULL, 300, "", "", 1 },
	{ "dot.test", MX_FAILED, MX_TTL_FAILED_S, "", "no MX record names a host", 1 },
	{ "nxdomain.test", MX_NO_DOMAIN, 120, "", "", 1 },
	{ "servfail.test", MX_FAILED, MX_TTL_FAILED_S, "", "SERVFAIL", 1 },
	{ "refused.test", MX_FAILED, MX_TTL_FAILED_S, "", "REFUSED", 1 },
	{ "a.test", MX_IMPLICIT, 50, "0 a.test", "", 3 },
	{ "aaaa.test", MX_IMPLICIT, 500, "0 aaaa.test", "", 3 },
	{ "both.test", MX_IMPLICIT, 50, "0 both.test", "", 3 },
	{ "nohost.test", MX_NO_HOST, 77, "", "", 3 },
	{ "nosoa.test", MX_NO_HOST, MX_TTL_MIN_S, "", "", 3 },
	{ "odd.test", MX_NO_HOST, 60, "", "", 3 },
	{ "a-fails.test", MX_IMPLICIT, 50, "0 a-fails.test", "", 3 },
	{ "aaaa-fails.test", MX_IMPLICIT, 50, "0 aaaa-fails.test", "", 3 },
	{ "aaaa-silent.test", MX_IMPLICIT, 50, "0 aaaa-silent.test", "", 3 },
	{ "half.test", MX_FAILED, MX_TTL_FAILED_S, "", "REFUSED", 3 },
};

static void
outcome(void **state)
{
	const struct outcome_row *row = *state;
	struct told told;

	set_up_zone(LONG_MS);
	look_up(row->label, &told);
	assert_string_equal(mx_state_name(told.state), mx_state_name(row->state));
	assert_string_equal(told.set, row->set);
	assert_string_equal(told.words, row->words);
	assert_int_equal(told.ttl_s, row->ttl_s);
	/* With both A and AAAA the first decides, but both were asked. */
	run_until(&queries, row->queries);
	assert_int_equal(queries, row->queries);
	assert_int_equal(mx_figures(mx).lookups, 1);
	assert_int_equal(mx_figures(mx).failed, row->state == MX_FAILED);
	assert_int_equal(mx_figures(mx).timeouts, 0);
	assert_int_equal(mx_figures(mx).waiting, 0);
	tear_down();
}

static void
garbage(void **state)
{
	struct told told;

	(void)state;
	set_up_zone(
	    300); /* a c-ares that reads answers itself may go on waiting for a better one */
	look_up("garbage.test", &told);
	assert_int_equal(told.state, MX_FAILED);
	assert_string_not_equal(told.words, "");
	assert_int_equal(mx_figures(mx).failed, 1);
	tear_down();
}

static void
truncated_answer_is_asked_by_tcp(void **state)
{
	struct told told;
	struct mx_answer answer;

	(void)state;
	set_up_zone(LONG_MS);
	look_up("big.test", &told);
	assert_int_equal(told.state, MX_FOUND);
	assert_int_equal(queries, 2);
	assert_true(mx_cached(mx, "big.test", &answer));
	assert_int_equal(answer.set->count, MX_SET_MAX);
	assert_string_equal(answer.set->hosts[31].name, "host-number-31.big.test");
	tear_down();
}

static void
silence(void **state)
{
	static const char *const all_silent[SERVERS_MAX] = { "SILENT", "SILENT", "SILENT", "SILENT",
		"SILENT", "SILENT", "SILENT", "SILENT" };
	struct told told = { 0 }, second = { 0 };
	int64_t started_ms = real_ms();

	(void)state;
	set_up(all_silent, SERVERS_MAX, 600); /* c-ares alone would take 4.8 s for two rounds */
	mx_start(mx, "silent.test", on_done, &told);
	mx_start(mx, "other.test", on_done, &second);
	assert_int_equal(mx_figures(mx).waiting, 2);
	run_until(&told.times, 1);
	run_until(&second.times, 1);
	assert_in_range(real_ms() - started_ms, 590, 4000);
	assert_int_equal(told.state, MX_FAILED);
	assert_string_equal(told.words, "timeout");
	assert_int_equal(told.ttl_s, MX_TTL_FAILED_S);
	assert_int_equal(second.state, MX_FAILED);
	assert_int_equal(mx_figures(mx).timeouts, 2);
	assert_int_equal(mx_figures(mx).waiting, 0);
	/* c-ares still asks on; freeing takes care of it. */
	tear_down();
}

static void
silence_about_addresses(void **state)
{
	struct told told;

	(void)state;
	set_up_zone(300);
	look_up("half-silent.test", &told);
	assert_int_equal(told.state, MX_FAILED);
	assert_string_equal(told.words, "timeout");
	assert_int_equal(mx_figures(mx).timeouts, 1);
	tear_down();
}

/* Queries that are lost are repeated, within the time. */
static const struct lost_row {
	const char *label;
	size_t servers;
	unsigned lost;
} lost_rows[] = {
	{ "one, of the only server", 1, 1 },
	{ "two, of two servers", 2, 2 },
};

static void
lost_queries(void **state)
{
	static const char *const silent[] = { "SILENT", "SILENT" };
	const struct lost_row *row = *state;
	struct told told = { 0 };

	set_up(silent, row->servers, 3000);
	mx_start(mx, "found.test", on_done, &told);
	run_until(&queries, row->lost);
	servers[0].always = NULL;
	run_until(&told.times, 1);
	assert_int_equal(told.state, MX_FOUND);
	assert_int_equal(queries, row->lost + 1);
	tear_down();
}

static const struct next_row {
	const char *label, *first;
} next_rows[] = {
	{ "SERVFAIL", "rcode 2" },
	{ "REFUSED", "rcode 5" },
	{ "silence", "SILENT" },
};

static void
next_server_is_asked_after(void **state)
{
	const struct next_row *row = *state;
	const char *const always[] = { row->first, NULL };
	struct told told;

	set_up(always, 2, 3000);
	look_up("found.test", &told);
	assert_int_equal(told.state, MX_FOUND);
	assert_int_equal(servers[0].queries, 1);
	assert_int_equal(servers[1].queries, 1);
	tear_down();
}

static void
all_servers_fail(void **state)
{
	static const char *const always[] = { "rcode 2", "rcode 5" };
	struct told told;

	(void)state;
	set_up(always, 2, LONG_MS);
	look_up("found.test", &told);
	assert_int_equal(told.state, MX_FAILED);
	assert_string_not_equal(told.words, "");
	tear_down();
}

static void
nobody_listens(void **state)
{
	struct told told;

	(void)state;
	set_up_zone(2000);
	server_stop(&servers[0]);
	look_up("found.test", &told);
	assert_int_equal(told.state, MX_FAILED);
	assert_string_not_equal(told.words, "");
	tear_down();
}

static void
shared(void **state)
{
	struct told told[3] = { 0 };

	(void)state;
	set_up_zone(LONG_MS);
	for (size_t i = 0; i < COUNT(told); i++)
		assert_non_null(mx_start(mx, "found.test", on_done, &told[i]));
	for (size_t i = 0; i < COUNT(told); i++)
		run_until(&told[i].times, 1);
	for (size_t i = 0; i < COUNT(told); i++) {
		assert_int_equal(told[i].times, 1);
		assert_int_equal(told[i].state, MX_FOUND);
	}
	assert_int_equal(queries, 1);
	assert_int_equal(mx_figures(mx).lookups, 1);
	tear_down();
}

static void
cached_until_the_ttl_ends(void **state)
{
	struct told told;
	struct mx_answer answer;

	(void)state;
	set_up_zone(LONG_MS);
	assert_false(mx_cached(mx, "found.test", &answer));
	look_up("found.test", &told);
	assert_true(mx_cached(mx, "found.test", &answer));
	assert_int_equal(answer.state, MX_FOUND);
	assert_int_equal(answer.set->count, 2);
	assert_string_equal(answer.words, "");
	skipped_ms += 290 * 1000;
	assert_true(mx_cached(mx, "found.test", &answer));
	assert_in_range(answer.ttl_s, 1, 10);
	look_up("found.test", &told); /* also by this way, without asking */
	assert_int_equal(told.state, MX_FOUND);
	assert_int_equal(queries, 1);
	assert_int_equal(mx_figures(mx).hits, 3);
	skipped_ms += 10 * 1000;
	assert_false(mx_cached(mx, "found.test", &answer));
	look_up("found.test", &told);
	assert_int_equal(queries, 2);
	assert_int_equal(told.ttl_s, 300);
	assert_int_equal(mx_figures(mx).cached, 1);
	tear_down();
}

static void
failure_is_cached_for_seconds(void **state)
{
	struct told told;
	struct mx_answer answer;

	(void)state;
	set_up_zone(LONG_MS);
	look_up("servfail.test", &told);
	assert_true(mx_cached(mx, "servfail.test", &answer));
	assert_int_equal(answer.state, MX_FAILED);
	assert_null(answer.set);
	assert_string_equal(answer.words, "SERVFAIL");
	skipped_ms += MX_TTL_FAILED_S * 1000;
	assert_false(mx_cached(mx, "servfail.test", &answer));
	tear_down();
}

static void
expired_answer_is_not_used_when_dns_fails(void **state)
{
	struct told told;

	(void)state;
	set_up_zone(LONG_MS);
	look_up("changing.test", &told);
	assert_int_equal(told.state, MX_FOUND);
	broken = true;
	skipped_ms += 301 * 1000;
	look_up("changing.test", &told);
	assert_int_equal(told.state, MX_FAILED);
	assert_string_equal(told.set, "");
	broken = false;
	skipped_ms += MX_TTL_FAILED_S * 1000;
	look_up("changing.test", &told);
	assert_int_equal(told.state, MX_FOUND);
	tear_down();
}

static void
note_stays_with_its_answer(void **state)
{
	struct told told;
	struct mx_answer answer;

	(void)state;
	notes_freed = 0;
	set_up_zone(LONG_MS);
	look_up("found.test", &told);
	assert_true(mx_cached(mx, "found.test", &answer));
	assert_null(*answer.note);
	*answer.note = note_new("google");
	assert_true(mx_cached(mx, "found.test", &answer));
	assert_string_equal(note_text(&answer), "google");
	skipped_ms += 301 * 1000;
	look_up("found.test", &told);
	assert_int_equal(notes_freed, 1);
	assert_true(mx_cached(mx, "found.test", &answer));
	assert_null(*answer.note);
	*answer.note = note_new("gone with the cache");
	tear_down();
	assert_int_equal(notes_freed, 2);
}

static void
address_literals(void **state)
{
	struct told told;
	struct mx_answer answer;

	(void)state;
	set_up_zone(LONG_MS);
	assert_true(mx_cached(mx, "[192.0.2.1]", &answer));
	assert_int_equal(answer.state, MX_IMPLICIT);
	assert_int_equal(answer.set->count, 1);
	assert_string_equal(answer.set->hosts[0].name, "[192.0.2.1]");
	assert_int_equal(answer.ttl_s, MX_TTL_MAX_S);
	*answer.note = note_new("kept");
	assert_true(mx_cached(mx, "[192.0.2.1]", &answer));
	assert_string_equal(note_text(&answer), "kept");
	look_up("[ipv6:2001:db8::1]", &told);
	assert_int_equal(told.state, MX_IMPLICIT);
	assert_string_equal(told.set, "0 [ipv6:2001:db8::1]");
	assert_int_equal(queries, 0);
	tear_down();
}

/* Names that c-ares refuses or knows without asking: the callback comes later all the same. */
static void
answered_at_once(void **state)
{
	char name[DOMAIN_SIZE];
	struct told told;

	(void)state;
	set_up_zone(LONG_MS);
	memset(name, 'a', sizeof(name));
	for (size_t i = 63; i < 255; i += 64)
		name[i] = '.';
	name[255] = '\0';
	look_up(name, &told);
	assert_int_equal(told.state, MX_FAILED);
	assert_string_equal(told.words, "not a DNS name");
	assert_int_equal(queries, 0);
	look_up("name.onion", &told);
	assert_int_equal(told.state, MX_NO_DOMAIN);
	tear_down();
}

static void
cancelled(void **state)
{
	struct told told = { 0 }, other = { 0 }, again = { 0 };
	struct mx_query *query;

	(void)state;
	set_up_zone(LONG_MS);
	query = mx_start(mx, "found.test", on_done, &told);
	mx_start(mx, "found.test", on_done, &other);
	mx_cancel(&query);
	assert_null(query);
	mx_cancel(&query); /* of nothing */
	run_until(&other.times, 1);
	assert_int_equal(told.times, 0);
	assert_int_equal(other.times, 1);
	/* One that only waits for its turn. */
	query = mx_start(mx, "found.test", on_done, &told);
	mx_start(mx, "found.test", on_done, &again);
	mx_cancel(&query);
	run_until(&again.times, 1);
	assert_int_equal(told.times, 0);
	tear_down();
}

/* Nobody waits any more: what DNS says is kept for the next. */
static void
cancelled_by_all(void **state)
{
	struct told told = { 0 };
	struct mx_answer answer;
	struct mx_query *query;

	(void)state;
	set_up_zone(LONG_MS);
	query = mx_start(mx, "found.test", on_done, &told);
	mx_cancel(&query);
	assert_int_equal(mx_figures(mx).waiting, 1);
	while (mx_figures(mx).waiting > 0)
		event_base_loop(base, EVLOOP_ONCE);
	assert_true(mx_cached(mx, "found.test", &answer));
	assert_int_equal(told.times, 0);
	tear_down();
}

static void
callback_may_cancel_and_start(void **state)
{
	struct told first = { 0 }, second = { 0 }, third = { 0 };
	struct mx_query *query;

	(void)state;
	set_up_zone(LONG_MS);
	mx_start(mx, "found.test", on_done, &first);
	query = mx_start(mx, "found.test", on_done, &second);
	first.cancels = &query;
	first.starts = &third;
	run_until(&third.times, 1);
	assert_int_equal(first.times, 1);
	assert_int_equal(second.times, 0);
	assert_int_equal(third.state, MX_FOUND);
	assert_int_equal(queries, 1);
	tear_down();
}

static void
freed_while_waiting(void **state)
{
	struct told told[4] = { 0 };

	(void)state;
	set_up_zone(LONG_MS);
	look_up("found.test", &told[0]);
	mx_start(mx, "silent.test", on_done, &told[1]); /* in c-ares' hands */
	mx_start(mx, "silent.test", on_done, &told[1]);
	run_until(&queries, 2);
	mx_start(mx, "half-silent.test", on_done, &told[2]); /* between MX and addresses */
	run_until(&queries, 5);
	mx_start(mx, "found.test", on_done, &told[3]); /* answered, not delivered */
	tear_down();
	assert_int_equal(told[1].times + told[2].times + told[3].times, 0);
}

static void
look_ups_have_a_cap(void **state)
{
	struct told told = { 0 }, refused = { 0 };
	struct mx_answer answer;
	char name[32];

	(void)state;
	set_up_zone(LONG_MS);
	servers[0].always = "SILENT";
	for (int i = 0; i < MX_LOOKUPS_MAX; i++) {
		snprintf(name, sizeof(name), "n%d.test", i);
		mx_start(mx, name, on_done, &told);
	}
	assert_int_equal(mx_figures(mx).waiting, MX_LOOKUPS_MAX);
	mx_start(mx, "found.test", on_done, &refused);
	assert_int_equal(refused.times, 0);
	run_until(&refused.times, 1);
	assert_int_equal(refused.state, MX_FAILED);
	assert_string_equal(refused.words, "too many look-ups under way");
	assert_false(mx_cached(mx, "found.test", &answer));
	assert_int_equal(mx_figures(mx).waiting, MX_LOOKUPS_MAX);
	tear_down();
	assert_int_equal(told.times, 0);
}

static const struct servers_row {
	const char *label;
	bool good;
} servers_rows[] = {
	{ "127.0.0.1", true },
	{ "127.0.0.1:5353", true },
	{ "::1", true },
	{ "[::1]", true },
	{ "[::1]:53", true },
	{ "localhost", false },
	{ "", false },
	{ "127.0.0.1:", false },
	{ "127.0.0.1:65536", false },
	{ "127.0.0.1,127.0.0.2", false },
	{ "[::1", false },
};

static void
server_list(void **state)
{
	const struct servers_row *row = *state;
	const char *items[] = { "192.0.2.1", row->label };
	struct conf_strings list = { items, 2 };
	struct err err = { "" };

	base = event_base_new();
	mx = mx_new(base, &list, 1000, &err);
	if (row->good) {
		assert_non_null(mx);
	} else {
		char words[128];

		assert_null(mx);
		snprintf(words, sizeof(words),
		    "DNS server \"%s\": not an IP address, with or without a port", row->label);
		assert_string_equal(err.text, words);
	}
	mx_free(&mx);
	event_base_free(base);
}

static void
the_systems_servers(void **state)
{
	struct conf_strings none = { NULL, 0 };
	struct err err = { "" };

	(void)state;
	base = event_base_new();
	mx = mx_new(base, &none, 1000, &err);
	assert_non_null(mx);
	mx_free(&mx);
	mx_free(&mx);
	event_base_free(base);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, outcome, outcome_rows);
	CHECK(&list, garbage);
	CHECK(&list, truncated_answer_is_asked_by_tcp);
	CHECK(&list, silence);
	CHECK(&list, silence_about_addresses);
	CHECK_ROWS(&list, lost_queries, lost_rows);
	CHECK_ROWS(&list, next_server_is_asked_after, next_rows);
	CHECK(&list, all_servers_fail);
	CHECK(&list, nobody_listens);
	CHECK(&list, shared);
	CHECK(&list, cached_until_the_ttl_ends);
	CHECK(&list, failure_is_cached_for_seconds);
	CHECK(&list, expired_answer_is_not_used_when_dns_fails);
	CHECK(&list, note_stays_with_its_answer);
	CHECK(&list, address_literals);
	CHECK(&list, answered_at_once);
	CHECK(&list, cancelled);
	CHECK(&list, cancelled_by_all);
	CHECK(&list, callback_may_cancel_and_start);
	CHECK(&list, freed_while_waiting);
	CHECK(&list, look_ups_have_a_cap);
	CHECK_ROWS(&list, server_list, servers_rows);
	CHECK(&list, the_systems_servers);
	return check_run(&list, "mx");
}
