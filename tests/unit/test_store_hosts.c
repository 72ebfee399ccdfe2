/* store_hosts: each address in turn, the one that works kept; and store_sync, which goes through them. */
#include "check.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake_hosts.h"
#include "store_hosts.h"
#include "store_sync.h"

static struct err err;

static void
goes_through_the_addresses(void **state)
{
	struct store_hosts hosts;

	(void)state;
	assert_int_equal(store_hosts_find(&hosts, MANY_ADDRESSES, &err), 0);
	for (int round = 0; round < 2; round++) {
		assert_string_equal(store_hosts_text(&hosts), "127.0.0.2");
		assert_true(store_hosts_failed(&hosts));
		assert_string_equal(store_hosts_text(&hosts), "::1");
		assert_true(store_hosts_failed(&hosts));
		assert_string_equal(store_hosts_text(&hosts), "127.0.0.1");
		assert_false(store_hosts_failed(&hosts)); /* from the first again, after a while */
	}
	store_hosts_free(&hosts);
}

static void
goes_on_from_the_one_that_worked(void **state)
{
	struct store_hosts hosts;

	(void)state;
	assert_int_equal(store_hosts_find(&hosts, MANY_ADDRESSES, &err), 0);
	assert_true(store_hosts_failed(&hosts));
	store_hosts_worked(&hosts);
	assert_string_equal(store_hosts_text(&hosts), "::1");
	assert_true(store_hosts_failed(&hosts));
	assert_true(store_hosts_failed(&hosts));
	assert_false(store_hosts_failed(&hosts));
	store_hosts_free(&hosts);
}

static void
has_one_address_only(void **state)
{
	struct store_hosts hosts;

	(void)state;
	assert_int_equal(store_hosts_find(&hosts, "192.0.2.1", &err), 0);
	assert_false(store_hosts_failed(&hosts));
	assert_string_equal(store_hosts_text(&hosts), "192.0.2.1");
	store_hosts_free(&hosts);
}

static void
says_which_host_is_none(void **state)
{
	struct store_hosts hosts;

	(void)state;
	assert_int_equal(store_hosts_find(&hosts, "no.such.host.invalid", &err), -1);
	assert_non_null(strstr(err.text, "Redis host no.such.host.invalid: "));
	store_hosts_free(&hosts);
	store_hosts_free(&hosts);
}

/* The kernel connects; the greeting of such an address has no commands. */
static void
is_tried_by_store_sync(void **state)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct store_address address = { .host = MANY_ADDRESSES,
		.path = "",
		.user = "",
		.password = "",
		.text = "redis://" MANY_ADDRESSES };
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct store_sync *store;

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	address.port = ntohs(addr.sin_port);
	store = store_sync_open(&address, 20000, &err);
	assert_non_null(store);
	store_sync_close(&store);
	close(fd);
	assert_null(store_sync_open(&address, 20000, &err)); /* at none */
	assert_string_equal(err.text, "Redis at redis://several.test: Connection refused");
	address.host = "no.such.host.invalid";
	assert_null(store_sync_open(&address, 20000, &err));
	assert_non_null(strstr(err.text, "Redis host no.such.host.invalid: "));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_through_the_addresses),
		cmocka_unit_test(goes_on_from_the_one_that_worked),
		cmocka_unit_test(has_one_address_only),
		cmocka_unit_test(says_which_host_is_none),
		cmocka_unit_test(is_tried_by_store_sync),
	};

	return cmocka_run_group_tests_name("store_hosts", tests, NULL, NULL);
}
