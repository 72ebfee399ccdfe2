#include "conf.h"

#include <string.h>

void
conf_pack_strings(const struct conf_strings *strings, struct str *out)
{
	pack_number(out, (int64_t)strings->count);
	for (size_t i = 0; i < strings->count; i++)
		pack_text(out, strings->items[i]);
}

void
conf_unpack_strings(struct arena *arena, struct conf_strings *strings, struct unpack *in)
{
	strings->count = unpack_count(in);
	strings->items = NULL;
	if (strings->count > 0)
		strings->items = arena_alloc(arena, strings->count * sizeof(*strings->items));
	for (size_t i = 0; i < strings->count; i++)
		strings->items[i] = unpack_text(in);
}

static void
pack_value(const struct conf_key *key, const void *value, struct str *out)
{
	switch (key->type) {
	case CONF_STRING:
		pack_text(out, *(const char *const *)value);
		break;
	case CONF_STRINGS:
		conf_pack_strings(value, out);
		break;
	case CONF_BOOL:
		pack_number(out, *(const bool *)value);
		break;
	case CONF_NUMBER:
	case CONF_DURATION:
	case CONF_SIZE:
		pack_number(out, *(const int64_t *)value);
		break;
	case CONF_WORD:
		pack_number(out, *(const int *)value);
		break;
	case CONF_CUSTOM:
		break;
	}
}

static void
unpack_value(struct arena *arena, const struct conf_key *key, void *value, struct unpack *in)
{
	switch (key->type) {
	case CONF_STRING:
		*(const char **)value = unpack_text(in);
		break;
	case CONF_STRINGS:
		conf_unpack_strings(arena, value, in);
		break;
	case CONF_BOOL:
		*(bool *)value = unpack_number(in) != 0;
		break;
	case CONF_NUMBER:
	case CONF_DURATION:
	case CONF_SIZE:
		*(int64_t *)value = unpack_number(in);
		break;
	case CONF_WORD:
		*(int *)value = (int)unpack_number(in);
		break;
	case CONF_CUSTOM:
		break;
	}
}

/* Of the names and types: a table that is another cannot read what this one wrote. */
static uint64_t
table_hash(const struct conf_key *keys, size_t count)
{
	uint64_t hash = PACK_HASH_START;

	for (size_t i = 0; i < count; i++) {
		hash = pack_hash(hash, span_make(keys[i].name, strlen(keys[i].name)));
		hash = pack_hash(hash, span_make((const char[]){ (char)keys[i].type }, 1));
	}
	return hash;
}

void
conf_pack(const struct conf_key *keys, size_t count, const void *source, struct str *out)
{
	pack_number(out, (int64_t)table_hash(keys, count));
	for (size_t i = 0; i < count; i++)
		pack_value(&keys[i], (const char *)source + keys[i].offset, out);
}

bool
conf_unpack(struct arena *arena, const struct conf_key *keys, size_t count, void *target,
    struct unpack *in)
{
	in->failed = (uint64_t)unpack_number(in) != table_hash(keys, count) || in->failed;
	for (size_t i = 0; i < count; i++)
		unpack_value(arena, &keys[i], (char *)target + keys[i].offset, in);
	return !in->failed;
}
