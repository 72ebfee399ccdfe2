#include "check.h"
#include "script.h"

static const struct script_row {
	const char *label;
	enum script script;
} script_rows[] = {
	{ "take", SCRIPT_TAKE },
	{ "give_back", SCRIPT_GIVE_BACK },
	{ "error", SCRIPT_ERROR },
	{ "grant", SCRIPT_GRANT },
	{ "settle", SCRIPT_SETTLE },
	{ "backoff", SCRIPT_BACKOFF },
	{ "restore", SCRIPT_RESTORE },
	{ "delivered", SCRIPT_DELIVERED },
	{ "delivered_count", SCRIPT_DELIVERED_COUNT },
	{ "remove", SCRIPT_REMOVE },
	{ "put", SCRIPT_PUT },
	{ "sender", SCRIPT_SENDER },
	{ "sender_order", SCRIPT_SENDER_ORDER },
	{ "complaint", SCRIPT_COMPLAINT },
	{ "complained", SCRIPT_COMPLAINED },
	{ "import", SCRIPT_IMPORT },
	{ "undo", SCRIPT_UNDO },
	{ "prune", SCRIPT_PRUNE },
	{ "answers", SCRIPT_ANSWERS },
	{ "guard_count", SCRIPT_GUARD_COUNT },
	{ "guard_set", SCRIPT_GUARD_SET },
	{ "guard_entry", SCRIPT_GUARD_ENTRY },
	{ "level", SCRIPT_LEVEL },
	{ "mail_take", SCRIPT_MAIL_TAKE },
	{ "mail_digest", SCRIPT_MAIL_DIGEST },
	{ "mail_end", SCRIPT_MAIL_END },
	{ "denied", SCRIPT_DENIED },
	{ "warmup_set", SCRIPT_WARMUP_SET },
	{ "warmup_day", SCRIPT_WARMUP_DAY },
	{ "trace", SCRIPT_TRACE },
};

static size_t
read_lua(const char *folder, const char *name, size_t name_len, char *out, size_t size)
{
	char path[96];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "lib/lua/%s%.*s.lua", folder, (int)name_len, name);
	f = fopen(path, "r");
	assert_non_null(f); /* tests run in the top folder of the source tree */
	len = fread(out, 1, size, f);
	fclose(f);
	return len;
}

/* The preludes that a script's line "-- uses" names. */
static size_t
read_preludes(const char *script, char *out, size_t size)
{
	const char *name = strstr(script, "\n-- uses ");
	size_t len = 0;

	for (name = name != NULL ? name + 9 : "\n"; *name != '\n'; name += *name == ' ') {
		size_t name_len = strcspn(name, " \n");

		len += read_lua("prelude/", name, name_len, out + len, size - len);
		name += name_len;
	}
	return len;
}

/* The bytes of the files in the source tree, and a digest of the right form; that it is the right
 * digest is what the Lua tests show with Redis. */
static void
embedded(void **state)
{
	const struct script_row *row = *state;
	struct span text = script_text(row->script);
	enum { SIZE = 65536 };
	char *file = calloc(1, SIZE + 1), *want = malloc(2 * SIZE);
	size_t len, before;

	assert_string_equal(script_name(row->script), row->label);
	len = read_lua("", row->label, strlen(row->label), file, SIZE);
	before = read_preludes(file, want, SIZE);
	memcpy(want + before, file, len);
	assert_true(span_eq(text, span_make(want, before + len)));
	assert_int_equal(text.ptr[text.len], '\0');
	assert_int_equal(strlen(script_sha1(row->script)), 40);
	assert_int_equal(strspn(script_sha1(row->script), "0123456789abcdef"), 40);
	free(file);
	free(want);
}

static void
all_of_them(void **state)
{
	(void)state;
	assert_int_equal(COUNT(script_rows), SCRIPT_COUNT);
	for (int i = 0; i < SCRIPT_COUNT; i++)
		for (int k = 0; k < i; k++)
			assert_string_not_equal(script_sha1((enum script)i),
			    script_sha1((enum script)k));
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, embedded, script_rows);
	CHECK(&list, all_of_them);
	return check_run(&list, "script");
}
