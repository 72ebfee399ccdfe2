#include "dns_ask.h"

#include <event2/event.h>
#include <stdio.h>

struct asking { /* one question under way */
	struct dns_question *question;
	struct event_base *base;
	size_t *waiting; /* questions without an answer */
	bool *over;      /* what comes now is only that it was given up */
};

enum { QUESTIONS_MAX = 128 };

static void
on_answer(void *arg, enum resolver_outcome outcome, struct span message, const char *words)
{
	struct asking *asking = arg;
	struct dns_question *question = asking->question;

	if (*asking->over)
		return;
	question->outcome = outcome;
	if (outcome == RESOLVER_ANSWER)
		str_add_span(&question->message, message);
	else
		snprintf(question->words, sizeof(question->words), "%s", words);
	if (--*asking->waiting == 0)
		event_base_loopbreak(asking->base);
}

void
dns_ask(const struct conf_strings *servers, int64_t deadline_ms, struct dns_question *questions,
    size_t count)
{
	struct timeval deadline = { deadline_ms / 1000, deadline_ms % 1000 * 1000 };
	struct event_base *base = event_base_new();
	struct asking asking[QUESTIONS_MAX];
	struct resolver *resolver = NULL;
	struct err err = { "no event loop" };
	size_t waiting = 0;
	bool over = false;

	if (base != NULL)
		resolver = resolver_new(base, servers, deadline_ms, &err);
	for (size_t i = 0; i < count; i++) {
		questions[i].outcome = RESOLVER_FAILED;
		snprintf(questions[i].words, sizeof(questions[i].words), "%.*s",
		    (int)sizeof(questions[i].words) - 1, err.text);
	}
	if (resolver != NULL) {
		waiting = count < QUESTIONS_MAX ? count : QUESTIONS_MAX;
		event_base_loopexit(base, &deadline);
		for (size_t i = 0; i < count && i < QUESTIONS_MAX; i++) {
			asking[i] = (struct asking){ &questions[i], base, &waiting, &over };
			questions[i].outcome = RESOLVER_TIMEOUT;
			snprintf(questions[i].words, sizeof(questions[i].words), "timeout");
			resolver_ask(resolver, questions[i].name, questions[i].type, on_answer,
			    &asking[i]);
		}
		if (waiting > 0)
			event_base_dispatch(base);
		over = true;
		resolver_free(&resolver);
	}
	if (base != NULL)
		event_base_free(base);
}
