/*
 * fake_mx - MX answers of a test, instead of those mx.c asks of DNS: "a.test" has the MX host
 * "mx.a.test", and is known; "slow.a.test" when the test says so (fake_mx_answer), "fail.test" fails.
 */
#ifndef FAKE_MX_H
#define FAKE_MX_H

#include "check.h"

#include "mem.h"
#include "mx.h"

enum { FAKE_MX_NAMES = 32, FAKE_MX_QUERIES = 64 };

struct fake_mx_name {
	char domain[DOMAIN_SIZE];
	struct mx_set *set;
	struct mx_note *note;
};

struct mx {
	struct fake_mx_name names[FAKE_MX_NAMES];
};

struct mx_query {
	char domain[DOMAIN_SIZE];
	mx_done *done;
	void *arg;
};

static struct mx *fake_mx;
static struct mx_query *fake_mx_queries[FAKE_MX_QUERIES];

struct mx *
mx_new(struct event_base *event_base, const struct conf_strings *servers, int64_t timeout_ms,
    struct err *err)
{
	(void)event_base;
	(void)servers;
	(void)timeout_ms;
	(void)err;
	return fake_mx = mem_alloc(sizeof(struct mx));
}

void
mx_free(struct mx **mx)
{
	if (*mx == NULL)
		return;
	for (size_t i = 0; i < FAKE_MX_NAMES; i++) {
		struct fake_mx_name *name = &(*mx)->names[i];

		if (name->note != NULL)
			name->note->free(name->note);
		mx_set_free(&name->set);
	}
	free(*mx);
	*mx = NULL;
}

static inline void
fake_mx_find(struct mx *mx, const char *domain, struct mx_answer *answer)
{
	struct fake_mx_name *name = mx->names;
	char host[DOMAIN_SIZE + 4];
	struct mx_host mx_host = { 10, host };

	*answer = (struct mx_answer){ .state = MX_FAILED, .words = "SERVFAIL" };
	if (strcmp(domain, "fail.test") == 0)
		return;
	while (name->set != NULL && strcmp(name->domain, domain) != 0)
		assert_true(++name < mx->names + FAKE_MX_NAMES);
	snprintf(name->domain, sizeof(name->domain), "%s", domain);
	snprintf(host, sizeof(host), "%s%s", domain[0] == '[' ? "" : "mx.", domain);
	if (name->set == NULL)
		name->set = mx_set_new(&mx_host, 1);
	*answer = (struct mx_answer){ .state = MX_FOUND,
		.set = name->set,
		.ttl_s = 300,
		.words = "",
		.note = &name->note };
}

bool
mx_cached(struct mx *mx, const char *domain, struct mx_answer *answer)
{
	if (strncmp(domain, "slow", 4) == 0)
		return false;
	fake_mx_find(mx, domain, answer);
	return true;
}

struct mx_query *
mx_start(struct mx *mx, const char *domain, mx_done *done, void *arg)
{
	struct mx_query *query = mem_alloc(sizeof(*query));
	size_t i = 0;

	(void)mx;
	snprintf(query->domain, sizeof(query->domain), "%s", domain);
	query->done = done;
	query->arg = arg;
	while (fake_mx_queries[i] != NULL)
		assert_true(++i < FAKE_MX_QUERIES);
	return fake_mx_queries[i] = query;
}

void
mx_cancel(struct mx_query **query)
{
	for (size_t i = 0; *query != NULL && i < FAKE_MX_QUERIES; i++)
		if (fake_mx_queries[i] == *query)
			fake_mx_queries[i] = NULL;
	free(*query);
	*query = NULL;
}

/* Answers all that was asked. */
static inline void
fake_mx_answer(void)
{
	for (size_t i = 0; i < FAKE_MX_QUERIES; i++) {
		struct mx_query *query = fake_mx_queries[i];
		struct mx_answer answer;

		if (query == NULL)
			continue;
		fake_mx_queries[i] = NULL;
		fake_mx_find(fake_mx, query->domain, &answer);
		query->done(query->arg, &answer);
		free(query);
	}
}

struct mx_figures
mx_figures(const struct mx *mx)
{
	(void)mx;
	return (struct mx_figures){ 0 };
}

const char *
mx_state_name(enum mx_state state)
{
	return state == MX_FAILED ? "failed" : "found";
}

#endif
