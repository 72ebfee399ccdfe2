/*
 * rules_diff - what differs between two sets of rules, rule by rule and key by key; where the
 * operator's own file sets a key that changes, both are shown: his stays in force.
 */
#ifndef RULES_DIFF_H
#define RULES_DIFF_H

#include "ctl.h"
#include "rules_text.h"

enum rules_diff_kind { RULES_DIFF_ADDED, RULES_DIFF_REMOVED, RULES_DIFF_CHANGED };

struct rules_diff_row {
	enum rules_diff_kind kind;
	const char *list, *rule;
	const char *key;            /* "": the whole rule */
	const char *before, *after; /* NULL: not set, its default holds */
	const char *local;          /* what the operator's file says; NULL: nothing */
};

typedef void rules_diff_each(void *arg, const struct rules_diff_row *row);

/* Pure: each difference, by list, rule and key. Texts live as long as the arena and the tables. */
void rules_diff_compare(const struct rules_text *before, const struct rules_text *after,
    const struct rules_text *local, struct arena *arena, rules_diff_each *each, void *arg);

/* Where the files of both sets lie, by enum rules_file. */
struct rules_diff_files {
	const char *paths[RULES_FILES];
	const char *name; /* "2026112201", "the configured files" */
};

/* Adds the table `changes` to the document; *count says how many there are. -1: a file cannot be
 * read, which was said. */
int rules_diff_show(struct ctl *ctl, const struct rules_diff_files *before,
    const struct rules_diff_files *after, size_t *count);

#endif
