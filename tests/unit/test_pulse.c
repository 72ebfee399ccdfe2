/* pulse: what the service manager hears of a daemon, and how often. */
#include "check.h"

#include <sys/un.h>

#include "pulse.h"
#include "test_engine.h"

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
says_how_it_is(void **state)
{
	struct group *group = groups_get(engine.groups, "google", "192.0.2.1");
	struct str line = { 0 };

	(void)state;
	engine.metrics.clients = 7;
	group_open_slot(group);
	pulse_describe(&engine, &line);
	assert_string_equal(str_text(&line), "1 open, 0 waiting, 7 clients, Redis connected");
	engine.metrics.clients = 0;
	group_close_slot(group);
	group_release(&group);
	str_free(&line);
}

static void
is_silent_without_a_manager(void **state)
{
	struct pulse *pulse;

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	pulse = pulse_new(&engine);
	assert_null(pulse);
	pulse_free(&pulse);
}

/* The watchdog's every beat, the line when it is another. */
static void
beats(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char folder[] = "/tmp/mxpace-test-XXXXXX", text[200];
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	unsigned beats = 0, lines = 0;
	struct pulse *pulse;
	ssize_t len;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/notify", folder);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	setenv("NOTIFY_SOCKET", addr.sun_path, 1);
	setenv("WATCHDOG_USEC", "30000", 1); /* 30 ms */
	unsetenv("WATCHDOG_PID");
	pulse = pulse_new(&engine);
	assert_non_null(pulse);
	while (beats < 3) {
		event_base_loop(base, EVLOOP_ONCE);
		while ((len = recv(fd, text, sizeof(text) - 1, 0)) > 0) {
			text[len] = '\0';
			beats += strcmp(text, "WATCHDOG=1") == 0;
			lines += strncmp(text, "STATUS=0 open", 13) == 0;
		}
	}
	assert_int_equal(lines, 1);
	pulse_free(&pulse);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	close(fd);
	unlink(addr.sun_path);
	rmdir(folder);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, take_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(says_how_it_is),
		TEST(is_silent_without_a_manager),
		TEST(beats),
	};

	return cmocka_run_group_tests_name("pulse", tests, NULL, NULL);
}
