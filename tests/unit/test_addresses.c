/* addresses, with its table and its file. */
#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "address_file.h"
#include "addresses.h"
#include "fake_clock.h"
#include "fake_redis.h"

#define NOW  "1795314053" /* of the fake clock, nothing skipped */
#define HOUR "1795317653"
#define DAY  "1795400453"

static struct event_base *base;
static struct addresses *addresses;
static char folder[64], path[96], path_new[96];
static int heard[2], stderr_kept; /* what is logged goes into a pipe */

static int
set_up(void **state)
{
	(void)state;
	skipped_ms = 0;
	base = event_base_new();
	snprintf(folder, sizeof(folder), "/tmp/mxpace-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/addresses", folder);
	snprintf(path_new, sizeof(path_new), "%s/addresses.new", folder);
	assert_int_equal(pipe2(heard, O_NONBLOCK | O_CLOEXEC), 0);
	stderr_kept = dup(2);
	dup2(heard[1], 2);
	return 0;
}

static void
start(void)
{
	addresses_free(&addresses);
	addresses = addresses_new(base, folder);
}

static struct str
take_log(void)
{
	struct str text = { 0 };
	ssize_t n;

	str_reserve(&text, 4096);
	n = read(heard[0], text.data, 4096);
	text.len = n > 0 ? (size_t)n : 0;
	text.data[text.len] = '\0';
	return text;
}

/* How often the text was logged since the last call. */
static int
logged(const char *what)
{
	struct str text = take_log();
	int found = 0;

	for (const char *at = text.data; (at = strstr(at, what)) != NULL; at++)
		found++;
	str_free(&text);
	return found;
}

static bool
is_quiet(void)
{
	struct str text = take_log();
	bool is_empty = text.len == 0;

	str_free(&text);
	return is_empty;
}

static int
take_down(void **state)
{
	struct str rest;

	(void)state;
	addresses_free(&addresses);
	assert_null(addresses);
	addresses_free(&addresses);
	dup2(stderr_kept, 2);
	rest = take_log(); /* words of a test that failed, too */
	fputs(rest.data, stderr);
	str_free(&rest);
	close(stderr_kept);
	close(heard[0]);
	close(heard[1]);
	remove(path);
	remove(path_new);
	rmdir(folder);
	event_base_free(base);
	return 0;
}

static void
write_file(const char *bytes, size_t len)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	fclose(file);
}

static const char *
file_text(void)
{
	static char bytes[4096];
	FILE *file = fopen(path, "re");
	size_t n;

	if (file == NULL)
		return "(none)";
	n = fread(bytes, 1, sizeof(bytes) - 1, file);
	bytes[n] = '\0';
	fclose(file);
	return bytes;
}

static struct sockets_address
ip(const char *text)
{
	struct sockets_address address;

	assert_true(sockets_address_parse(text, &address));
	return address;
}

static void
learn(const char *address, const char *group, int64_t ttl_s, struct store_async *store)
{
	struct sockets_address parsed = ip(address);

	addresses_learn(addresses, &parsed, group, ttl_s, store);
}

static bool
has(const char *address, const char *group)
{
	struct sockets_address parsed = ip(address);

	return addresses_has(addresses, &parsed, group);
}

static void
on_found(void *arg, const char *group)
{
	str_addf(arg, "%s;", group);
}

static const char *
groups_at(const char *address)
{
	static struct str all;
	static char text[256];
	struct sockets_address parsed = ip(address);

	addresses_groups(addresses, &parsed, on_found, &all);
	snprintf(text, sizeof(text), "%s", str_text(&all));
	str_free(&all);
	return text;
}

/* -- learning ---------------------------------------------------------------------------------- */

static const struct ttl_row {
	const char *label;
	int64_t first_s, second_s; /* learned with; second at once, 0: not again */
	int64_t kept_s;
} ttl_rows[] = {
	{ "at least an hour", 300, 0, 3600 },
	{ "nothing", 0, 0, 3600 },
	{ "below nothing", -5, 0, 3600 },
	{ "its own", 7200, 0, 7200 },
	{ "at most a day", INT64_C(604800), 0, 86400 },
	{ "far too much", INT64_MAX, 0, 86400 },
	{ "longer the second time", 3600, 7200, 7200 },
	{ "shorter the second time", 7200, 60, 7200 },
};

static void
keeps(void **state)
{
	const struct ttl_row *row = *state;

	start();
	learn("192.0.2.1", "google", row->first_s, NULL);
	if (row->second_s != 0)
		learn("192.0.2.1", "google", row->second_s, NULL);
	skipped_ms = (row->kept_s - 1) * 1000;
	assert_true(has("192.0.2.1", "google"));
	assert_string_equal(groups_at("192.0.2.1"), "google;");
	skipped_ms = row->kept_s * 1000;
	assert_false(has("192.0.2.1", "google"));
	assert_string_equal(groups_at("192.0.2.1"), "");
	learn("192.0.2.1", "google", 0, NULL);
	assert_true(has("192.0.2.1", "google"));
}

static void
tells_apart(void **state)
{
	(void)state;
	start();
	assert_string_equal(groups_at("192.0.2.1"), "");
	learn("192.0.2.1", "google", 300, NULL);
	learn("192.0.2.1", "default/mx.test", 7200, NULL);
	learn("2001:db8::1", "google", 300, NULL);
	learn("192.0.2.1", "google", 300, NULL);
	learn("192.0.2.1", "", 300, NULL); /* no group */
	assert_int_equal(addresses_count(addresses), 3);
	assert_string_equal(groups_at("192.0.2.1"), "default/mx.test;google;");
	assert_string_equal(groups_at("2001:db8::1"), "google;");
	assert_string_equal(groups_at("192.0.2.2"), "");
	assert_false(has("2001:db8::1", "default/mx.test"));
	assert_false(has("192.0.2.1", "googl"));
	assert_false(has("192.0.2.1", "google2"));
	skipped_ms = 3600 * 1000;
	assert_string_equal(groups_at("192.0.2.1"), "default/mx.test;");
	assert_string_equal(groups_at("2001:db8::1"), "");
}

static void
takes_names_as_long_as_groups_are(void **state)
{
	char name[MX_GROUP_SIZE + 1];

	(void)state;
	memset(name, 'a', sizeof(name));
	start();
	name[MX_GROUP_SIZE] = '\0';
	learn("192.0.2.1", name, 300, NULL);
	assert_int_equal(addresses_count(addresses), 0);
	assert_false(has("192.0.2.1", name));
	name[MX_GROUP_SIZE - 1] = '\0';
	learn("192.0.2.1", name, 300, NULL);
	start();
	assert_true(has("192.0.2.1", name));
}

static void
the_oldest_makes_room(void **state)
{
	struct address_table table;
	struct sockets_address a = ip("192.0.2.1"), b = ip("192.0.2.2");
	struct listing *first;

	(void)state;
	address_table_init(&table);
	first = address_table_add(&table, &a, "first", 3);
	address_table_add(&table, &a, "second", 3);
	address_table_add(&table, &b, "third", 3);
	address_table_renew(&table, first);
	table.next = address_table_find(&table, &a, "second");
	address_table_add(&table, &b, "fourth", 3);
	assert_int_equal(address_table_count(&table), 3);
	assert_null(address_table_find(&table, &a, "second"));
	assert_ptr_equal(address_table_find(&table, &a, "first"), first);
	/* Who stood at the one that went stands at the one after it. */
	assert_ptr_equal(table.next, address_table_find(&table, &b, "third"));
	address_table_add(&table, &b, "fifth", 3);
	address_table_add(&table, &b, "sixth", 3);
	assert_null(address_table_of(&table, &a)); /* none of its groups is left */
	assert_non_null(address_table_of(&table, &b));
	address_table_clear(&table);
	assert_int_equal(address_table_count(&table), 0);
}

/* -- the file ---------------------------------------------------------------------------------- */

static void
outlives_a_restart(void **state)
{
	struct stat stat_new;

	(void)state;
	umask(077);
	start();
	learn("192.0.2.1", "google", 300, NULL);
	learn("2001:db8::1", "of 100%\n\xc3\xb6{}", 100000, NULL);
	addresses_free(&addresses);
	umask(022);
	assert_string_equal(file_text(), "192.0.2.1 " HOUR " google\n"
					 "2001:db8::1 " DAY " of%20100%25%0A%C3%B6{}\n");
	assert_int_equal(stat(path, &stat_new), 0);
	assert_int_equal(stat_new.st_mode & 07777, 0640);
	assert_int_equal(access(path_new, F_OK), -1);
	start();
	assert_int_equal(addresses_count(addresses), 2);
	assert_true(has("192.0.2.1", "google"));
	assert_true(has("2001:db8::1", "of 100%\n\xc3\xb6{}"));
	unlink(path);
	addresses_free(&addresses);
	assert_string_equal(file_text(), "(none)"); /* nothing has changed */
	assert_true(is_quiet());
}

#define LONG_64  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LONG_512 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64

#define LINE(text)                       \
	{                                \
		(text), sizeof(text) - 1 \
	}

static const struct line_row {
	const char *label;
	struct span in;
	const char *want; /* written back; NULL: left out, and said so */
} line_rows[] = {
	{ "good", LINE("192.0.2.1 " HOUR " google\n"), "192.0.2.1 " HOUR " google\n" },
	{ "expired: left out, no mistake", LINE("192.0.2.1 " NOW " google\n"), "" },
	{ "far in the future: a day", LINE("192.0.2.1 9999999999999 google\n"),
	    "192.0.2.1 " DAY " google\n" },
	{ "twice: the later", LINE("::1 " HOUR " a\n::1 " DAY " a\n::1 " HOUR " a\n"),
	    "::1 " DAY " a\n" },
	{ "CR belongs to nothing", LINE("192.0.2.1 " HOUR " google\r\n"), NULL },
	{ "no newline: cut", LINE("192.0.2.1 " HOUR " goo"), NULL },
	{ "empty line", LINE("\n"), NULL },
	{ "no group", LINE("192.0.2.1 " HOUR "\n"), NULL },
	{ "empty group", LINE("192.0.2.1 " HOUR " \n"), NULL },
	{ "four words", LINE("192.0.2.1 " HOUR " google x\n"), NULL },
	{ "no address", LINE("mx.test " HOUR " google\n"), NULL },
	{ "address too long", LINE(LONG_64 " " HOUR " google\n"), NULL },
	{ "NUL in the address", LINE("192.0.2.1\0 " HOUR " google\n"), NULL },
	{ "no number", LINE("192.0.2.1 soon google\n"), NULL },
	{ "number too large", LINE("192.0.2.1 99999999999999999999999 google\n"), NULL },
	{ "below zero", LINE("192.0.2.1 -1 google\n"), NULL },
	{ "group badly encoded", LINE("192.0.2.1 " HOUR " a%4\n"), NULL },
	{ "NUL in the group", LINE("192.0.2.1 " HOUR " a%00b\n"), NULL },
	{ "byte beyond ASCII", LINE("192.0.2.1 " HOUR " a\xff\n"), NULL },
	{ "group too long", LINE("192.0.2.1 " HOUR " " LONG_512 "\n"), NULL },
	{ "line too long", LINE("192.0.2.1 " HOUR " " LONG_512 LONG_512 LONG_512 "\n"), NULL },
};

/* Beside a good line before and after it, which stay. */
static void
reads_lines(void **state)
{
	const struct line_row *row = *state;
	struct str text = { 0 }, want = { 0 };
	bool is_cut = row->in.ptr[row->in.len - 1] != '\n';

	str_adds(&text, "192.0.2.8 " HOUR " before\n");
	str_add_span(&text, row->in);
	if (!is_cut)
		str_adds(&text, "192.0.2.9 " HOUR " after\n");
	write_file(text.data, text.len);
	start();
	assert_int_equal(logged("1 lines are not \"ADDRESS UNIXTIME GROUP\""),
	    row->want == NULL ? 1 : 0);
	learn("192.0.2.10", "new", 300, NULL); /* so that it is written */
	addresses_free(&addresses);
	str_addf(&want, "192.0.2.8 " HOUR " before\n%s%s192.0.2.10 " HOUR " new\n",
	    row->want != NULL ? row->want : "", is_cut ? "" : "192.0.2.9 " HOUR " after\n");
	assert_string_equal(file_text(), want.data);
	str_free(&text);
	str_free(&want);
}

static void
stands_any_file(void **state)
{
	enum { SIZE = 3000000 };
	char *bytes = malloc(SIZE);
	static const char good[] = "\n192.0.2.1 " HOUR " google\n";
	uint32_t random = 1;

	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (char)((random = random * 1664525 + 1013904223) >> 24);
	memcpy(bytes + SIZE / 2, good, sizeof(good) - 1);
	memset(bytes + SIZE / 2 + sizeof(good), 'x', SIZE / 4); /* one line */
	write_file(bytes, SIZE);
	free(bytes);
	start();
	assert_int_equal(addresses_count(addresses), 1);
	assert_true(has("192.0.2.1", "google"));
	assert_int_equal(logged("were left out"), 1);
}

/* A file that never ends costs no more than the largest good one. */
static void
reads_no_more_than_it_can_hold(void **state)
{
	struct address_table table;
	struct err err;
	char line[64];
	struct str text = { 0 };

	(void)state;
	for (int i = 0; i < 100; i++) {
		snprintf(line, sizeof(line), "192.0.2.%d " HOUR " google\n", i);
		str_adds(&text, line);
	}
	write_file(text.data, text.len);
	address_table_init(&table);
	assert_int_equal(address_file_read(path, &table, 1795314053, 86400, 4, &err), -1);
	assert_int_equal(address_table_count(&table), 4); /* of about 35 lines in 4 * 256 bytes */
	address_table_clear(&table);
	assert_int_equal(address_file_read(path, &table, 1795314053, 86400, 100, &err), 0);
	assert_int_equal(address_table_count(&table), 100);
	address_table_clear(&table);
	str_free(&text);
}

static void
stands_what_is_no_file(void **state)
{
	(void)state;
	assert_int_equal(mkdir(path, 0700), 0);
	start();
	assert_int_equal(logged("not a regular file"), 1);
	learn("192.0.2.1", "google", 300, NULL);
	addresses_free(&addresses);
	assert_int_equal(logged("Is a directory"), 1); /* renamed over it */
	assert_int_equal(access(path_new, F_OK), -1);
	rmdir(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	start(); /* nobody writes to it: does not wait */
	assert_int_equal(logged("not a regular file"), 1);
}

static void
saves_what_has_changed(void **state)
{
	(void)state;
	start();
	fire_timers(base);
	assert_string_equal(file_text(), "(none)");
	learn("192.0.2.1", "google", 300, NULL);
	assert_string_equal(file_text(), "(none)"); /* not at once */
	fire_timers(base);
	assert_string_equal(file_text(), "192.0.2.1 " HOUR " google\n");
	unlink(path);
	fire_timers(base);
	assert_string_equal(file_text(), "(none)");
	skipped_ms = 1799 * 1000;
	learn("192.0.2.1", "google", 300, NULL); /* newer by little */
	fire_timers(base);
	assert_string_equal(file_text(), "(none)");
	skipped_ms = 1800 * 1000;
	learn("192.0.2.1", "google", 300, NULL);
	fire_timers(base);
	assert_string_equal(file_text(), "192.0.2.1 1795319453 google\n");
	skipped_ms = 5400 * 1000;
	assert_int_equal(addresses_count(addresses), 1);
	learn("192.0.2.2", "google", 300, NULL);
	fire_timers(base);
	assert_string_equal(file_text(), "192.0.2.2 1795323053 google\n"); /* the other is over */
	assert_int_equal(addresses_count(addresses), 1);
	start();
	assert_int_equal(addresses_count(addresses), 1);
}

static void
learn_many(int count)
{
	char text[32];

	for (int i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "10.0.%d.%d", i / 250, i % 250);
		learn(text, "google", 300, NULL);
	}
}

/* The table changes between the parts. */
static void
saves_much_in_parts(void **state)
{
	(void)state;
	start();
	learn_many(3500);
	fire_timers(base);
	assert_int_equal(access(path_new, F_OK), 0);
	assert_string_equal(file_text(), "(none)");
	learn("10.0.0.1", "other", 300, NULL);
	skipped_ms = 1800 * 1000;
	learn("10.0.4.0", "google", 300, NULL); /* the next to be written */
	learn("10.0.0.0", "google", 300, NULL);
	WAIT_FOR(base, access(path, F_OK) == 0);
	assert_int_equal(access(path_new, F_OK), -1);
	unlink(path);
	fire_timers(base); /* what changed meanwhile is written again */
	WAIT_FOR(base, access(path, F_OK) == 0);
	start();
	assert_int_equal(addresses_count(addresses), 3501);
	skipped_ms = 3600 * 1000;
	assert_true(has("10.0.4.0", "google"));
	assert_true(has("10.0.0.0", "google"));
	assert_false(has("10.0.4.1", "google"));
}

static void
ends_while_saving(void **state)
{
	(void)state;
	start();
	learn_many(2500);
	fire_timers(base);
	assert_int_equal(access(path_new, F_OK), 0);
	learn("192.0.2.1", "google", 300, NULL);
	start();
	assert_int_equal(addresses_count(addresses), 2501);
	assert_int_equal(access(path_new, F_OK), -1);
}

static void
warns_once_of_a_folder_that_is_not_there(void **state)
{
	(void)state;
	addresses = addresses_new(base, "/nonexistent/mxpace");
	assert_true(is_quiet());
	learn("192.0.2.1", "google", 300, NULL);
	fire_timers(base);
	assert_int_equal(logged("/nonexistent/mxpace/addresses.new: No such file or directory; "),
	    1);
	fire_timers(base);
	learn("192.0.2.2", "google", 300, NULL);
	fire_timers(base);
	assert_true(has("192.0.2.1", "google"));
	addresses_free(&addresses);
	assert_true(is_quiet());
}

/* The old file stays, and the next time all is written. */
static void
stands_a_full_disk(void **state)
{
	struct rlimit limit, none;

	(void)state;
	write_file("192.0.2.9 " DAY " old\n", 25);
	start();
	learn("192.0.2.1", "google", 300, NULL);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	none = limit;
	none.rlim_cur = 30;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	fire_timers(base);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(logged("File too large"), 1);
	assert_string_equal(file_text(), "192.0.2.9 " DAY " old\n");
	assert_int_equal(access(path_new, F_OK), -1);
	fire_timers(base);
	assert_string_equal(file_text(), "192.0.2.9 " DAY " old\n192.0.2.1 " HOUR " google\n");
}

/* -- the store --------------------------------------------------------------------------------- */

static struct fake_redis redis;
static struct store_async *store;

static void
ignore(void *arg, bool working, const char *words)
{
	(void)arg;
	(void)working;
	(void)words;
}

static int
set_up_store(void **state)
{
	set_up(state);
	fake_init(&redis, base);
	fake_start(&redis);
	store = store_async_new(base, &redis.address, FAKE_PATIENCE_MS, ignore, NULL, NULL);
	assert_non_null(store);
	return 0;
}

static int
take_down_store(void **state)
{
	store_async_free(&store);
	fake_clear(&redis);
	return take_down(state);
}

#define TELLS(group, address, until)                             \
	"HSET mxpace:{g:" group "}:addr " address " " until "\n" \
	"EXPIRE mxpace:{g:" group "}:addr 86400\n"

/* What the store heard since the last call. */
static void
assert_told(const char *want)
{
	STORE_PUT(store_async_batch(store), NULL, NULL, "PING", "mark");
	store_async_send(store);
	WAIT_FOR(base, fake_has(&redis, "PING mark\n"));
	*strstr(redis.commands.data, "PING mark\n") = '\0';
	assert_string_equal(redis.commands.data, want);
	str_empty(&redis.commands);
}

static void
tells_the_store(void **state)
{
	(void)state;
	start();
	learn("192.0.2.1", "google", 300, store); /* not connected yet: to be told later */
	WAIT_FOR(base, store_async_works(store));
	str_empty(&redis.commands);
	learn("192.0.2.1", "google", 300, store);
	learn("192.0.2.1", "google", 300, store);
	learn("2001:db8::1", "a b", 7200, store);
	learn("192.0.2.2", "google", 300, NULL);
	assert_told(TELLS("google", "192.0.2.1", HOUR) TELLS("a%20b", "2001:db8::1", "1795321253"));
	skipped_ms = 1799 * 1000;
	learn("192.0.2.1", "google", 300, store);
	assert_told("");
	skipped_ms = 1800 * 1000;
	learn("192.0.2.1", "google", 300, store);
	assert_told(TELLS("google", "192.0.2.1", "1795319453"));
}

static void
takes_back_what_has_expired(void **state)
{
	(void)state;
	start();
	WAIT_FOR(base, store_async_works(store));
	learn("192.0.2.1", "google", 300, NULL);
	learn("192.0.2.2", "a b", 300, NULL);
	learn("192.0.2.3", "google", 300, NULL);
	skipped_ms = 3600 * 1000;
	learn("192.0.2.4", "google", 300, NULL);
	fire_timers(base); /* forgets the first three */
	assert_int_equal(addresses_count(addresses), 1);
	learn("192.0.2.3", "google", 300, NULL);
	str_empty(&redis.commands);
	learn("192.0.2.4", "google", 300, store);
	assert_told(TELLS("google", "192.0.2.4", "1795321253") /* and not 192.0.2.3 */
	    "HDEL mxpace:{g:google}:addr 192.0.2.1\n"
	    "HDEL mxpace:{g:a%20b}:addr 192.0.2.2\n");
	learn("192.0.2.3", "google", 300, store);
	assert_told(TELLS("google", "192.0.2.3", "1795321253"));
}

/* In parts that fit into a batch, and no more than it keeps in mind. */
static void
takes_back_much(void **state)
{
	(void)state;
	start();
	WAIT_FOR(base, store_async_works(store));
	learn_many(1500);
	skipped_ms = 3600 * 1000;
	learn("192.0.2.1", "google", 300, NULL);
	fire_timers(base);
	WAIT_FOR(base, addresses_count(addresses) == 1);
	for (int i = 0; i < 200; i++) {
		char group[24], told[64];

		snprintf(group, sizeof(group), "group%d", i);
		snprintf(told, sizeof(told), "EXPIRE mxpace:{g:%s}:addr", group);
		learn("192.0.2.1", group, 300, store);
		WAIT_FOR(base, fake_has(&redis, told));
	}
	assert_int_equal(fake_count(&redis, "HDEL"), 1000);
}

int
main(void)
{
	struct check_list list = { 0 };
	size_t without_store;

	CHECK_ROWS(&list, keeps, ttl_rows);
	CHECK(&list, tells_apart);
	CHECK(&list, takes_names_as_long_as_groups_are);
	CHECK(&list, the_oldest_makes_room);
	CHECK(&list, outlives_a_restart);
	CHECK_ROWS(&list, reads_lines, line_rows);
	CHECK(&list, stands_any_file);
	CHECK(&list, reads_no_more_than_it_can_hold);
	CHECK(&list, stands_what_is_no_file);
	CHECK(&list, saves_what_has_changed);
	CHECK(&list, saves_much_in_parts);
	CHECK(&list, ends_while_saving);
	CHECK(&list, warns_once_of_a_folder_that_is_not_there);
	CHECK(&list, stands_a_full_disk);
	without_store = list.count;
	CHECK(&list, tells_the_store);
	CHECK(&list, takes_back_what_has_expired);
	CHECK(&list, takes_back_much);
	for (size_t i = 0; i < list.count; i++) {
		list.tests[i].setup_func = i < without_store ? set_up : set_up_store;
		list.tests[i].teardown_func = i < without_store ? take_down : take_down_store;
	}
	return check_run(&list, "addresses");
}
