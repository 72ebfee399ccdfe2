#include "paces.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "keys.h"
#include "log.h"
#include "mem.h"
#include "sending.h"
#include "store_level.h"
#include "warmups.h"

/* Limits that were asked for, by what they follow from. */
struct known_key {
	const struct mx_rule *rule;
	int64_t day_cap;
	unsigned rules; /* their generation */
	int stage;      /* enum level of the warm-up's stage; LEVEL_NONE: none */
	char ip[SENDING_IP_SIZE];
};

struct known {
	UT_hash_handle hh;
	struct known_key key;
	struct mx_limits limits;
};

struct paces {
	struct store_async *store;
	struct settings *settings; /* held */
	paces_changed *changed;
	void *arg;
	struct event *tick;

	struct arena arena; /* of sets */
	struct pace_sets sets;
	struct warmups warmups;
	struct known *known;
	unsigned generation; /* of all limits together */
	unsigned made;       /* limits, ever */

	/* A question or reading under way. */
	struct store_call *call;
	struct str version, known_version;
	bool is_changed; /* by what was read so far */
	bool is_half;    /* the levels could not be read */
	bool complained; /* that Redis has something else there */
	bool is_known;   /* known_version is what `sets` stands for */
	struct arena reading;
	struct store_fields levels;
};

/* -- limits ------------------------------------------------------------------------------------ */

static void
forget(struct paces *paces)
{
	struct known *known, *next;

	HASH_ITER (hh, paces->known, known, next) {
		HASH_DEL(paces->known, known);
		free(known);
	}
	paces->generation++;
}

static struct known *
make(struct paces *paces, const struct known_key *key)
{
	struct known *known = mem_alloc(sizeof(*known));
	enum level level;
	struct pace pace;

	pace_of(paces->settings, &paces->sets, key->rule, key->ip, &pace);
	level =
	    key->stage != LEVEL_NONE ? level_lower(pace.level, (enum level)key->stage) : pace.level;
	known->key = *key;
	mx_limits_at(key->rule, level, paces->settings->levels, key->day_cap, &known->limits);
	known->limits.generation = ++paces->made;
	HASH_ADD(hh, paces->known, key, sizeof(known->key), known);
	return known;
}

const struct mx_limits *
paces_limits(struct paces *paces, const struct mx_rules *rules, const struct mx_rule *rule,
    const char *group, const char *ip)
{
	const struct warmup_stage *stage;
	struct known_key key;
	struct known *known;

	memset(&key, 0, sizeof(key)); /* its gaps are part of the key */
	key.rule = rule;
	key.rules = rules->generation;
	strncpy(key.ip, ip, sizeof(key.ip) - 1);
	stage = warmups_stage(&paces->warmups, ip, group);
	if (stage != NULL) {
		key.stage = stage->level;
		key.day_cap = stage->cap;
	}
	HASH_FIND(hh, paces->known, &key, sizeof(key), known);
	if (known == NULL)
		known = make(paces, &key);
	return &known->limits;
}

unsigned
paces_generation(const struct paces *paces)
{
	return paces->generation;
}

const char *
paces_version(const struct paces *paces)
{
	return str_text(&paces->known_version);
}

bool
paces_is_current(const struct paces *paces, int64_t version)
{
	return paces->is_known && paces->call == NULL &&
	       strtoll(str_text(&paces->known_version), NULL, 10) == version;
}

enum level
paces_level(const struct paces *paces)
{
	struct pace pace;

	pace_of(paces->settings, &paces->sets, NULL, NULL, &pace);
	return pace.level;
}

const struct pace_sets *
paces_sets(const struct paces *paces)
{
	return &paces->sets;
}

size_t
paces_warmups(const struct paces *paces)
{
	return paces->warmups.count;
}

/* -- what Redis says --------------------------------------------------------------------------- */

static bool
same_sets(const struct pace_sets *a, const struct pace_sets *b)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct pace_set *set = pace_set_of(b, a->items[i].scope, a->items[i].name);

		if (set == NULL || set->level != a->items[i].level)
			return false;
	}
	return a->count == b->count;
}

static void
log_sets(const struct pace_sets *sets)
{
	struct str words = { 0 };

	for (size_t i = 0; i < sets->count; i++) {
		str_addf(&words, "%s", i > 0 ? ", " : "");
		pace_field(&words, sets->items[i].scope, sets->items[i].name);
		str_addf(&words, " %s", level_names[sets->items[i].level]);
	}
	log_info("levels set in Redis: %s", words.len > 0 ? str_text(&words) : "none");
	str_free(&words);
}

static void
learn_levels(struct paces *paces, bool *changed)
{
	struct pace_sets sets;
	struct arena arena;

	arena_init(&arena);
	store_levels_read(&paces->levels, &arena, &sets);
	if (same_sets(&sets, &paces->sets)) {
		arena_clear(&arena);
		return;
	}
	arena_clear(&paces->arena);
	paces->arena = arena;
	paces->sets = sets;
	log_sets(&sets);
	*changed = true;
}

/* Tells of what was read, if it was something new. */
static void
tell(struct paces *paces, bool newer)
{
	bool changed = paces->is_changed;

	paces->is_changed = false;
	if (changed)
		forget(paces);
	if (changed || newer)
		paces->changed(paces->arg);
}

static void
end_reading(struct paces *paces)
{
	bool newer = strcmp(str_text(&paces->version), str_text(&paces->known_version)) != 0;

	str_empty(&paces->known_version);
	str_add(&paces->known_version, paces->version.data, paces->version.len);
	paces->is_known = true;
	paces->complained = false;
	arena_clear(&paces->reading);
	tell(paces, newer);
}

static void
complain(struct paces *paces, enum store_outcome outcome, const char *what, const struct err *err)
{
	if (outcome != STORE_REFUSED || paces->complained)
		return;
	paces->complained = true;
	log_warning("%s cannot be read, those known before stay: %s", what, err->text);
}

/* Again at the next tick: the version known is still the old one. Levels hold without warm-ups. */
static void
break_off(struct paces *paces)
{
	arena_clear(&paces->reading);
	warmups_stop(&paces->warmups);
	tell(paces, false);
}

/* First which there are, then those as long as there are any. */
static void
on_warmups(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct paces *paces = arg;

	paces->call = NULL;
	if (outcome != STORE_DONE) {
		complain(paces, outcome, "warm-ups (" KEYS_WARMUPS ")", err);
		break_off(paces);
		return;
	}
	if (warmups_go_on(&paces->warmups, store_async_batch(paces->store))) {
		paces->call = store_async_run(paces->store, on_warmups, paces, NULL);
		return;
	}
	if (warmups_learn(&paces->warmups))
		paces->is_changed = true;
	if (paces->is_half)
		break_off(paces);
	else
		end_reading(paces);
}

static void
on_levels(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct paces *paces = arg;

	paces->call = NULL;
	complain(paces, outcome, "levels (" KEYS_LEVELS ")", err);
	paces->is_half = outcome != STORE_DONE;
	if (!paces->is_half)
		learn_levels(paces, &paces->is_changed);
	warmups_begin(&paces->warmups, store_async_batch(paces->store));
	paces->call = store_async_run(paces->store, on_warmups, paces, NULL);
}

/* Levels and warm-ups apart: where one cannot be read, the other holds. */
static void
read_all(struct paces *paces)
{
	paces->levels = (struct store_fields){ .arena = &paces->reading };
	store_put_levels(store_async_batch(paces->store), &paces->levels);
	paces->call = store_async_run(paces->store, on_levels, paces, NULL);
}

/* The version first, then what it stands for: of a change in between it will tell again. */
static void
on_version(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct paces *paces = arg;

	paces->call = NULL;
	complain(paces, outcome, "version of levels (" KEYS_PACE_VERSION ")", err);
	if (outcome == STORE_DONE &&
	    (!paces->is_known ||
		strcmp(str_text(&paces->version), str_text(&paces->known_version)) != 0))
		read_all(paces);
}

static void
ask(struct paces *paces)
{
	if (paces->call != NULL || !store_async_works(paces->store))
		return;
	store_put_pace_version(store_async_batch(paces->store), &paces->version);
	paces->call = store_async_run(paces->store, on_version, paces, NULL);
}

/* One that lost its data may have come to the same version with others. */
void
paces_ask(struct paces *paces)
{
	paces->is_known = false;
	ask(paces);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	ask(arg);
}

/* -- the whole --------------------------------------------------------------------------------- */

struct paces *
paces_new(struct event_base *base, struct store_async *store, struct settings *settings,
    paces_changed *changed, void *arg)
{
	struct paces *paces = mem_alloc(sizeof(*paces));
	struct timeval every = { 0, PACES_TICK_MS * 1000 };

	paces->store = store;
	paces->settings = settings_hold(settings);
	paces->changed = changed;
	paces->arg = arg;
	paces->generation = 1;
	arena_init(&paces->arena);
	arena_init(&paces->reading);
	paces->tick = event_new(base, -1, EV_PERSIST, on_tick, paces);
	evtimer_add(paces->tick, &every);
	return paces;
}

static void
cancel(struct paces *paces)
{
	store_async_cancel(&paces->call);
	arena_clear(&paces->reading);
	warmups_stop(&paces->warmups);
	paces->is_known = false;
}

void
paces_rebind(struct paces *paces, struct store_async *store, struct settings *settings)
{
	struct settings *old = paces->settings;

	if (store != paces->store)
		cancel(paces);
	paces->store = store;
	paces->settings = settings_hold(settings);
	settings_release(&old);
	forget(paces);
}

void
paces_free(struct paces **paces)
{
	struct paces *old = *paces;

	*paces = NULL;
	if (old == NULL)
		return;
	cancel(old);
	event_free(old->tick);
	forget(old);
	arena_clear(&old->arena);
	warmups_clear(&old->warmups);
	str_free(&old->version);
	str_free(&old->known_version);
	settings_release(&old->settings);
	free(old);
}
