#include "promptness.h"

/* A stall counts as a few slow answers, not as a thousand. */
enum { LEARNT_MAX_US = 4 * PROMPT_US, SHARE = 8 };

void
promptness_learn(struct promptness *promptness, int64_t took_us)
{
	if (took_us > LEARNT_MAX_US)
		took_us = LEARNT_MAX_US;
	promptness->usual_us += (took_us - promptness->usual_us) / SHARE;
}

bool
promptness_awaits(const struct promptness *promptness, int64_t waited_us)
{
	return promptness->usual_us < PROMPT_US && waited_us < PROMPT_US;
}
