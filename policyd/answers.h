/*
 * answers - how many recipients of each MX group were tried and how the provider answered, told to
 * Redis for the outage guard (guard.h) at most ANSWERS_FLUSH_MS later: before mxbounce can hear of
 * a refusal. What cannot be told is forgotten.
 */
#ifndef ANSWERS_H
#define ANSWERS_H

#include <stdint.h>

#include "engine.h"

enum { ANSWERS_FLUSH_MS = 50 };

struct answers;

struct answers *answers_new(struct engine *engine);
void answers_free(struct answers **answers);

/* Admission: a recipient was let through. */
void answers_admit(struct answers *answers, const char *group);
/* Egress: a delivery ended so, in recipients. */
void answers_count(struct answers *answers, const char *group, int64_t delivered, int64_t refused);

#endif
