/*
 * delivery - a recipient who took a message, as a log or the stream mxpace:delivered tells of it.
 */
#ifndef DELIVERY_H
#define DELIVERY_H

#include "addr.h"
#include "log_senders.h"
#include "sender.h"
#include "settings.h"
#include "verp_sign.h"

enum { DELIVERY_SOURCE_SIZE = 160 };

struct delivery {
	char address[ADDR_SIZE];
	int64_t at_s;                               /* Unix time; 0: now */
	char names[SENDER_KINDS][SENDER_NAME_SIZE]; /* "": not known */
	char source[DELIVERY_SOURCE_SIZE];          /* what its place is in */
	char place[LOG_PLACE_SIZE];                 /* grows in the source; "": not known */
	bool known_only; /* names of which nothing was counted lately are nobody's */
};

/* Takes in a line of a log; true: it tells of a delivery, all of which is set but the address.
 * *recipient: as logged, good as long as the line. keys: of signed senders, which are told by what
 * they were before. */
bool delivery_read_log(const struct settings *settings, const struct verp_keys *keys,
    struct log_senders *senders, struct span text, struct delivery *delivery,
    struct span *recipient);

/* Of an entry that a consumer was given (parts: enum store_delivered_part), all but the address. */
void delivery_read_entry(const char *group, const char *consumer, const struct span *parts,
    struct delivery *delivery);

#endif
