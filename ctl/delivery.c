#include "delivery.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "maillog.h"
#include "returnpath.h"
#include "sender_identity.h"
#include "store_delivered.h"

/* Whose message it was, if the log has told. */
static void
identify(const struct settings *settings, const struct verp_keys *keys,
    const struct log_senders *senders, const struct maillog_line *line, struct delivery *delivery)
{
	const char *login, *sender = log_senders_find(senders, line, &login);
	struct sender_identity identity;
	char address[ADDR_SIZE];

	if (sender == NULL || *sender == '\0' || strlen(sender) >= sizeof(address))
		return;
	memcpy(address, sender, strlen(sender) + 1);
	returnpath_unsign(settings, keys, delivery->at_s, address);
	sender_identify(settings, span_of(login), span_of(address), &identity);
	memcpy(delivery->names[SENDER_ACCOUNT], identity.account, SENDER_NAME_SIZE);
	memcpy(delivery->names[SENDER_CAMPAIGN], identity.campaign, SENDER_NAME_SIZE);
	memcpy(delivery->names[SENDER_LIST], identity.list, SENDER_NAME_SIZE);
}

bool
delivery_read_log(const struct settings *settings, const struct verp_keys *keys,
    struct log_senders *senders, struct span text, struct delivery *delivery,
    struct span *recipient)
{
	int64_t now_s = clock_wall_s();
	struct maillog_line line;
	enum maillog_kind kind = maillog_read(text, now_s, &line);

	log_senders_take(senders, kind, &line);
	if (kind != MAILLOG_DELIVERED)
		return false;
	*recipient = line.text;
	delivery->at_s = line.at_s >= 0 ? line.at_s : now_s;
	delivery->known_only = true;
	snprintf(delivery->source, sizeof(delivery->source), "log %.*s", (int)line.host.len,
	    line.host.ptr);
	/* Each has a place, so that places are the same when the log is read again. */
	log_senders_place(senders, &line, delivery->place);
	identify(settings, keys, senders, &line, delivery);
	return true;
}

/* "1795348800123-7": its time, and its place among all. */
static void
read_id(struct span id, struct delivery *delivery)
{
	unsigned long long ms = 0, number = 0;
	long dash = span_find(id, SPAN("-"));

	if (dash <= 0 || !span_number(span_make(id.ptr, (size_t)dash), &ms) ||
	    !span_number(span_from(id, (size_t)dash + 1), &number))
		return;
	delivery->at_s = (int64_t)(ms / 1000);
	snprintf(delivery->place, sizeof(delivery->place), "%020llu.%020llu", ms, number);
}

void
delivery_read_entry(const char *group, const char *consumer, const struct span *parts,
    struct delivery *delivery)
{
	unsigned long long at_s = 0;

	read_id(parts[DELIVERED_ID], delivery);
	if (span_number(parts[DELIVERED_TIME], &at_s) && at_s <= INT64_MAX)
		delivery->at_s = (int64_t)at_s;
	for (int kind = 0; kind < SENDER_KINDS; kind++)
		sender_name(delivery->names[kind], parts[DELIVERED_ACCOUNT + kind]);
	snprintf(delivery->source, sizeof(delivery->source), "stream %s %s", group, consumer);
}
