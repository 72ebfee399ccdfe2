/*
 * tally - how often each name came, in bounded memory: after TALLY_MAX different names further ones
 * count together. Names that come in no order have their share by then, so the frequent ones are
 * all there.
 */
#ifndef TALLY_H
#define TALLY_H

#include <stddef.h>
#include <stdint.h>

enum { TALLY_MAX = 50000 };

struct tally_name {
	const char *name;
	int64_t count;
};

/* { 0 } is an empty one. */
struct tally {
	struct tally_item *items;
	size_t names;
	int64_t others;
};

void tally_add(struct tally *tally, const char *name);
/* The most frequent, at most `max`; names stay the tally's. Returns how many. */
size_t tally_top(const struct tally *tally, struct tally_name *top, size_t max);
void tally_free(struct tally *tally);

#endif
