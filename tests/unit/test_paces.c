/* paces: levels and warm-ups as Redis has them, and the limits that follow. */
#include "fake_redis.h"

#include "log.h"
#include "mx_rules.h"
#include "paces.h"

#define IP    "192.0.2.1"
#define WRONG "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"

static struct event_base *base;
static struct fake_redis redis;
static struct store_async *store;
static struct settings *settings;
static struct mx_rules *rules;
static struct paces *paces;
static unsigned told;

/* -- its Redis --------------------------------------------------------------------------------- */

static struct {
	const char *version; /* NULL: none */
	const char *levels[8], *warmups[4], *warmup[12];
	bool wrong_version, wrong_levels, wrong_warmups, wrong_warmup;
	struct str reply;
} shop;

static const char *
hash(const char *const *words)
{
	size_t count = 0;

	while (words[count] != NULL)
		count++;
	str_empty(&shop.reply);
	str_addf(&shop.reply, "*%zu\r\n", count);
	for (size_t i = 0; i < count; i++)
		str_addf(&shop.reply, "$%zu\r\n%s\r\n", strlen(words[i]), words[i]);
	return str_text(&shop.reply);
}

static const char *
answer(struct fake_redis *at, const char *line)
{
	(void)at;
	if (strcmp(line, "GET mxpace:pace:version") == 0) {
		if (shop.wrong_version)
			return WRONG;
		if (shop.version == NULL)
			return NULL;
		str_empty(&shop.reply);
		str_addf(&shop.reply, "$%zu\r\n%s\r\n", strlen(shop.version), shop.version);
		return str_text(&shop.reply);
	}
	if (strcmp(line, "HGETALL mxpace:levels") == 0)
		return shop.wrong_levels ? WRONG : hash(shop.levels);
	if (strcmp(line, "HGETALL mxpace:warmups") == 0)
		return shop.wrong_warmups ? WRONG : hash(shop.warmups);
	if (strcmp(line, "HGETALL mxpace:{w:" IP "}") == 0)
		return shop.wrong_warmup ? WRONG : hash(shop.warmup);
	return NULL;
}

static void
set_level(const char *version, const char *field, const char *value)
{
	shop.version = version;
	shop.levels[0] = field;
	shop.levels[1] = value;
}

static void
start_warmup(const char *version, const char *stages)
{
	const char *const fields[] = { "plan", "p", "state", "running", "stages", stages, "stage",
		"1" };

	shop.version = version;
	shop.warmups[0] = IP;
	shop.warmups[1] = "p";
	memcpy(shop.warmup, fields, sizeof(fields));
}

/* -- the world --------------------------------------------------------------------------------- */

static void
on_change(void *arg, bool working, const char *words)
{
	(void)arg;
	(void)words;
	if (working && paces != NULL)
		paces_ask(paces);
}

static void
on_paces(void *arg)
{
	(void)arg;
	told++;
}

static struct settings *
settings_of(const char *more)
{
	struct conf_errors errors = { 0 };
	struct settings *made;
	struct str text = { 0 };

	str_addf(&text, "redis = \"unix:%s\"; sending_ips = ( { name = \"" IP "\"; } ); %s",
	    redis.text, more);
	made = settings_parse(str_text(&text), "test", &errors);
	if (made == NULL)
		fail_msg("%s", str_text(&errors.lines));
	conf_errors_free(&errors);
	str_free(&text);
	return made;
}

static int
set_up(void **state)
{
	struct conf_errors errors = { 0 };
	struct err err;

	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	memset(&shop, 0, sizeof(shop));
	told = 0;
	base = event_base_new();
	fake_init(&redis, base);
	fake_start(&redis);
	redis.answer = answer;
	settings = settings_of("");
	rules = mx_rules_parse("mx_rules = ( { name = \"two\"; mx = \"*\"; connections = 8; "
			       "limits = \"100/1h\"; } );",
	    "test", &errors);
	assert_non_null(rules);
	conf_errors_free(&errors);
	store = store_async_new(base, &redis.address, FAKE_PATIENCE_MS, on_change, NULL, &err);
	assert_non_null(store);
	paces = paces_new(base, store, settings, on_paces, NULL);
	return 0;
}

static int
take_down(void **state)
{
	(void)state;
	paces_free(&paces);
	store_async_free(&store);
	mx_rules_release(&rules);
	settings_release(&settings);
	fake_clear(&redis);
	str_free(&shop.reply);
	event_base_free(base);
	return 0;
}

static const struct mx_limits *
limits(void)
{
	return paces_limits(paces, rules, &rules->rules[0], "two", IP);
}

static bool
knows(const char *version)
{
	return strcmp(paces_version(paces), version) == 0 &&
	       paces_is_current(paces, strtoll(version, NULL, 10));
}

static bool
asks_again(unsigned times)
{
	return fake_count(&redis, "GET mxpace:pace:version") >= times;
}

/* -- ordinary days ----------------------------------------------------------------------------- */

static void
follows_levels(void **state)
{
	unsigned generation = paces_generation(paces), before;

	(void)state;
	assert_int_equal(limits()->connections, 8);
	set_level("1", "all", "slow since 1793427293 by root");
	WAIT_FOR(base, knows("1"));
	assert_int_equal(told, 1);
	assert_true(paces_generation(paces) != generation);
	assert_int_equal(paces_level(paces), LEVEL_SLOW);
	assert_true(limits()->connections < 8);
	before = limits()->generation;
	assert_int_equal(limits()->generation, before);
	shop.levels[0] = NULL;
	shop.version = "2";
	WAIT_FOR(base, knows("2"));
	assert_int_equal(told, 2);
	assert_int_equal(limits()->connections, 8);
	assert_true(limits()->generation != before);
}

/* What a newer version, or somebody by hand, wrote is passed over. */
static void
passes_over_nonsense(void **state)
{
	const char *const levels[] = { "all", "custom", "planet:x", "slow", "ip:%zz", "slow" };

	(void)state;
	memcpy(shop.levels, levels, sizeof(levels));
	shop.version = "7";
	WAIT_FOR(base, knows("7"));
	assert_int_equal(paces_sets(paces)->count, 0);
	assert_int_equal(limits()->connections, 8);
}

static void
reads_nothing_more_while_nothing_changes(void **state)
{
	(void)state;
	set_level("1", "all", "slow");
	WAIT_FOR(base, knows("1"));
	str_empty(&redis.commands);
	WAIT_FOR(base, asks_again(3));
	assert_int_equal(fake_count(&redis, "HGETALL"), 0);
	assert_int_equal(told, 1);
}

static void
caps_a_warm_up(void **state)
{
	(void)state;
	start_warmup("3", "2d:50:slow 2d:100:normal");
	WAIT_FOR(base, knows("3"));
	assert_int_equal(limits()->day_cap, 50);
	assert_int_equal(limits()->level, LEVEL_SLOW);
	assert_int_equal(paces_limits(paces, rules, &rules->rules[0], "two", "192.0.2.2")->day_cap,
	    0);
	shop.warmups[0] = NULL;
	shop.version = "4";
	WAIT_FOR(base, knows("4"));
	assert_int_equal(limits()->day_cap, 0);
}

static void
passes_over_a_warm_up_that_makes_no_sense(void **state)
{
	(void)state;
	start_warmup("3", "0d:-1:custom");
	WAIT_FOR(base, knows("3"));
	assert_int_equal(limits()->day_cap, 0);
}

/* A reload: limits follow from the new settings, with what is set. */
static void
follows_settings(void **state)
{
	struct settings *other =
	    settings_of("levels = { slow = { connections = 0.25; }; }; level = \"fast\";");

	(void)state;
	set_level("1", "all", "slow");
	WAIT_FOR(base, knows("1"));
	paces_rebind(paces, store, other);
	assert_int_equal(limits()->connections, 2);
	settings_release(&other);
	assert_true(knows("1"));
}

/* -- Redis in trouble -------------------------------------------------------------------------- */

static void
keeps_what_it_knows_while_redis_is_away(void **state)
{
	(void)state;
	set_level("1", "all", "slow");
	WAIT_FOR(base, knows("1"));
	fake_stop(&redis);
	WAIT_FOR(base, !store_async_works(store));
	assert_int_equal(paces_level(paces), LEVEL_SLOW);
}

/* Its data are lost, and a level was set anew: its counter says the same, its levels do not. */
static void
reads_anew_when_redis_is_back(void **state)
{
	(void)state;
	set_level("1", "all", "slow");
	WAIT_FOR(base, knows("1"));
	fake_stop(&redis);
	WAIT_FOR(base, !store_async_works(store));
	set_level("1", "all", "fast");
	fake_start(&redis);
	WAIT_FOR(base, paces_level(paces) == LEVEL_FAST);
}

static void
forgets_what_redis_forgot(void **state)
{
	(void)state;
	set_level("1", "all", "slow");
	WAIT_FOR(base, knows("1"));
	set_level(NULL, NULL, NULL);
	WAIT_FOR(base, knows(""));
	assert_int_equal(paces_level(paces), LEVEL_NORMAL);
}

static const struct trouble {
	const char *label;
	bool *wrong;
	enum level level; /* that holds meanwhile */
	const char *says;
} troubles[] = {
	{ "the version is something else", &shop.wrong_version, LEVEL_SLOW, "mxpace:pace:version" },
	{ "the levels are", &shop.wrong_levels, LEVEL_SLOW, "mxpace:levels" },
	{ "the warm-ups are", &shop.wrong_warmups, LEVEL_BOOST, "mxpace:warmups" },
	{ "one warm-up is", &shop.wrong_warmup, LEVEL_BOOST, "mxpace:warmups" },
};

/* Said once; levels do not wait for warm-ups; whole again once it is mended. */
static void
outlasts_trouble(void **state)
{
	const struct trouble *row = *state;
	int saved = dup(STDERR_FILENO);
	FILE *log = tmpfile();
	char text[4096];
	const char *at;
	size_t len;

	set_up(NULL);
	set_level("1", "all", "slow");
	start_warmup("1", "2d:50:normal");
	WAIT_FOR(base, knows("1"));
	log_set_level(LOG_LEVEL_WARNING);
	assert_true(dup2(fileno(log), STDERR_FILENO) >= 0);
	*row->wrong = true;
	set_level("2", "all", "boost");
	str_empty(&redis.commands);
	WAIT_FOR(base, asks_again(4));
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	rewind(log);
	len = fread(text, 1, sizeof(text) - 1, log);
	text[len] = '\0';
	fclose(log);
	at = strstr(text, row->says);
	assert_non_null(at);
	assert_null(strstr(at + 1, row->says));
	assert_int_equal(paces_level(paces), row->level);
	assert_int_equal(limits()->day_cap, 50);
	assert_string_equal(paces_version(paces), "1");
	*row->wrong = false;
	WAIT_FOR(base, knows("2"));
	assert_int_equal(paces_level(paces), LEVEL_BOOST);
	take_down(NULL);
}

static const struct stop {
	const char *label, *at;
} stops[] = {
	{ "while it asks for the version", "GET mxpace:pace:version" },
	{ "while it reads levels", "HGETALL mxpace:levels" },
	{ "while it reads which warm-ups there are", "HGETALL mxpace:warmups" },
	{ "while it reads a warm-up", "HGETALL mxpace:{w:" },
};

static const struct stop *stop;

static const char *
hold_at(struct fake_redis *at, const char *line)
{
	if (strncmp(line, stop->at, strlen(stop->at)) == 0)
		at->holding = true;
	return answer(at, line);
}

static void
hangs_up_or_goes(void **state)
{
	stop = *state;
	for (int goes = 0; goes < 2; goes++) {
		set_up(NULL);
		redis.answer = hold_at;
		set_level("1", "all", "slow");
		start_warmup("1", "2d:50:slow");
		WAIT_FOR(base, redis.holding);
		if (goes == 0) {
			redis.holding = false;
			redis.answer = answer;
			fake_hang_up(&redis);
			WAIT_FOR(base, knows("1"));
			assert_int_equal(limits()->day_cap, 50);
		}
		take_down(NULL);
	}
}

#define IN_WORLD(list, test)                                                \
	do {                                                                \
		CHECK(list, test);                                          \
		(list)->tests[(list)->count - 1].setup_func = set_up;       \
		(list)->tests[(list)->count - 1].teardown_func = take_down; \
	} while (0)

int
main(void)
{
	struct check_list list = { 0 };

	IN_WORLD(&list, follows_levels);
	IN_WORLD(&list, passes_over_nonsense);
	IN_WORLD(&list, reads_nothing_more_while_nothing_changes);
	IN_WORLD(&list, caps_a_warm_up);
	IN_WORLD(&list, passes_over_a_warm_up_that_makes_no_sense);
	IN_WORLD(&list, follows_settings);
	IN_WORLD(&list, keeps_what_it_knows_while_redis_is_away);
	IN_WORLD(&list, reads_anew_when_redis_is_back);
	IN_WORLD(&list, forgets_what_redis_forgot);
	CHECK_ROWS(&list, outlasts_trouble, troubles);
	CHECK_ROWS(&list, hangs_up_or_goes, stops);
	return check_run(&list, "paces");
}
