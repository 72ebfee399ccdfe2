#include "delivery_outcome.h"

#include <stdio.h>

#include "backoff.h"
#include "clock.h"
#include "delivery_hold.h"
#include "delivery_turn.h"
#include "slots.h"

static void
count_recipient(struct delivery *delivery, const struct message_ended *ended)
{
	struct lane *lane = delivery->lane;

	if (delivery->entered)
		intake_leave(&lane->intake, clock_monotonic_ms());
	lane->delivered += (uint64_t)ended->delivered;
	lane->deferred += (uint64_t)ended->deferred;
	lane->bounced += (uint64_t)ended->bounced;
	lane->denied += (uint64_t)ended->denied;
}

static void
learn_pace(struct delivery *delivery)
{
	struct lane *lane = delivery->lane;
	double took_ms = (double)(clock_monotonic_ms() - delivery->began_ms - delivery->held_ms);

	if (took_ms < 1)
		took_ms = 1;
	lane->delivery_ms =
	    lane->delivery_ms > 0 ? 0.9 * lane->delivery_ms + 0.1 * took_ms : took_ms;
}

/* The first status of a delivery: what it held ends. */
static void
end_holdings(struct delivery *delivery, enum site_heard heard, const struct message_ended *ended)
{
	struct egress *egress = delivery->egress;
	bool talked = heard == SITE_REPLIED || heard == SITE_NO_GREETING;

	delivery->talked = delivery->talked || talked || delivery->grant.matched;
	if (delivery->message.taken)
		messages_end(egress->messages, &delivery->message,
		    talked || (delivery->talked && heard != SITE_NO_CONNECTION), ended);
	else
		messages_count(egress->messages, delivery->lane, ended);
	slots_end(egress->slots, &delivery->grant, talked && !delivery->grant.passed);
	if (heard != SITE_REPLIED || delivery->ended)
		return;
	learn_pace(delivery);
	slots_offer(egress->slots, delivery->lane, delivery->domain);
}

static void
trace_status(const struct delivery *delivery, struct span status)
{
	char words[512];

	if (!trace_is_on(delivery->egress->engine->trace))
		return;
	snprintf(words, sizeof(words), "%.*s", (int)status.len, status.ptr);
	delivery_tell_step(delivery, "status", words);
}

void
delivery_outcome_hear(struct delivery *delivery, const struct sockmap_query *query,
    struct sockmap_reply *reply)
{
	char class = query->key.len > 0 ? query->key.ptr[0] : ' ';
	bool denied = *delivery->denied != '\0' && class == '4';
	struct message_ended ended = { class == '2', class == '4' && !denied, class == '5', denied,
		class == '4' && !denied && backoff_is_greylisting(query->key) };
	enum site_heard heard = site_hear(query->key);

	sockmap_reply_set(reply, ANSWER_NOTFOUND, "%s", "");
	trace_status(delivery, query->key);
	if (delivery_waits(delivery)) { /* observed, or it came to nothing between two look-ups */
		delivery_stop_waiting(delivery);
		delivery->stage = DELIVERY_READY;
	}
	if (delivery->lane != NULL) {
		end_holdings(delivery, heard, &ended);
		count_recipient(delivery, &ended);
		if (!denied) {
			site_note(&delivery->lane->site, heard, query->key, clock_monotonic_ms());
			if (backoff_hear(delivery->egress, delivery->lane, query->key, reply) &&
			    !egress_enforces(delivery->egress))
				sockmap_reply_set(reply, ANSWER_NOTFOUND, "%s", "");
		}
	}
	delivery->ended = true;
	if (denied)
		sockmap_reply_set(reply, ANSWER_OK, "4.7.1 %s", delivery->denied);
}
