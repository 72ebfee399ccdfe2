#include "accounts.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "logins.h"
#include "mem.h"
#include "refused_accounts.h"
#include "sent_counts.h"
#include "store_sender.h"

enum {
	USE_S = 60,   /* how often an index is told */
	ROOM = 1 + 2, /* commands that a count needs at most */
};

struct accounts {
	struct store_async *store;
	struct settings *settings; /* held */
	struct event *tick;

	struct refused_accounts *refused;
	struct logins *logins;
	struct sent_counts counts;
	uint64_t dropped;

	/* A flush under way. */
	struct store_call *flush;
	size_t flushed;
	char names[STORE_BATCH_MAX][SENDER_NAME_SIZE];
	struct store_sender_verdict verdicts[STORE_BATCH_MAX];
	struct str version;  /* of the accounts that are refused */
	bool refused_before; /* by Redis, the last flush */
};

/* -- what is known ----------------------------------------------------------------------------- */

bool
accounts_refuse_any(const struct accounts *accounts)
{
	return refused_accounts_count(accounts->refused) > 0;
}

const struct sender_status *
accounts_refused(const struct accounts *accounts, const char *account)
{
	const struct sender_status *status = refused_accounts_find(accounts->refused, account);

	if (*account == '\0' || status == NULL || !sender_is_refused(status, clock_wall_s()) ||
	    sender_is_exempt(accounts->settings, account))
		return NULL;
	return status;
}

const char *
accounts_of_sender(const struct accounts *accounts, const char *by_sender)
{
	return logins_account(accounts->logins, by_sender);
}

/* -- counting ---------------------------------------------------------------------------------- */

static void
count_for(struct accounts *accounts, enum sender_kind kind, const char *name,
    const struct transaction_recipients *sent, size_t count)
{
	if (*name != '\0' && !sent_counts_add(&accounts->counts, kind, name, sent, count))
		accounts->dropped++;
}

void
accounts_count(struct accounts *accounts, const struct sender_identity *identity,
    const struct transaction_recipients *sent, size_t count)
{
	if (count == 0)
		return;
	count_for(accounts, SENDER_ACCOUNT, identity->account, sent, count);
	count_for(accounts, SENDER_CAMPAIGN, identity->campaign, sent, count);
	count_for(accounts, SENDER_LIST, identity->list, sent, count);
	logins_note(accounts->logins, identity, accounts->store);
}

/* -- to Redis ---------------------------------------------------------------------------------- */

static void
put_count(struct accounts *accounts, struct store_batch *batch, struct sent *sent, int64_t now_s)
{
	struct store_sender_part parts[SENT_PARTS];
	struct store_sender_count count = {
		.kind = sent->kind,
		.name = sent->key + 1,
		.id = "",
		.parts = parts,
	};
	struct store_sender_verdict *verdict = NULL;

	for (const struct sent_part *part = sent->parts;
	     part != NULL && count.part_count < SENT_PARTS; part = part->next)
		parts[count.part_count++] = (struct store_sender_part){ part->name, part->count };
	if (sent->kind == SENDER_ACCOUNT) {
		count.policy = &accounts->settings->reputation.policy;
		count.exempt = sender_is_exempt(accounts->settings, count.name);
		memcpy(accounts->names[accounts->flushed], count.name, sent->len);
		verdict = &accounts->verdicts[accounts->flushed++];
	}
	store_put_sender_count(batch, &count, verdict);
	if (sent->told_s + USE_S <= now_s) {
		store_put_sender_use(batch, sent->kind, count.name, now_s);
		sent->told_s = now_s;
	}
	sent_counts_done(&accounts->counts, sent);
}

static void
log_change(const char *account, const struct store_sender_verdict *verdict)
{
	enum log_level level =
	    verdict->status.state == SENDER_OK ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING;
	const struct sender_figures *figures = &verdict->status.figures;
	char sent[24], hard[24], complaints[24];
	const struct log_field fields[] = {
		{ "account", account, LOG_SAME },
		{ "state", sender_state_name(verdict->status.state), LOG_SAME },
		{ "before", sender_state_name(verdict->before), LOG_SAME },
		{ "sent", sent, LOG_SAME },
		{ "hard", hard, LOG_SAME },
		{ "complaints", complaints, LOG_SAME },
		{ "by", verdict->status.by, LOG_SAME },
	};

	snprintf(sent, sizeof(sent), "%" PRId64, figures->sent);
	snprintf(hard, sizeof(hard), "%" PRId64, figures->hard);
	snprintf(complaints, sizeof(complaints), "%" PRId64, figures->complaint);
	log_always(level, "account", fields, sizeof(fields) / sizeof(fields[0]), "%s",
	    verdict->status.why);
}

static void
hear_verdicts(struct accounts *accounts)
{
	int64_t now_s = clock_wall_s();

	for (size_t i = 0; i < accounts->flushed; i++) {
		const struct store_sender_verdict *verdict = &accounts->verdicts[i];
		const char *name = accounts->names[i];
		bool news = sender_is_refused(&verdict->status, now_s) &&
			    accounts_refused(accounts, name) == NULL;

		if (verdict->changed)
			log_change(name, verdict);
		if (!verdict->changed && !verdict->full && !news)
			continue;
		store_put_sender_tell(store_async_batch(accounts->store), name, verdict,
		    accounts->settings->node);
		store_async_send(accounts->store);
		if (news)
			refused_accounts_add(accounts->refused, name, &verdict->status);
	}
}

static void
on_flushed(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct accounts *accounts = arg;

	accounts->flush = NULL;
	if (outcome == STORE_REFUSED && !accounts->refused_before)
		log_warning("counting what accounts sent: %s", err->text);
	accounts->refused_before = outcome == STORE_REFUSED;
	if (outcome != STORE_DONE)
		return;
	hear_verdicts(accounts);
	refused_accounts_hear(accounts->refused, str_text(&accounts->version));
	if (!TAILQ_EMPTY(&accounts->counts.waiting))
		accounts_flush(accounts);
}

void
accounts_flush(struct accounts *accounts)
{
	int64_t now_s = clock_wall_s();
	struct store_batch *batch;

	if (accounts->flush != NULL || !store_async_works(accounts->store))
		return;
	batch = store_async_batch(accounts->store);
	accounts->flushed = 0;
	store_put_suspended_version(batch, &accounts->version);
	while (!TAILQ_EMPTY(&accounts->counts.waiting) && batch->count + ROOM <= STORE_BATCH_MAX)
		put_count(accounts, batch, TAILQ_FIRST(&accounts->counts.waiting), now_s);
	accounts->flush = store_async_run(accounts->store, on_flushed, accounts, NULL);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	accounts_flush(arg);
}

/* -- the whole --------------------------------------------------------------------------------- */

struct accounts *
accounts_new(struct event_base *base, struct store_async *store, struct settings *settings)
{
	struct accounts *accounts = mem_alloc(sizeof(*accounts));
	struct timeval every = { 0, ACCOUNTS_TICK_MS * 1000 };

	accounts->store = store;
	accounts->settings = settings_hold(settings);
	accounts->refused = refused_accounts_new(store);
	accounts->logins = logins_new();
	sent_counts_init(&accounts->counts);
	accounts->tick = event_new(base, -1, EV_PERSIST, on_tick, accounts);
	evtimer_add(accounts->tick, &every);
	return accounts;
}

void
accounts_rebind(struct accounts *accounts, struct store_async *store, struct settings *settings)
{
	struct settings *old = accounts->settings;

	if (store != accounts->store) {
		store_async_cancel(&accounts->flush);
		refused_accounts_rebind(accounts->refused, store);
	}
	accounts->store = store;
	accounts->settings = settings_hold(settings);
	settings_release(&old);
}

void
accounts_free(struct accounts **accounts)
{
	struct accounts *old = *accounts;

	*accounts = NULL;
	if (old == NULL)
		return;
	store_async_cancel(&old->flush);
	event_free(old->tick);
	sent_counts_clear(&old->counts);
	logins_free(&old->logins);
	refused_accounts_free(&old->refused);
	str_free(&old->version);
	settings_release(&old->settings);
	free(old);
}

struct accounts_figures
accounts_figures(const struct accounts *accounts)
{
	return (struct accounts_figures){
		.refused = refused_accounts_count(accounts->refused),
		.waiting = sent_counts_waiting(&accounts->counts),
		.dropped = accounts->dropped,
	};
}
