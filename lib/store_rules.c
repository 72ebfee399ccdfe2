#include "store_rules.h"

#include "keys.h"
#include "store_reply.h"

#define AT(member) offsetof(struct store_rules, member)
static const struct {
	const char *name;
	size_t offset;
} fields[] = {
	{ "version", AT(version) },
	{ "sha256", AT(sha256) },
	{ "bundle", AT(bundle) },
	{ "signature", AT(signature) },
	{ "by", AT(by) },
	{ "at", AT(at) },
	{ "how", AT(how) },
	{ "held", AT(held) },
};
#undef AT
enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

/* One command: whoever reads it sees all of one announcement. */
void
store_put_rules(struct store_batch *batch, const struct store_rules *rules)
{
	store_batch_begin(batch, 2 + 2 * (size_t)FIELDS);
	store_batch_arg(batch, SPAN("HSET"));
	store_batch_arg(batch, SPAN(KEYS_RULES));
	for (size_t i = 0; i < FIELDS; i++) {
		const char *at = (const char *)rules + fields[i].offset;

		store_batch_arg_text(batch, fields[i].name);
		store_batch_arg(batch, *(const struct span *)(const void *)at);
	}
	store_batch_end(batch, NULL, NULL);
}

static int
read_rules(const struct redisReply *reply, void *result, struct err *err)
{
	struct store_rules *rules = result;
	struct store_fields found = { .arena = rules->arena };

	if (store_reply_fields(reply, &found, err) != 0)
		return -1;
	for (size_t i = 0; i + 1 < found.count; i += 2)
		for (size_t k = 0; k < FIELDS; k++) {
			char *at = (char *)rules + fields[k].offset;

			if (span_eq(found.items[i], span_of(fields[k].name)))
				*(struct span *)(void *)at = found.items[i + 1];
		}
	return 0;
}

void
store_put_rules_read(struct store_batch *batch, struct store_rules *rules)
{
	STORE_PUT(batch, read_rules, rules, "HGETALL", KEYS_RULES);
}

void
store_put_rules_version(struct store_batch *batch, struct str *version)
{
	STORE_PUT(batch, store_reply_text, version, "HGET", KEYS_RULES, "version");
}
