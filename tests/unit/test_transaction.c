/* transaction: every way in which its slots end, each exactly once. */
#include "check.h"
#include "fake_clock.h"
#include "transaction.h"

static struct event_base *base;
static struct store_async *store; /* away all the time */
static struct groups *groups;
static struct transactions *transactions;
static struct group *google, *yahoo;

static void
ignore(void *arg, bool working, const char *words)
{
	(void)arg;
	(void)working;
	(void)words;
}

/* Connections: what their transactions point back to until the groups are taken down. */
static struct transaction *conn, *other, *first, *second, *conns[3];

static int
set_up(void **state)
{
	const struct store_address address = { .host = "",
		.path = "/nonexistent/redis",
		.user = "",
		.password = "",
		.text = "" };

	(void)state;
	conn = other = first = second = conns[0] = conns[1] = conns[2] = NULL;
	base = event_base_new();
	store = store_async_new(base, &address, 100, ignore, NULL, NULL);
	groups = groups_new(base, store, "mta1");
	transactions = transactions_new(base);
	google = groups_get(groups, "google", "192.0.2.1");
	yahoo = groups_get(groups, "yahoo", "192.0.2.1");
	return 0;
}

static int
take_down(void **state)
{
	(void)state;
	transactions_free(&transactions);
	group_release(&google);
	group_release(&yahoo);
	fire_timers(base);
	assert_int_equal(groups_open(groups), 0); /* nothing leaks, nothing is below zero */
	assert_int_equal(groups_count(groups), 0);
	groups_free(&groups);
	store_async_free(&store);
	event_base_free(base);
	return 0;
}

/* What a flow does for a granted request. */
static struct transaction *
grant(const char *instance, struct transaction **owner, struct group *group)
{
	struct transaction *transaction;

	transactions_leave(transactions, span_of(instance), owner);
	transaction = transactions_open(transactions, span_of(instance), owner);
	assert_ptr_equal(*owner, transaction);
	if (!transaction_has(transaction, group)) {
		group_open_slot(group);
		transaction_grant(transaction, group, true);
	}
	return transaction;
}

static bool
has(const char *instance, struct group *group)
{
	struct transaction *owner = NULL;
	struct transaction *transaction =
	    transactions_open(transactions, span_of(instance), &owner);
	bool known = transaction_has(transaction, group);

	transactions_disown(transactions, &owner);
	return known;
}

static void
counts_a_group_once(void **state)
{
	struct transaction *transaction = grant("1.1", &conn, google);

	(void)state;
	assert_ptr_equal(grant("1.1", &conn, google), transaction);
	assert_int_equal(group_open(google), 1);
	grant("1.1", &conn, yahoo);
	assert_int_equal(group_open(yahoo), 1);
	assert_int_equal(groups_open(groups), 2);
	assert_int_equal(transactions_count(transactions), 1);
	assert_true(transaction_has(transaction, google));
	assert_true(transaction_has(transaction, yahoo));
}

static void
keeps_a_grant_without_slot(void **state)
{
	struct transaction *transaction = transactions_open(transactions, SPAN("1.1"), &conn);

	(void)state;
	transaction_grant(transaction, google, false); /* a rule without a connection limit */
	assert_true(transaction_has(transaction, google));
	assert_false(transaction_has(transaction, yahoo));
	assert_int_equal(groups_open(groups), 0);
	transactions_disown(transactions, &conn);
	assert_int_equal(groups_open(groups), 0);
}

static void
ends_at_end_of_message(void **state)
{
	(void)state;
	grant("1.1", &conn, google);
	grant("1.1", &conn, yahoo);
	transactions_end_message(transactions, SPAN("2.2"));
	assert_int_equal(groups_open(groups), 2);
	transactions_end_message(transactions, SPAN("1.1"));
	assert_int_equal(groups_open(groups), 0);
	assert_null(conn);
	assert_int_equal(transactions_count(transactions), 0);
	transactions_end_message(transactions, SPAN("1.1"));
	transactions_disown(transactions, &conn);
	assert_int_equal(groups_open(groups), 0);
	assert_false(has("1.1", google)); /* the next message of that name would count */
}

static void
ends_at_end_of_message_over_another_connection(void **state)
{
	(void)state;
	grant("1.1", &conn, google);
	transactions_leave(transactions, SPAN("1.1"), &other);
	transactions_end_message(transactions, SPAN("1.1"));
	assert_int_equal(groups_open(groups), 0);
	assert_null(conn);
}

static void
ends_when_its_connection_brings_another(void **state)
{
	(void)state;
	grant("1.1", &conn, google);
	grant("1.2", &conn, google);
	assert_int_equal(group_open(google), 1);
	transactions_leave(transactions, SPAN("1.3"), &conn); /* a request that takes nothing */
	assert_int_equal(group_open(google), 0);
	assert_null(conn);
	assert_true(has("1.1", google)); /* still counted: repeated, it passes */
	assert_true(has("1.2", google));
}

static void
ends_when_its_connection_closes(void **state)
{
	(void)state;
	grant("1.1", &conn, google);
	transactions_disown(transactions, &conn);
	assert_null(conn);
	assert_int_equal(groups_open(groups), 0);
	transactions_disown(transactions, &conn);
	assert_int_equal(groups_open(groups), 0);
	assert_true(has("1.1", google));
}

static void
goes_over_to_the_connection_that_asked_last(void **state)
{
	(void)state;
	grant("1.1", &conn, google);
	grant("1.1", &other, google);
	assert_null(conn);
	transactions_disown(transactions, &conn);
	assert_int_equal(group_open(google), 1); /* the closed one was no longer its owner */
	grant("1.2", &conn, google);
	assert_int_equal(group_open(google), 2);
	transactions_disown(transactions, &other);
	assert_int_equal(group_open(google), 1);
	transactions_disown(transactions, &conn);
}

static void
ends_when_nothing_is_asked_for_long(void **state)
{
	(void)state;
	grant("1.1", &conn, google);
	grant("1.2", &other, google);
	skipped_ms += TRANSACTION_IDLE_S * 1000 - 1000;
	grant("1.2", &other, google);
	fire_timers(base);
	assert_int_equal(group_open(google), 2);
	skipped_ms += 1000;
	fire_timers(base);
	assert_int_equal(group_open(google), 1);
	assert_null(conn);
	assert_non_null(other);
	assert_int_equal(transactions_count(transactions), 1);
	assert_false(has("1.1", google));
	skipped_ms += TRANSACTION_IDLE_S * 1000;
	fire_timers(base);
	assert_int_equal(group_open(google), 0);
	assert_int_equal(transactions_count(transactions), 0);
}

static void
ends_with_the_program(void **state)
{

	(void)state;
	grant("1.1", &conns[0], google);
	grant("1.2", &conns[1], yahoo);
	grant("", &conns[2], google);
	transactions_free(&transactions);
	assert_int_equal(groups_open(groups), 0);
	for (int i = 0; i < 3; i++)
		assert_null(conns[i]);
}

/* What has no instance cannot be told from another message: each request is counted. */
static void
counts_each_request_without_instance(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		transactions_leave(transactions, SPAN(""), &conn);
		assert_null(conn);
		assert_false(
		    transaction_has(transactions_open(transactions, SPAN(""), &conn), google));
		grant("", &conn, google);
		assert_int_equal(group_open(google), 1);
		assert_int_equal(transactions_count(transactions), 1);
	}
	grant("", &other, google);
	assert_int_equal(group_open(google), 2);
	transactions_end_message(transactions, SPAN(""));
	assert_int_equal(group_open(google), 2);
	grant("1.1", &conn, google);
	assert_int_equal(group_open(google), 2);
	transactions_disown(transactions, &other);
	transactions_disown(transactions, &conn);
	assert_int_equal(group_open(google), 0);
	assert_int_equal(transactions_count(transactions), 1); /* 1.1 is remembered */
}

static void
bounds_long_instances(void **state)
{
	char name[4096];

	(void)state;
	memset(name, 'x', sizeof(name));
	transactions_open(transactions, span_make(name, sizeof(name)), &conn);
	transactions_open(transactions, span_make(name, sizeof(name) - 1), &other);
	assert_int_equal(transactions_count(transactions), 1); /* alike as far as they are read */
	assert_null(conn);
	transactions_leave(transactions, span_make(name, sizeof(name)), &other);
	assert_non_null(other);
}

static void
drops_the_longest_unused_at_the_cap(void **state)
{
	char name[24];

	(void)state;
	grant("first", &first, google);
	grant("second", &second, google);
	grant("first", &first, google);
	for (int i = 2; i < TRANSACTIONS_MAX; i++) {
		snprintf(name, sizeof(name), "%d", i);
		grant(name, &conn, yahoo);
		transactions_disown(transactions, &conn);
	}
	assert_int_equal(transactions_count(transactions), TRANSACTIONS_MAX);
	assert_int_equal(group_open(google), 2);
	grant("one more", &second, google); /* its own is the first to go, after its slot */
	assert_int_equal(transactions_count(transactions), TRANSACTIONS_MAX);
	assert_int_equal(group_open(google), 2);
	assert_non_null(first);
	assert_false(has("second", google)); /* made anew, in the place of "first" */
	assert_null(first);
	assert_int_equal(group_open(google), 1);
	transactions_disown(transactions, &second);
	assert_int_equal(group_open(google), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, take_down)

/* What one process leaves, another goes on with. */
static void
go_over(size_t cut)
{
	struct str out = { 0 };
	struct unpack in;

	transactions_pack(transactions, &out);
	transactions_free(&transactions);
	assert_int_equal(groups_open(groups), 0);
	transactions = transactions_new(base);
	in = unpack_make(span_make(out.data, cut < out.len ? cut : out.len));
	transactions_unpack(transactions, groups, &in);
	assert_int_equal(in.failed, cut < out.len);
	str_free(&out);
}

static void
goes_over_to_another_process(void **state)
{
	struct transaction_recipients sent[4];

	(void)state;
	transaction_recipient(grant("1.1", &conn, google), google);
	transaction_recipient(grant("1.1", &conn, yahoo), yahoo);
	transaction_recipient(conn, yahoo);
	transaction_recipient(conn, NULL);
	transaction_grant(transactions_open(transactions, SPAN("2.2"), &other), google, false);
	transactions_open(transactions, SPAN(""), &first); /* nobody can name it */
	go_over(SIZE_MAX);
	assert_int_equal(transactions_count(transactions), 2);
	assert_int_equal(group_open(google), 1);
	assert_int_equal(group_open(yahoo), 1);
	assert_int_equal(transactions_recipients(transactions, SPAN("1.1"), sent, COUNT(sent)), 3);
	assert_int_equal(sent[0].recipients + sent[1].recipients + sent[2].recipients, 4);
	conn = other = NULL;
	assert_true(transaction_has(transactions_open(transactions, SPAN("1.1"), &conn), yahoo));
	assert_true(transaction_has(transactions_open(transactions, SPAN("2.2"), &other), google));
	assert_string_equal(transaction_instance(conn), "1.1");
	transactions_disown(transactions, &conn);
	assert_int_equal(groups_open(groups), 0);
	assert_true(has("1.1", google)); /* it was counted there, still */
}

static void
bears_what_is_cut_short(void **state)
{
	(void)state;
	for (size_t cut = 0; cut < 200; cut += 4) {
		conn = NULL;
		transaction_recipient(grant("1.1", &conn, google), google);
		transaction_recipient(grant("1.1", &conn, yahoo), NULL);
		go_over(cut);
		transactions_free(&transactions);
		assert_int_equal(groups_open(groups), 0);
		transactions = transactions_new(base);
	}
	conn = NULL;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(counts_a_group_once),
		TEST(keeps_a_grant_without_slot),
		TEST(ends_at_end_of_message),
		TEST(ends_at_end_of_message_over_another_connection),
		TEST(ends_when_its_connection_brings_another),
		TEST(ends_when_its_connection_closes),
		TEST(goes_over_to_the_connection_that_asked_last),
		TEST(ends_when_nothing_is_asked_for_long),
		TEST(ends_with_the_program),
		TEST(counts_each_request_without_instance),
		TEST(bounds_long_instances),
		TEST(drops_the_longest_unused_at_the_cap),
		TEST(goes_over_to_another_process),
		TEST(bears_what_is_cut_short),
	};

	return cmocka_run_group_tests_name("transaction", tests, NULL, NULL);
}
