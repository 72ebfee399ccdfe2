/*
 * postfix_tables - the domains that the site's own transport_maps route.
 */
#ifndef POSTFIX_TABLES_H
#define POSTFIX_TABLES_H

#include "postfix_conf.h"

/* The next word of a list: by blanks or commas, braces hold one together. Empty: that was all. */
struct span postfix_tables_next(struct span *rest);

/* folder: a configuration directory; transport_maps: its value. domains gets each domain once, sorted, also that of an entry for one
 * address, ".a.test" and "*" as they are; unread the tables whose entries cannot be listed. */
void postfix_tables_list(struct arena *arena, const char *folder, const char *transport_maps,
    struct postfix_words *domains, struct postfix_words *unread);

#endif
