#include "check.h"
#include "store_batch.h"

static int
decode(const struct redisReply *reply, void *result, struct err *err)
{
	(void)reply;
	(void)result;
	(void)err;
	return 0;
}

static void
wire_form(void **state)
{
	struct store_batch batch = { 0 };
	int result;

	(void)state;
	store_batch_begin(&batch, 3);
	store_batch_arg_text(&batch, "SET");
	store_batch_arg(&batch, SPAN("a\r\nb\0c"));
	store_batch_arg_text(&batch, "");
	store_batch_end(&batch, decode, &result);
	assert_int_equal(batch.count, 1);
	assert_true(span_eq(span_make(batch.wire.data, batch.wire.len),
	    SPAN("*3\r\n$3\r\nSET\r\n$6\r\na\r\nb\0c\r\n$0\r\n\r\n")));
	assert_int_equal(batch.commands[0].start, 0);
	assert_int_equal(batch.commands[0].end, batch.wire.len);
	assert_int_equal(batch.commands[0].script, SCRIPT_NONE);
	assert_ptr_equal(batch.commands[0].decode, decode);
	assert_ptr_equal(batch.commands[0].result, &result);
	store_batch_free(&batch);
}

static const struct number_row {
	const char *label;
	int64_t n;
	const char *want;
} number_rows[] = {
	{ "zero", 0, "*1\r\n$1\r\n0\r\n" },
	{ "one digit", 9, "*1\r\n$1\r\n9\r\n" },
	{ "two digits", 10, "*1\r\n$2\r\n10\r\n" },
	{ "negative", -1, "*1\r\n$2\r\n-1\r\n" },
	{ "largest", INT64_MAX, "*1\r\n$19\r\n9223372036854775807\r\n" },
	{ "smallest", INT64_MIN, "*1\r\n$20\r\n-9223372036854775808\r\n" },
};

static void
numbers(void **state)
{
	const struct number_row *row = *state;
	struct store_batch batch = { 0 };

	store_batch_begin(&batch, 1);
	store_batch_arg_number(&batch, row->n);
	store_batch_end(&batch, NULL, NULL);
	assert_string_equal(str_text(&batch.wire), row->want);
	store_batch_free(&batch);
}

static void
scripts(void **state)
{
	struct store_batch batch = { 0 };
	struct str want = { 0 };

	(void)state;
	store_batch_begin_script(&batch, SCRIPT_ERROR, 1, 2);
	store_batch_arg_text(&batch, "key");
	store_batch_arg_text(&batch, "argument");
	store_batch_end(&batch, NULL, NULL);
	str_addf(&want,
	    "*5\r\n$7\r\nEVALSHA\r\n$40\r\n%s\r\n$1\r\n1\r\n$3\r\nkey\r\n$8\r\nargument\r\n",
	    script_sha1(SCRIPT_ERROR));
	assert_string_equal(str_text(&batch.wire), str_text(&want));
	assert_int_equal(batch.commands[0].script, SCRIPT_ERROR);
	str_free(&want);
	store_batch_free(&batch);
}

/* With the script's text in place of its digest, and nothing else changed. */
static void
script_as_text(void **state)
{
	struct store_batch batch = { 0 };
	struct str got = { 0 }, want = { 0 };
	struct span text = script_text(SCRIPT_TAKE);

	(void)state;
	store_batch_begin_script(&batch, SCRIPT_TAKE, 1, 2);
	store_batch_arg_text(&batch, "key\r\n$7\r\nEVALSHA\r\n");
	store_batch_arg(&batch, SPAN("a\0b"));
	store_batch_end(&batch, NULL, NULL);
	store_batch_eval(span_make(batch.wire.data, batch.wire.len), SCRIPT_TAKE, &got);
	str_addf(&want, "*5\r\n$4\r\nEVAL\r\n$%zu\r\n", text.len);
	str_add_span(&want, text);
	str_add_span(&want,
	    SPAN("\r\n$1\r\n1\r\n$18\r\nkey\r\n$7\r\nEVALSHA\r\n\r\n$3\r\na\0b\r\n"));
	assert_true(span_eq(span_make(got.data, got.len), span_make(want.data, want.len)));
	str_free(&got);
	str_free(&want);
	store_batch_free(&batch);
}

/* Each command can be cut out of the wire form and sent alone. */
static void
as_many_as_it_holds(void **state)
{
	struct store_batch batch = { 0 };

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int64_t i = 0; i < STORE_BATCH_MAX; i++) {
			store_batch_begin(&batch, 1);
			store_batch_arg_number(&batch, 1000 + i);
			store_batch_end(&batch, NULL, NULL);
		}
		assert_int_equal(batch.count, STORE_BATCH_MAX);
		for (size_t i = 0; i < batch.count; i++) {
			char want[32];

			snprintf(want, sizeof(want), "*1\r\n$4\r\n%zu\r\n", 1000 + i);
			assert_true(span_eq(span_make(batch.wire.data + batch.commands[i].start,
						batch.commands[i].end - batch.commands[i].start),
			    span_of(want)));
		}
		store_batch_empty(&batch);
		assert_int_equal(batch.count, 0);
		assert_int_equal(batch.wire.len, 0);
	}
	store_batch_free(&batch);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK(&list, wire_form);
	CHECK_ROWS(&list, numbers, number_rows);
	CHECK(&list, scripts);
	CHECK(&list, script_as_text);
	CHECK(&list, as_many_as_it_holds);
	return check_run(&list, "store_batch");
}
