/*
 * restore - tells Redis what its rings lack of what this node sent (lua/restore.lua): after it was
 * away, and for whom this node decided meanwhile.
 */
#ifndef RESTORE_H
#define RESTORE_H

#include "egress.h"

/* all: of every lane, not of those alone that decided for themselves. Nothing while Redis is away. */
void restore_lanes(struct egress *egress, bool all);

#endif
