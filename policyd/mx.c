#include "mx.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "clock.h"
#include "mem.h"
#include "mx_cache.h"
#include "mxwire.h"
#include "resolver.h"

#define uthash_malloc(size) mem_alloc(size)
#include <uthash.h>

TAILQ_HEAD(lookup_list, lookup);

struct mx {
	struct resolver *resolver;
	int64_t timeout_ms;
	struct mx_cache *cache;
	struct lookup *lookups;     /* under way, by domain */
	struct lookup_list waiting; /* the same, oldest first: all deadlines are alike */
	struct lookup_list ready;   /* answered, callbacks to come */
	struct event *deliver;      /* ready has look-ups */
	struct event *deadline;     /* of the first in waiting */
	struct mx_figures figures;
	struct mxwire_answer parsed; /* scratch */
};

/* One domain asked of DNS. Lives until its callbacks were made and the resolver has answered all
 * that it was asked. */
struct lookup {
	UT_hash_handle hh;
	TAILQ_ENTRY(lookup) link; /* in waiting, then in ready */
	struct mx *mx;
	TAILQ_HEAD(, mx_query) queries;
	struct mx_entry *entry; /* the answer; NULL while under way and once delivered */
	bool delivered;         /* or nobody is left to deliver to */
	unsigned asked;         /* questions that the resolver has not answered */
	int64_t began_us, deadline_ms;
	int64_t ttl_s;                 /* the least of all answers so far */
	enum resolver_outcome address; /* of A and AAAA, when one could not be asked */
	char words[MX_WORDS_SIZE];     /* why the last question could not be answered */
	char domain[];
};

struct mx_query {
	TAILQ_ENTRY(mx_query) link;
	struct lookup *lookup;
	mx_done *done;
	void *arg;
};

static const char *const state_names[] = {
	[MX_FOUND] = "found",
	[MX_IMPLICIT] = "implicit",
	[MX_NULL] = "null",
	[MX_NO_DOMAIN] = "no_domain",
	[MX_NO_HOST] = "no_host",
	[MX_FAILED] = "failed",
};

const char *
mx_state_name(enum mx_state state)
{
	return state_names[state];
}

/* -- look-ups -------------------------------------------------------------------------------- */

static struct lookup *
lookup_new(struct mx *mx, const char *domain)
{
	size_t len = strlen(domain);
	struct lookup *lookup = mem_alloc(sizeof(*lookup) + len + 1);

	memcpy(lookup->domain, domain, len + 1);
	lookup->mx = mx;
	lookup->ttl_s = MX_TTL_MAX_S;
	TAILQ_INIT(&lookup->queries);
	return lookup;
}

static void
free_if_over(struct lookup *lookup)
{
	if (lookup->delivered && lookup->asked == 0)
		free(lookup);
}

static struct mx_query *
add_query(struct lookup *lookup, mx_done *done, void *arg)
{
	struct mx_query *query = mem_alloc(sizeof(*query));

	query->lookup = lookup;
	query->done = done;
	query->arg = arg;
	TAILQ_INSERT_TAIL(&lookup->queries, query, link);
	return query;
}

/* Takes over the reference to the entry. */
static void
set_ready(struct lookup *lookup, struct mx_entry *entry)
{
	lookup->entry = entry;
	TAILQ_INSERT_TAIL(&lookup->mx->ready, lookup, link);
	event_active(lookup->mx->deliver, EV_TIMEOUT, 0);
}

static void
deliver(struct lookup *lookup)
{
	struct mx_query *query;

	while ((query = TAILQ_FIRST(&lookup->queries)) != NULL) {
		mx_done *done = query->done;
		void *arg = query->arg;
		struct mx_answer answer;

		TAILQ_REMOVE(&lookup->queries, query, link);
		free(query);
		mx_entry_answer(lookup->entry, clock_monotonic_ms(), &answer);
		done(arg, &answer);
	}
	mx_entry_release(&lookup->entry);
	lookup->delivered = true;
}

static void
on_deliver(evutil_socket_t fd, short what, void *arg)
{
	struct mx *mx = arg;
	struct lookup *lookup;

	(void)fd;
	(void)what;
	while ((lookup = TAILQ_FIRST(&mx->ready)) != NULL) {
		TAILQ_REMOVE(&mx->ready, lookup, link);
		deliver(lookup);
		free_if_over(lookup);
	}
}

static void
finish(struct lookup *lookup, enum mx_state state, struct mx_set *set, const char *words)
{
	struct mx *mx = lookup->mx;
	int64_t ttl_s = lookup->ttl_s > MX_TTL_MIN_S ? lookup->ttl_s : MX_TTL_MIN_S;
	struct mx_entry *entry;

	if (state == MX_FAILED) {
		ttl_s = MX_TTL_FAILED_S;
		mx->figures.failed++;
	}
	histogram_observe(&mx->figures.took, clock_monotonic_us() - lookup->began_us);
	HASH_DEL(mx->lookups, lookup);
	TAILQ_REMOVE(&mx->waiting, lookup, link);
	entry =
	    mx_entry_new(lookup->domain, state, set, words, clock_monotonic_ms() + ttl_s * 1000);
	mx_cache_put(mx->cache, entry);
	set_ready(lookup, entry);
}

static void
finish_failed(struct lookup *lookup, enum resolver_outcome outcome)
{
	if (outcome == RESOLVER_TIMEOUT)
		lookup->mx->figures.timeouts++;
	finish(lookup, MX_FAILED, NULL, outcome == RESOLVER_TIMEOUT ? "timeout" : lookup->words);
}

static struct mx_set *
set_of_itself(const char *domain)
{
	struct mx_host host = { 0, domain };

	return mx_set_new(&host, 1);
}

static void
arm_deadline(struct mx *mx)
{
	const struct lookup *first = TAILQ_FIRST(&mx->waiting);
	struct timeval wait;
	int64_t left_ms;

	if (first == NULL)
		return;
	left_ms = first->deadline_ms - clock_monotonic_ms();
	left_ms = left_ms > 1 ? left_ms : 1;
	wait = (struct timeval){ left_ms / 1000, left_ms % 1000 * 1000 };
	evtimer_add(mx->deadline, &wait);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct mx *mx = arg;
	struct lookup *first;
	int64_t now_ms = clock_monotonic_ms();

	(void)fd;
	(void)what;
	while ((first = TAILQ_FIRST(&mx->waiting)) != NULL && first->deadline_ms <= now_ms)
		finish_failed(first, RESOLVER_TIMEOUT);
	arm_deadline(mx);
}

/* -- answers --------------------------------------------------------------------------------- */

static void
set_words(struct lookup *lookup, const char *text)
{
	snprintf(lookup->words, sizeof(lookup->words), "%.*s", MX_WORDS_SIZE - 1, text);
}

/* ANSWER: it is in mx->parsed. Anything else: there is none, words say why. */
static enum resolver_outcome
read_answer(struct lookup *lookup, enum resolver_outcome outcome, struct span message,
    const char *words)
{
	struct mxwire_answer *parsed = &lookup->mx->parsed;
	struct err err;

	if (outcome != RESOLVER_ANSWER) {
		set_words(lookup, words);
		return outcome;
	}
	if (mxwire_parse(message, parsed, &err) != 0)
		set_words(lookup, err.text);
	else if (parsed->rcode != MXWIRE_NOERROR && parsed->rcode != MXWIRE_NXDOMAIN)
		set_words(lookup, mxwire_rcode_name(parsed->rcode));
	else if (strcmp(parsed->domain, lookup->domain) != 0)
		set_words(lookup, "malformed DNS answer: another name");
	else {
		if (parsed->ttl_s < lookup->ttl_s)
			lookup->ttl_s = parsed->ttl_s;
		return RESOLVER_ANSWER;
	}
	return RESOLVER_FAILED;
}

/* False: the look-up is over, nobody waits for what a question brought. */
static bool
take_back(struct lookup *lookup)
{
	lookup->asked--;
	if (lookup->entry == NULL && !lookup->delivered)
		return true;
	free_if_over(lookup);
	return false;
}

/* Of A and AAAA the first that has an address decides; that there is none, both together. */
static void
on_address(void *arg, enum resolver_outcome outcome, struct span message, const char *words)
{
	struct lookup *lookup = arg;
	const struct mxwire_answer *parsed = &lookup->mx->parsed;

	if (!take_back(lookup))
		return;
	outcome = read_answer(lookup, outcome, message, words);
	if (outcome == RESOLVER_ANSWER && parsed->records > 0) {
		finish(lookup, MX_IMPLICIT, set_of_itself(lookup->domain), "");
		return;
	}
	if (outcome == RESOLVER_TIMEOUT || outcome == RESOLVER_FAILED)
		lookup->address = outcome;
	if (lookup->asked > 0)
		return;
	if (lookup->address != RESOLVER_ANSWER)
		finish_failed(lookup, lookup->address);
	else
		finish(lookup, MX_NO_HOST, NULL, "");
}

static void
ask_addresses(struct lookup *lookup)
{
	lookup->address = RESOLVER_ANSWER;
	lookup->asked += 2; /* both before either may be answered at once */
	resolver_ask(lookup->mx->resolver, lookup->domain, MXWIRE_A, on_address, lookup);
	resolver_ask(lookup->mx->resolver, lookup->domain, MXWIRE_AAAA, on_address, lookup);
}

static void
take_mx(struct lookup *lookup, const struct mxwire_answer *parsed)
{
	if (parsed->rcode == MXWIRE_NXDOMAIN) {
		finish(lookup, MX_NO_DOMAIN, NULL, "");
	} else if (parsed->records == 0) {
		ask_addresses(lookup);
	} else if (parsed->null_mx) {
		finish(lookup, MX_NULL, NULL, "");
	} else if (parsed->count > 0) {
		finish(lookup, MX_FOUND, mx_set_new(parsed->hosts, parsed->count), "");
	} else {
		set_words(lookup, "no MX record names a host");
		finish_failed(lookup, RESOLVER_FAILED);
	}
}

static void
on_mx(void *arg, enum resolver_outcome outcome, struct span message, const char *words)
{
	struct lookup *lookup = arg;

	if (!take_back(lookup))
		return;
	outcome = read_answer(lookup, outcome, message, words);
	switch (outcome) {
	case RESOLVER_ANSWER:
		take_mx(lookup, &lookup->mx->parsed);
		break;
	case RESOLVER_NO_NAME:
		finish(lookup, MX_NO_DOMAIN, NULL, "");
		break;
	case RESOLVER_TIMEOUT:
	case RESOLVER_FAILED:
		finish_failed(lookup, outcome);
		break;
	}
}

/* -- asking ---------------------------------------------------------------------------------- */

/* The cache's entry, or an address literal's, which is made on the spot. */
static struct mx_entry *
find_entry(struct mx *mx, const char *domain, int64_t now_ms)
{
	struct mx_entry *entry = mx_cache_find(mx->cache, domain, now_ms);

	if (entry == NULL && domain[0] == '[') {
		struct mx_entry *made = mx_entry_new(domain, MX_IMPLICIT, set_of_itself(domain), "",
		    now_ms + MX_TTL_MAX_S * INT64_C(1000));

		mx_cache_put(mx->cache, made);
		entry = made;
		mx_entry_release(&made); /* the cache's reference remains */
	}
	if (entry != NULL)
		mx->figures.hits++;
	return entry;
}

bool
mx_cached(struct mx *mx, const char *domain, struct mx_answer *answer)
{
	int64_t now_ms = clock_monotonic_ms();
	struct mx_entry *entry = find_entry(mx, domain, now_ms);

	if (entry == NULL)
		return false;
	mx_entry_answer(entry, now_ms, answer);
	return true;
}

static struct lookup *
start_lookup(struct mx *mx, const char *domain)
{
	struct lookup *lookup = lookup_new(mx, domain);

	mx->figures.lookups++;
	lookup->began_us = clock_monotonic_us();
	lookup->deadline_ms = lookup->began_us / 1000 + mx->timeout_ms;
	HASH_ADD_STR(mx->lookups, domain, lookup);
	TAILQ_INSERT_TAIL(&mx->waiting, lookup, link);
	if (TAILQ_FIRST(&mx->waiting) == lookup)
		arm_deadline(mx);
	lookup->asked++;
	resolver_ask(mx->resolver, lookup->domain, MXWIRE_MX, on_mx, lookup);
	return lookup;
}

struct mx_query *
mx_start(struct mx *mx, const char *domain, mx_done *done, void *arg)
{
	struct mx_entry *entry;
	struct lookup *lookup;

	HASH_FIND_STR(mx->lookups, domain, lookup);
	if (lookup != NULL)
		return add_query(lookup, done, arg);
	if ((entry = find_entry(mx, domain, clock_monotonic_ms())) != NULL) {
		lookup = lookup_new(mx, domain);
		set_ready(lookup, mx_entry_hold(entry));
	} else if (HASH_COUNT(mx->lookups) >= MX_LOOKUPS_MAX) {
		mx->figures.failed++;
		lookup = lookup_new(mx, domain);
		entry = mx_entry_new(domain, MX_FAILED, NULL, "too many look-ups under way",
		    clock_monotonic_ms());
		set_ready(lookup, entry);
	} else {
		lookup = start_lookup(mx, domain);
	}
	return add_query(lookup, done, arg);
}

void
mx_cancel(struct mx_query **query)
{
	if (*query == NULL)
		return;
	TAILQ_REMOVE(&(*query)->lookup->queries, *query, link);
	free(*query);
	*query = NULL;
}

struct mx_figures
mx_figures(const struct mx *mx)
{
	struct mx_figures figures = mx->figures;

	figures.cached = mx_cache_count(mx->cache);
	figures.waiting = HASH_COUNT(mx->lookups);
	return figures;
}

/* -- setting up ------------------------------------------------------------------------------ */

struct mx *
mx_new(struct event_base *base, const struct conf_strings *servers, int64_t timeout_ms,
    struct err *err)
{
	struct resolver *resolver = resolver_new(base, servers, timeout_ms, err);
	struct mx *mx;

	if (resolver == NULL)
		return NULL;
	mx = mem_alloc(sizeof(*mx));
	mx->resolver = resolver;
	mx->timeout_ms = timeout_ms;
	TAILQ_INIT(&mx->waiting);
	TAILQ_INIT(&mx->ready);
	mx->cache = mx_cache_new(MX_CACHE_MAX);
	mx->deliver = evtimer_new(base, on_deliver, mx);
	mx->deadline = evtimer_new(base, on_deadline, mx);
	return mx;
}

static void
abandon(struct lookup_list *list)
{
	struct lookup *lookup;
	struct mx_query *query;

	while ((lookup = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, lookup, link);
		while ((query = TAILQ_FIRST(&lookup->queries)) != NULL)
			mx_cancel(&query);
		mx_entry_release(&lookup->entry);
		lookup->delivered = true;
		free_if_over(lookup);
	}
}

void
mx_free(struct mx **mx)
{
	struct mx *gone = *mx;

	if (gone == NULL)
		return;
	*mx = NULL;
	HASH_CLEAR(hh, gone->lookups);
	abandon(&gone->waiting);
	abandon(&gone->ready);
	resolver_free(&gone->resolver); /* takes back what was asked, and so frees the look-ups */
	event_free(gone->deliver);
	event_free(gone->deadline);
	mx_cache_free(&gone->cache);
	free(gone);
}
