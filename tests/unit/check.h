/*
 * check - cmocka with tables: every row is a test of its own, reported under its label.
 *
 *	static const struct { const char *label; const char *in; int want; } rows[] = { ... };
 *
 *	static void
 *	parses(void **state)
 *	{
 *		const struct row *row = *state;
 *		...
 *	}
 *
 *	CHECK_ROWS(&list, parses, rows);
 *	CHECK(&list, something_else);
 *	return check_run(&list, "thing");
 */
#ifndef CHECK_H
#define CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct check_list {
	struct CMUnitTest *tests;
	size_t count;
};

static inline void
check_add(struct check_list *list, const char *function, const char *label, CMUnitTestFunction test,
    const void *row)
{
	char name[256];

	list->tests = realloc(list->tests, (list->count + 1) * sizeof(*list->tests));
	assert_non_null(list->tests);
	snprintf(name, sizeof(name), "%s%s%s", function, label != NULL ? ": " : "",
	    label != NULL ? label : "");
	list->tests[list->count++] =
	    (struct CMUnitTest){ strdup(name), test, NULL, NULL, (void *)(uintptr_t)row };
}

#define CHECK(list, function) check_add(list, #function, NULL, function, NULL)

#define CHECK_ROWS(list, function, rows)                                                         \
	do {                                                                                     \
		for (size_t row_ = 0; row_ < COUNT(rows); row_++)                                \
			check_add(list, #function, (rows)[row_].label, function, &(rows)[row_]); \
	} while (0)

static inline int
check_run(struct check_list *list, const char *name)
{
	int failed = _cmocka_run_group_tests(name, list->tests, list->count, NULL, NULL);

	for (size_t i = 0; i < list->count; i++)
		free((char *)(uintptr_t)list->tests[i].name);
	free(list->tests);
	*list = (struct check_list){ 0 };
	return failed != 0;
}

#endif
