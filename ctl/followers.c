#include "followers.h"

#include <string.h>
#include <time.h>

#include "store_level.h"

enum { FOLLOW_MS = 1500, LOOK_MS = 50 };

static size_t
count_followers(const struct nodes *nodes, const char *version)
{
	size_t count = 0;

	for (size_t i = 0; i < nodes->count; i++)
		count +=
		    nodes->items[i].alive && strcmp(nodes->items[i].pace_version, version) == 0;
	return count;
}

int
followers_wait(struct ctl *ctl, struct nodes *nodes, size_t *follow, struct err *err)
{
	const struct timespec pause = { 0, LOOK_MS * 1000000 };
	struct str version = { 0 };
	int rc;

	store_put_pace_version(&ctl->batch, &version);
	rc = ctl_store_run(ctl, err);
	for (int waited_ms = 0; rc == 0; waited_ms += LOOK_MS) {
		rc = nodes_read(ctl, nodes, err);
		*follow = rc == 0 ? count_followers(nodes, str_text(&version)) : 0;
		if (rc != 0 || *follow == nodes->alive || waited_ms >= FOLLOW_MS)
			break;
		nanosleep(&pause, NULL);
	}
	str_free(&version);
	return rc;
}

void
followers_show(struct ctl *ctl, const struct nodes *nodes, size_t follow)
{
	out_put(ctl->out, "nodes", NULL, out_number((int64_t)nodes->alive));
	out_put(ctl->out, "nodes_following", NULL, out_number((int64_t)follow));
	if (follow == nodes->alive)
		out_put(ctl->out, NULL, "Nodes",
		    out_string(nodes->alive == 0
				   ? "none is running; each follows when it starts"
				   : arena_printf(&ctl->arena, "all %zu follow", nodes->alive)));
	else
		out_put(ctl->out, NULL, "Nodes",
		    out_string(arena_printf(&ctl->arena,
			"%zu of %zu follow so far; the others when they reach Redis", follow,
			nodes->alive)));
}
