#include "store_mail.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "store_reply.h"

static const char *const names[] = {
	[STORE_MAIL_GO] = "mail",
	[STORE_MAIL_MORE] = "more",
	[STORE_MAIL_DONE] = "done",
	[STORE_MAIL_BUSY] = "busy",
	[STORE_MAIL_WAIT] = "wait",
	[STORE_MAIL_NONE] = "none",
};

static int
unexpected(const redisReply *reply, struct err *err)
{
	if (store_reply_status(reply, NULL, err) == 0)
		err_set(err, "script mail_take or mail_digest answered something else");
	return -1;
}

/* The name and the lines of a digest. */
static int
read_digest(const redisReply *reply, struct store_mail_leave *leave)
{
	struct span text;

	for (size_t i = 3; i < reply->elements; i++)
		if (reply->element[i]->type != REDIS_REPLY_STRING)
			return -1;
	text = span_make(reply->element[3]->str, (size_t)reply->element[3]->len);
	leave->name = arena_dup(leave->arena, text);
	leave->lines = arena_alloc(leave->arena, reply->elements * sizeof(*leave->lines));
	for (size_t i = 4; i < reply->elements; i++) {
		text = span_make(reply->element[i]->str, (size_t)reply->element[i]->len);
		leave->lines[leave->line_count++] =
		    span_make(arena_dup(leave->arena, text), text.len);
	}
	return 0;
}

static int
read_leave(const redisReply *reply, void *result, struct err *err)
{
	struct store_mail_leave *leave = result;
	size_t what = 0;

	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements < 2 ||
	    reply->element[0]->type != REDIS_REPLY_STRING ||
	    reply->element[1]->type != REDIS_REPLY_INTEGER)
		return unexpected(reply, err);
	while (what <= STORE_MAIL_NONE && strcmp(reply->element[0]->str, names[what]) != 0)
		what++;
	if (what > STORE_MAIL_NONE)
		return unexpected(reply, err);
	leave->what = (enum store_mail)what;
	leave->due_ms = reply->element[1]->integer;
	leave->line_count = 0;
	if (leave->what != STORE_MAIL_GO || leave->arena == NULL)
		return 0;
	if (reply->elements < 4 || reply->element[2]->type != REDIS_REPLY_INTEGER ||
	    read_digest(reply, leave) != 0)
		return unexpected(reply, err);
	leave->count = reply->element[2]->integer;
	return 0;
}

/* The script and its four keys. */
static void
begin(struct store_batch *batch, enum script script, const char *recipient, size_t args)
{
	static const char *const parts[] = { "mails", "more", "digest", "state" };

	store_batch_begin_script(batch, script, 4, 4 + args + 1);
	for (size_t i = 0; i < 4; i++) {
		struct str key = { 0 };

		keys_mail(&key, recipient, parts[i]);
		store_batch_arg(batch, span_make(key.data, key.len));
		str_free(&key);
	}
	store_batch_arg_number(batch, 0); /* Redis TIME */
}

void
store_put_mail_take(struct store_batch *batch, const char *recipient, const char *id,
    struct span line, const struct store_mail_limit *limit, struct store_mail_leave *leave)
{
	*leave = (struct store_mail_leave){ 0 };
	begin(batch, SCRIPT_MAIL_TAKE, recipient, 5);
	store_batch_arg_number(batch, limit->per_hour);
	store_batch_arg_number(batch, limit->digest_after_ms);
	store_batch_arg_number(batch, limit->busy_ms);
	store_batch_arg_text(batch, id);
	store_batch_arg(batch, line);
	store_batch_end(batch, read_leave, leave);
}

void
store_put_mail_digest(struct store_batch *batch, const char *recipient, int64_t lines,
    const struct store_mail_limit *limit, struct store_mail_leave *leave)
{
	*leave = (struct store_mail_leave){ .arena = leave->arena };
	begin(batch, SCRIPT_MAIL_DIGEST, recipient, 3);
	store_batch_arg_number(batch, limit->per_hour);
	store_batch_arg_number(batch, limit->busy_ms);
	store_batch_arg_number(batch, lines);
	store_batch_end(batch, read_leave, leave);
}

void
store_put_mail_end(struct store_batch *batch, const char *recipient, const char *id, bool sent,
    int64_t retry_ms)
{
	begin(batch, SCRIPT_MAIL_END, recipient, 3);
	store_batch_arg_text(batch, id);
	store_batch_arg_number(batch, sent);
	store_batch_arg_number(batch, retry_ms);
	store_batch_end(batch, NULL, NULL);
}

/* -- the index ---------------------------------------------------------------------------------- */

void
store_put_mail_due(struct store_batch *batch, const char *recipient, int64_t due_ms)
{
	struct str member = { 0 };
	char score[24];

	keys_encode(&member, span_of(recipient));
	snprintf(score, sizeof(score), "%" PRId64, due_ms);
	STORE_PUT(batch, NULL, NULL, "ZADD", KEYS_MAILS, score, str_text(&member));
	str_free(&member);
}

void
store_put_mail_not_due(struct store_batch *batch, const char *recipient)
{
	struct str member = { 0 };

	keys_encode(&member, span_of(recipient));
	STORE_PUT(batch, NULL, NULL, "ZREM", KEYS_MAILS, str_text(&member));
	str_free(&member);
}

void
store_put_mails_due(struct store_batch *batch, int64_t now_ms, struct store_fields *recipients)
{
	char now[24];

	snprintf(now, sizeof(now), "%" PRId64, now_ms);
	STORE_PUT(batch, store_reply_fields, recipients, "ZRANGEBYSCORE", KEYS_MAILS, "-inf", now,
	    "LIMIT", "0", "16");
}
