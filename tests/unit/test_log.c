#include <fcntl.h>
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
	log_info("a\nmxpolicyd: error: forged\r\x1b[31m\x7f\xc3\xa4");
	end(f, text, sizeof(text));
	assert_string_equal(text, "test: info: a?mxpolicyd: error: forged??[31m?\xc3\xa4\n");
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

int
main(void)
{
	struct check_list list = { 0 };

	CHECK(&list, levels);
	CHECK(&list, one_line_each);
	CHECK(&list, long_lines_are_cut);
	return check_run(&list, "log");
}
