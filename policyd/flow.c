#include "flow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "answers.h"
#include "clock.h"
#include "conclusion.h"
#include "decision_log.h"
#include "log.h"
#include "mem.h"
#include "quarantine_address.h"

enum { TEXT_SIZE = 256, GROUPS_OF_MESSAGE = 64 };

/* What every decision touches stands together: with a thousand clients none of it is in the CPU's
 * nearest caches when a request comes. */
struct flow {
	struct engine *engine;
	struct transaction **owner;
	flow_done *done;
	void *arg;

	bool busy;
	bool slot; /* one is open for the take under way */
	bool identified;
	struct mx_query *query;
	struct store_call *call;
	struct store_async *store;      /* that the call went to */
	struct quarantine_entry *entry; /* NULL: none, as of most recipients */
	struct group *group;            /* a reference, while busy; NULL: none */
	struct store_take take;

	/* Of the configuration it began with, also after a reload. */
	struct settings *settings; /* held while busy */
	struct mx_rules *rules;
	char ip[SENDING_IP_SIZE];

	struct decide_facts facts;
	struct store_took took;
	struct decision decision;
	struct mx_limits limits; /* of facts.rule, as they were when it was known */
	char client[64];
	char queue_id[64]; /* "" before the first recipient that is taken */
	char login[SENDER_NAME_SIZE], instance[TEXT_SIZE], recipient[ADDR_SIZE], sender[ADDR_SIZE];

	struct sender_identity identity; /* once identified */
	char mx_words[MX_WORDS_SIZE];
	struct err recipient_error, store_error;
};

struct flow *
flow_new(struct engine *engine, struct transaction **owner, flow_done *done, void *arg)
{
	struct flow *flow = mem_alloc(sizeof(*flow));

	flow->engine = engine;
	flow->owner = owner;
	flow->done = done;
	flow->arg = arg;
	return flow;
}

static void
become_idle(struct flow *flow)
{
	flow->busy = false;
	free(flow->entry);
	flow->entry = NULL;
	group_release(&flow->group);
	settings_release(&flow->settings);
	mx_rules_release(&flow->rules);
}

void
flow_free(struct flow **flow)
{
	struct flow *old = *flow;

	*flow = NULL;
	if (old == NULL)
		return;
	mx_cancel(&old->query);
	store_async_cancel(&old->call);
	if (old->slot)
		group_close_slot(old->group);
	if (old->busy)
		become_idle(old);
	free(old);
}

void
flow_break_off(struct flow *flow)
{
	if (flow->query == NULL || flow->facts.store_known != FACT_UNKNOWN)
		return;
	mx_cancel(&flow->query);
	become_idle(flow);
}

bool
flow_is_idle(const struct flow *flow)
{
	return !flow->busy;
}

/* -- facts from MX ----------------------------------------------------------------------------- */

static void
know_mx(struct flow *flow, const struct mx_answer *answer)
{
	struct conclusion *conclusion = conclusion_of(answer, flow->rules);
	struct decide_facts *facts = &flow->facts;
	struct group *group;

	facts->mx_known = FACT_KNOWN;
	facts->mx_state = answer->state;
	facts->mx_words = "";
	if (answer->state == MX_FAILED) {
		snprintf(flow->mx_words, sizeof(flow->mx_words), "%s", answer->words);
		facts->mx_words = flow->mx_words;
	}
	if (conclusion == NULL)
		return;
	conclusion_tell(conclusion, addr_domain(flow->recipient), answer, flow->engine->store);
	facts->rule = conclusion->rule;
	group = conclusion_group(conclusion, flow->engine->groups, flow->ip);
	if (group != NULL) {
		flow->group = group_hold(group);
		facts->group = group_name(flow->group);
		mx_limits_copy(&flow->limits,
		    conclusion_limits(conclusion, flow->engine->paces, flow->rules, flow->ip));
		facts->limits = &flow->limits;
	}
}

static bool step(struct flow *flow);
static void identify(struct flow *flow);
static void conclude(struct flow *flow);

static void
on_mx(void *arg, const struct mx_answer *answer)
{
	struct flow *flow = arg;

	flow->query = NULL;
	know_mx(flow, answer);
	if (!step(flow))
		return;
	conclude(flow);
	flow->done(flow->arg, &flow->decision);
}

/* True: known at once. */
static bool
ask_mx(struct flow *flow)
{
	const char *domain = addr_domain(flow->recipient);
	struct mx_answer answer;

	if (mx_cached(flow->engine->mx, domain, &answer)) {
		know_mx(flow, &answer);
		return true;
	}
	flow->query = mx_start(flow->engine->mx, domain, on_mx, flow);
	return false;
}

/* -- facts from the store ---------------------------------------------------------------------- */

static struct transaction *
open_transaction(struct flow *flow)
{
	return transactions_open(flow->engine->transactions, span_of(flow->instance), flow->owner);
}

/* What was taken belongs to the transaction, or is let go. */
static void
settle_take(struct flow *flow, bool stored)
{
	if (stored && flow->facts.took != NULL && flow->took.outcome == STORE_TAKEN &&
	    !flow->decision.gives_back) {
		if (flow->slot)
			group_published(flow->group, flow->take.open);
		group_count_message(flow->group);
		/* Still ours, unless its instance came over another connection meanwhile. */
		transaction_grant(*flow->owner != NULL ? *flow->owner : open_transaction(flow),
		    flow->group, flow->slot);
		flow->slot = false;
		return;
	}
	if (flow->slot)
		group_close_slot(flow->group);
	flow->slot = false;
	if (flow->decision.gives_back) {
		store_put_give_back(store_async_batch(flow->store), &flow->take, flow->took.now_ms);
		store_async_send(flow->store);
	}
}

static void
know_entry(struct flow *flow)
{
	flow->facts.entry = flow->entry;
	quarantine_entry_settle(flow->entry, clock_wall_s());
	if (flow->entry->complaints[0] != '\0')
		identify(flow);
}

static void
on_store(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct flow *flow = arg;

	flow->call = NULL;
	flow->facts.store_known = outcome == STORE_DONE ? FACT_KNOWN : FACT_FAILED;
	if (flow->entry != NULL)
		know_entry(flow);
	if (outcome != STORE_DONE) {
		flow->store_error = *err;
		flow->facts.store_words = flow->store_error.text;
	}
	if (!step(flow))
		return;
	settle_take(flow, outcome == STORE_DONE);
	conclude(flow);
	flow->done(flow->arg, &flow->decision);
}

/* True: known (to have failed) at once. */
static bool
ask_store(struct flow *flow)
{
	static const struct quarantine_entry none;
	struct engine *engine = flow->engine;
	struct decide_facts *facts = &flow->facts;
	const struct mx_rule *rule = facts->rule;
	struct span instance = span_of(flow->instance);
	struct transaction *transaction =
	    transactions_find(engine->transactions, instance, flow->owner);
	struct store_batch *batch = store_async_batch(engine->store);
	char address[ADDR_SIZE];

	facts->entry = &none;
	quarantine_address_of(flow->settings, flow->recipient, address);
	store_put_quarantine_find(batch, address, &flow->entry);
	facts->repeated =
	    rule != NULL && transaction != NULL && transaction_has(transaction, flow->group);
	if (!facts->repeated && flow->settings->enforce == ENFORCE_ADMISSION &&
	    decide_take(rule, facts->limits, facts->group, flow->ip, flow->settings->node, 0,
		&flow->take)) {
		if (flow->limits.connections > 0) {
			group_open_slot(flow->group);
			flow->slot = true;
			flow->take.open = group_open(flow->group);
		}
		facts->took = &flow->took;
		group_put_take(flow->group, flow->limits.generation, &flow->take, batch,
		    &flow->took);
	}
	flow->store = engine->store;
	flow->call = store_async_run(flow->store, on_store, flow, &flow->store_error);
	/* Now that Redis has something to do. */
	transactions_take(engine->transactions, transaction, instance, flow->owner);
	if (flow->call == NULL) {
		if (flow->slot)
			group_close_slot(flow->group);
		flow->slot = false;
		facts->store_known = FACT_FAILED;
		facts->store_words = flow->store_error.text;
		return true;
	}
	if (facts->took != NULL)
		group_use(flow->group);
	return false;
}

/* -- the whole --------------------------------------------------------------------------------- */

static void
log_decision(const struct flow *flow)
{
	const struct decision *decision = &flow->decision;
	bool logged = decision->verdict != VERDICT_PASS || log_writes(LOG_LEVEL_DEBUG);
	bool traced = trace_is_on(flow->engine->trace);
	struct decision_asked asked;

	if (!logged && !traced)
		return;
	asked = (struct decision_asked){ flow->sender, flow->client, flow->login, flow->instance,
		flow->queue_id, flow->ip };
	if (logged)
		decision_log(&flow->facts, decision, &asked);
	if (traced)
		decision_trace(flow->engine->trace, &flow->facts, decision, &asked);
}

/* Goes on until decided (true) or something must be waited for (false). */
static bool
step(struct flow *flow)
{
	for (;;) {
		decide(&flow->facts, &flow->decision);
		if (flow->decision.verdict == VERDICT_NEEDS_MX) {
			if (!ask_mx(flow))
				return false;
		} else if (flow->decision.verdict == VERDICT_NEEDS_STORE) {
			if (!ask_store(flow))
				return false;
		} else {
			return true;
		}
	}
}

/* Mail of our senders that is let pass, also because nothing is enforced. */
static void
count_recipient(struct flow *flow)
{
	bool passes =
	    flow->decision.verdict == VERDICT_PASS || flow->settings->enforce == ENFORCE_OBSERVE;

	if (passes && *flow->owner != NULL && flow->facts.store_known != FACT_UNKNOWN)
		transaction_recipient(*flow->owner, flow->group);
}

static void
conclude(struct flow *flow)
{
	count_recipient(flow);
	if (flow->decision.verdict == VERDICT_PASS && *flow->facts.group != '\0' &&
	    flow->settings->enforce != ENFORCE_EGRESS)
		answers_admit(flow->engine->answers, flow->facts.group);
	flow->engine->metrics.decisions[flow->decision.reason]++;
	log_decision(flow);
	if (flow->settings->enforce == ENFORCE_OBSERVE)
		snprintf(flow->decision.action, sizeof(flow->decision.action), "DUNNO");
	become_idle(flow);
}

static void
copy_text(char *to, size_t size, struct span from)
{
	size_t len = from.len < size ? from.len : size - 1;

	if (len > 0)
		memcpy(to, from.ptr, len);
	to[len] = '\0';
}

/* Who sends matters to few requests only. */
static void
identify(struct flow *flow)
{
	if (!flow->identified)
		sender_identify(flow->settings, span_of(flow->login), span_of(flow->sender),
		    &flow->identity);
	flow->identified = true;
	flow->facts.account = flow->identity.account;
	flow->facts.list = flow->identity.list;
}

static void
begin(struct flow *flow, const struct policy_request *request)
{
	struct engine *engine = flow->engine;
	bool bad;

	flow->busy = true;
	flow->settings = settings_hold(engine->settings);
	flow->rules = mx_rules_hold(engine->rules);
	memcpy(flow->ip, engine->ip, sizeof(flow->ip));
	copy_text(flow->instance, sizeof(flow->instance), request->instance);
	copy_text(flow->sender, sizeof(flow->sender), request->sender);
	copy_text(flow->client, sizeof(flow->client), request->client_address);
	copy_text(flow->login, sizeof(flow->login), request->sasl_username);
	copy_text(flow->queue_id, sizeof(flow->queue_id), request->queue_id);
	flow->identified = false;
	bad = addr_normalise(request->recipient, flow->recipient, &flow->recipient_error) != 0;
	if (bad)
		err_prefix(&flow->recipient_error, "recipient is no address");
	flow->facts = (struct decide_facts){
		.settings = flow->settings,
		.recipient = flow->recipient,
		.recipient_error = bad ? flow->recipient_error.text : NULL,
		.null_sender = request->sender.len == 0 || span_eq(request->sender, SPAN("<>")),
		.group = "",
	};
	if (accounts_refuse_any(engine->accounts)) {
		identify(flow);
		flow->facts.refused = accounts_refused(engine->accounts, flow->identity.account);
	}
}

static void
trace_end(struct trace *trace, const struct policy_request *request)
{
	char recipient[ADDR_SIZE], sender[ADDR_SIZE], instance[TEXT_SIZE], queue_id[64];
	const struct decision_asked asked = { .sender = sender,
		.instance = instance,
		.queue_id = queue_id };

	if (addr_normalise(request->recipient, recipient, NULL) != 0)
		recipient[0] = '\0'; /* of several none is named */
	copy_text(sender, sizeof(sender), request->sender);
	copy_text(instance, sizeof(instance), request->instance);
	copy_text(queue_id, sizeof(queue_id), request->queue_id);
	decision_trace_end(trace, recipient, &asked);
}

/* END-OF-MESSAGE: what was taken is counted for its sender. */
static void
end_message(struct engine *engine, const struct policy_request *request)
{
	struct transaction_recipients sent[GROUPS_OF_MESSAGE];
	size_t count = transactions_recipients(engine->transactions, request->instance, sent,
	    GROUPS_OF_MESSAGE);
	struct sender_identity identity;

	if (count > 0) {
		sender_identify(engine->settings, request->sasl_username, request->sender,
		    &identity);
		accounts_count(engine->accounts, &identity, sent, count);
	}
	transactions_end_message(engine->transactions, request->instance);
}

const struct decision *
flow_start(struct flow *flow, const struct policy_request *request)
{
	static const struct decision pass = { .verdict = VERDICT_PASS, .action = "DUNNO" };
	struct engine *engine = flow->engine;

	engine->metrics.requests++;
	transactions_leave(engine->transactions, request->instance, flow->owner);
	if (span_eq(request->protocol_state, SPAN("END-OF-MESSAGE"))) {
		end_message(engine, request);
		if (trace_is_on(engine->trace))
			trace_end(engine->trace, request);
		return &pass;
	}
	if (!span_eq(request->protocol_state, SPAN("RCPT")))
		return &pass;
	begin(flow, request);
	if (!step(flow))
		return NULL;
	conclude(flow);
	return &flow->decision;
}
