/*
 * bounce_rules - bounce-rules.conf: which words and codes mean which type and reason.
 *
 * The file has four lists, in the order in which their rules are trusted: `provider` (texts of one
 * provider, known by remote MTA or wording), `status_text` (an enhanced status and a text), `text`
 * and `code` (status or reply code without a text). The first rule that matches decides, from the
 * first list's first rule to the last list's last. bounce-rules(5) teaches writing one.
 *
 * Immutable and reference-counted; whoever holds a reference may use it in one thread. Most texts
 * hold the words of few rules, so that only those need be asked: bounce_rules_candidates.
 */
#ifndef BOUNCE_RULES_H
#define BOUNCE_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"
#include "pattern.h"
#include "prefilter.h"
#include "reason.h"
#include "rule_off.h"

enum bounce_rules_list {
	BOUNCE_RULES_PROVIDER,
	BOUNCE_RULES_STATUS_TEXT,
	BOUNCE_RULES_TEXT,
	BOUNCE_RULES_CODE,
	BOUNCE_RULES_LISTS
};

struct bounce_rule {
	const char *name; /* unique */
	enum bounce_rules_list list;
	int type;                   /* enum bounce_type */
	int reason;                 /* enum reason */
	struct pattern *pattern;    /* NULL: no `match` */
	struct conf_strings status; /* masks: "5.1.1", "5.7.*", "*.2.2"; none: any or no status */
	struct conf_strings code;   /* masks: "550", "55?" */
	struct conf_strings remote; /* masks on the remote MTA */
	struct conf_strings sample, not_sample;
	const char *sample_remote; /* the remote MTA that the samples come from */
	bool shadowed;             /* an earlier rule may take its samples */
	const char *comment;
	const char *file; /* where it stands, or was changed last */
	unsigned line;
	bool local;                /* the operator's own: no rule of this name is shipped */
	bool disabled, after;      /* as written; one that is switched off is not among the rules */
	bool changed;              /* by the local file */
	struct conf_place home;    /* where it was given first */
	struct conf_place *places; /* where each row of bounce_rules_keys was set */
};

struct bounce_rules;

/* Reads path, then local (NULL or an absent file: none) over it: a local rule of a shipped rule's
 * name changes the keys it sets; any other stands before the shipped ones of its list, or with
 * `after` behind them. Rules with `disabled` are left out. NULL and all mistakes as file:line.
 * Loading proves no samples. */
struct bounce_rules *bounce_rules_load(const char *path, const char *local,
    struct conf_errors *errors);
/* The same from text, with a name for mistakes. */
struct bounce_rules *bounce_rules_parse(const char *text, const char *name,
    struct conf_errors *errors);
struct bounce_rules *bounce_rules_ref(struct bounce_rules *rules);
void bounce_rules_free(struct bounce_rules **rules); /* gives a reference back */

/* In the order of trust. */
size_t bounce_rules_count(const struct bounce_rules *rules);
const struct bounce_rule *bounce_rules_at(const struct bounce_rules *rules, size_t i);
const char *bounce_rules_list_name(enum bounce_rules_list list); /* "status_text" */

/* Of what was read from text files: the rules that are switched off; the shipped file's name and its
 * version, "" if it has none. */
const struct rule_off *bounce_rules_off(const struct bounce_rules *rules, size_t *count);
const char *bounce_rules_path(const struct bounce_rules *rules);
const char *bounce_rules_version(const struct bounce_rules *rules);
/* Whether there was a local file over it. */
bool bounce_rules_have_local(const struct bounce_rules *rules);
/* The table of a rule's keys; where one was set, or the rule was given first if nowhere. */
const struct conf_key *bounce_rules_keys(size_t *count);
const struct conf_place *bounce_rule_place(const struct bounce_rule *rule, const char *key);

/* The rules that may match a text (in diagnostic's form), by their number: all others do not. */
void bounce_rules_candidates(const struct bounce_rules *rules, struct span text,
    struct prefilter_set *set);

/* The rules as bytes, without samples, comments and lines, and from there: a rule is read when
 * bounce_rules_at is first asked for it. Its texts stay in the bytes, which are trusted as
 * pattern_unpack says. NULL: written by another version, or cut off. */
void bounce_rules_pack(const struct bounce_rules *rules, struct str *out);
struct bounce_rules *bounce_rules_unpack(struct unpack *in);

#endif
