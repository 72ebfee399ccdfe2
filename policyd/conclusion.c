#include "conclusion.h"

#include <stdlib.h>

#include "decide.h"
#include "mem.h"
#include "store.h"
#include "store_guard.h"

static void
forget(struct conclusion *conclusion)
{
	group_release(&conclusion->group);
	free(conclusion->name);
	conclusion->name = NULL;
}

static void
free_conclusion(struct mx_note *note)
{
	struct conclusion *old = (struct conclusion *)note;

	forget(old);
	free(old);
}

static void
conclude(struct conclusion *conclusion, const struct mx_set *set, const struct mx_rules *rules)
{
	char name[MX_GROUP_SIZE];

	forget(conclusion);
	conclusion->generation = rules->generation;
	conclusion->told = false;
	conclusion->limits = NULL;
	conclusion->rule = mx_rules_match(rules, set);
	if (conclusion->rule != NULL) {
		mx_rule_group(conclusion->rule, set, name);
		conclusion->name = mem_dup(name);
	}
}

struct conclusion *
conclusion_of(const struct mx_answer *answer, const struct mx_rules *rules)
{
	struct conclusion *conclusion;

	if (answer->set == NULL)
		return NULL;
	conclusion = (struct conclusion *)*answer->note;
	if (conclusion == NULL) {
		conclusion = mem_alloc(sizeof(*conclusion));
		conclusion->note.free = free_conclusion;
		*answer->note = &conclusion->note;
		conclude(conclusion, answer->set, rules);
	} else if (conclusion->generation != rules->generation) {
		conclude(conclusion, answer->set, rules);
	}
	return conclusion;
}

struct group *
conclusion_group(struct conclusion *conclusion, struct groups *groups, const char *ip)
{
	if (conclusion->group == NULL && conclusion->rule != NULL)
		conclusion->group =
		    groups_get(groups, conclusion->name, decide_ip(conclusion->rule, ip));
	return conclusion->group;
}

const struct mx_limits *
conclusion_limits(struct conclusion *conclusion, struct paces *paces, const struct mx_rules *rules,
    const char *ip)
{
	unsigned generation = paces_generation(paces);

	if (conclusion->limits == NULL || conclusion->paces != generation)
		conclusion->limits = paces_limits(paces, rules, conclusion->rule, conclusion->name,
		    decide_ip(conclusion->rule, ip));
	conclusion->paces = generation;
	return conclusion->limits;
}

void
conclusion_tell(struct conclusion *conclusion, const char *domain, const struct mx_answer *answer,
    struct store_async *store)
{
	struct store_batch *batch;
	struct str text = { 0 };

	if (conclusion->told || *domain == '[')
		return;
	conclusion->told = true;
	mx_set_format(answer->set, &text);
	batch = store_async_batch(store);
	store_put_mx(batch, domain, str_text(&text), answer->ttl_s);
	if (conclusion->name != NULL)
		store_put_domain_group(batch, domain, conclusion->name);
	store_async_send(store);
	str_free(&text);
}
