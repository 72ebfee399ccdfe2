#include "store_batch.h"

#include <stdlib.h>
#include <string.h>

#include "store_reply.h"

void
store_batch_empty(struct store_batch *batch)
{
	str_empty(&batch->wire);
	batch->count = 0;
}

void
store_batch_free(struct store_batch *batch)
{
	str_free(&batch->wire);
	batch->count = 0;
}

/* Decimal digits of n, CRLF; cheaper than printf, and this runs some thirty times a decision. */
static void
add_number_line(struct str *wire, char prefix, uint64_t n)
{
	char text[24];
	size_t i = sizeof(text);

	text[--i] = '\n';
	text[--i] = '\r';
	do
		text[--i] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	text[--i] = prefix;
	str_add(wire, text + i, sizeof(text) - i);
}

void
store_batch_begin_raw(struct store_batch *batch, enum script script, struct span wire)
{
	struct store_command *command = &batch->commands[batch->count];

	if (batch->count == STORE_BATCH_MAX)
		abort(); /* a verb of ours was asked for more than a batch holds */
	*command = (struct store_command){ batch->wire.len, 0, script, NULL, NULL };
	str_add_span(&batch->wire, wire);
}

void
store_batch_begin(struct store_batch *batch, size_t args)
{
	store_batch_begin_raw(batch, SCRIPT_NONE, SPAN(""));
	add_number_line(&batch->wire, '*', args);
}

void
store_batch_begin_script(struct store_batch *batch, enum script script, size_t keys, size_t args)
{
	store_batch_begin(batch, 3 + args);
	batch->commands[batch->count].script = script;
	store_batch_arg(batch, SPAN("EVALSHA"));
	store_batch_arg(batch, span_make(script_sha1(script), 40));
	store_batch_arg_number(batch, (int64_t)keys);
}

void
store_batch_eval(struct span wire, enum script script, struct str *out)
{
	static const char evalsha[] = "$7\r\nEVALSHA\r\n$40\r\n";
	enum { SHA1_AND_CRLF = 42 };
	long at = span_find(wire, span_of(evalsha));
	struct span text = script_text(script);

	if (at < 0)
		abort(); /* not a command of ours */
	str_add(out, wire.ptr, (size_t)at);
	str_adds(out, "$4\r\nEVAL\r\n");
	add_number_line(out, '$', text.len);
	str_add_span(out, text);
	str_adds(out, "\r\n");
	str_add_span(out, span_from(wire, (size_t)at + sizeof(evalsha) - 1 + SHA1_AND_CRLF));
}

void
store_batch_arg(struct store_batch *batch, struct span arg)
{
	add_number_line(&batch->wire, '$', arg.len);
	str_add_span(&batch->wire, arg);
	str_add(&batch->wire, "\r\n", 2);
}

void
store_batch_arg_text(struct store_batch *batch, const char *arg)
{
	store_batch_arg(batch, span_of(arg));
}

void
store_batch_arg_number(struct store_batch *batch, int64_t arg)
{
	char text[24];
	size_t i = sizeof(text);
	uint64_t n = arg < 0 ? 0 - (uint64_t)arg : (uint64_t)arg;

	do
		text[--i] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	if (arg < 0)
		text[--i] = '-';
	store_batch_arg(batch, span_make(text + i, sizeof(text) - i));
}

void
store_batch_end(struct store_batch *batch, store_decode *decode, void *result)
{
	struct store_command *command = &batch->commands[batch->count++];

	command->end = batch->wire.len;
	command->decode = decode;
	command->result = result;
}

void
store_batch_words(struct store_batch *batch, const char *const *words, size_t count,
    store_decode *decode, void *result)
{
	store_batch_begin(batch, count);
	for (size_t i = 0; i < count; i++)
		store_batch_arg_text(batch, words[i]);
	store_batch_end(batch, decode, result);
}

void
store_put_hash(struct store_batch *batch, const char *key, struct store_fields *fields)
{
	STORE_PUT(batch, store_reply_fields, fields, "HGETALL", key);
}
