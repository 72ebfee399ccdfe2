#include <stdint.h>
#include <string.h>

#include "bounce_rules_set.h"
#include "mem.h"

static void
pack_rule(const struct bounce_rule *rule, struct str *out)
{
	pack_text(out, rule->name);
	pack_number(out, rule->list);
	pack_number(out, rule->type);
	pack_number(out, rule->reason);
	conf_pack_strings(&rule->status, out);
	conf_pack_strings(&rule->code, out);
	conf_pack_strings(&rule->remote, out);
	pack_number(out, rule->pattern != NULL);
	if (rule->pattern != NULL)
		pattern_pack(rule->pattern, out);
}

void
bounce_rules_pack(const struct bounce_rules *rules, struct str *out)
{
	struct str starts = { 0 }, packed = { 0 };

	for (size_t i = 0; i < rules->count; i++) {
		pack_number(&starts, (int64_t)packed.len);
		pack_rule(rules->all[i], &packed);
	}
	pack_number(out, (int64_t)pack_hash_names(bounce_type_names));
	pack_number(out, (int64_t)pack_hash_names(reason_names));
	pack_number(out, (int64_t)rules->count);
	pack_bytes(out, span_make(str_text(&starts), starts.len));
	pack_bytes(out, span_make(str_text(&packed), packed.len));
	pack_bytes(out, span_make(str_text(&rules->index), rules->index.len));
	str_free(&starts);
	str_free(&packed);
}

struct bounce_rules *
bounce_rules_unpack(struct unpack *in)
{
	struct bounce_rules *rules = mem_alloc(sizeof(*rules));
	struct span index;

	rules->references = 1;
	arena_init(&rules->arena);
	in->failed = in->failed ||
		     (uint64_t)unpack_number(in) != pack_hash_names(bounce_type_names) ||
		     (uint64_t)unpack_number(in) != pack_hash_names(reason_names);
	rules->count = unpack_count(in);
	rules->starts = unpack_bytes(in);
	rules->packed = unpack_bytes(in);
	index = unpack_bytes(in);
	if (in->failed || rules->starts.len != rules->count * sizeof(int64_t) ||
	    !prefilter_open(index, &rules->prefilter) ||
	    rules->prefilter.patterns != rules->count) {
		rules->count = 0;
		bounce_rules_free(&rules);
		return NULL;
	}
	rules->all = mem_alloc((rules->count + 1) * sizeof(*rules->all));
	return rules;
}

void
bounce_rules_unpack_rule(struct bounce_rules *rules, size_t i)
{
	static const char *const nothing[] = { "-" }; /* no code that there is */
	struct bounce_rule *rule = arena_alloc(&rules->arena, sizeof(*rule));
	struct unpack in = unpack_make(rules->packed);

	rules->all[i] = rule;
	memcpy(&in.at, rules->starts.ptr + i * sizeof(int64_t), sizeof(in.at));
	rule->name = unpack_text(&in);
	rule->list = (enum bounce_rules_list)unpack_number(&in);
	rule->type = (int)unpack_number(&in);
	rule->reason = (int)unpack_number(&in);
	conf_unpack_strings(&rules->arena, &rule->status, &in);
	conf_unpack_strings(&rules->arena, &rule->code, &in);
	conf_unpack_strings(&rules->arena, &rule->remote, &in);
	if (unpack_number(&in) != 0 && (rule->pattern = pattern_unpack(&in)) == NULL)
		in.failed = true;
	rule->comment = rule->file = "";
	if (in.failed || rule->list >= BOUNCE_RULES_LISTS || rule->type < 0 ||
	    rule->type > BOUNCE_HARD || rule->reason < 0 || rule->reason >= REASON_COUNT)
		*rule = (struct bounce_rule){ .name = "",
			.pattern = rule->pattern,
			.code = { (const char **)(uintptr_t)nothing, 1 },
			.comment = "",
			.file = "" };
}
