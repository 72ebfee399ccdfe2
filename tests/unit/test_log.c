#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "log.h"

static int saved;

/* What goes to stderr between begin() and end(). */
static FILE *
begin(void)
{
	FILE *f = tmpfile();

	assert_non_null(f);
	saved = dup(STDERR_FILENO);
	assert_true(saved >= 0 && dup2(fileno(f), STDERR_FILENO) >= 0);
	return f;
}

static size_t
end(FILE *f, char *text, size_t size)
{
	size_t len;

	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	rewind(f);
	len = fread(text, 1, size - 1, f);
	text[len] = '\0';
	fclose(f);
	return len;
}

static void
levels(void **state)
{
	char text[1024];
	FILE *f = begin();

	(void)state;
	log_open("test");
	log_error("a %d", 1);
	log_warning("b");
	log_info("c");
	log_debug("hidden");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("d");
	log_set_level(LOG_LEVEL_ERROR);
	log_warning("hidden");
	log_error("e");
	log_set_level(LOG_LEVEL_INFO);
	end(f, text, sizeof(text));
	assert_string_equal(text,
	    "test: error: a 1\ntest: warning: b\ntest: info: c\ntest: debug: d\ntest: error: e\n");
}

static void
one_line_each(void **state)
{
	char text[1024];
	FILE *f = begin();

	(void)state;
	log_open("test");
	log_info("a\nmxpolicyd: error: forged\r\x1b[31m\x7f\xc3\xa4\xf6\xc3");
	end(f, text, sizeof(text));
	assert_string_equal(text, "test: info: a?mxpolicyd: error: forged??[31m?\xc3\xa4??\n");
}

static void
long_lines_are_cut(void **state)
{
	char *text = malloc(10000);
	FILE *f = begin();
	size_t len;

	(void)state;
	log_open("test");
	log_info("%9000d", 7);
	log_info("next");
	len = end(f, text, 10000);
	assert_in_range(len, 1000, 3000);
	assert_string_equal(text + len - strlen("\ntest: info: next\n"), "\ntest: info: next\n");
	free(text);
}

static void
events(void **state)
{
	static const struct log_repeat_limits limits = { 60000, 100, 10 };
	const struct log_field fields[] = {
		{ "group", "a b", LOG_SAME },
		{ "sender", "x@y.test", LOG_ADDRESS },
		{ "client", "192.0.2.1", LOG_DETAIL },
	};
	char text[2048];
	FILE *f = begin();

	(void)state;
	log_open("test");
	log_event(LOG_LEVEL_INFO, "defer", fields, 3, "next in %d s", 5);
	log_collapse(&limits);
	for (int i = 0; i < 4; i++) {
		log_event(LOG_LEVEL_INFO, "defer", fields, 3, "next in %d s", 9 + i);
		log_event(LOG_LEVEL_WARNING, "defer", fields, 3, "other words");
		log_event(LOG_LEVEL_DEBUG, "hidden", fields, 3, NULL);
	}
	log_always(LOG_LEVEL_WARNING, "change", fields, 1, NULL);
	log_always(LOG_LEVEL_WARNING, "change", fields, 1, NULL);
	log_tick();
	log_collapse(NULL);
	log_event(LOG_LEVEL_INFO, "defer", fields, 1, NULL);
	end(f, text, sizeof(text));
	/* A slow machine may take some seconds for all that. */
	for (char *in = text; (in = strstr(in, " times in ")) != NULL; in += 10)
		in[10] = '0';
	assert_string_equal(text,
	    "test: info: defer: group=\"a b\" sender=<x@y.test> client=192.0.2.1: next in 5 s\n"
	    "test: info: defer: group=\"a b\" sender=<x@y.test> client=192.0.2.1: next in 9 s\n"
	    "test: warning: defer: group=\"a b\" sender=<x@y.test> client=192.0.2.1: other words\n"
	    "test: warning: change: group=\"a b\"\n"
	    "test: warning: change: group=\"a b\"\n"
	    "test: info: defer: group=\"a b\" sender=<x@y.test>: repeated 3 times in 0s: next in # s\n"
	    "test: warning: defer: group=\"a b\" sender=<x@y.test>: repeated 3 times in 0s: other "
	    "words\n"
	    "test: info: defer: group=\"a b\"\n");
}

/* What systemd gave for stderr gets priorities instead of names. */
static void
the_journal(void **state)
{
	char text[256], stream[64];
	FILE *f = begin();
	struct stat stat;

	(void)state;
	assert_int_equal(fstat(STDERR_FILENO, &stat), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)stat.st_dev,
	    (unsigned long long)stat.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_open("test");
	log_error("a");
	log_warning("b");
	log_info("c");
	setenv("JOURNAL_STREAM", "1:2", 1);
	log_open("test");
	log_info("d");
	unsetenv("JOURNAL_STREAM");
	end(f, text, sizeof(text));
	assert_string_equal(text, "<3>error: a\n<4>warning: b\n<6>c\ntest: info: d\n");
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK(&list, levels);
	CHECK(&list, one_line_each);
	CHECK(&list, long_lines_are_cut);
	CHECK(&list, events);
	CHECK(&list, the_journal);
	return check_run(&list, "log");
}
