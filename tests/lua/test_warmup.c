/* A warm-up of thirty days in a few seconds: two nodes with the real evaluator and the real limits on
 * a Redis whose clock is moved, three providers, one of which complains on day 6. Then the scripts by
 * themselves. */
#include <event2/event.h>
#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "keys.h"
#include "paces.h"
#include "ramp.h"
#include "redis.h"
#include "ring.h"
#include "store_backoff.h"
#include "store_egress.h"
#include "store_warmup.h"

#define NEW_IP "198.51.100.7"
#define OLD_IP "198.51.100.1"

enum { FIRST_DAY = 20779, DAY_S = 86400, DAYS = 30, NODES = 2, DEMAND = 25 /* an hour */ };

static const char conf_text[] =
    "redis = \"unix:%s\"; node = \"%s\"; mx_rules = \"%s/mx-rules.conf\"; mx_rules_local = \"\";\n"
    "sending_ips = ( { name = \"" NEW_IP "\"; }, { name = \"" OLD_IP "\"; } );\n"
    "warmup_plans = ( { name = \"short\"; stages = (\n"
    "  { days = 2; cap = 20; level = \"slow\"; }, { days = 2; cap = 40; level = \"slow\"; },\n"
    "  { days = 2; cap = 80; level = \"slow\"; }, { days = 3; cap = 160; level = \"slow\"; },\n"
    "  { days = 4; cap = 240; }, { days = 5; cap = 320; }, { days = 6; cap = 400; } ); } );\n";
static const char rules_text[] =
    "mx_rules = (\n"
    "  { name = \"google\"; mx = [ \"*.google.test\" ]; messages_per_hour = 1000; burst = true; },\n"
    "  { name = \"outlook\"; mx = [ \"*.outlook.test\" ]; messages_per_hour = 1000;\n"
    "    burst = true; },\n"
    "  { name = \"yahoo\"; mx = [ \"*.yahoo.test\" ]; messages_per_hour = 1000; burst = true;\n"
    "    backoff = ( { match = \"TSS04\"; sample = \"421 TSS04\"; after = \"3/1h\";\n"
    "                  action = \"suspend\"; for = \"1h\"; } ); } );\n";

static const char *const providers[] = { "google", "outlook", "yahoo" };
enum { PROVIDERS = 3, YAHOO = 2 };

static struct redis redis;
static struct event_base *base;
static struct mx_rules *rules;
static char conf_path[128], rules_path[128];

static struct node {
	struct settings *settings;
	struct store_async *store;
	struct paces *paces;
	struct ramp *ramp;
} nodes[NODES];

/* -- the nodes ----------------------------------------------------------------------------------- */

static void
on_store(void *arg, bool working, const char *words)
{
	(void)arg;
	(void)working;
	(void)words;
}

static void
on_paces(void *arg)
{
	(void)arg;
}

static void
write_conf(const char *name)
{
	FILE *file = fopen(conf_path, "w");

	assert_non_null(file);
	fprintf(file, conf_text, redis.socket, name, redis.folder);
	fclose(file);
	file = fopen(rules_path, "w");
	assert_non_null(file);
	fputs(rules_text, file);
	fclose(file);
}

static void
start_node(struct node *node, const char *name)
{
	struct conf_errors errors = { 0 };
	struct err err;

	write_conf(name);
	node->settings = settings_load(conf_path, &errors);
	if (node->settings == NULL)
		fail_msg("%s", str_text(&errors.lines));
	node->store = store_async_new(base, &node->settings->redis, 20000, on_store, NULL, &err);
	assert_non_null(node->store);
	node->paces = paces_new(base, node->store, node->settings, on_paces, NULL);
	node->ramp = ramp_new(base, node->store, node->settings, name);
	while (!store_async_works(node->store))
		event_base_loop(base, EVLOOP_ONCE);
}

static void
stop_node(struct node *node)
{
	ramp_free(&node->ramp);
	paces_free(&node->paces);
	store_async_free(&node->store);
	settings_release(&node->settings);
}

/* Both look whether there is something to judge, at the same time, until they are through. */
static void
judge(void)
{
	for (size_t i = 0; i < NODES; i++)
		ramp_go(nodes[i].ramp);
	while (ramp_is_busy(nodes[0].ramp) || ramp_is_busy(nodes[1].ramp))
		event_base_loop(base, EVLOOP_ONCE);
}

/* What both nodes know, once they have read what Redis says by now. */
static int64_t
cap_of(size_t node, const char *group)
{
	const struct mx_rule *rule = mx_rules_named(rules, span_of(group));

	return paces_limits(nodes[node].paces, rules, rule, group, NEW_IP)->day_cap;
}

/* Lets every node read once more: a change made after this one is told later. */
static void
learn(void)
{
	int64_t until_ms = clock_monotonic_ms() + 20000;
	bool same;

	do {
		for (size_t i = 0; i < NODES; i++)
			paces_ask(nodes[i].paces);
		event_base_loop(base, EVLOOP_ONCE);
		same = true;
		for (size_t i = 0; i < NODES; i++)
			same = same && paces_is_current(nodes[i].paces,
					   redis_number(&redis, "INCRBY mxpace:pace:version 0"));
	} while (!same && clock_monotonic_ms() < until_ms);
	assert_true(same);
}

static void
set_time(int64_t day, int64_t second)
{
	redis_set_ms(&redis, ((FIRST_DAY + day) * DAY_S + second) * 1000);
}

/* -- mxctl --------------------------------------------------------------------------------------- */

static char *
mxctl(const char *line, int rc)
{
	char words[256],
	    *argv[16] = { (char *)(uintptr_t) "mxctl", (char *)(uintptr_t) "-c", conf_path },
	    *rest = words, *text;
	size_t size;
	FILE *out = open_memstream(&text, &size), *in = fopen("/dev/null", "r");
	int argc = 3, got;

	snprintf(words, sizeof(words), "%s", line);
	while ((argv[argc] = strsep(&rest, " ")) != NULL)
		argc++;
	got = command_main(argc, argv, in, out, out);
	fclose(in);
	fclose(out);
	if (got != rc)
		fail_msg("mxctl %s: %d\n%s", line, got, text);
	return text;
}

static void
order(const char *line)
{
	free(mxctl(line, 0));
}

/* -- mail ---------------------------------------------------------------------------------------- */

static struct tally {
	int64_t offered, new_ip, old_ip, refused; /* messages; refused ones come again */
	int64_t by_day[PROVIDERS][DAYS];          /* from the new IP */
	int64_t hours[PROVIDERS][DAYS * 24];
} tally;

static bool
take(size_t node, const char *group, const char *ip, int64_t *stamp_ms)
{
	const struct mx_rule *rule = mx_rules_named(rules, span_of(group));
	const struct mx_limits *limits = paces_limits(nodes[node].paces, rules, rule, group, ip);
	struct store_take request = { .group = group,
		.ip = ip,
		.node = nodes[node].settings->node,
		.limits = limits->limits,
		.limit_count = limits->limit_count,
		.commit = true,
		.counts = true };
	struct store_batch batch = { 0 };
	struct store_took took;

	store_put_take(&batch, &request, &took);
	redis_run(&redis, &batch);
	*stamp_ms = took.now_ms;
	return took.outcome == STORE_TAKEN;
}

static void
settle(size_t node, const char *group, const char *ip, int64_t stamp_ms, bool delivered)
{
	const struct mx_rule *rule = mx_rules_named(rules, span_of(group));
	const struct mx_limits *limits = paces_limits(nodes[node].paces, rules, rule, group, ip);
	struct store_settled settled = { .group = group,
		.ip = ip,
		.node = nodes[node].settings->node,
		.limits = limits->limits,
		.limit_count = limits->limit_count,
		.stamp_ms = stamp_ms,
		.counts = true,
		.delivered = delivered,
		.deferred = !delivered };
	struct store_batch batch = { 0 };

	store_put_settle(&batch, &settled, NULL);
	redis_run(&redis, &batch);
}

/* A 421 that a backoff rule knows. */
static void
complain(size_t node, const char *group)
{
	const struct mx_rule *rule = mx_rules_named(rules, span_of(group));
	struct store_hit hit = { .group = group,
		.ip = NEW_IP,
		.node = nodes[node].settings->node,
		.rule = &rule->backoff[0],
		.per_hour = rule->messages_per_hour,
		.text = "421 TSS04" };
	struct store_batch batch = { 0 };
	struct store_backoff backoff;

	store_put_hit(&batch, &hit, &backoff);
	redis_run(&redis, &batch);
}

/* By the new IP as far as its cap goes, else by the old one; what a provider defers goes again by
 * the old one. */
static void
offer(size_t provider, int64_t day, int64_t hour, bool is_angry)
{
	const char *group = providers[provider];
	size_t node = (size_t)(tally.offered++ % NODES);
	int64_t stamp_ms;

	if (take(node, group, NEW_IP, &stamp_ms)) {
		tally.by_day[provider][day]++;
		tally.hours[provider][day * 24 + hour]++;
		settle(node, group, NEW_IP, stamp_ms, !is_angry);
		if (!is_angry) {
			tally.new_ip++;
			return;
		}
		tally.refused++;
		complain(node, group);
	}
	assert_true(take(node, group, OLD_IP, &stamp_ms));
	settle(node, group, OLD_IP, stamp_ms, true);
	tally.old_ip++;
}

/* Never more than the cap in any 24 hours. */
static void
check_window(size_t provider, int64_t day, int64_t hour)
{
	int64_t sum = 0, now = day * 24 + hour, cap = cap_of(0, providers[provider]);

	for (int64_t h = now > 23 ? now - 23 : 0; h <= now; h++)
		sum += tally.hours[provider][h];
	/* After a stage back the old cap's messages stand in the window for a day. */
	if (cap > 0 && tally.hours[provider][now] > 0)
		assert_in_range(sum, 0, cap);
}

static void
play_hour(int64_t day, int64_t hour)
{
	struct store_batch batch = { 0 };

	set_time(day, hour * 3600 + 300);
	judge();
	learn();
	for (size_t p = 0; p < PROVIDERS; p++) {
		store_put_group_used(&batch, providers[p], redis_ms(&redis) / 1000);
		redis_run(&redis, &batch);
		for (size_t node = 1; node < NODES; node++)
			assert_int_equal(cap_of(node, providers[p]), cap_of(0, providers[p]));
		for (int i = 0; i < DEMAND; i++)
			offer(p, day, hour, p == YAHOO && day == 5);
		check_window(p, day, hour);
	}
}

static void
print_days(void)
{
	for (size_t p = 0; p < PROVIDERS; p++) {
		struct str line = { 0 };

		for (int d = 0; d < DAYS; d++)
			str_addf(&line, " %d", (int)tally.by_day[p][d]);
		print_message("# %s:%s\n", providers[p], str_text(&line));
		str_free(&line);
	}
	print_message("# offered %d, new IP %d, old IP %d, deferred once %d\n", (int)tally.offered,
	    (int)tally.new_ip, (int)tally.old_ip, (int)tally.refused);
}

static const struct {
	int64_t cap, days;
} planned[] = { { 20, 2 }, { 40, 2 }, { 80, 2 }, { 160, 3 }, { 240, 4 }, { 320, 5 }, { 400, 6 } };

static struct warmup
read_warmup(struct arena *arena)
{
	struct store_fields fields = { .arena = arena };
	struct store_batch batch = { 0 };
	struct warmup warmup;

	store_put_warmup_read(&batch, NEW_IP, &fields);
	redis_run(&redis, &batch);
	assert_true(warmup_read(arena, fields.items, fields.count, &warmup));
	return warmup;
}

static void
check_line(const struct warmup *warmup, const char *group, const char *want)
{
	const struct warmup_group *found = warmup_group_of(warmup, group);

	assert_non_null(found);
	assert_string_equal(found->line, want);
	assert_true(found->state.done);
}

/* A day is 24 hours as any other: never more than the cap; a little of it may fall to the next. */
static void
check_day(int64_t sent, int64_t cap)
{
	assert_in_range(sent, cap * 8 / 10, cap);
}

static void
check_plan(void)
{
	int64_t day = 0;

	for (size_t i = 0; i < COUNT(planned); i++)
		for (int64_t d = 0; d < planned[i].days; d++, day++) {
			check_day(tally.by_day[0][day], planned[i].cap);
			check_day(tally.by_day[1][day], planned[i].cap);
		}
	assert_true(tally.by_day[0][24] > 400); /* done: no cap any more */
	assert_int_equal(tally.offered, tally.new_ip + tally.old_ip);
	assert_true(tally.refused > 0);
}

/* Yahoo: two days each of 20, 40; then 80 for a day and a half, back to 40 for its two days, and up
 * again from there. */
static void
check_trouble(const struct warmup *warmup)
{
	check_line(warmup, "google", "20261122 1+1^2+2^3+3^4+4+4^5+5+5+5^6+6+6+6+6^7+7+7+7+7+7*");
	check_line(warmup, "outlook", "20261122 1+1^2+2^3+3^4+4+4^5+5+5+5^6+6+6+6+6^7+7+7+7+7+7*");
	check_line(warmup, "yahoo",
	    "20261122 1+1^2+2^3+3v2+2^3+3^4+4+4^5+5+5+5^6+6+6+6+6^7+7+7+7+7+7*");
	check_day(tally.by_day[YAHOO][4], 80);
	check_day(tally.by_day[YAHOO][6], 40);
	check_day(tally.by_day[YAHOO][7], 40);
	check_day(tally.by_day[YAHOO][8], 80);
}

static void
check_history(void)
{
	char *text = mxctl("warmup show " NEW_IP " --history", 0);

	fputs("#\n", stdout);
	for (char *rest = text, *line; (line = strsep(&rest, "\n")) != NULL;) {
		print_message("# %s\n", line);
		assert_in_range(strlen(line), 0, 80);
		if (rest != NULL)
			rest[-1] = '\n';
	}
	assert_non_null(strstr(text, "11-22     11-27     12-02     12-07     12-12     12-17"));
	assert_non_null(strstr(text, "yahoo   1+1^2+2^3+3v2+2^3+3^4+"));
	assert_non_null(strstr(text, "warm"));
	free(text);
}

static void
thirty_days(void **state)
{
	struct arena arena;
	struct warmup warmup;
	struct ramp_figures figures[NODES];

	(void)state;
	redis_fresh(&redis);
	memset(&tally, 0, sizeof(tally));
	set_time(0, 0);
	order("warmup start " NEW_IP);
	learn();
	/* From the first message on, also of groups nobody knows yet. */
	assert_int_equal(cap_of(0, "google"), 20);
	assert_int_equal(cap_of(1, "yahoo"), 20);
	for (int64_t day = 0; day < DAYS; day++)
		for (int64_t hour = 0; hour < 24; hour++)
			play_hour(day, hour);
	print_days();
	arena_init(&arena);
	warmup = read_warmup(&arena);
	assert_int_equal(warmup.run, WARMUP_DONE);
	check_plan();
	check_trouble(&warmup);
	arena_clear(&arena);
	for (size_t i = 0; i < NODES; i++)
		figures[i] = ramp_figures(nodes[i].ramp);
	/* Nothing was judged twice. */
	assert_int_equal(figures[0].done + figures[1].done, 3);
	assert_int_equal(figures[0].downs + figures[1].downs, 1);
	assert_int_equal(redis_number(&redis, "HLEN mxpace:warmups"), 0);
	assert_true(redis_number(&redis, "TTL mxpace:{w:" NEW_IP "}") > 0);
	check_history();
}

/* -- orders -------------------------------------------------------------------------------------- */

static void
begin_warmup(void)
{
	redis_fresh(&redis);
	for (size_t i = 0; i < NODES; i++) { /* what they remember of another Redis */
		ramp_free(&nodes[i].ramp);
		nodes[i].ramp = ramp_new(base, nodes[i].store, nodes[i].settings, "again");
	}
	set_time(0, 0);
	order("warmup start " NEW_IP);
	learn();
}

/* So many delivered to a group on a day, at noon. */
static void
deliver(int64_t day, const char *group, int64_t delivered, int64_t bounced)
{
	struct store_settled settled = { .group = group,
		.ip = NEW_IP,
		.node = "mta1",
		.delivered = delivered,
		.bounced = bounced };
	struct store_batch batch = { 0 };

	set_time(day, DAY_S / 2);
	store_put_settle(&batch, &settled, NULL);
	store_put_group_used(&batch, group, redis_ms(&redis) / 1000);
	redis_run(&redis, &batch);
}

static bool
line_is(const char *group, const char *want)
{
	return redis_is(&redis, want, "HGET mxpace:{w:" NEW_IP "} d:%s", group);
}

static void
holidays_and_little_mail(void **state)
{
	(void)state;
	begin_warmup();
	deliver(0, "google", 20, 0);
	deliver(0, "outlook", 2, 0);
	set_time(1, 60);
	judge();
	assert_true(line_is("google", "20261122 1+"));
	/* Too little to ever count: no field. */
	assert_int_equal(redis_number(&redis, "HEXISTS mxpace:{w:" NEW_IP "} g:outlook"), 0);
	set_time(2, 60); /* a day without mail */
	judge();
	deliver(2, "google", 5, 0);
	set_time(3, 60);
	judge();
	assert_true(line_is("google", "20261122 1+1.1-"));
	deliver(3, "google", 20, 0);
	set_time(4, 60);
	judge();
	assert_true(line_is("google", "20261122 1+1.1-1^"));
	learn();
	assert_int_equal(cap_of(0, "google"), 40);
	assert_int_equal(cap_of(0, "outlook"), 20);
}

/* Nobody judged for some days: each is judged for itself then. */
static void
days_that_were_missed(void **state)
{
	(void)state;
	begin_warmup();
	deliver(0, "google", 20, 0);
	deliver(1, "google", 20, 0);
	deliver(2, "google", 10, 30);
	deliver(3, "google", 20, 0);
	set_time(5, 60);
	judge();
	assert_true(line_is("google", "20261122 1+1^2v1+1."));
	judge(); /* within the minute: nothing more */
	assert_int_equal(redis_number(&redis, "XLEN mxpace:{w:" NEW_IP "}:history"), 3);
}

static void
a_clock_that_goes_back(void **state)
{
	(void)state;
	begin_warmup();
	deliver(0, "google", 20, 0);
	set_time(2, 60);
	judge();
	assert_true(line_is("google", "20261122 1+1."));
	set_time(1, 60);
	judge();
	set_time(2, 180);
	judge();
	assert_true(line_is("google", "20261122 1+1."));
}

static void
a_pause_does_not_count(void **state)
{
	(void)state;
	begin_warmup();
	deliver(0, "google", 20, 0);
	set_time(1, 60);
	judge();
	order("warmup pause " NEW_IP);
	deliver(1, "google", 20, 0);
	set_time(2, 60);
	judge();
	assert_true(line_is("google", "20261122 1+"));
	learn();
	assert_int_equal(cap_of(0, "google"), 20); /* holds on */
	set_time(3, 60);
	order("warmup resume " NEW_IP);
	judge();
	assert_true(line_is("google", "20261122 1+"));
	deliver(3, "google", 20, 0);
	set_time(4, 60);
	judge();
	assert_true(line_is("google", "20261122 1+1~1~1^"));
}

static void
skipping_and_stopping(void **state)
{
	char *text;

	(void)state;
	begin_warmup();
	order("warmup skip " NEW_IP " --group google");
	learn();
	assert_int_equal(cap_of(0, "google"), 40);
	assert_int_equal(cap_of(0, "yahoo"), 20);
	order("warmup skip " NEW_IP);
	learn();
	assert_int_equal(cap_of(1, "google"), 80);
	assert_int_equal(cap_of(1, "yahoo"), 40);
	text = mxctl("--json warmup show " NEW_IP, 0);
	assert_non_null(strstr(text, "\"days_left\":20"));
	assert_non_null(strstr(text, "\"group\":\"google\",\"stage\":3"));
	free(text);
	free(mxctl("warmup start " NEW_IP, 1));     /* it runs */
	free(mxctl("warmup start 203.0.113.9", 1)); /* none of ours */
	free(mxctl("warmup start " NEW_IP " --plan no", 2));
	order("warmup stop " NEW_IP);
	learn();
	assert_int_equal(cap_of(0, "google"), 0);
	free(mxctl("warmup stop " NEW_IP, 1));
	free(mxctl("warmup pause " NEW_IP, 1));
	order("warmup start " NEW_IP); /* from the beginning */
	learn();
	assert_int_equal(cap_of(0, "google"), 20);
}

/* A backoff takes a stage back the minute it is seen, and once a day. */
static void
a_backoff_at_once(void **state)
{
	(void)state;
	begin_warmup();
	order("warmup skip " NEW_IP " --group yahoo");
	order("warmup skip " NEW_IP " --group yahoo");
	set_time(0, 3600);
	for (int i = 0; i < 3; i++)
		complain(0, "yahoo");
	set_time(0, 3660);
	judge();
	learn();
	assert_int_equal(cap_of(0, "yahoo"), 40);
	for (int i = 0; i < 3; i++)
		complain(0, "yahoo");
	set_time(0, 7200);
	judge();
	set_time(1, 60);
	judge();
	learn();
	assert_int_equal(cap_of(0, "yahoo"), 40);
	assert_true(line_is("yahoo", "20261122 3v"));
	assert_true(
	    redis_is(&redis, "1", "HGET mxpace:{g:yahoo}:stats:2026112201 %s", NEW_IP " backoffs"));
}

/* -- scripts ------------------------------------------------------------------------------------- */

static int64_t
set(const char *states, const char *field, const char *before, const char *value)
{
	const struct store_event_field fields[] = { { field, value } };
	struct store_warmup_set request = { .ip = NEW_IP,
		.states = states,
		.field = field,
		.before = before,
		.fields = fields,
		.field_count = 1 };
	struct store_batch batch = { 0 };
	int64_t changed = -1;

	store_put_warmup_set(&batch, &request, &changed);
	redis_run(&redis, &batch);
	return changed;
}

static void
two_that_judge(void **state)
{
	(void)state;
	begin_warmup();
	assert_int_equal(set("|running|", "g:google", "", "1 1 20261122 20261122"), 1);
	assert_int_equal(set("|running|", "g:google", "", "1 1 20261122 20261122"), 0);
	assert_int_equal(
	    set("|running|", "g:google", "1 1 20261122 20261122", "2 0 20261123 20261124"), 1);
	assert_int_equal(
	    set("|running|", "g:google", "1 1 20261122 20261122", "2 0 20261123 20261124"), 0);
	assert_int_equal(
	    set("|paused|", "g:google", "2 0 20261123 20261124", "3 0 20261123 20261124"), 0);
	assert_int_equal(set("", "g:google", "2 0 20261123 20261124", ""), 1);
	assert_int_equal(redis_number(&redis, "HEXISTS mxpace:{w:" NEW_IP "} g:google"), 0);
}

static void
figures_of_days(void **state)
{
	struct store_settled settled = { .group = "google",
		.ip = NEW_IP,
		.node = "mta1",
		.delivered = 3,
		.deferred = 2,
		.greylisted = 1,
		.bounced = 4,
		.denied = 9 };
	struct store_batch batch = { 0 };
	struct store_warmup_days days;

	(void)state;
	redis_fresh(&redis);
	for (int64_t hour = 0; hour < 48; hour += 23) {
		set_time(0, hour * 3600);
		store_put_settle(&batch, &settled, NULL);
		redis_run(&redis, &batch);
	}
	store_put_warmup_days(&batch, "google", NEW_IP, FIRST_DAY - 1, 3, &days);
	redis_run(&redis, &batch);
	assert_int_equal(days.days[0].delivered, 0);
	assert_int_equal(days.days[1].day, FIRST_DAY);
	assert_int_equal(days.days[1].delivered, 6);
	assert_int_equal(days.days[1].deferred, 4);
	assert_int_equal(days.days[1].greylisted, 2);
	assert_int_equal(days.days[1].bounced, 8);
	assert_int_equal(days.days[1].backoffs, 0);
	assert_int_equal(days.days[2].delivered, 3);
}

int
main(void)
{
	struct check_list list = { 0 };
	struct conf_errors errors = { 0 };
	int rc;

	CHECK(&list, thirty_days);
	CHECK(&list, holidays_and_little_mail);
	CHECK(&list, days_that_were_missed);
	CHECK(&list, a_clock_that_goes_back);
	CHECK(&list, a_pause_does_not_count);
	CHECK(&list, skipping_and_stopping);
	CHECK(&list, a_backoff_at_once);
	CHECK(&list, two_that_judge);
	CHECK(&list, figures_of_days);
	redis_start(&redis, NULL);
	snprintf(conf_path, sizeof(conf_path), "%s/mxpace.conf", redis.folder);
	snprintf(rules_path, sizeof(rules_path), "%s/mx-rules.conf", redis.folder);
	base = event_base_new();
	rules = mx_rules_parse(rules_text, "rules", &errors);
	if (rules == NULL) {
		printf("Bail out! %s\n", str_text(&errors.lines));
		return 1;
	}
	start_node(&nodes[0], "mta1");
	start_node(&nodes[1], "mta2");
	rc = check_run(&list, "warmup");
	stop_node(&nodes[0]);
	stop_node(&nodes[1]);
	mx_rules_release(&rules);
	event_base_free(base);
	unlink(conf_path);
	unlink(rules_path);
	redis_stop(&redis);
	return rc;
}
