/*
 * bounce_rules_set - what a struct bounce_rules is made of. For bounce_rules, bounce_rules_load
 * and bounce_rules_pack alone.
 */
#ifndef BOUNCE_RULES_SET_H
#define BOUNCE_RULES_SET_H

#include "arena.h"
#include "bounce_rules.h"
#include "str.h"

struct bounce_rules {
	unsigned references;
	struct arena arena;
	struct bounce_rule **all; /* NULL: packed still */
	size_t count, room;
	struct rule_off *off;
	size_t off_count;
	bool local;                 /* a local file was read */
	const char *path, *version; /* of the shipped text file; NULL: packed */
	struct str index;           /* the prefilter's bytes, where they are ours */
	struct prefilter prefilter;
	struct span starts, packed; /* rules that are read when asked for, and where each starts */
};

/* Reads a rule that is packed still. */
void bounce_rules_unpack_rule(struct bounce_rules *rules, size_t i);

#endif
