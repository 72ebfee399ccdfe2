/*
 * warmups - the warm-ups of sending IPs as this node knows them: what a stage adds to the limits of
 * a group. Read from Redis, with levels (paces.h); a part of paces, for nobody else.
 */
#ifndef WARMUPS_H
#define WARMUPS_H

#include "store_warmup.h"

struct warmups {            /* { 0 } knows none */
	struct arena arena; /* of ips */
	struct warmup_ip {
		const char *name;
		struct warmup warmup;
	} * ips;
	size_t count;

	/* A reading under way. */
	struct arena reading;
	struct store_fields index, fields[STORE_BATCH_MAX];
	size_t first, asked;
	struct warmup_ip *read;
	size_t read_count;
};

void warmups_clear(struct warmups *warmups);

/* A reading: the first request goes into the batch; after each answer warmups_go_on() puts the next
 * one there, or says that there is none (false): then warmups_learn() makes what was read what is
 * known. Or warmups_stop(). */
void warmups_begin(struct warmups *warmups, struct store_batch *batch);
bool warmups_go_on(struct warmups *warmups, struct store_batch *batch);
void warmups_stop(struct warmups *warmups);
/* False: there was none, and is none. */
bool warmups_learn(struct warmups *warmups);

/* What holds for the group from that IP; NULL: no warm-up does. Good until the next learning. */
const struct warmup_stage *warmups_stage(const struct warmups *warmups, const char *ip,
    const char *group);

#endif
