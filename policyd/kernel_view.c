#include "kernel_view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "decide.h"
#include "log.h"
#include "mem.h"
#include "open_socket.h"
#include "sending_bind.h"

struct kernel_view {
	struct egress *egress;
	struct sockets *kernel; /* NULL: it does not let us */
	struct open_socket *seen;
	struct open_socket *cached; /* blind: of grants that have ended, maybe in Postfix' cache */
	struct grants live;
	int64_t started_ms;
	uint64_t next_cached; /* cookie of the next cached one */
	bool any_seen;        /* ever: the kernel shows us what our Postfix does */
	unsigned unseen_talks;
	bool blind, warned_of_kernel;
	bool started; /* all that was found while starting is published */
};

/* -- what is told ------------------------------------------------------------------------------ */

bool
kernel_view_is_starting(const struct kernel_view *view)
{
	return clock_monotonic_ms() - view->started_ms < KERNEL_VIEW_START_MS;
}

void
kernel_view_skip_start(struct kernel_view *view, bool sees)
{
	view->any_seen = view->any_seen || sees;
	view->started_ms = clock_monotonic_ms() - KERNEL_VIEW_START_MS;
}

void
kernel_view_publish(const struct kernel_view *view, struct lane *lane)
{
	int64_t asked = lane->slot_asking != NULL; /* Redis may count it already */

	if (!kernel_view_is_starting(view))
		group_set_open(lane->group, lane_open(lane) + asked);
}

void
kernel_view_log(const struct lane *lane, const char *what)
{
	log_debug("slot %s: group=%s ip=%s: %" PRId64 " sockets, %" PRId64
		  " grants without, %" PRId64 " usable, %" PRId64 " of them taken, %" PRId64
		  " passed, %" PRId64 " wait",
	    what, lane_name(lane), lane_ip(lane), lane->sockets, lane->bare, lane->usable,
	    lane->taken, lane->passed, lane->slot_waiters);
}

static void
tell(const struct kernel_view *view, const struct open_socket *socket, const char *what)
{
	for (size_t i = 0; i < socket->lane_count; i++) {
		kernel_view_publish(view, socket->lanes[i]);
		kernel_view_log(socket->lanes[i], what);
	}
}

/* -- sockets that come ------------------------------------------------------------------------- */

struct unasked {
	struct egress *egress;
	struct open_socket *socket;
	const struct sockets_entry *entry;
};

/* Counted in each lane that lists its address: of the sending IP it is bound to, if that is known. */
static void
count_unasked(void *arg, const char *group)
{
	struct unasked *unasked = arg;
	struct egress *egress = unasked->egress;
	struct engine *engine = egress->engine;
	const struct mx_rule *rule = mx_rules_of_group(engine->rules, group);
	struct sending_bind from;
	struct lane *lane;

	if (rule == NULL ||
	    !sending_bind_of_address(engine->settings, engine->ip, &unasked->entry->local, &from))
		return;
	lane = lanes_get(egress->lanes, engine->rules, rule, group, decide_ip(rule, from.name));
	open_socket_count_in(unasked->socket, lane);
	lane_release(&lane);
}

static bool
is_usable(const struct sockets_entry *entry)
{
	return entry->established && !entry->closing;
}

static void
meet(struct kernel_view *view, const struct sockets_entry *entry)
{
	struct egress *egress = view->egress;
	struct open_socket *socket = open_socket_new(entry->cookie);
	struct unasked unasked = { egress, socket, entry };
	struct grant *grant = grants_find(&view->live, entry, egress->addresses);

	socket->seen = true;
	HASH_ADD(hh, view->seen, cookie, sizeof(socket->cookie), socket);
	if (grant != NULL) {
		open_socket_match(socket, grant);
		view->any_seen = true;
	} else {
		addresses_groups(egress->addresses, &entry->remote, count_unasked, &unasked);
		if (socket->lane_count > 0 && !kernel_view_is_starting(view))
			egress->figures.unasked++;
	}
	open_socket_set_usable(socket, is_usable(entry));
	tell(view, socket, grant != NULL ? "connected" : "unasked");
}

/* -- sockets that go --------------------------------------------------------------------------- */

static void
forget(struct kernel_view *view, struct open_socket **list, struct open_socket *socket)
{
	struct lane *lanes[OPEN_SOCKET_LANES_MAX];
	size_t count = socket->lane_count;

	for (size_t i = 0; i < count; i++)
		lanes[i] = lane_hold(socket->lanes[i]);
	HASH_DEL(*list, socket);
	open_socket_free(&socket);
	for (size_t i = 0; i < count; i++) {
		kernel_view_publish(view, lanes[i]);
		kernel_view_log(lanes[i], "closed");
		lane_release(&lanes[i]);
	}
}

static void
drop_cached(struct kernel_view *view)
{
	int64_t now_ms = clock_monotonic_ms();
	struct open_socket *socket, *next;

	HASH_ITER (hh, view->cached, socket, next)
		if (socket->until_ms <= now_ms)
			forget(view, &view->cached, socket);
}

/* -- the look ---------------------------------------------------------------------------------- */

static bool
list(struct kernel_view *view, const struct sockets_entry **entries, size_t *count)
{
	struct err err;

	if (view->kernel == NULL)
		return false;
	if (sockets_list(view->kernel, entries, count, &err) != 0) {
		if (!view->warned_of_kernel)
			log_warning("kernel view: %s; open connections stay as they were last "
				    "seen",
			    err.text);
		view->warned_of_kernel = true;
		return false;
	}
	view->warned_of_kernel = false;
	return true;
}

static void
compare(struct kernel_view *view, const struct sockets_entry *entries, size_t count)
{
	struct open_socket *socket, *next;

	HASH_ITER (hh, view->seen, socket, next)
		socket->seen = false;
	for (size_t i = 0; i < count; i++) {
		HASH_FIND(hh, view->seen, &entries[i].cookie, sizeof(entries[i].cookie), socket);
		if (socket != NULL) {
			socket->seen = true;
			open_socket_set_usable(socket, is_usable(&entries[i]));
		} else {
			meet(view, &entries[i]);
		}
	}
	HASH_ITER (hh, view->seen, socket, next)
		if (!socket->seen)
			forget(view, &view->seen, socket);
}

static void
publish_found(void *arg, struct lane *lane)
{
	kernel_view_publish(arg, lane);
}

static void end_after_look(struct kernel_view *view);

void
kernel_view_look(struct kernel_view *view)
{
	const struct sockets_entry *entries;
	size_t count;

	if (list(view, &entries, &count))
		compare(view, entries, count);
	end_after_look(view);
	drop_cached(view);
	if (view->started || kernel_view_is_starting(view))
		return;
	view->started = true;
	lanes_each(view->egress->lanes, publish_found, view);
}

/* -- grants ------------------------------------------------------------------------------------ */

void
kernel_view_begin(struct kernel_view *view, struct grant *grant)
{
	grant->live = true;
	grant->matched = grant->ended = false;
	grant->sockets = 0;
	grant->granted_ms = grant->bare_ms = clock_monotonic_ms();
	grant->lane->bare++;
	TAILQ_INSERT_TAIL(&view->live, grant, link);
	kernel_view_publish(view, grant->lane);
	kernel_view_log(grant->lane, "granted");
}

struct grant *
kernel_view_stale(const struct kernel_view *view, int64_t now_ms)
{
	struct grant *grant;

	TAILQ_FOREACH (grant, &view->live, link)
		if (!grant->ended && grant->sockets == 0 && now_ms - grant->bare_ms > GRANT_BARE_MS)
			return grant;
	return NULL;
}

/* Its connection was taken for another grant's: that one is without again. */
static void
take_back_socket(struct kernel_view *view, const struct grant *grant)
{
	struct open_socket *socket, *next;

	HASH_ITER (hh, view->seen, socket, next) {
		struct grant *other = socket->grant;

		if (other == NULL || other->lane != grant->lane ||
		    other->granted_ms > grant->granted_ms || socket->since_ms < grant->granted_ms)
			continue;
		open_socket_part(socket);
		other->matched = other->sockets > 0;
		return;
	}
}

/* Its connection may be in the cache, where we cannot see it. */
static void
keep_cached(struct kernel_view *view, const struct grant *grant)
{
	struct open_socket *socket = open_socket_new(++view->next_cached);

	socket->until_ms = clock_monotonic_ms() + KERNEL_VIEW_CACHE_MS;
	open_socket_count_in(socket, grant->lane);
	HASH_ADD(hh, view->cached, cookie, sizeof(socket->cookie), socket);
}

static void
notice_blindness(struct kernel_view *view)
{
	if (view->any_seen || view->blind || ++view->unseen_talks < KERNEL_VIEW_BLIND)
		return;
	view->blind = true;
	log_warning("kernel view: none: deliveries reach their providers and no connection of "
		    "theirs is in this network namespace (a container, another host?); "
		    "connections are counted by look-ups, less exactly");
}

static void
end_now(struct kernel_view *view, struct grant *grant, bool talked)
{
	struct open_socket *socket, *next;

	if (grant->sockets > 0)
		HASH_ITER (hh, view->seen, socket, next)
			if (socket->grant == grant)
				open_socket_part(socket);
	TAILQ_REMOVE(&view->live, grant, link);
	grant->live = false;
	grant->lane->bare--;
	/* One that did not come as far as `connect` talked over a connection it found. */
	if (grant->connecting && !grant->matched && talked) {
		notice_blindness(view);
		take_back_socket(view, grant);
		if (kernel_view_is_blind(view))
			keep_cached(view, grant);
	}
	kernel_view_publish(view, grant->lane);
	kernel_view_log(grant->lane, talked ? "ended" : "ended without a connection");
}

/* A copy in its place: the delivery's own is free for what it does next. */
static void
end_later(struct kernel_view *view, struct grant *grant, bool talked)
{
	struct grant *copy = mem_alloc(sizeof(*copy));
	struct sockets_address *addresses =
	    mem_alloc((grant->address_count + 1) * sizeof(*addresses));

	*copy = *grant;
	copy->ended = true;
	copy->talked = talked;
	copy->lane = lane_hold(grant->lane);
	copy->addresses = addresses;
	if (grant->address_count > 0)
		memcpy(addresses, grant->addresses, grant->address_count * sizeof(*addresses));
	TAILQ_INSERT_BEFORE(grant, copy, link);
	TAILQ_REMOVE(&view->live, grant, link);
	grant->live = false;
}

static void
free_copy(struct grant *copy)
{
	free((void *)(uintptr_t)copy->addresses);
	lane_release(&copy->lane);
	free(copy);
}

static void
end_after_look(struct kernel_view *view)
{
	struct grant *grant, *next;

	for (grant = TAILQ_FIRST(&view->live); grant != NULL; grant = next) {
		next = TAILQ_NEXT(grant, link);
		if (!grant->ended)
			continue;
		end_now(view, grant, grant->talked);
		free_copy(grant);
	}
}

void
kernel_view_end(struct kernel_view *view, struct grant *grant, bool talked)
{
	if (grant->connecting && !grant->matched && view->kernel != NULL)
		end_later(view, grant, talked);
	else
		end_now(view, grant, talked);
}

/* -- the whole --------------------------------------------------------------------------------- */

struct kernel_view *
kernel_view_new(struct egress *egress)
{
	struct kernel_view *view = mem_alloc(sizeof(*view));
	struct err err;

	view->egress = egress;
	TAILQ_INIT(&view->live);
	view->started_ms = clock_monotonic_ms();
	view->kernel = sockets_new(&err);
	if (view->kernel == NULL) {
		log_warning("kernel view: none: %s; connections are counted by look-ups, less "
			    "exactly",
		    err.text);
		view->blind = true;
	}
	return view;
}

void
kernel_view_free(struct kernel_view **view)
{
	struct kernel_view *old = *view;
	struct open_socket *socket, *next;

	*view = NULL;
	if (old == NULL)
		return;
	end_after_look(old);
	HASH_ITER (hh, old->seen, socket, next)
		forget(old, &old->seen, socket);
	HASH_ITER (hh, old->cached, socket, next)
		forget(old, &old->cached, socket);
	sockets_free(&old->kernel);
	free(old);
}

bool
kernel_view_is_busy(const struct kernel_view *view)
{
	return view->seen != NULL || view->cached != NULL || !TAILQ_EMPTY(&view->live);
}

bool
kernel_view_sees(const struct kernel_view *view)
{
	return view->any_seen;
}

bool
kernel_view_is_blind(const struct kernel_view *view)
{
	return view->blind && !view->any_seen;
}

int64_t
kernel_view_sockets(const struct kernel_view *view)
{
	return HASH_COUNT(view->seen) + HASH_COUNT(view->cached);
}
