/*
 * promptness - whether an answer comes so soon that it is better awaited awake than asleep. Pure.
 *
 * To be woken takes a process 10 to 30 us where the CPU sleeps too, in a virtual machine most of all,
 * and as long again for the one that wakes it: as much as Redis needs for its answer. So a client's
 * only question is worth up to PROMPT_US of waiting, as long as answers used to come within that; one
 * Redis further away, or one that is busy, is not waited for.
 */
#ifndef PROMPTNESS_H
#define PROMPTNESS_H

#include <stdbool.h>
#include <stdint.h>

enum { PROMPT_US = 150 };

struct promptness { /* zeroed: prompt until it has shown otherwise */
	int64_t usual_us;
};

void promptness_learn(struct promptness *promptness, int64_t took_us);
bool promptness_awaits(const struct promptness *promptness, int64_t waited_us);

#endif
