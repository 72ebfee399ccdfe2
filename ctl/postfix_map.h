/*
 * postfix_map - what Postfix calls the socket that mxpolicyd answers look-ups at. Pure.
 */
#ifndef POSTFIX_MAP_H
#define POSTFIX_MAP_H

#include <stdbool.h>

#include "arena.h"

/* Of the addresses of map_listen the first within the queue directory, by its name relative to
 * that, which holds inside the chroot and outside ("unix:mxpace/map"); else the first one as it is.
 * NULL: there is none. */
const char *postfix_map_name(struct arena *arena, const char *map_listen,
    const char *queue_directory);

/* Whether it is a path that a chrooted process cannot see. */
bool postfix_map_is_outside(const char *name);

/* Whether a table, "socketmap:unix:mxpace/map:dns/smtp", asks our map of that name, "dns". */
bool postfix_map_is_ours(struct span table, const char *map);

#endif
