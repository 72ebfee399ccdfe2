/*
 * walk: many smtp(8) processes in random order, of which some break off, hang up, or ask what they
 * should not, while Redis is slow, fails and goes away. A process opens a connection only after its
 * `connect` was answered, or takes an idle one over. At every step: connections that are open, and
 * those that may be opened, are not more than the limit; in the end nothing is counted.
 *
 * WALK_SEED and WALK_MS repeat a walk, or make it longer; as Redis and timers take their own time, no
 * two are quite the same.
 */
#include "egress_world.h"

enum { PROCESSES = 12, LIMIT = 3, WALK_MS = 200, LEAST = 3, SLOW_MS = 30000 };

static const char walk_rules[] =
    "mx_rules = ( { name = \"walk\"; mx = \"*.walk.test\"; connections = 3; messages_per_connection"
    " = 50; limits = \"1000000/1h\"; } );\n";

static const char *const hops[] = { "a.walk.test", "b.walk.test" };

enum walker_state { IDLE, ASKED_DNS, FOUND, ASKED_CONNECT, MAY_OPEN, TALKS, DENIED };

struct walker {
	struct process process;
	enum walker_state state;
	size_t hop;
	uint64_t socket; /* 0: none */
};

static struct walker walkers[PROCESSES];
static struct idle { /* connections that Postfix keeps, or that are being closed */
	uint64_t socket;
	size_t hop;
	bool closing;
} idle[FAKE_SOCKETS];
static size_t idle_count;
static unsigned seed, served, denials, reuses;

static unsigned
draw(unsigned n)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % n;
}

/* -- connections ------------------------------------------------------------------------------- */

static void
let_idle(struct walker *walker, bool closing)
{
	if (walker->socket == 0)
		return;
	assert_true(idle_count < FAKE_SOCKETS);
	kernel_find(walker->socket)->closing = closing;
	idle[idle_count++] = (struct idle){ walker->socket, walker->hop, closing };
	walker->socket = 0;
}

static bool
reuse(struct walker *walker)
{
	for (size_t i = 0; i < idle_count; i++) {
		if (idle[i].closing || idle[i].hop != walker->hop)
			continue;
		walker->socket = idle[i].socket;
		idle[i] = idle[--idle_count];
		reuses++;
		return true;
	}
	return false;
}

static void
close_one_idle(void)
{
	size_t i;

	if (idle_count == 0)
		return;
	i = draw((unsigned)idle_count);
	kernel_close(idle[i].socket);
	idle[i] = idle[--idle_count];
}

static void
check_limit(void)
{
	size_t open = kernel.count;

	for (size_t i = 0; i < PROCESSES; i++)
		open += walkers[i].state == MAY_OPEN;
	if (open > LIMIT)
		fail_msg("%zu connections of %d", open, LIMIT);
}

/* -- what a process does next ------------------------------------------------------------------ */

static void
ask(struct walker *walker, enum sockmap_map map, const char *key, enum walker_state state)
{
	walker->state = state;
	process_ask_as(&walker->process, "mxp-walk-1", map, key);
}

static void
ask_dns(struct walker *walker)
{
	char text[128];

	let_idle(walker, draw(2) == 0);
	walker->hop = draw(2);
	snprintf(text, sizeof(text), "%s. 300 IN MX 10 mx.%s.", hops[walker->hop],
	    hops[walker->hop]);
	ask(walker, MAP_DNS, text, ASKED_DNS);
}

static void
end(struct walker *walker, const char *status)
{
	for (unsigned recipients = 1 + draw(2); recipients > 0; recipients--)
		ask(walker, MAP_STATUS, status, IDLE);
	let_idle(walker, draw(4) == 0);
}

static void
hang_up(struct walker *walker)
{
	process_hang_up(&walker->process);
	walker->process = (struct process){ 0 };
	let_idle(walker, true);
	walker->state = IDLE;
}

static void
hear(struct walker *walker)
{
	bool found = walker->process.reply.answer == ANSWER_NOTFOUND;

	denials += !found;
	walker->state = !found ? DENIED : walker->state == ASKED_DNS ? FOUND : MAY_OPEN;
}

static void
connect_to_next(struct walker *walker)
{
	if (walker->socket != 0)
		return;
	ask(walker, MAP_CONNECT, hops[walker->hop], ASKED_CONNECT);
}

static void
open_socket(struct walker *walker)
{
	walker->socket = kernel_open(LOCAL, REMOTE);
	walker->state = TALKS;
}

/* As the process would go on. */
static void
go_on(struct walker *walker)
{
	char text[128];

	switch (walker->state) {
	case IDLE:
		ask_dns(walker);
		return;
	case ASKED_DNS:
	case ASKED_CONNECT:
		hear(walker);
		return;
	case FOUND:
		snprintf(text, sizeof(text), "mx.%s. 300 IN A " REMOTE, hops[walker->hop]);
		ask(walker, MAP_DNS, text, FOUND);
		if (draw(4) != 0 && reuse(walker))
			walker->state = TALKS;
		else
			connect_to_next(walker);
		return;
	case MAY_OPEN:
		if (draw(8) == 0)
			end(walker, REFUSED);
		else
			open_socket(walker);
		return;
	case TALKS:
		if (draw(60) == 0)
			served++, end(walker, DELIVERED);
		return;
	case DENIED:
		if (draw(2) == 0)
			end(walker, "4.7.5 TLS configuration problem");
		else
			connect_to_next(walker);
		return;
	}
}

static void
do_wrong(struct walker *walker)
{
	switch (draw(5)) {
	case 0:
		hang_up(walker);
		return;
	case 1: /* broken off */
		ask_dns(walker);
		return;
	case 2: /* the host's next address */
		if (walker->state == TALKS && kernel_find(walker->socket)->established) {
			kernel_close(walker->socket);
			walker->socket = kernel_open(LOCAL, REMOTE);
		}
		return;
	case 3: /* the next host */
		if (walker->state == MAY_OPEN)
			connect_to_next(walker);
		return;
	case 4: /* without records */
		if (walker->state == IDLE)
			connect_to_next(walker);
		return;
	}
}

static void
walk_one(struct walker *walker)
{
	if (walker->process.held) {
		if (draw(400) == 0)
			hang_up(walker);
	} else if (draw(40) == 0) {
		do_wrong(walker);
	} else {
		go_on(walker);
	}
}

/* -- what happens to them ---------------------------------------------------------------------- */

static void
disturb(bool away)
{
	switch (draw(away ? 6 : 4)) {
	case 0:
		redis.holding = true;
		return;
	case 1:
		shop.errors = draw(3) == 0;
		return;
	case 2:
		world_skip(draw(30));
		return;
	case 3:
		world_reload("hold = \"30ms\";", walk_rules);
		return;
	case 4:
		if (draw(4) == 0)
			fake_hang_up(&redis);
		return;
	case 5:
		world_skip(1000);
		fire_timers(base);
		return;
	}
}

static void
step(bool away)
{
	walk_one(&walkers[draw(PROCESSES)]);
	check_limit();
	if (draw(2000) == 0)
		close_one_idle();
	if (draw(2000) == 0)
		disturb(away);
	if (redis.holding && draw(200) == 0)
		fake_release(&redis);
	if (draw(3) == 0)
		event_base_loop(base, EVLOOP_NONBLOCK);
	check_limit();
}

static const struct walk_row {
	const char *label;
	unsigned seed;
	bool away; /* Redis hangs up now and then */
} walk_rows[] = {
	{ "Redis slow or failing", 1, false },
	{ "the same, otherwise", 2, false },
	{ "Redis away at times", 3, true },
	{ "away, otherwise", 4, true },
};

static void
keeps_the_limit(void **state)
{
	const struct walk_row *row = *state;
	const char *longer = getenv("WALK_MS");
	int64_t end_ms;

	seed = getenv("WALK_SEED") != NULL ? (unsigned)atoi(getenv("WALK_SEED")) : row->seed;
	served = denials = reuses = 0;
	idle_count = 0;
	memset(walkers, 0, sizeof(walkers));
	world_begin("hold = \"30ms\";");
	world_reload("hold = \"30ms\";", walk_rules);
	end_ms = clock_monotonic_ms() - skipped_ms + (longer != NULL ? atoi(longer) : WALK_MS);
	/* Under valgrind little is done in that time. */
	while (clock_monotonic_ms() - skipped_ms < end_ms ||
	       (served < LEAST && clock_monotonic_ms() - skipped_ms < end_ms + SLOW_MS))
		step(row->away);
	for (size_t i = 0; i < PROCESSES; i++)
		hang_up(&walkers[i]);
	fake_release(&redis);
	assert_in_range(served, LEAST, UINT32_MAX);
	world_end();
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, keeps_the_limit, walk_rows);
	return check_run(&list, "walk");
}
