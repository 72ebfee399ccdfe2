/*
 * store_batch - Redis commands on their way: wire form (RESP), and what reads each reply.
 *
 * A batch is built by the verbs of store.h and run by store_async or store_sync, which write it in
 * one go and hand each reply to its command's decoder. The batch itself knows no connection.
 *
 * Redis runs the commands in their order; but a script that it does not have yet runs after all
 * others of its batch. What must see the effect of a script goes into the next batch.
 */
#ifndef STORE_BATCH_H
#define STORE_BATCH_H

#include <stdint.h>

#include "arena.h"
#include "err.h"
#include "script.h"
#include "str.h"

struct redisReply;

/* Reads one reply into result. -1 and words: an error reply, or not of the form it should have. */
typedef int store_decode(const struct redisReply *reply, void *result, struct err *err);

enum { STORE_BATCH_MAX = 32 };

struct store_command {
	size_t start, end; /* in wire */
	enum script script;
	store_decode *decode; /* NULL: only an error reply matters */
	void *result;         /* the caller's; must live until the batch is done or cancelled */
};

/* { 0 } is an empty batch. */
struct store_batch {
	struct str wire;
	size_t count;
	struct store_command commands[STORE_BATCH_MAX];
};

void store_batch_empty(struct store_batch *batch);
void store_batch_free(struct store_batch *batch);

/* How a run ended. */
enum store_outcome {
	STORE_DONE,    /* every decoder succeeded */
	STORE_REFUSED, /* Redis answered something else: words in err; other results are valid */
	STORE_AWAY,    /* no answer: not connected, hung up, too late */
};

/* Building a command: begin with the number of arguments, add each, end. */
void store_batch_begin(struct store_batch *batch, size_t args);
/* The same command with the script's text in it (EVAL), for a Redis that does not know the script:
 * it does from then on. wire: a whole EVALSHA command as store_batch_begin_script makes it. */
void store_batch_eval(struct span wire, enum script script, struct str *out);

/* The beginning of a command of that script, made before by the functions above. */
void store_batch_begin_raw(struct store_batch *batch, enum script script, struct span wire);
void store_batch_arg(struct store_batch *batch, struct span arg);
void store_batch_arg_text(struct store_batch *batch, const char *arg);
void store_batch_arg_number(struct store_batch *batch, int64_t arg);
void store_batch_end(struct store_batch *batch, store_decode *decode, void *result);

/* EVALSHA script keys...; `args` counts keys and further arguments together. */
void store_batch_begin_script(struct store_batch *batch, enum script script, size_t keys,
    size_t args);

/* A command of these words. */
void store_batch_words(struct store_batch *batch, const char *const *words, size_t count,
    store_decode *decode, void *result);
#define STORE_PUT(batch, decode, result, ...)                          \
	store_batch_words(batch, (const char *const[]){ __VA_ARGS__ }, \
	    sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *), decode, result)

/* What lists, hashes and scans are read into. */
struct store_fields { /* names and values of a hash, or members of a list, in turn; arena's */
	struct arena *arena; /* set by the caller */
	size_t count;
	struct span *items;
};

struct store_page {                 /* of a scan */
	char cursor[24];            /* "0" at the start and when all was seen */
	struct store_fields fields; /* fields.arena set by the caller */
};
/* All of a hash. */
void store_put_hash(struct store_batch *batch, const char *key, struct store_fields *fields);

#endif
