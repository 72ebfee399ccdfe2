/* answers: what was tried of every group reaches Redis, however many there were within a flush. */
#include "check.h"

#include "answers.h"
#include "test_engine.h"

enum { GROUPS = STORE_BATCH_MAX + 3 }; /* more than one batch holds */

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
tells_of_every_group(void **state)
{
	char name[24], key[64];

	(void)state;
	for (int i = 0; i < GROUPS; i++) {
		snprintf(name, sizeof(name), "group%d", i);
		answers_admit(engine.answers, name);
	}
	snprintf(key, sizeof(key), "mxpace:{g:%s}:answers", name);
	WAIT_FOR(base, fake_has(&redis, key));
	for (int i = 0; i < GROUPS; i++) {
		snprintf(key, sizeof(key), "mxpace:{g:group%d}:answers", i);
		assert_true(fake_has(&redis, key));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tells_of_every_group, set_up, take_down),
	};

	return cmocka_run_group_tests_name("answers", tests, NULL, NULL);
}
