#include "route.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "clock.h"
#include "conclusion.h"
#include "log.h"
#include "mem.h"
#include "quarantine_address.h"
#include "returnpath.h"
#include "route_lanes.h"
#include "route_log.h"

enum { MX_WAIT_MS = 30, PATIENCE = 10, PATIENCE_REFILL_MS = 1000 };

struct route {
	struct egress *egress;
	route_done *done;
	void *arg;
	bool asked_before; /* anything on this connection */
	bool has_sender;   /* of the mail the next `transport` is about */
	char sender[ADDR_SIZE];

	/* A `transport` under way, with the configuration it began with. */
	struct settings *settings;
	struct mx_rules *rules;
	struct route_facts facts;
	struct route_decision decision;
	char recipient[ADDR_SIZE];
	struct err recipient_error;
	struct sender_identity identity;
	struct sender_status refused; /* the account's, as it was then */
	char mx_words[MX_WORDS_SIZE];
	char group[MX_GROUP_SIZE];
	struct quarantine_entry entry;
	struct mx_query *query;
	struct store_call *call;
	struct event *deadline;
	int64_t began_ms;
	struct route_lanes lanes; /* those of facts */
};

/* -- facts ------------------------------------------------------------------------------------- */

/* The answer goes to the cache, where the next look-up finds it. */
static void
on_background_mx(void *arg, const struct mx_answer *answer)
{
	(void)arg;
	(void)answer;
}

/* How often one may wait for DNS in vain: refilled with time, so that a thousand domains whose name
 * servers are dead cost qmgr PATIENCE waits at once and one a second, not a thousand. */
static bool
has_patience(struct route_totals *totals)
{
	int64_t now_ms = clock_monotonic_ms();
	int64_t refill = (now_ms - totals->patience_ms) / PATIENCE_REFILL_MS;

	if (refill > 0) {
		totals->patience += refill;
		totals->patience_ms = now_ms;
	}
	if (totals->patience > PATIENCE)
		totals->patience = PATIENCE;
	return totals->patience > 0;
}

static void
gather_mx(struct route *route)
{
	struct engine *engine = route->egress->engine;
	struct route_facts *facts = &route->facts;
	const char *domain = addr_domain(route->recipient);
	struct conclusion *conclusion;
	struct mx_answer answer;

	facts->mx_known = FACT_FAILED;
	if (!mx_cached(engine->mx, domain, &answer))
		return;
	if (answer.state == MX_FAILED && route->settings->on_dns_failure == ON_FAILURE_PERMIT)
		return; /* goes as if it was not known yet: Postfix asks DNS itself */
	facts->mx_known = FACT_KNOWN;
	facts->mx_state = answer.state;
	snprintf(route->mx_words, sizeof(route->mx_words), "%s", answer.words);
	facts->mx_words = route->mx_words;
	conclusion = conclusion_of(&answer, route->rules);
	if (conclusion == NULL)
		return;
	conclusion_tell(conclusion, domain, &answer, engine->store);
	facts->rule = conclusion->rule;
	snprintf(route->group, sizeof(route->group), "%s",
	    conclusion->name != NULL ? conclusion->name : "");
	facts->group = route->group;
}

static bool step(struct route *route);
static void conclude(struct route *route);

static void
go_on(struct route *route)
{
	if (!step(route))
		return;
	conclude(route);
	route->done(route->arg, &route->decision.reply);
}

static void
on_mx(void *arg, const struct mx_answer *answer)
{
	struct route *route = arg;

	(void)answer;
	route->query = NULL;
	evtimer_del(route->deadline);
	gather_mx(route);
	go_on(route);
}

/* True: known, or not to be waited for. Asked in the background too, for the look-ups after this. */
static bool
ask_mx(struct route *route)
{
	struct mx *mx = route->egress->engine->mx;
	const char *domain = addr_domain(route->recipient);
	struct timeval wait = { 0, MX_WAIT_MS * 1000 };

	gather_mx(route);
	if (route->facts.mx_known != FACT_FAILED)
		return true;
	mx_start(mx, domain, on_background_mx, NULL);
	if (!has_patience(route->egress->totals))
		return true;
	route->query = mx_start(mx, domain, on_mx, route);
	evtimer_add(route->deadline, &wait);
	return false;
}

static void
on_read(struct route *route, bool done)
{
	evtimer_del(route->deadline);
	route->facts.store_known = done ? FACT_KNOWN : FACT_FAILED;
	quarantine_entry_settle(&route->entry, clock_wall_s());
	route->egress->totals->figures.unchecked += !done;
	if (route->facts.mx_known == FACT_FAILED)
		gather_mx(route); /* it may have come meanwhile */
	go_on(route);
}

static void
on_store(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct route *route = arg;

	(void)err;
	route->call = NULL;
	on_read(route, outcome == STORE_DONE);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct route *route = arg;

	(void)fd;
	(void)what;
	if (route->query != NULL) {
		mx_cancel(&route->query);
		route->egress->totals->patience--;
		go_on(route);
		return;
	}
	store_async_cancel(&route->call);
	on_read(route, false);
}

/* True: known (to have failed) at once. */
static bool
ask_store(struct route *route)
{
	int64_t left_ms = ROUTE_DEADLINE_MS - (clock_monotonic_ms() - route->began_ms);
	struct timeval wait = { 0, (left_ms > 1 ? left_ms : 1) * 1000 };
	struct store_async *store = route->egress->engine->store;
	char address[ADDR_SIZE];

	/* Lanes are good within one call. */
	route_lanes_settle(&route->lanes, route->egress, &route->decision, false);
	route->facts.lanes_known = FACT_UNKNOWN;
	route->entry = (struct quarantine_entry){ .status = QUARANTINE_NONE };
	route->facts.entry = &route->entry;
	quarantine_address_of(route->settings, route->recipient, address);
	store_put_quarantine_read(store_async_batch(store), address, &route->entry);
	route->call = store_async_run(store, on_store, route, NULL);
	if (route->call == NULL) {
		route->facts.store_known = FACT_FAILED;
		route->egress->totals->figures.unchecked++;
		return true;
	}
	evtimer_add(route->deadline, &wait);
	return false;
}

/* -- what follows ------------------------------------------------------------------------------ */

static void
log_decision(const struct route *route)
{
	struct trace *trace = route->egress->engine->trace;
	const struct route_decision *decision = &route->decision;
	bool passes = decision->verdict == ROUTE_LEAVE || decision->verdict == ROUTE_SEND;

	if (!passes || log_writes(LOG_LEVEL_DEBUG))
		route_log(&route->facts, decision, route->sender, !egress_enforces(route->egress));
	if (trace_is_on(trace))
		route_trace(trace, &route->facts, decision, route->sender,
		    clock_monotonic_ms() - route->began_ms);
}

static void
conclude(struct route *route)
{
	route->egress->totals->figures.reasons[route->decision.reason]++;
	log_decision(route);
	route_lanes_settle(&route->lanes, route->egress, &route->decision,
	    egress_enforces(route->egress));
	if (!egress_enforces(route->egress))
		sockmap_reply_set(&route->decision.reply, ANSWER_NOTFOUND, "%s", "");
	settings_release(&route->settings);
	mx_rules_release(&route->rules);
}

/* Goes on until decided (true) or something must be waited for (false). */
static bool
step(struct route *route)
{
	for (;;) {
		route_decide(&route->facts, &route->decision);
		if (route->decision.verdict == ROUTE_NEEDS_MX) {
			if (!ask_mx(route))
				return false;
		} else if (route->decision.verdict == ROUTE_NEEDS_LANES)
			route_lanes_gather(&route->lanes, route->egress, route->sender,
			    &route->facts);
		else if (route->decision.verdict != ROUTE_NEEDS_STORE)
			return true;
		else if (!ask_store(route))
			return false;
	}
}

/* -- look-ups ---------------------------------------------------------------------------------- */

static void
copy_text(char *to, size_t size, struct span from)
{
	size_t len = from.len < size ? from.len : size - 1;

	if (len > 0)
		memcpy(to, from.ptr, len);
	to[len] = '\0';
}

/* The first of those in a row is the whole address. */
static void
note_sender(struct route *route, struct span key)
{
	if (route->has_sender)
		return;
	route->has_sender = true;
	if (span_eq(key, SPAN("<>")) || span_eq(key, SPAN("\"<>\"")))
		key.len = 0;
	copy_text(route->sender, sizeof(route->sender), key);
	returnpath_unsign(route->egress->engine->settings, &route->egress->engine->verp_keys,
	    clock_wall_s(), route->sender);
}

static void
begin(struct route *route, struct span key)
{
	struct engine *engine = route->egress->engine;
	const struct sender_status *refused;
	const char *account;
	bool bad;

	route->settings = settings_hold(engine->settings);
	route->rules = mx_rules_hold(engine->rules);
	route->group[0] = '\0';
	route->began_ms = clock_monotonic_ms();
	bad = addr_normalise(key, route->recipient, &route->recipient_error) != 0;
	if (bad)
		copy_text(route->recipient, sizeof(route->recipient), key);
	sender_identify(route->settings, SPAN(""), span_of(route->sender), &route->identity);
	account = accounts_of_sender(engine->accounts, route->identity.by_sender);
	if (account != route->identity.by_sender)
		snprintf(route->identity.account, sizeof(route->identity.account), "%s", account);
	refused = accounts_refused(engine->accounts, route->identity.account);
	if (refused != NULL) /* it may be gone when DNS and Redis have answered */
		route->refused = *refused;
	route->facts = (struct route_facts){
		.settings = route->settings,
		.rules = route->rules,
		.recipient = route->recipient,
		.recipient_error = bad ? route->recipient_error.text : NULL,
		.null_sender = *route->sender == '\0',
		.account = route->identity.account,
		.refused = refused != NULL ? &route->refused : NULL,
		.transports = &route->egress->transports,
	};
}

/* Those that need no facts. */
static void
answer_plainly(struct route *route, enum route_reason reason)
{
	struct route_decision *decision = &route->decision;

	route_conclude(decision, reason);
	route->egress->totals->figures.reasons[reason]++;
	if (!egress_enforces(route->egress))
		sockmap_reply_set(&decision->reply, ANSWER_NOTFOUND, "%s", "");
}

bool
route_ask(struct route *route, const struct sockmap_query *query, struct sockmap_reply *reply)
{
	bool first = !route->asked_before;

	route->asked_before = true;
	if (query->map == MAP_SENDER) {
		note_sender(route, query->key);
		sockmap_reply_set(reply, ANSWER_NOTFOUND, "%s", "");
		return true;
	}
	if (span_eq(query->key, SPAN("*"))) {
		answer_plainly(route, ROUTE_NOT_ASKED);
	} else if (!route->has_sender) {
		answer_plainly(route, first ? ROUTE_INTERRUPTED : ROUTE_NOT_ASKED);
	} else {
		route->has_sender = false;
		begin(route, query->key);
		if (!step(route))
			return false;
		conclude(route);
	}
	*reply = route->decision.reply;
	return true;
}

/* -- what routes share ------------------------------------------------------------------------- */

void
route_totals_free(struct route_totals **totals)
{
	free(*totals);
	*totals = NULL;
}

struct route_figures
route_figures(const struct egress *egress)
{
	return egress->totals != NULL ? egress->totals->figures
				      : (struct route_figures){ { 0 }, 0 };
}

/* -- the whole --------------------------------------------------------------------------------- */

struct route *
route_new(struct egress *egress, route_done *done, void *arg)
{
	struct route *route = mem_alloc(sizeof(*route));

	route->egress = egress;
	route->done = done;
	route->arg = arg;
	route->deadline = evtimer_new(egress->engine->base, on_deadline, route);
	if (egress->totals == NULL)
		egress->totals = mem_alloc(sizeof(*egress->totals));
	return route;
}

void
route_free(struct route **route)
{
	struct route *old = *route;

	*route = NULL;
	if (old == NULL)
		return;
	mx_cancel(&old->query);
	store_async_cancel(&old->call);
	event_free(old->deadline);
	settings_release(&old->settings);
	mx_rules_release(&old->rules);
	route_lanes_clear(&old->lanes);
	free(old);
}

void
route_pack(const struct route *route, struct str *out)
{
	pack_number(out, route->asked_before);
	pack_number(out, route->has_sender);
	pack_text(out, route->sender);
}

void
route_unpack(struct route *route, struct unpack *in)
{
	route->asked_before = unpack_number(in) != 0;
	route->has_sender = unpack_number(in) != 0;
	copy_text(route->sender, sizeof(route->sender), span_of(unpack_text(in)));
}
