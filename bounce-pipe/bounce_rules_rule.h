/*
 * bounce_rules_rule - one rule of bounce-rules(5), read from its group. For bounce_rules_load alone.
 */
#ifndef BOUNCE_RULES_RULE_H
#define BOUNCE_RULES_RULE_H

#include "bounce_rules.h"

/* A new rule without a name, given first in this group. */
void bounce_rule_begin(struct conf_reader *reader, struct config_setting_t *group,
    enum bounce_rules_list list, struct bounce_rule *rule);
/* The keys that the group sets, over those the rule has; what is wrong with the whole is told.
 * local: of the operator's file. */
void bounce_rule_read(struct conf_reader *reader, struct config_setting_t *group, bool local,
    struct bounce_rule *rule);

#endif
