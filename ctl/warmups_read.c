#include "warmups_read.h"

#include <stdlib.h>
#include <string.h>

#include "warmups.h"

enum { DAY_S = 86400 };

const struct warmups *
warmups_in_force(struct ctl *ctl)
{
	struct store_batch batch = { 0 }; /* ctl's own may have commands waiting in it */
	struct store_sync *own = NULL, *store = ctl->store;
	struct warmups *warmups;
	struct err err;
	bool more = true, failed;

	if (ctl->warmups != NULL)
		return ctl->warmups;
	ctl->warmups = warmups = arena_alloc(&ctl->arena, sizeof(*warmups));
	if (store == NULL)
		store = own =
		    store_sync_open(&ctl->settings->redis, ctl->settings->store_timeout_ms, &err);
	failed = store == NULL;
	if (!failed)
		warmups_begin(warmups, &batch);
	while (!failed && more) {
		failed = store_sync_run(store, &batch, &err) != STORE_DONE;
		more = !failed && warmups_go_on(warmups, &batch);
	}
	if (failed)
		warmups_stop(warmups);
	else
		warmups_learn(warmups);
	store_batch_free(&batch);
	store_sync_close(&own);
	return warmups;
}

int
warmup_read_ip(struct ctl *ctl, const char *ip, struct warmup *warmup)
{
	struct store_fields fields = { .arena = &ctl->arena };

	store_put_warmup_read(&ctl->batch, ip, &fields);
	if (ctl_store_must(ctl) != CTL_DONE)
		return -1;
	if (warmup_read(&ctl->arena, fields.items, fields.count, warmup))
		return 0;
	ctl_complain(ctl,
	    "what Redis has of the warm-up of %s cannot be read (HGETALL mxpace:{w:%s}); "
	    "`mxctl warmup stop %s` ends it",
	    ip, ip, ip);
	return -1;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int
warmups_read_names(struct ctl *ctl, struct conf_strings *names)
{
	struct store_fields index = { .arena = &ctl->arena };

	*names = (struct conf_strings){ 0 };
	store_put_warmups(&ctl->batch, &index);
	if (ctl_store_must(ctl) != CTL_DONE)
		return -1;
	names->items = arena_alloc(&ctl->arena, (index.count / 2 + 1) * sizeof(char *));
	for (size_t i = 0; i + 1 < index.count; i += 2)
		names->items[names->count++] = arena_dup(&ctl->arena, index.items[i]);
	qsort(names->items, names->count, sizeof(char *), compare);
	return 0;
}

int
warmup_today(struct ctl *ctl, int64_t *today, int64_t *now_s)
{
	struct ctl_time time;
	struct err err;

	if (ctl_store_time(ctl, &time, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		return -1;
	}
	*now_s = time.s;
	*today = time.s / DAY_S;
	return 0;
}
