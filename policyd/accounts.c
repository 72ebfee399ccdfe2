#include "accounts.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <uthash.h>

#include "clock.h"
#include "keys.h"
#include "log.h"
#include "mem.h"
#include "store_sender.h"

enum {
	PARTS = 64,      /* of one count: groups */
	USE_S = 60,      /* how often an index is told */
	USER_S = 3600,   /* how often who logs in is told */
	FORGET_S = 3600, /* a sender that sent nothing for so long */
	AT_ONCE = 24,    /* accounts read in one go */
	ROOM = 1 + 2,    /* commands that a count needs at most */
};

struct refused { /* an account nothing is taken from */
	UT_hash_handle hh;
	struct sender_status status;
	char name[];
};

struct part {
	struct part *next;
	int64_t count;
	char name[]; /* "sent", "group:google:sent" */
};

struct sent { /* of one account, campaign or list; those with counts are in `waiting` */
	UT_hash_handle hh;
	TAILQ_ENTRY(sent) link;
	struct part *parts; /* NULL: nothing waits */
	int64_t used_s, told_s;
	enum sender_kind kind;
	size_t len;
	char key[]; /* its tag and its name */
};
TAILQ_HEAD(waiting, sent);

struct user { /* who logs in with mail of a sender's account */
	UT_hash_handle hh;
	bool several;
	int64_t told_s;
	char account[SENDER_NAME_SIZE];
	char sender[];
};

struct accounts {
	struct store_async *store;
	struct settings *settings; /* held */
	struct event *tick;

	struct refused *refused;
	struct sent *sent;
	struct waiting waiting;
	struct user *users;
	struct accounts_figures figures;

	/* A flush under way. */
	struct store_call *flush;
	size_t flushed;
	char names[STORE_BATCH_MAX][SENDER_NAME_SIZE];
	struct store_sender_verdict verdicts[STORE_BATCH_MAX];
	struct str version, known_version;
	bool refused_before; /* by Redis, the last flush */
	bool known;          /* known_version is what `refused` stands for */

	/* A reading of `refused` under way. */
	struct store_call *reading;
	struct arena arena;
	struct store_fields list; /* encoded names and since when in turn */
	size_t next;
	struct refused *fresh;
	struct sender_status statuses[AT_ONCE];
};

/* -- accounts that are refused ------------------------------------------------------------------ */

static void
refuse(struct refused **table, const char *name, const struct sender_status *status)
{
	struct refused *refused;
	size_t len = strlen(name);

	HASH_FIND(hh, *table, name, len, refused);
	if (refused == NULL) {
		refused = mem_alloc(sizeof(*refused) + len + 1);
		memcpy(refused->name, name, len + 1);
		HASH_ADD_KEYPTR(hh, *table, refused->name, len, refused);
	}
	refused->status = *status;
}

static void
free_refused(struct refused **table)
{
	struct refused *refused, *next;

	HASH_ITER (hh, *table, refused, next) {
		HASH_DEL(*table, refused);
		free(refused);
	}
}

bool
accounts_refuse_any(const struct accounts *accounts)
{
	return accounts->refused != NULL;
}

const struct sender_status *
accounts_refused(const struct accounts *accounts, const char *account)
{
	struct refused *refused = NULL;

	if (accounts->refused == NULL || *account == '\0')
		return NULL;
	HASH_FIND(hh, accounts->refused, account, strlen(account), refused);
	if (refused == NULL || !sender_is_refused(&refused->status, clock_wall_s()) ||
	    sender_is_exempt(accounts->settings, account))
		return NULL;
	return &refused->status;
}

static void read_statuses(struct accounts *accounts);

static void
end_reading(struct accounts *accounts, bool done)
{
	if (done) {
		free_refused(&accounts->refused);
		accounts->refused = accounts->fresh;
		accounts->fresh = NULL;
	} else {
		accounts->known = false; /* again at the next tick */
	}
	free_refused(&accounts->fresh);
	arena_clear(&accounts->arena);
}

static const char *
listed_name(struct accounts *accounts, size_t i, struct str *name)
{
	str_empty(name);
	return keys_decode(name, accounts->list.items[i]) == 0 ? str_text(name) : "";
}

static void
on_statuses(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct accounts *accounts = arg;
	int64_t now_s = clock_wall_s();
	struct store_batch *batch;
	struct str name = { 0 };

	(void)err;
	accounts->reading = NULL;
	if (outcome != STORE_DONE) {
		end_reading(accounts, false);
		return;
	}
	batch = store_async_batch(accounts->store);
	for (size_t i = 0; i < AT_ONCE && accounts->next < accounts->list.count; i++) {
		const char *account = listed_name(accounts, accounts->next, &name);

		accounts->next += 2;
		if (sender_is_refused(&accounts->statuses[i], now_s))
			refuse(&accounts->fresh, account, &accounts->statuses[i]);
		else
			store_put_suspended_gone(batch, account);
	}
	str_free(&name);
	if (batch->count > 0)
		store_async_send(accounts->store);
	read_statuses(accounts);
}

static void
read_statuses(struct accounts *accounts)
{
	struct store_batch *batch;
	struct str name = { 0 };

	if (accounts->next >= accounts->list.count) {
		end_reading(accounts, true);
		return;
	}
	batch = store_async_batch(accounts->store);
	for (size_t i = 0; i < AT_ONCE && accounts->next + 2 * i < accounts->list.count; i++)
		store_put_sender_status(batch, listed_name(accounts, accounts->next + 2 * i, &name),
		    &accounts->statuses[i]);
	str_free(&name);
	accounts->reading = store_async_run(accounts->store, on_statuses, accounts, NULL);
	if (accounts->reading == NULL)
		end_reading(accounts, false);
}

static void
on_list(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct accounts *accounts = arg;

	(void)err;
	accounts->reading = NULL;
	if (outcome != STORE_DONE)
		end_reading(accounts, false);
	else
		read_statuses(accounts);
}

static void
read_refused(struct accounts *accounts)
{
	accounts->next = 0;
	accounts->list = (struct store_fields){ .arena = &accounts->arena };
	store_put_suspended(store_async_batch(accounts->store), &accounts->list);
	accounts->reading = store_async_run(accounts->store, on_list, accounts, NULL);
	if (accounts->reading == NULL)
		end_reading(accounts, false);
}

static void
hear_version(struct accounts *accounts)
{
	const char *version = str_text(&accounts->version);

	if ((accounts->known && strcmp(version, str_text(&accounts->known_version)) == 0) ||
	    accounts->reading != NULL)
		return;
	str_empty(&accounts->known_version);
	str_adds(&accounts->known_version, version);
	accounts->known = true;
	read_refused(accounts);
}

/* -- who logs in --------------------------------------------------------------------------------- */

static struct user *
find_user(const struct accounts *accounts, const char *sender)
{
	struct user *user = NULL;

	if (accounts->users != NULL)
		HASH_FIND(hh, accounts->users, sender, strlen(sender), user);
	return user;
}

const char *
accounts_of_sender(const struct accounts *accounts, const char *by_sender)
{
	const struct user *user = find_user(accounts, by_sender);

	return user != NULL && !user->several ? user->account : by_sender;
}

static void
free_users(struct accounts *accounts)
{
	struct user *user, *next;

	HASH_ITER (hh, accounts->users, user, next) {
		HASH_DEL(accounts->users, user);
		free(user);
	}
}

static void
add_user(struct accounts *accounts, const struct sender_identity *identity)
{
	size_t len = strlen(identity->by_sender);
	struct user *user;

	if (HASH_COUNT(accounts->users) >= ACCOUNTS_MAX)
		free_users(accounts);
	user = mem_alloc(sizeof(*user) + len + 1);
	memcpy(user->sender, identity->by_sender, len + 1);
	memcpy(user->account, identity->account, sizeof(user->account));
	HASH_ADD_KEYPTR(hh, accounts->users, user->sender, len, user);
}

/* Redis is told now and then, and at once of another one. */
static void
note_user(struct accounts *accounts, const struct sender_identity *identity)
{
	struct user *user = find_user(accounts, identity->by_sender);
	int64_t now_s = clock_wall_s();
	bool another = user != NULL && strcmp(user->account, identity->account) != 0;

	if (*identity->by_sender == '\0' ||
	    (user == NULL && strcmp(identity->account, identity->by_sender) == 0))
		return;
	if (user == NULL) {
		add_user(accounts, identity);
		user = find_user(accounts, identity->by_sender);
	}
	if (user->told_s + USER_S > now_s && (!another || user->several))
		return;
	user->several = user->several || another;
	user->told_s = now_s;
	store_put_sender_user(store_async_batch(accounts->store), identity->by_sender,
	    identity->account, now_s);
	store_async_send(accounts->store);
}

/* -- counting ------------------------------------------------------------------------------------ */

static void
free_parts(struct sent *sent)
{
	struct part *part;

	while ((part = sent->parts) != NULL) {
		sent->parts = part->next;
		free(part);
	}
}

static void
free_sent(struct accounts *accounts, struct sent *sent)
{
	if (sent->parts != NULL)
		TAILQ_REMOVE(&accounts->waiting, sent, link);
	free_parts(sent);
	HASH_DEL(accounts->sent, sent);
	free(sent);
}

static void
forget_idle(struct accounts *accounts, int64_t now_s)
{
	struct sent *sent, *next;

	HASH_ITER (hh, accounts->sent, sent, next) {
		if (sent->parts == NULL && sent->used_s + FORGET_S < now_s)
			free_sent(accounts, sent);
	}
}

/* NULL: there are too many. */
static struct sent *
sent_of(struct accounts *accounts, enum sender_kind kind, const char *name)
{
	char key[1 + SENDER_NAME_SIZE];
	size_t len = strlen(name) + 1;
	struct sent *sent = NULL;

	key[0] = sender_kind_tag(kind);
	memcpy(key + 1, name, len);
	HASH_FIND(hh, accounts->sent, key, len, sent);
	if (sent != NULL)
		return sent;
	if (HASH_COUNT(accounts->sent) >= ACCOUNTS_MAX)
		forget_idle(accounts, clock_wall_s());
	if (HASH_COUNT(accounts->sent) >= ACCOUNTS_MAX)
		return NULL;
	sent = mem_alloc(sizeof(*sent) + len + 1);
	sent->kind = kind;
	sent->len = len;
	memcpy(sent->key, key, len);
	HASH_ADD_KEYPTR(hh, accounts->sent, sent->key, len, sent);
	return sent;
}

static void
add_part(struct sent *sent, const char *group, int64_t count)
{
	struct part *part = sent->parts;
	size_t parts = 0, len = group != NULL ? strlen(group) : 0;
	bool is_all = group == NULL;

	for (; part != NULL; part = part->next, parts++)
		if (is_all ? strcmp(part->name, "sent") == 0
			   : strncmp(part->name, "group:", 6) == 0 &&
				 strncmp(part->name + 6, group, len) == 0 &&
				 strcmp(part->name + 6 + len, ":sent") == 0)
			break;
	if (part == NULL && parts >= PARTS)
		return;
	if (part == NULL) {
		struct str name = { 0 };

		str_adds(&name, is_all ? "sent" : "group:");
		str_adds(&name, is_all ? "" : group);
		str_adds(&name, is_all ? "" : ":sent");
		part = mem_alloc(sizeof(*part) + name.len + 1);
		memcpy(part->name, name.data, name.len + 1);
		part->next = sent->parts;
		sent->parts = part;
		str_free(&name);
	}
	part->count += count;
}

static void
count_for(struct accounts *accounts, enum sender_kind kind, const char *name,
    const struct transaction_recipients *list, size_t count)
{
	struct sent *sent;
	bool waits;
	int64_t all = 0;

	if (*name == '\0')
		return;
	sent = sent_of(accounts, kind, name);
	if (sent == NULL) {
		accounts->figures.dropped++;
		return;
	}
	waits = sent->parts != NULL;
	for (size_t i = 0; i < count; i++)
		all += list[i].recipients;
	add_part(sent, NULL, all); /* before groups may have taken all room */
	for (size_t i = 0; i < count; i++)
		if (list[i].group != NULL)
			add_part(sent, list[i].group, list[i].recipients);
	sent->used_s = clock_wall_s();
	if (!waits)
		TAILQ_INSERT_TAIL(&accounts->waiting, sent, link);
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
	note_user(accounts, identity);
}

/* -- to Redis ------------------------------------------------------------------------------------ */

static void
put_count(struct accounts *accounts, struct store_batch *batch, struct sent *sent, int64_t now_s)
{
	struct store_sender_part parts[PARTS];
	struct store_sender_count count = {
		.kind = sent->kind,
		.name = sent->key + 1,
		.id = "",
		.parts = parts,
	};
	struct store_sender_verdict *verdict = NULL;

	for (const struct part *part = sent->parts; part != NULL && count.part_count < PARTS;
	     part = part->next)
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
	TAILQ_REMOVE(&accounts->waiting, sent, link);
	free_parts(sent);
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
			refuse(&accounts->refused, name, &verdict->status);
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
	hear_version(accounts);
	if (!TAILQ_EMPTY(&accounts->waiting))
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
	while (!TAILQ_EMPTY(&accounts->waiting) && batch->count + ROOM <= STORE_BATCH_MAX)
		put_count(accounts, batch, TAILQ_FIRST(&accounts->waiting), now_s);
	accounts->flush = store_async_run(accounts->store, on_flushed, accounts, NULL);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	accounts_flush(arg);
}

/* -- the whole ------------------------------------------------------------------------------------ */

struct accounts *
accounts_new(struct event_base *base, struct store_async *store, struct settings *settings)
{
	struct accounts *accounts = mem_alloc(sizeof(*accounts));
	struct timeval every = { 0, ACCOUNTS_TICK_MS * 1000 };

	accounts->store = store;
	accounts->settings = settings_hold(settings);
	TAILQ_INIT(&accounts->waiting);
	arena_init(&accounts->arena);
	accounts->tick = event_new(base, -1, EV_PERSIST, on_tick, accounts);
	evtimer_add(accounts->tick, &every);
	return accounts;
}

static void
cancel(struct accounts *accounts)
{
	store_async_cancel(&accounts->flush);
	if (accounts->reading != NULL) {
		store_async_cancel(&accounts->reading);
		end_reading(accounts, false);
	}
}

void
accounts_rebind(struct accounts *accounts, struct store_async *store, struct settings *settings)
{
	struct settings *old = accounts->settings;

	if (store != accounts->store) {
		cancel(accounts);
		accounts->known = false;
	}
	accounts->store = store;
	accounts->settings = settings_hold(settings);
	settings_release(&old);
}

void
accounts_free(struct accounts **accounts)
{
	struct accounts *old = *accounts;
	struct sent *sent, *next;

	*accounts = NULL;
	if (old == NULL)
		return;
	cancel(old);
	event_free(old->tick);
	HASH_ITER (hh, old->sent, sent, next) {
		free_sent(old, sent);
	}
	free_users(old);
	free_refused(&old->refused);
	str_free(&old->version);
	str_free(&old->known_version);
	settings_release(&old->settings);
	arena_clear(&old->arena);
	free(old);
}

struct accounts_figures
accounts_figures(const struct accounts *accounts)
{
	struct accounts_figures figures = accounts->figures;
	const struct sent *sent;

	figures.refused = HASH_COUNT(accounts->refused);
	TAILQ_FOREACH (sent, &accounts->waiting, link)
		figures.waiting++;
	return figures;
}
