/* accounts: all that a message was taken for is counted, to however many groups it goes. */
#include "check.h"

#include "accounts.h"
#include "test_engine.h"

enum { GROUPS = 64 }; /* of a message, as flow.c asks for */

static int
set_up(void **state)
{
	(void)state;
	engine_set_up("");
	return 0;
}

static int
take_down(void **state)
{
	(void)state;
	engine_take_down();
	return 0;
}

static void
counts_what_goes_to_many_groups(void **state)
{
	static const struct sender_identity identity = { .account = "shop" };
	struct transaction_recipients sent[GROUPS];
	char names[GROUPS][24];

	(void)state;
	for (int i = 0; i < GROUPS; i++) {
		snprintf(names[i], sizeof(names[i]), "group%d", i);
		sent[i] = (struct transaction_recipients){ names[i], 2 };
	}
	accounts_count(engine.accounts, &identity, sent, GROUPS);
	accounts_flush(engine.accounts);
	WAIT_FOR(base, fake_has(&redis, "mxpace:{a:shop}:stats"));
	WAIT_FOR(base, fake_has(&redis, "group:group62:sent 2"));
	assert_true(fake_has(&redis, " sent 128"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(counts_what_goes_to_many_groups, set_up, take_down),
	};

	return cmocka_run_group_tests_name("accounts", tests, NULL, NULL);
}
