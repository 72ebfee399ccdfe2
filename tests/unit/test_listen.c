#include "check.h"
#include "listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* -- addresses --------------------------------------------------------------------------------- */

#define LONG_PATH /* 107 bytes */                                      \
	"/a23456789/123456789/123456789/123456789/123456789/123456789" \
	"/123456789/123456789/123456789/123456789/123456"

static const struct parse_row {
	const char *label, *in;
	int count;         /* -1: refused */
	const char *words; /* of the refusal, or the addresses as the system prints them */
} parse_rows[] = {
	{ "a unix socket", "unix:/run/policy", 1, "/run/policy" },
	{ "an IPv4 address", "inet:127.0.0.1:10040", 1, "127.0.0.1:10040" },
	{ "an IPv6 address", "inet:[::1]:10040", 1, "::1:10040" },
	{ "an IPv6 address without brackets", "inet:::1:10040", 1, "::1:10040" },
	{ "localhost", "inet:localhost:25", 1, "127.0.0.1:25" },
	{ "any address", "inet:0.0.0.0:25", 1, "0.0.0.0:25" },
	{ "the last port", "inet:127.0.0.1:65535", 1, "127.0.0.1:65535" },
	{ "several, blanks and commas", " unix:/a,unix:/b ,\n\tinet:127.0.0.1:1 ", 3,
	    "/a /b 127.0.0.1:1" },
	{ "the longest path", "unix:" LONG_PATH, 1, LONG_PATH },
	{ "a path one too long", "unix:" LONG_PATH "6", -1, "under 108 bytes" },
	{ "a path far too long", "unix:" LONG_PATH LONG_PATH, -1, "too long" },
	{ "nothing", "", -1, "no address" },
	{ "only blanks", " , ", -1, "no address" },
	{ "a relative path", "unix:run/policy", -1, "absolute" },
	{ "no path", "unix:", -1, "absolute" },
	{ "neither", "/run/policy", -1, "neither unix:/path nor inet:address:port" },
	{ "another kind", "tcp:127.0.0.1:1", -1, "neither" },
	{ "a host name", "inet:mail.test:10040", -1, "numeric address" },
	{ "no port", "inet:127.0.0.1", -1, "numeric address" },
	{ "an empty port", "inet:127.0.0.1:", -1, "numeric address" },
	{ "no host", "inet::10040", -1, "numeric address" },
	{ "a port's name", "inet:127.0.0.1:smtp", -1, "numeric address" },
	{ "a port over the last", "inet:127.0.0.1:65536", -1, "numeric address" },
	{ "a port far over the last", "inet:127.0.0.1:75576", -1, "numeric address" },
	{ "a negative port", "inet:127.0.0.1:-1", -1, "numeric address" },
	{ "the second is wrong", "unix:/a inet:x", -1, "\"inet:x\"" },
	{ "sixteen",
	    "unix:/a unix:/a unix:/a unix:/a unix:/a unix:/a unix:/a unix:/a unix:/a unix:/a "
	    "unix:/a unix:/a unix:/a unix:/a unix:/a unix:/a",
	    16, "/a /a /a /a /a /a /a /a /a /a /a /a /a /a /a /a" },
	{ "seventeen",
	    "unix:/a unix:/a unix:/a unix:/a unix:/a unix:/a unix:/a unix:/a unix:/a "
	    "unix:/a unix:/a unix:/a unix:/a unix:/a unix:/a unix:/a unix:/a",
	    -1, "more than 16 addresses" },
};

static void
print(const struct listen_address *address, char *out, size_t size)
{
	char host[INET6_ADDRSTRLEN] = "";
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)(const void *)&address->addr;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)&address->addr;

	if (address->is_unix) {
		snprintf(out, size, "%s",
		    ((const struct sockaddr_un *)(const void *)&address->addr)->sun_path);
		return;
	}
	if (address->addr.ss_family == AF_INET)
		inet_ntop(AF_INET, &in4->sin_addr, host, sizeof(host));
	else
		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
	snprintf(out, size, "%s:%u", host, ntohs(in4->sin_port));
}

static void
parses(void **state)
{
	const struct parse_row *row = *state;
	struct listen_address addresses[LISTEN_MAX];
	struct err err = { "" };
	char text[2048] = "";
	int count = listen_parse(row->in, addresses, &err);

	assert_int_equal(count, row->count);
	if (count < 0) {
		assert_non_null(strstr(err.text, row->words));
		return;
	}
	for (int i = 0; i < count; i++) {
		if (i > 0)
			strcat(text, " ");
		print(&addresses[i], text + strlen(text), sizeof(text) - strlen(text));
	}
	assert_string_equal(text, row->words);
}

static const struct same_row {
	const char *label, *a, *b;
	bool same;
} same_rows[] = {
	{ "a path", "unix:/a", "unix:/a", true },
	{ "another path", "unix:/a", "unix:/b", false },
	{ "a longer path", "unix:/a", "unix:/ab", false },
	{ "IPv4", "inet:127.0.0.1:1", "inet:127.0.0.1:1", true },
	{ "another name for it", "inet:127.0.0.1:1", "inet:localhost:1", true },
	{ "another port", "inet:127.0.0.1:1", "inet:127.0.0.1:2", false },
	{ "another address", "inet:127.0.0.1:1", "inet:127.0.0.2:1", false },
	{ "IPv6", "inet:[::1]:1", "inet:::1:1", true },
	{ "another port, IPv6", "inet:[::1]:1", "inet:[::1]:2", false },
	{ "another address, IPv6", "inet:[::1]:1", "inet:[::2]:1", false },
	{ "another family", "inet:[::]:1", "inet:0.0.0.0:1", false },
	{ "a path and an address", "unix:/a", "inet:127.0.0.1:1", false },
};

static void
is_same(void **state)
{
	const struct same_row *row = *state;
	struct listen_address a[LISTEN_MAX], b[LISTEN_MAX];

	assert_int_equal(listen_parse(row->a, a, NULL), 1);
	assert_int_equal(listen_parse(row->b, b, NULL), 1);
	assert_int_equal(listen_is_same(&a[0], &b[0]), row->same);
	assert_int_equal(listen_is_same(&b[0], &a[0]), row->same);
}

/* -- who may connect --------------------------------------------------------------------------- */

static struct settings *
settings_of(const char *text)
{
	struct conf_errors errors = { 0 };
	struct settings *settings = settings_parse(text, "test", &errors);

	if (settings == NULL)
		fail_msg("%s", str_text(&errors.lines));
	conf_errors_free(&errors);
	return settings;
}

static const struct allow_row {
	const char *label, *networks, *peer;
	bool allowed;
} allow_rows[] = {
	{ "loopback", "", "127.0.0.1", true },
	{ "all of 127/8", "", "127.255.1.2", true },
	{ "loopback, IPv6", "", "::1", true },
	{ "loopback, mapped", "", "::ffff:127.0.0.1", true },
	{ "nobody else", "", "192.0.2.1", false },
	{ "nobody else, IPv6", "", "2001:db8::1", false },
	{ "a unix peer", "", "unix", true },
	{ "in the network", "192.0.2.0/24", "192.0.2.255", true },
	{ "mapped, in the network", "192.0.2.0/24", "::ffff:192.0.2.7", true },
	{ "beside the network", "192.0.2.0/24", "192.0.3.0", false },
	{ "odd bits, in", "192.0.2.64/27", "192.0.2.95", true },
	{ "odd bits, beside", "192.0.2.64/27", "192.0.2.96", false },
	{ "host bits set", "192.0.2.77/27", "192.0.2.64", true },
	{ "one address", "192.0.2.1", "192.0.2.1", true },
	{ "another address", "192.0.2.1", "192.0.2.2", false },
	{ "/32", "192.0.2.1/32", "192.0.2.2", false },
	{ "/0", "0.0.0.0/0", "203.0.113.9", true },
	{ "/0 is not for IPv6", "0.0.0.0/0", "2001:db8::1", false },
	{ "IPv6, in", "2001:db8::/33", "2001:db8:7fff::1", true },
	{ "IPv6, beside", "2001:db8::/33", "2001:db8:8000::1", false },
	{ "IPv6, one", "2001:db8::1", "2001:db8::1", true },
	{ "IPv6, /128", "2001:db8::1/128", "2001:db8::2", false },
	{ "the last of several", "192.0.2.0/24\", \"198.51.100.0/24", "198.51.100.1", true },
};

static struct sockaddr_storage
peer_of(const char *text)
{
	struct sockaddr_storage peer = { 0 };

	if (strcmp(text, "unix") == 0) {
		peer.ss_family = AF_UNIX;
	} else if (strchr(text, ':') != NULL) {
		peer.ss_family = AF_INET6;
		assert_int_equal(
		    inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)(void *)&peer)->sin6_addr),
		    1);
	} else {
		peer.ss_family = AF_INET;
		assert_int_equal(
		    inet_pton(AF_INET, text, &((struct sockaddr_in *)(void *)&peer)->sin_addr), 1);
	}
	return peer;
}

static void
allows(void **state)
{
	const struct allow_row *row = *state;
	struct sockaddr_storage peer = peer_of(row->peer);
	char conf[200];
	struct settings *settings;

	snprintf(conf, sizeof(conf), "allow_from = [ %s%s%s ];", *row->networks != '\0' ? "\"" : "",
	    row->networks, *row->networks != '\0' ? "\"" : "");
	settings = settings_of(conf);
	assert_int_equal(listen_allows(settings, (struct sockaddr *)&peer), row->allowed);
	settings_release(&settings);
}

static const struct check_row {
	const char *label, *networks, *address, *words; /* NULL: fine */
} check_rows[] = {
	{ "unix", "", "unix:/a", NULL },
	{ "loopback", "", "inet:127.0.0.1:1", NULL },
	{ "loopback, IPv6", "", "inet:[::1]:1", NULL },
	{ "any address needs a network", "", "inet:0.0.0.0:1", "not loopback" },
	{ "the second too", "", "unix:/a inet:192.0.2.1:1", "inet:192.0.2.1:1 is not loopback" },
	{ "any address with a network", "\"192.0.2.0/24\"", "inet:0.0.0.0:1", NULL },
	{ "no network", "\"192.0.2.0/24\", \"nonsense\"", "unix:/a", "\"nonsense\"" },
	{ "too many bits", "\"192.0.2.0/33\"", "unix:/a", "\"192.0.2.0/33\"" },
	{ "too many bits, IPv6", "\"2001:db8::/129\"", "unix:/a", "is not a network" },
	{ "no bits", "\"192.0.2.0/\"", "unix:/a", "is not a network" },
	{ "negative bits", "\"192.0.2.0/-1\"", "unix:/a", "is not a network" },
	{ "half an address", "\"192.0.2/24\"", "unix:/a", "is not a network" },
	{ "far too long",
	    "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", "unix:/a",
	    "is not a network" },
};

static void
checks(void **state)
{
	const struct check_row *row = *state;
	struct listen_address addresses[LISTEN_MAX];
	struct err err = { "" };
	struct settings *settings;
	char conf[200];
	int count = listen_parse(row->address, addresses, &err);

	snprintf(conf, sizeof(conf), "allow_from = [ %s ];", row->networks);
	settings = settings_of(conf);
	assert_true(count > 0);
	assert_int_equal(listen_check(settings, addresses, (size_t)count, &err),
	    row->words == NULL ? 0 : -1);
	if (row->words != NULL)
		assert_non_null(strstr(err.text, row->words));
	settings_release(&settings);
}

/* -- sockets ----------------------------------------------------------------------------------- */

static char folder[32], path[64];
static struct listen_address address;
static struct settings *defaults;

static void
parse_one(const char *text, struct listen_address *out)
{
	struct listen_address addresses[LISTEN_MAX];

	assert_int_equal(listen_parse(text, addresses, NULL), 1);
	*out = addresses[0];
}

static int
set_up(void **state)
{
	char text[80];

	(void)state;
	strcpy(folder, "/tmp/mxpace-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/policy", folder);
	snprintf(text, sizeof(text), "unix:%s", path);
	parse_one(text, &address);
	defaults = settings_of("");
	return 0;
}

static int
take_down(void **state)
{
	(void)state;
	unlink(path);
	assert_int_equal(rmdir(folder), 0);
	settings_release(&defaults);
	return 0;
}

static bool
exists(void)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static int
connect_to(const struct listen_address *to)
{
	int fd = socket(to->addr.ss_family, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	if (connect(fd, (const struct sockaddr *)&to->addr, to->len) == 0)
		return fd;
	close(fd);
	return -1;
}

static int
open_here(const struct settings *settings)
{
	struct err err = { "" };
	int fd = listen_open(&address, settings, &err);

	if (fd < 0)
		fail_msg("%s", err.text);
	return fd;
}

static void
serves_and_leaves_nothing(void **state)
{
	int fd = open_here(defaults), client;

	(void)state;
	assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	client = connect_to(&address);
	assert_true(client >= 0);
	close(client);
	listen_close(&address, fd);
	assert_false(exists());
}

static void
gives_owner_and_mode(void **state)
{
	struct settings *settings;
	struct stat st;
	char conf[200];
	int fd;

	(void)state;
	snprintf(conf, sizeof(conf),
	    "socket_mode = \"0606\"; socket_owner = \"%s\"; socket_group = \"%s\";",
	    getpwuid(geteuid())->pw_name, getgrgid(getegid())->gr_name);
	settings = settings_of(conf);
	fd = open_here(settings);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0606);
	assert_int_equal(st.st_uid, geteuid());
	assert_int_equal(st.st_gid, getegid());
	assert_int_equal(listen_own(&address, defaults, NULL), 0); /* after a reload */
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	listen_close(&address, fd);
	settings_release(&settings);
}

static void
refuses_an_owner_that_does_not_exist(void **state)
{
	struct settings *settings = settings_of("socket_owner = \"no-such-user\";");
	struct err err = { "" };

	(void)state;
	assert_int_equal(listen_open(&address, settings, &err), -1);
	assert_string_equal(err.text, "socket_owner: no user no-such-user");
	settings_release(&settings);
	settings = settings_of("socket_group = \"no-such-group\";");
	assert_int_equal(listen_open(&address, settings, &err), -1);
	assert_string_equal(err.text, "socket_group: no group no-such-group");
	settings_release(&settings);
}

static void
replaces_a_stale_socket(void **state)
{
	int fd = open_here(defaults);

	(void)state;
	close(fd); /* as a crash leaves it */
	assert_true(exists());
	fd = open_here(defaults);
	assert_true(connect_to(&address) >= 0);
	listen_close(&address, fd);
}

static void
does_not_replace_one_that_is_served(void **state)
{
	int fd = open_here(defaults), client;
	struct err err = { "" };

	(void)state;
	assert_int_equal(listen_open(&address, defaults, &err), -1);
	assert_non_null(strstr(err.text, "is served by another process"));
	client = connect_to(&address);
	assert_true(client >= 0);
	close(client);
	listen_close(&address, fd);
}

static void
does_not_replace_what_it_cannot_tell(void **state)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct err err = { "" };

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&address.addr, address.len), 0);
	assert_int_equal(listen_open(&address, defaults, &err), -1);
	assert_non_null(strstr(err.text, path));
	assert_true(exists()); /* somebody's, and alive */
	close(fd);
	unlink(path);

	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(listen_open(&address, defaults, &err), -1);
	assert_non_null(strstr(err.text, "exists and is not a socket"));
	assert_true(exists());
	close(fd);
}

static void
leaves_the_socket_of_a_successor(void **state)
{
	int fd = open_here(defaults), successor, client;

	(void)state;
	unlink(path);
	successor = open_here(defaults);
	listen_close(&address, fd);
	assert_true(exists());
	client = connect_to(&address);
	assert_true(client >= 0);
	close(client);
	listen_close(&address, successor);
	assert_false(exists());
}

static void
tells_why_it_cannot_open(void **state)
{
	struct listen_address elsewhere;
	struct err err = { "" };

	(void)state;
	parse_one("unix:/nonexistent/policy", &elsewhere);
	assert_int_equal(listen_open(&elsewhere, defaults, &err), -1);
	assert_string_equal(err.text, "unix:/nonexistent/policy: No such file or directory");
}

static void
serves_inet(void **state)
{
	struct listen_address inet;
	struct err err = { "" };
	int fd, client;

	(void)state;
	parse_one("inet:127.0.0.1:0", &inet); /* any free port */
	fd = listen_open(&inet, defaults, &err);
	assert_true(fd >= 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&inet.addr, &inet.len), 0);
	client = connect_to(&inet);
	assert_true(client >= 0);
	assert_int_equal(listen_open(&inet, defaults, &err), -1);
	assert_non_null(strstr(err.text, "Address already in use"));
	assert_int_equal(listen_own(&inet, defaults, &err), 0);
	close(client);
	listen_close(&inet, fd);
	assert_int_equal(connect_to(&inet), -1);
}

static void
knows_where_a_socket_listens(void **state)
{
	struct listen_address inet, found;
	int fd = open_here(defaults), nothing = open("/dev/null", O_RDONLY);
	char text[sizeof(found.text)];

	(void)state;
	listen_address_of(fd, &found);
	assert_true(listen_is_same(&found, &address));
	assert_string_equal(found.text, address.text);
	listen_close(&address, fd);

	parse_one("inet:127.0.0.1:0", &inet);
	fd = listen_open(&inet, defaults, NULL);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&inet.addr, &inet.len), 0);
	listen_address_of(fd, &found);
	assert_true(listen_is_same(&found, &inet));
	snprintf(text, sizeof(text), "inet:127.0.0.1:%u",
	    ntohs(((struct sockaddr_in *)(void *)&inet.addr)->sin_port));
	assert_string_equal(found.text, text);
	listen_close(&inet, fd);

	listen_address_of(nothing, &found);
	assert_false(listen_is_same(&found, &address) || listen_is_same(&found, &inet));
	close(nothing);
}

static void
run_one(void **state)
{
	void (*test)(void **) = *(void (**)(void **)) * state;

	set_up(NULL);
	test(NULL);
	take_down(NULL);
}

static const struct socket_row {
	void (*test)(void **state);
	const char *label;
} socket_rows[] = {
	{ serves_and_leaves_nothing, "serves and leaves nothing" },
	{ gives_owner_and_mode, "gives owner and mode" },
	{ refuses_an_owner_that_does_not_exist, "refuses an owner that does not exist" },
	{ replaces_a_stale_socket, "replaces a stale socket" },
	{ does_not_replace_one_that_is_served, "does not replace one that is served" },
	{ does_not_replace_what_it_cannot_tell, "does not replace what it cannot tell" },
	{ leaves_the_socket_of_a_successor, "leaves the socket of a successor" },
	{ tells_why_it_cannot_open, "tells why it cannot open" },
	{ serves_inet, "serves inet" },
	{ knows_where_a_socket_listens, "knows where a socket listens" },
};

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, parses, parse_rows);
	CHECK_ROWS(&list, is_same, same_rows);
	CHECK_ROWS(&list, allows, allow_rows);
	CHECK_ROWS(&list, checks, check_rows);
	CHECK_ROWS(&list, run_one, socket_rows);
	return check_run(&list, "listen");
}
