#include "mx_ask.h"

#include <event2/event.h>
#include <stdio.h>

struct question {
	struct event_base *base;
	struct mx_asked *asked;
};

static void
on_answer(void *arg, const struct mx_answer *answer)
{
	struct question *question = arg;
	struct mx_asked *asked = question->asked;

	asked->state = answer->state;
	asked->ttl_s = answer->ttl_s;
	snprintf(asked->words, sizeof(asked->words), "%s", answer->words);
	if (answer->set != NULL)
		asked->set = mx_set_new(answer->set->hosts, answer->set->count);
	event_base_loopbreak(question->base);
}

void
mx_ask(const struct settings *settings, const char *domain, struct mx_asked *asked)
{
	struct question question = { event_base_new(), asked };
	struct mx *mx = NULL;
	struct mx_answer answer;
	struct err err;

	*asked = (struct mx_asked){ .state = MX_FAILED, .words = "no event loop" };
	if (question.base == NULL)
		return;
	mx = mx_new(question.base, &settings->dns_servers, settings->dns_timeout_ms, &err);
	if (mx == NULL) {
		snprintf(asked->words, sizeof(asked->words), "%.*s", MX_WORDS_SIZE - 1, err.text);
	} else if (mx_cached(mx, domain, &answer)) { /* an address literal */
		on_answer(&question, &answer);
	} else if (mx_start(mx, domain, on_answer, &question) != NULL) {
		event_base_dispatch(question.base);
	}
	mx_free(&mx);
	event_base_free(question.base);
}
