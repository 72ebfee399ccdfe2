/*
 * test_engine - an engine of mxpolicyd with a Redis of the test's own, and clients of it.
 *
 * Recipients at address literals ("u@[192.0.2.5]") need no DNS: rules.mx names them.
 */
#ifndef TEST_ENGINE_H
#define TEST_ENGINE_H

#include "fake_redis.h"

#include <fcntl.h>

#include "conn.h"
#include "engine.h"
#include "log.h"

static const char engine_rules[] =
    "mx_rules = (\n"
    "  { name = \"google\"; mx = \"[192.0.2.5]\"; connections = 5; limits = \"1000/1h\"; },\n"
    "  { name = \"free\"; mx = \"[192.0.2.6]\"; } );\n";

static struct event_base *base;
static struct fake_redis redis, other_redis; /* the engine's, and one to move to */
static struct engine engine;

static inline struct settings *
engine_settings(const struct fake_redis *at, const char *more)
{
	struct conf_errors errors = { 0 };
	struct str text = { 0 };
	struct settings *settings;

	str_addf(&text, "redis = \"unix:%s\"; store_timeout = \"20s\"; node = \"mta1\";\n%s%s%s",
	    at->text,
	    strstr(more, "dns_servers") != NULL ? "" : "dns_servers = [ \"127.0.0.1:1\" ];\n",
	    strstr(more, "sending_ips") != NULL ? ""
						: "sending_ips = ( { name = \"192.0.2.1\"; } );\n",
	    more);
	settings = settings_parse(str_text(&text), "test", &errors);
	if (settings == NULL)
		fail_msg("%s", str_text(&errors.lines));
	conf_errors_free(&errors);
	str_free(&text);
	return settings;
}

static inline struct mx_rules *
engine_rules_of(const char *text)
{
	struct conf_errors errors = { 0 };
	struct mx_rules *rules = mx_rules_parse(text, "test", &errors);

	if (rules == NULL)
		fail_msg("%s", str_text(&errors.lines));
	conf_errors_free(&errors);
	return rules;
}

static inline void
engine_set_up(const char *conf)
{
	struct err err;

	log_set_level(LOG_LEVEL_ERROR);
	base = event_base_new();
	fake_init(&redis, base);
	fake_init(&other_redis, base);
	fake_start(&redis);
	fake_start(&other_redis);
	assert_int_equal(engine_init(&engine, base, engine_settings(&redis, conf),
			     engine_rules_of(engine_rules), &err),
	    0);
	WAIT_FOR(base, store_async_works(engine.store));
	WAIT_FOR(base,
	    fake_has(&redis, script_sha1(SCRIPT_PRUNE))); /* and the heartbeat is through */
	str_empty(&redis.commands);
}

static inline void
engine_take_down(void)
{
	engine_clear(&engine);
	fake_clear(&redis);
	fake_clear(&other_redis);
	event_base_free(base);
}

/* -- clients ----------------------------------------------------------------------------------- */

struct client {
	int fd;
	int served;        /* the other end's; conn's */
	struct conn *conn; /* NULL once it has closed itself */
	struct str got;    /* what it was answered */
	bool ended;        /* hung up on */
};

static inline void
on_client_closed(void *arg, struct conn *conn)
{
	struct client *client = arg;

	assert_ptr_equal(client->conn, conn);
	client->conn = NULL;
}

static inline void
client_open_fds(struct client *client, int fd, int served)
{
	*client = (struct client){ .fd = fd, .served = served };
	fcntl(fd, F_SETFL, O_NONBLOCK);
	fcntl(served, F_SETFL, O_NONBLOCK);
	client->conn = conn_new(&engine, served, on_client_closed, client);
}

static inline void
client_open(struct client *client)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	client_open_fds(client, fds[0], fds[1]);
}

static inline void
client_close(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	if (client->conn != NULL)
		conn_free(&client->conn);
	str_free(&client->got);
}

/* Takes what there is. */
static inline void
client_read(struct client *client)
{
	for (;;) {
		ssize_t n;

		str_reserve(&client->got, 65536);
		n = recv(client->fd, client->got.data + client->got.len, 65536, 0);
		if (n <= 0) {
			client->ended = n == 0 || errno != EAGAIN;
			return;
		}
		client->got.len += (size_t)n;
		client->got.data[client->got.len] = '\0';
	}
}

static inline unsigned
client_answers(struct client *client)
{
	unsigned n = 0;

	client_read(client);
	for (const char *at = str_text(&client->got); (at = strstr(at, "\n\n")) != NULL; at += 2)
		n++;
	return n;
}

static inline bool
client_ended(struct client *client)
{
	client_read(client);
	return client->ended;
}

/* All of it, while the loop runs; an end that is hung up on is no mistake. */
static inline void
client_send(struct client *client, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(client->fd, bytes, len, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			return;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
		if (len > 0)
			turn(base);
	}
}

static inline void
client_says(struct client *client, const char *text)
{
	client_send(client, text, strlen(text));
}

#define RCPT(recipient, instance)                                                                 \
	"request=smtpd_access_policy\nprotocol_state=RCPT\nsender=a@b.test\nrecipient=" recipient \
	"\ninstance=" instance "\n\n"
#define END_OF_MESSAGE(instance) \
	"request=smtpd_access_policy\nprotocol_state=END-OF-MESSAGE\ninstance=" instance "\n\n"
#define DUNNO "action=DUNNO\n\n"

#endif
