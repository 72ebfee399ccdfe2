#include "verbs.h"

#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "decide.h"
#include "explain_delivery.h"
#include "mx_ask.h"
#include "quarantine_address.h"
#include "keys.h"
#include "sender_identity.h"
#include "sending.h"
#include "show.h"
#include "store_sender.h"
#include "use.h"

/* `mxctl explain`: the facts that mxpolicyd would decide by, gathered now, and what its own
 * decide() makes of them. Takes nothing. */

struct question {
	char recipient[ADDR_SIZE];
	struct err recipient_error, store_error;
	const char *sender; /* NULL: not given */
	const char *domain; /* "" none */
	bool local;
	struct mx_asked mx;
	char group[MX_GROUP_SIZE];
	char sending_ip[SENDING_IP_SIZE];
	struct ctl_time now;
	struct quarantine_entry entry;
	struct store_take take;
	struct store_took took;
	struct use use;
	struct sender_identity identity;
	struct sender_status account;
	struct decide_facts facts;
	struct decision decision;
	bool at_delivery; /* limits hold there, not when mail comes in */
	struct explain_delivery delivery;
};

/* -- gathering --------------------------------------------------------------------------------- */

static void
begin(struct ctl *ctl, struct question *question)
{
	const char *sender = ctl->options[CTL_OPTION_SENDER];
	bool bad = addr_normalise(span_of(ctl->operands[0]), question->recipient,
		       &question->recipient_error) != 0;

	if (bad) {
		question->recipient[0] = '\0';
		err_prefix(&question->recipient_error, "recipient is no address");
	}
	sending_ip_name(ctl->settings, question->sending_ip);
	question->at_delivery = ctl->settings->enforce != ENFORCE_ADMISSION;
	question->sender = sender;
	question->domain = addr_domain(question->recipient);
	question->local = settings_is_local(ctl->settings, question->domain);
	question->facts = (struct decide_facts){
		.settings = ctl->settings,
		.recipient = question->recipient,
		.recipient_error = bad ? question->recipient_error.text : NULL,
		.null_sender = sender != NULL && (*sender == '\0' || strcmp(sender, "<>") == 0),
		.mx_words = "",
		.group = question->group,
		.store_words = "",
		.entry = &question->entry,
	};
}

static void
gather_mx(struct ctl *ctl, struct question *question)
{
	struct decide_facts *facts = &question->facts;

	mx_ask(ctl->settings, question->domain, &question->mx);
	facts->mx_known = FACT_KNOWN;
	facts->mx_state = question->mx.state;
	facts->mx_words = question->mx.words;
	if (question->mx.set != NULL)
		facts->rule = mx_rules_match(ctl->rules, question->mx.set);
	if (facts->rule != NULL)
		mx_rule_group(facts->rule, question->mx.set, question->group);
}

/* The slots this node has open in the group, as it last published. */
static int
read_own_slots(struct ctl *ctl, struct question *question, int64_t *open, struct err *err)
{
	struct store_fields connections = { .arena = &ctl->arena };

	store_put_connections(&ctl->batch, question->group, question->take.ip, &connections);
	if (ctl_store_run(ctl, err) != 0)
		return -1;
	for (size_t i = 0; i + 1 < connections.count; i += 2) {
		struct store_fields one = { .count = 2, .items = connections.items + i };

		if (span_eq(connections.items[i], span_of(ctl->settings->node)))
			*open = store_open_total(&one, question->now.s);
	}
	return 0;
}

/* What is used of the limits, and whether one more would be granted. */
static int
read_limits(struct ctl *ctl, struct question *question, struct err *err)
{
	const struct mx_rule *rule = question->facts.rule;
	struct uses uses = { &question->use, 1 };
	int64_t open = 0;

	if (rule != NULL)
		question->facts.limits =
		    in_force(ctl, rule, question->group, decide_ip(rule, question->sending_ip));

	if (ctl->settings->enforce != ENFORCE_ADMISSION ||
	    !decide_take(rule, question->facts.limits, question->group, question->sending_ip,
		ctl->settings->node, 0, &question->take))
		return 0;
	question->use = use_of(ctl, question->group, question->take.ip, rule);
	if (uses_read(ctl, &uses, &question->now, err) != 0 ||
	    read_own_slots(ctl, question, &open, err) != 0)
		return -1;
	question->take.open = use_connections(&question->use) > 0 ? open + 1 : 0;
	question->take.commit = false;
	store_put_take(&ctl->batch, &question->take, &question->took);
	if (ctl_store_run(ctl, err) != 0)
		return -1;
	question->facts.took = &question->took;
	return 0;
}

/* The sender's account: who alone logs in with such mail, else what the sender itself says. */
static int
read_account(struct ctl *ctl, struct question *question, struct err *err)
{
	struct sender_identity *identity = &question->identity;
	struct store_fields users = { .arena = &ctl->arena };
	struct str name = { 0 };

	if (question->sender == NULL)
		return 0;
	sender_identify(ctl->settings, SPAN(""), span_of(question->sender), identity);
	if (*identity->by_sender == '\0')
		return 0;
	store_put_sender_users(&ctl->batch, identity->by_sender, &users);
	if (ctl_store_run(ctl, err) != 0)
		return -1;
	if (users.count == 2 && keys_decode(&name, users.items[0]) == 0)
		snprintf(identity->account, sizeof(identity->account), "%s", str_text(&name));
	str_free(&name);
	store_put_sender_status(&ctl->batch, identity->account, &question->account);
	if (ctl_store_run(ctl, err) != 0)
		return -1;
	question->facts.account = identity->account;
	question->facts.list = identity->list;
	if (sender_is_refused(&question->account, question->now.s) &&
	    !sender_is_exempt(ctl->settings, identity->account))
		question->facts.refused = &question->account;
	return 0;
}

static int
read_store(struct ctl *ctl, struct question *question, struct err *err)
{
	char address[ADDR_SIZE];

	if (ctl_store_open(ctl, err) != 0 || ctl_store_time(ctl, &question->now, err) != 0)
		return -1;
	quarantine_address_of(ctl->settings, question->recipient, address);
	store_put_quarantine_read(&ctl->batch, address, &question->entry);
	if (ctl_store_run(ctl, err) != 0)
		return -1;
	quarantine_entry_settle(&question->entry, question->now.s);
	if (read_account(ctl, question, err) != 0)
		return -1;
	if (question->at_delivery)
		return explain_delivery_read(ctl, &question->now, &question->delivery, err);
	return read_limits(ctl, question, err);
}

static void
gather_store(struct ctl *ctl, struct question *question)
{
	struct decide_facts *facts = &question->facts;

	facts->store_known = FACT_KNOWN;
	if (read_store(ctl, question, &question->store_error) != 0) {
		facts->store_known = FACT_FAILED;
		facts->store_words = question->store_error.text;
		facts->took = NULL;
	}
}

/* -- showing ----------------------------------------------------------------------------------- */

static void
show_addresses(struct ctl *ctl, const struct question *question)
{
	struct out *out = ctl->out;

	out_put(out, "recipient", "Recipient",
	    out_string(*question->recipient != '\0' ? question->recipient : ctl->operands[0]));
	out_put(out, "sender", "Sender",
	    question->sender != NULL ? out_string(question->sender)
				     : out_none("any but the null sender"));
	out_put(out, "domain", "Domain", out_string(question->domain));
	out_put(out, "local", NULL, out_bool(question->local));
	if (question->local)
		out_put(out, NULL, "", out_string("delivered here (local_domains)"));
	if (*question->domain == '\0' && *question->recipient != '\0')
		out_put(out, NULL, "", out_string("an address needs one: ann@example.org"));
}

static void
show_account(struct ctl *ctl, const struct question *question)
{
	const struct sender_status *status = &question->account;
	const char *account = question->identity.account;
	struct str words = { 0 };

	if (*account == '\0' || question->facts.store_known != FACT_KNOWN)
		return;
	out_open(ctl->out, "account", NULL);
	out_put(ctl->out, "name", "Account", out_string(account));
	out_put(ctl->out, "state", "", out_string(sender_state_name(status->state)));
	out_put(ctl->out, "refused", NULL, out_bool(question->facts.refused != NULL));
	if (question->facts.refused != NULL) {
		sender_words(account, status, &words);
		out_put(ctl->out, "words", "", out_string(str_text(&words)));
	}
	str_free(&words);
	out_close(ctl->out);
}

static void
show_mx(struct ctl *ctl, const struct question *question)
{
	const struct mx_set *set = question->mx.set;
	const char **hosts;

	if (question->facts.mx_known == FACT_UNKNOWN)
		return;
	out_open(ctl->out, "mx", NULL);
	out_put(ctl->out, "state", "MX", out_string(mx_state_name(question->mx.state)));
	hosts = arena_alloc(&ctl->arena, MX_SET_MAX * sizeof(*hosts));
	for (size_t i = 0; set != NULL && i < set->count; i++)
		hosts[i] = arena_printf(&ctl->arena, "%u %s", set->hosts[i].preference,
		    set->hosts[i].name);
	out_put(ctl->out, "hosts", set != NULL ? "MX hosts" : NULL,
	    out_list(hosts, set != NULL ? set->count : 0));
	out_put(ctl->out, "ttl_s", NULL, out_number(question->mx.ttl_s));
	out_put(ctl->out, "words", *question->mx.words != '\0' ? "" : NULL,
	    out_string(question->mx.words));
	out_close(ctl->out);
}

static void
show_rule(struct ctl *ctl, const struct question *question)
{
	const struct mx_rule *rule = question->facts.rule;

	if (question->mx.set == NULL)
		return;
	if (rule == NULL) {
		out_put(ctl->out, "rule", "Rule", out_none("none matches"));
		return;
	}
	out_put(ctl->out, "rule", "Rule", out_string(rule->name));
	out_put(ctl->out, "rule_place", "", show_place(ctl, rule->file, rule->line));
	out_put(ctl->out, "group", "Group", out_string(question->group));
}

static void
show_limits(struct ctl *ctl, const struct question *question)
{
	struct out_use open;

	if (question->facts.rule == NULL || question->at_delivery)
		return;
	out_put(ctl->out, "sending_ip", "Sending IP", out_string(question->sending_ip));
	if (question->use.rule == NULL)
		return;
	out_put(ctl->out, "counted_by", NULL, out_string(question->use.ip));
	if (question->use.rule->per == MX_PER_GROUP)
		out_put(ctl->out, NULL, "",
		    out_string("counted with all others (per = \"group\")"));
	if (question->use.limits != NULL)
		out_put(ctl->out, "level", "Level",
		    out_string(level_names[question->use.limits->level]));
	out_put(ctl->out, "open", "Connections", use_open(&question->use, &open));
	out_put(ctl->out, "messages", "Messages",
	    out_uses(question->use.messages, question->use.count));
	out_put(ctl->out, "next_s", "Next message", use_next(&question->use));
}

static void
show_store(struct ctl *ctl, const struct question *question)
{
	bool away = question->facts.store_known == FACT_FAILED;

	if (question->facts.store_known == FACT_UNKNOWN)
		return;
	out_open(ctl->out, "store", NULL);
	out_put(ctl->out, "address", "Store", out_string(ctl->settings->redis.text));
	out_put(ctl->out, "reachable", NULL, out_bool(!away));
	if (away) {
		out_put(ctl->out, NULL, "", out_none("AWAY"));
		out_put(ctl->out, "words", "", out_string(question->store_error.text));
	}
	out_close(ctl->out);
	if (away)
		return;
	out_put(ctl->out, NULL, "Quarantine", out_string(show_entry_words(ctl, &question->entry)));
	out_open(ctl->out, "quarantine",
	    question->entry.status != QUARANTINE_NONE ? "Quarantine entry" : NULL);
	show_entry(ctl, &question->entry, question->now.s);
	out_close(ctl->out);
}

static void
show_verdict(struct ctl *ctl, const struct question *question)
{
	const struct decision *decision = &question->decision;
	const char *verdict = verdict_name(decision->verdict);
	const char *reason = decide_reason_name(decision->reason);

	out_open(ctl->out, "decision",
	    question->at_delivery ? "When it comes in" : "What follows now");
	out_put(ctl->out, "verdict", NULL, out_string(verdict));
	out_put(ctl->out, "reason", NULL, out_string(reason));
	out_put(ctl->out, NULL, "Verdict",
	    out_string(arena_printf(&ctl->arena, "%s (%s)", verdict, reason)));
	out_put(ctl->out, "action", "Postfix is told",
	    out_exact(arena_printf(&ctl->arena, "action=%s", decision->action)));
	out_close(ctl->out);
}

static void
show(struct ctl *ctl, const struct question *question)
{
	ctl_out(ctl);
	show_addresses(ctl, question);
	show_account(ctl, question);
	show_mx(ctl, question);
	show_rule(ctl, question);
	show_limits(ctl, question);
	show_store(ctl, question);
	show_verdict(ctl, question);
	if (question->at_delivery)
		explain_delivery_show(ctl, &question->delivery);
}

enum ctl_exit
explain(struct ctl *ctl)
{
	struct question question = { 0 };
	bool passes;

	begin(ctl, &question);
	if (*question.domain != '\0' && !question.local)
		gather_mx(ctl, &question);
	if (question.at_delivery)
		explain_delivery_begin(ctl, &question.facts, question.sender, question.sending_ip,
		    &question.delivery);
	if (*question.recipient != '\0')
		gather_store(ctl, &question);
	question.delivery.facts.account = question.facts.account;
	question.delivery.facts.refused = question.facts.refused;
	decide(&question.facts, &question.decision);
	if (question.at_delivery)
		explain_delivery_decide(ctl, &question.delivery, question.facts.store_known);
	show(ctl, &question);
	mx_set_free(&question.mx.set);
	if (question.facts.store_known == FACT_FAILED)
		return CTL_AWAY;
	passes = question.decision.verdict == VERDICT_PASS &&
		 (!question.at_delivery || explain_delivery_goes(&question.delivery));
	return passes ? CTL_DONE : CTL_NO;
}
