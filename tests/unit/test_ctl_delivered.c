/* mxctl quarantine delivered against a private redis-server: from the command line, standard
 * input, a log, and the stream. */
#include "test_ctl_redis.h"

#include <sys/stat.h>

#include "keys.h"
#include "return_path.h"
#include "store_delivered.h"
#include "store_sender.h"

static const char conf_text[] =
    "redis = \"unix:FOLDER/redis.sock\"; store_timeout = \"5s\"; mx_rules = \"mx-rules.conf\";\n"
    "mx_rules_local = \"\"; bounce_rules = \"\"; node = \"mta1\";\n"
    "account_from = [ \"sasl_username\", \"sender\" ];\n"
    "address_rules = ( { domains = \"tag.test\"; strip_tag = \"+\"; } );\n";
static const char mx_rules_text[] =
    "mx_rules = ( { name = \"default\"; mx = \"*\"; scope = \"site\"; limits = \"7/10s\"; } );\n";

/* So many errors of that reason, each a day after the other, the last one an hour ago. */
static void
bounced(const char *addr, enum reason reason, int errors)
{
	for (int i = 0; i < errors; i++) {
		struct store_counted counted;
		char ndr[16];
		struct store_error error = {
			.addr = addr,
			.ndr = ndr,
			.type = reason_usual_type(reason),
			.reason = reason,
			.rule = settings->quarantine.rules[reason],
			.at_s = clock_wall_s() - 3600 - (errors - 1 - i) * 86400,
		};

		snprintf(ndr, sizeof(ndr), "n%d", i);
		store_put_error(&batch, &error, &counted);
		store_put_index(&batch, addr, 0);
		assert_int_equal(store_sync_run(store, &batch, NULL), STORE_DONE);
	}
}

static enum quarantine_status
status_of(const char *addr)
{
	struct quarantine_entry entry;

	store_put_quarantine_read(&batch, addr, &entry);
	assert_int_equal(store_sync_run(store, &batch, NULL), STORE_DONE);
	quarantine_entry_settle(&entry, clock_wall_s());
	return entry.status;
}

static void
some_entries(void)
{
	empty_redis(NULL);
	bounced("two@foo.test", REASON_MAILBOX_FULL, 2);
	bounced("full@foo.test", REASON_MAILBOX_FULL, 3);
	bounced("gone@foo.test", REASON_USER_UNKNOWN, 1);
	bounced("ann@tag.test", REASON_INACTIVE_USER, 2);
}

static void
tells_of_every_address(void **state)
{
	(void)state;
	some_entries();
	check_run_of("quarantine delivered two@foo.test Full@foo.test gone@foo.test new@foo.test "
		     "ann+shop@tag.test",
	    CTL_DONE,
	    "two@foo.test: errors forgotten (mailbox_full)\n"
	    "full@foo.test: released (mailbox_full)\n"
	    "gone@foo.test: stays for a hard error (user_unknown)\n"
	    "new@foo.test: nothing to end\n"
	    "ann@tag.test: errors forgotten (inactive_user)\n",
	    "");
	assert_int_equal(status_of("two@foo.test"), QUARANTINE_NONE);
	assert_int_equal(status_of("full@foo.test"), QUARANTINE_RELEASED);
	assert_int_equal(status_of("gone@foo.test"), QUARANTINE_QUARANTINED);
	assert_int_equal(number("EXISTS", "mxpace:{q:new@foo.test}"), 0);
	assert_int_equal(number("ZCARD", KEYS_QUARANTINE_INDEX), 2); /* full and gone */
	assert_int_equal(number("XLEN", KEYS_EVENTS), 3);
	check_run_of("quarantine show full@foo.test", CTL_NO, "  Released by       delivered\n",
	    "");
	check_run_of("quarantine show full@foo.test", CTL_NO,
	    "  Errors            3 mailbox_full\n", "");
	check_run_of("quarantine show gone@foo.test", CTL_DONE, "  Delivered         ", "");
	check_run_of("quarantine delivered full@foo.test --json", CTL_DONE,
	    "{\"delivered\":[{\"address\":\"full@foo.test\",\"outcome\":\"none\",\"reason\":null}]}\n",
	    "");
}

static void
reads_addresses(void **state)
{
	struct done done;

	(void)state;
	some_entries();
	done = run("-c mxpace.conf quarantine delivered",
	    "two@foo.test\n\n  <full@foo.test> \r\nnot an address\nnew@foo.test");
	assert_int_equal(done.rc, CTL_DONE);
	assert_string_equal(done.errors, "");
	assert_string_equal(done.stream,
	    "two@foo.test: errors forgotten (mailbox_full)\n"
	    "full@foo.test: released (mailbox_full)\n"
	    "4 deliveries: 1 released, 1 cleared, 0 hard, 1 no address\n");
	free_done(&done);
}

static void
reads_many(void **state)
{
	struct str in = { 0 };
	struct done done;

	(void)state;
	some_entries();
	for (int i = 0; i < 5000; i++)
		str_addf(&in, "new%d@foo.test\n", i);
	str_adds(&in, "two@foo.test\n");
	done = run("-c mxpace.conf quarantine delivered", str_text(&in));
	assert_non_null(strstr(done.stream, "\n5001 deliveries: 0 released, 1 cleared"));
	assert_int_equal(status_of("two@foo.test"), QUARANTINE_NONE);
	free_done(&done);
	str_free(&in);
}

/* The date of the line counts: one before the last error ends nothing. */
static void
reads_a_log(void **state)
{
	static const char line[] = "%s mta1 postfix/smtp[1]: 4F2: to=<%s>, "
				   "relay=mx.foo.test[192.0.2.1]:25, delay=1, dsn=2.0.0, "
				   "status=sent (250 ok)\n";
	char now[CLOCK_DATE_SIZE], before[CLOCK_DATE_SIZE];
	struct str in = { 0 };
	struct done done;

	(void)state;
	some_entries();
	clock_format(clock_wall_s() - 60, now);
	clock_format(clock_wall_s() - 7200, before);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	str_addf(&in, line, before, "two@foo.test");
	str_addf(&in, line, now, "full@foo.test");
#pragma GCC diagnostic pop
	str_addf(&in, "%s mta1 postfix/qmgr[1]: 4F2: removed\n", now);
	done = run("-c mxpace.conf quarantine delivered --maillog", str_text(&in));
	assert_int_equal(done.rc, CTL_DONE);
	assert_non_null(
	    strstr(done.stream, "full@foo.test: released (mailbox_full)\n2 deliveries"));
	assert_int_equal(status_of("two@foo.test"), QUARANTINE_COUNTING);
	assert_int_equal(status_of("full@foo.test"), QUARANTINE_RELEASED);
	free_done(&done);
	str_free(&in);
}

/* -- for whom they count ------------------------------------------------------------------------ */

enum { HOURS_AGO = 2 };

/* A day on which something of it was counted. */
static void
was_seen(const char *kind, const char *name)
{
	char key[200], day[SENDER_PERIOD_SIZE];

	snprintf(key, sizeof(key), "mxpace:{%s:%s}:stats:%s", kind, name,
	    sender_day(clock_wall_s() - 3 * 86400, day));
	STORE_PUT(&batch, NULL, NULL, "HSET", key, "sent", "10");
	must();
}

static int64_t
delivered_of(enum sender_kind kind, const char *name)
{
	struct arena arena;
	struct store_sender_stats hour = { .arena = &arena }, day = { .arena = &arena };
	char period[SENDER_PERIOD_SIZE];
	int64_t at_s = clock_wall_s() - HOURS_AGO * 3600, of_hour;

	arena_init(&arena);
	store_put_sender_stats(&batch, kind, name, sender_hour(at_s, period), &hour);
	store_put_sender_stats(&batch, kind, name, sender_day(at_s, period), &day);
	must();
	of_hour = hour.stats.counts[SENDER_DELIVERED];
	assert_int_equal(day.stats.counts[SENDER_DELIVERED], of_hour);
	arena_clear(&arena);
	return of_hour;
}

static void
log_line(struct str *in, int64_t second, const char *host, const char *rest)
{
	char date[CLOCK_DATE_SIZE];

	/* Within one hour, whatever it is now. */
	clock_format((clock_wall_s() - HOURS_AGO * 3600) / 3600 * 3600 + second, date);
	str_addf(in, "%s %s postfix/%s\n", date, host, rest);
}

#define SENT ", relay=mx.foo.test[192.0.2.1]:25, delay=1, dsn=2.0.0, status=sent (250 ok)"

/* A message to three, of whom two took it; one with a login; a stranger's that is passed on. */
static void
some_log(struct str *in)
{
	log_line(in, 1, "mta1",
	    "qmgr[1]: 4bMxyz0Tz9z1Q: from=<news@shop.test>, size=4, nrcpt=3 (queue active)");
	log_line(in, 1, "mta1", "smtp[1]: 4bMxyz0Tz9z1Q: to=<a@foo.test>" SENT);
	log_line(in, 2, "mta1", "smtp[1]: 4bMxyz0Tz9z1Q: to=<b@foo.test>" SENT);
	log_line(in, 2, "mta1",
	    "smtp[1]: 4bMxyz0Tz9z1Q: to=<c@foo.test>, relay=mx.foo.test[192.0.2.1]:25, "
	    "delay=1, dsn=5.1.1, status=bounced (550 no)");
	log_line(in, 2, "mta1", "qmgr[1]: 4bMxyz0Tz9z1Q: removed");
	log_line(in, 2, "mta1", "smtp[1]: 4bMxyz0Tz9z1Q: to=<late@foo.test>" SENT);
	log_line(in, 3, "mta1",
	    "smtpd[1]: 4F2A1: client=x[192.0.2.1], sasl_method=PLAIN, sasl_username=ann");
	log_line(in, 3, "mta1",
	    "qmgr[1]: 4F2A1: from=<x@shop.test>, size=4, nrcpt=1 (queue active)");
	log_line(in, 4, "mta1", "smtp[1]: 4F2A1: to=<a@foo.test>" SENT);
	log_line(in, 4, "mta1",
	    "qmgr[1]: 4F2A2: from=<x@stranger.test>, size=4, nrcpt=1 (queue active)");
	log_line(in, 4, "mta1", "smtp[1]: 4F2A2: to=<a@foo.test>, orig_to=<joe@shop.test>" SENT);
	log_line(in, 4, "mta1", "qmgr[1]: 4F2A3: from=<>, size=4, nrcpt=1 (queue active)");
	log_line(in, 4, "mta1", "smtp[1]: 4F2A3: to=<a@foo.test>" SENT);
}

static void
reads(const char *text, const char *said)
{
	struct done done = run("-c mxpace.conf quarantine delivered --maillog", text);

	assert_int_equal(done.rc, CTL_DONE);
	assert_string_equal(done.errors, "");
	if (strstr(done.stream, said) == NULL)
		fail_msg("%s", done.stream);
	free_done(&done);
}

static void
counts_for_senders(void **state)
{
	struct str in = { 0 }, more = { 0 };

	(void)state;
	empty_redis(NULL);
	was_seen("a", "shop.test");
	was_seen("a", "ann");
	some_log(&in);
	reads(str_text(&in), "6 deliveries: 0 released, 0 cleared, 0 hard, 0 no address\n"
			     "3 counted for their accounts\n");
	assert_int_equal(delivered_of(SENDER_ACCOUNT, "shop.test"), 2);
	assert_int_equal(delivered_of(SENDER_ACCOUNT, "ann"), 1);
	assert_int_equal(delivered_of(SENDER_ACCOUNT, "stranger.test"), 0);
	/* The same log once more, as after a restart or a rotation, and what came meanwhile. */
	str_adds(&more, str_text(&in));
	log_line(&more, 4, "mta1",
	    "qmgr[1]: 4F2A4: from=<news@shop.test>, size=4, nrcpt=1 (queue active)");
	log_line(&more, 4, "mta1", "smtp[1]: 4F2A4: to=<a@foo.test>" SENT);
	log_line(&more, 4, "mta2",
	    "qmgr[1]: 4F2A1: from=<news@shop.test>, size=4, nrcpt=1 (queue active)");
	log_line(&more, 4, "mta2", "smtp[1]: 4F2A1: to=<a@foo.test>" SENT);
	reads(str_text(&more), "2 counted for their accounts\n");
	assert_int_equal(delivered_of(SENDER_ACCOUNT, "shop.test"), 4);
	reads(str_text(&in), "0 counted for their accounts\n");
	assert_int_equal(delivered_of(SENDER_ACCOUNT, "shop.test"), 4);
	str_free(&in);
	str_free(&more);
}

/* The map returnpath signs what the queue has, and so the log: the account is that of before. */
static void
undoes_a_signature(void **state)
{
	char key[PATH_MAX], sender[ADDR_SIZE], line[ADDR_SIZE + 80];
	struct return_path path;
	struct verp_keys keys = { 0 };
	struct str in = { 0 };
	struct done done;

	(void)state;
	empty_redis(NULL);
	write_file("key", "0101010101010101010101010101010101010101010101010101010101010101\n");
	write_file("signed.conf",
	    "redis = \"unix:FOLDER/redis.sock\"; store_timeout = \"5s\"; bounce_rules = \"\";\n"
	    "mx_rules = \"mx-rules.conf\"; mx_rules_local = \"\"; return_path_keys = [ \"key\" ];\n"
	    "account_from_sender = \"^(?<account>[^@]+)@\";\n");
	snprintf(key, sizeof(key), "%s/key", folder);
	assert_int_equal(chmod(key, 0600), 0);
	keys.count = 1;
	memset(keys.keys[0], 1, VERP_KEY_BYTES);
	assert_int_equal(return_path_parse(SPAN("news@shop.test"), "+=", &path), 0);
	assert_int_equal(return_path_sign_sender(&keys, "+=", &path, clock_wall_s(), sender, NULL),
	    0);
	assert_string_not_equal(sender, "news@shop.test");
	was_seen("a", "news");
	snprintf(line, sizeof(line), "qmgr[1]: 4F2A1: from=<%s>, size=4, nrcpt=1 (queue active)",
	    sender);
	log_line(&in, 1, "mta1", line);
	log_line(&in, 1, "mta1", "smtp[1]: 4F2A1: to=<a@foo.test>" SENT);
	done = run("-c signed.conf quarantine delivered --maillog", str_text(&in));
	assert_string_equal(done.errors, "");
	assert_int_equal(delivered_of(SENDER_ACCOUNT, "news"), 1);
	free_done(&done);
	str_free(&in);
	remove_file("key");
	remove_file("signed.conf");
}

static void
shows_what_was_delivered(void **state)
{
	struct str in = { 0 };

	(void)state;
	empty_redis(NULL);
	was_seen("a", "shop.test");
	check_run_of("account show shop.test", CTL_DONE, "  Delivered         not known\n", "");
	some_log(&in);
	reads(str_text(&in), "2 counted");
	check_run_of("account show shop.test", CTL_DONE, "  Delivered         2\n", "");
	str_free(&in);
}

/* -- a process of its own ------------------------------------------------------------------------ */

static pid_t
start_mxctl(const char *option, int in)
{
	char *argv[] = { (char *)(uintptr_t) "mxctl", (char *)(uintptr_t) "-c",
		(char *)(uintptr_t) "mxpace.conf", (char *)(uintptr_t) "quarantine",
		(char *)(uintptr_t) "delivered", (char *)(uintptr_t)option, NULL };
	int argc = option != NULL ? 6 : 5;
	pid_t pid;

	assert_int_equal(chdir(folder), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		FILE *null = fopen("/dev/null", "w");

		_exit(command_main(argc, argv, in >= 0 ? fdopen(in, "r") : stdin, null, null));
	}
	return pid;
}

static void
stop_mxctl(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static bool
comes(const char *addr, enum quarantine_status status)
{
	int64_t deadline_ms = clock_monotonic_ms() + 10000;

	while (status_of(addr) != status && clock_monotonic_ms() < deadline_ms)
		poll(NULL, 0, 5);
	return status_of(addr) == status;
}

/* `tail -F | mxctl`: what was written is worked on though the pipe stays open. */
static void
does_not_wait_for_the_next_line(void **state)
{
	static const char text[] = "two@foo.test\nfull@foo.test\nnew@foo";
	int ends[2];
	pid_t pid;

	(void)state;
	some_entries();
	assert_int_equal(pipe(ends), 0);
	pid = start_mxctl(NULL, ends[0]);
	assert_int_equal(write(ends[1], text, sizeof(text) - 1), sizeof(text) - 1);
	assert_true(comes("full@foo.test", QUARANTINE_RELEASED));
	assert_true(comes("two@foo.test", QUARANTINE_NONE));
	stop_mxctl(pid);
	close(ends[0]);
	close(ends[1]);
}

static void
add_to_stream(const char *addr)
{
	STORE_PUT(&batch, store_reply_status, NULL, "XADD", KEYS_DELIVERED, "*", "address", addr);
	assert_int_equal(store_sync_run(store, &batch, NULL), STORE_DONE);
}

/* An application says whose it was, which nobody else knows; delivered twice to us it counts once. */
static void
counts_what_the_stream_says(void **state)
{
	char time[24];
	pid_t pid;

	(void)state;
	empty_redis(NULL);
	snprintf(time, sizeof(time), "%lld", (long long)clock_wall_s() - HOURS_AGO * 3600);
	for (int i = 0; i < 20; i++)
		STORE_PUT(&batch, store_reply_status, NULL, "XADD", KEYS_DELIVERED, "*", "address",
		    "a@foo.test", "time", time, "account", "shop", "campaign", "spring", "list",
		    "news");
	must();
	bounced("two@foo.test", REASON_MAILBOX_FULL, 2);
	add_to_stream("two@foo.test");
	for (int i = 0; i < 2; i++) {
		store_put_delivered_group(&batch, "mxpace");
		must();
		pid = start_mxctl("--stream", -1);
		assert_true(comes("two@foo.test", QUARANTINE_NONE));
		for (int64_t deadline_ms = clock_monotonic_ms() + 10000;
		     delivered_of(SENDER_LIST, "news") < 20 && clock_monotonic_ms() < deadline_ms;)
			poll(NULL, 0, 5);
		stop_mxctl(pid);
		assert_int_equal(delivered_of(SENDER_ACCOUNT, "shop"), 20);
		assert_int_equal(delivered_of(SENDER_CAMPAIGN, "spring"), 20);
		assert_int_equal(delivered_of(SENDER_LIST, "news"), 20);
		/* As if none of it had been acknowledged. */
		STORE_PUT(&batch, NULL, NULL, "XGROUP", "DESTROY", KEYS_DELIVERED, "mxpace");
		must();
		bounced("two@foo.test", REASON_MAILBOX_FULL, 2);
	}
	assert_int_equal(number("ZCARD", KEYS_CAMPAIGNS), 1);
}

/* What is in the stream before the first start, what comes while it runs, and what an earlier run
 * was given and never finished. */
static void
reads_the_stream(void **state)
{
	struct arena arena;
	struct store_fields entries = { .arena = &arena };
	pid_t pid;

	(void)state;
	some_entries();
	arena_init(&arena);
	add_to_stream("two@foo.test");
	store_put_delivered_group(&batch, "mxpace");
	store_put_delivered_read(&batch, "mxpace", "mta1", false, 10, 10, &entries);
	assert_int_equal(store_sync_run(store, &batch, NULL), STORE_DONE);
	assert_int_equal(entries.count, DELIVERED_PARTS); /* given, and then it ended */
	add_to_stream("not an address");
	pid = start_mxctl("--stream", -1);
	assert_true(comes("two@foo.test", QUARANTINE_NONE));
	add_to_stream("full@foo.test");
	assert_true(comes("full@foo.test", QUARANTINE_RELEASED));
	stop_mxctl(pid);
	arena_clear(&arena);
}

static const struct usage_row {
	const char *label, *line, *errors;
} usage_rows[] = {
	{ "log and stream", "quarantine delivered --maillog --stream", "exclude each other" },
	{ "log and address", "quarantine delivered --maillog a@foo.test", "exclude each other" },
	{ "a group without a stream", "quarantine delivered --consumers x", "is for --stream" },
	{ "no address", "quarantine delivered two@foo.test foo@", "\"foo@\" is no address" },
};

static void
changes_nothing_on_wrong_usage(void **state)
{
	const struct usage_row *row = *state;

	some_entries();
	check_run_of(row->line, CTL_USAGE, "", row->errors);
	assert_int_equal(status_of("two@foo.test"), QUARANTINE_COUNTING);
}

int
main(void)
{
	struct check_list list = { 0 };
	int rc;

	if (!begin_redis(conf_text, mx_rules_text))
		return 1;
	CHECK(&list, tells_of_every_address);
	CHECK(&list, reads_addresses);
	CHECK(&list, reads_many);
	CHECK(&list, reads_a_log);
	CHECK(&list, counts_for_senders);
	CHECK(&list, undoes_a_signature);
	CHECK(&list, shows_what_was_delivered);
	CHECK(&list, does_not_wait_for_the_next_line);
	CHECK(&list, reads_the_stream);
	CHECK(&list, counts_what_the_stream_says);
	CHECK_ROWS(&list, changes_nothing_on_wrong_usage, usage_rows);
	rc = check_run(&list, "ctl_delivered");
	end_redis();
	return rc;
}
