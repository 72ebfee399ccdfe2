/*
 * mx_rules_rule - one rule of mx-rules(5), read from its group. For mx_rules_load and mx_rules
 * alone.
 */
#ifndef MX_RULES_RULE_H
#define MX_RULES_RULE_H

#include "mx_rules.h"

/* The name of the group at place i of its list. NULL: it has none that is good; said. */
const char *mx_rule_read_name(struct conf_reader *reader, struct config_setting_t *setting,
    size_t i);
/* A new rule at its defaults, given first in this group. */
void mx_rule_begin(struct conf_reader *reader, struct config_setting_t *setting, const char *name,
    struct mx_rule *rule);
/* The keys that the group sets, over those the rule has. local: of the operator's file. */
void mx_rule_read(struct conf_reader *reader, struct config_setting_t *setting, bool local,
    struct mx_rule *rule);
/* Frees what no arena holds. */
void mx_rule_clear(struct mx_rule *rule);

#endif
