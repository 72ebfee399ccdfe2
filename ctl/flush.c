#include "verbs.h"

#include <string.h>

#include "held.h"
#include "keys.h"
#include "mx_set.h"
#include "run.h"

/* `group flush`: has Postfix of this host try again what waits for a group. Which domains are in
 * it, the MX sets that mxpolicyd has left in Redis tell. */

enum { DOMAINS_MAX = 1000 };

struct domains {
	const char *names[DOMAINS_MAX]; /* ctl's arena */
	size_t count, over;
};

/* Whether an MX set as Redis has it makes the domain one of the group. */
static bool
is_in(const struct ctl *ctl, const char *group, const struct str *text)
{
	struct mx_set *set = mx_set_parse(span_make(str_text(text), text->len));
	const struct mx_rule *rule = set != NULL ? mx_rules_match(ctl->rules, set) : NULL;
	char name[MX_GROUP_SIZE] = "";

	if (rule != NULL)
		mx_rule_group(rule, set, name);
	mx_set_free(&set);
	return rule != NULL && strcmp(name, group) == 0;
}

/* Of up to STORE_BATCH_MAX keys those whose domains are in the group. */
static int
add_some(struct ctl *ctl, const char *group, const struct span *keys, size_t count,
    struct domains *domains, struct err *err)
{
	struct str sets[STORE_BATCH_MAX] = { 0 };
	struct str names[STORE_BATCH_MAX] = { 0 };
	int rc;

	for (size_t i = 0; i < count; i++) {
		struct span name = keys_mx_domain(keys[i]);

		if (keys_decode(&names[i], name) != 0)
			str_empty(&names[i]);
		store_put_mx_read(&ctl->batch, str_text(&names[i]), &sets[i]);
	}
	rc = ctl_store_run(ctl, err);
	for (size_t i = 0; i < count; i++) {
		bool found = rc == 0 && is_in(ctl, group, &sets[i]);

		if (found && domains->count < DOMAINS_MAX)
			domains->names[domains->count++] =
			    arena_dup(&ctl->arena, span_of(str_text(&names[i])));
		else if (found)
			domains->over++;
		str_free(&sets[i]);
		str_free(&names[i]);
	}
	return rc;
}

static int
find_domains(struct ctl *ctl, const char *group, struct domains *domains, struct err *err)
{
	struct store_page page = { .cursor = "0" };
	struct arena arena;
	int rc = 0;

	*domains = (struct domains){ 0 };
	do {
		arena_init(&arena);
		page.fields.arena = &arena;
		store_put_mx_scan(&ctl->batch, &page);
		rc = ctl_store_run(ctl, err);
		for (size_t i = 0; rc == 0 && i < page.fields.count; i += STORE_BATCH_MAX) {
			size_t rest = page.fields.count - i;

			rc = add_some(ctl, group, page.fields.items + i,
			    rest < STORE_BATCH_MAX ? rest : STORE_BATCH_MAX, domains, err);
		}
		arena_clear(&arena);
	} while (rc == 0 && strcmp(page.cursor, "0") != 0);
	return rc;
}

static enum ctl_exit
flush_all(struct ctl *ctl)
{
	const char *const argv[] = { "postqueue", "-f", NULL };
	struct err err;

	if (run_must(argv, NULL, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		return CTL_AWAY;
	}
	out_put(ctl_out(ctl), "flushed", "Flushed", out_string("the whole queue of this host"));
	return CTL_DONE;
}

/* Stops at the first that Postfix refuses: it will refuse the others for the same reason. */
static enum ctl_exit
flush_domains(struct ctl *ctl, const struct domains *domains)
{
	static const struct out_column columns[] = { { "domain", "DOMAIN", OUT_LEFT } };
	struct err err = { "" };
	size_t done = 0;

	out_table(ctl_out(ctl), "flushed", "Tried again", columns, 1);
	for (; done < domains->count; done++) {
		const char *const argv[] = { "postqueue", "-s", domains->names[done], NULL };

		if (run_must(argv, NULL, &err) != 0)
			break;
		out_cell(ctl->out, out_string(domains->names[done]));
	}
	out_table_end(ctl->out, "None.");
	if (domains->over > 0)
		out_note(ctl->out, "and %zu domains more: --all", domains->over);
	if (done == domains->count)
		return CTL_DONE;
	ctl_complain(ctl, "%s", err.text);
	ctl_complain(ctl, "fast_flush_domains in main.cf names the domains that can be flushed "
			  "apart; --all tries the whole queue again");
	return CTL_NO;
}

enum ctl_exit
group_flush(struct ctl *ctl)
{
	const char *group = ctl->operands[0];
	struct domains *domains = arena_alloc(&ctl->arena, sizeof(*domains));
	struct str paused = { 0 };
	struct err err;
	enum ctl_exit rc = CTL_NO;

	if (held_rule(ctl, group) == NULL)
		return CTL_NO;
	store_put_pause_read(&ctl->batch, group, &paused);
	if (ctl_store_run(ctl, &err) != 0 || find_domains(ctl, group, domains, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		rc = CTL_AWAY;
	} else if (paused.len > 0) {
		ctl_complain(ctl, "group %s is paused: mxctl group resume %s", group, group);
	} else if (ctl->options[CTL_OPTION_ALL] != NULL) {
		rc = flush_all(ctl);
	} else if (domains->count == 0) {
		ctl_complain(ctl, "no domain of group %s is known; --all tries the whole queue",
		    group);
	} else {
		rc = flush_domains(ctl, domains);
	}
	str_free(&paused);
	return rc;
}
