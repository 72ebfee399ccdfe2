/*
 * store_mail - how many mails of ours a recipient gets, for all nodes together: so many in any hour,
 * the rest gathered into a digest. The scripts mail_take, mail_digest and mail_end decide.
 */
#ifndef STORE_MAIL_H
#define STORE_MAIL_H

#include "store_batch.h"

struct store_mail_limit {
	int64_t per_hour; /* mails, the digest included */
	int64_t digest_after_ms;
	int64_t busy_ms; /* after so long one who began to mail is taken to be dead */
};

enum store_mail {
	STORE_MAIL_GO,   /* to be mailed, then store_put_mail_end() */
	STORE_MAIL_MORE, /* a digest will tell of it */
	STORE_MAIL_DONE, /* it was mailed before */
	STORE_MAIL_BUSY, /* another one is about to mail it */
	STORE_MAIL_WAIT, /* a digest that is not due, or being mailed */
	STORE_MAIL_NONE, /* no digest waits */
};

struct store_mail_leave {
	enum store_mail what;
	int64_t due_ms;      /* MORE, WAIT: when the digest is, Unix time in ms */
	int64_t count;       /* of a digest: events that it tells of */
	struct arena *arena; /* of a digest, set by the caller */
	const char *name;    /* of a digest, for store_put_mail_end() */
	struct span *lines;  /* "ID LINE", the first of them */
	size_t line_count;
};

/* May the event be mailed now? line: what a digest would say of it. */
void store_put_mail_take(struct store_batch *batch, const char *recipient, const char *id,
    struct span line, const struct store_mail_limit *limit, struct store_mail_leave *leave);
/* May a digest? With up to so many lines. */
void store_put_mail_digest(struct store_batch *batch, const char *recipient, int64_t lines,
    const struct store_mail_limit *limit, struct store_mail_leave *leave);
/* id: the event's, or the name of a digest. sent: whether it counts; a digest that was not sent is
 * not tried for retry_ms. */
void store_put_mail_end(struct store_batch *batch, const char *recipient, const char *id, bool sent,
    int64_t retry_ms);

/* Recipients for whom a digest waits, by when it is due: mxpace:mails. Adding moves it. */
void store_put_mail_due(struct store_batch *batch, const char *recipient, int64_t due_ms);
void store_put_mail_not_due(struct store_batch *batch, const char *recipient);
/* Up to 16 of those due by then, encoded as keys_encode() does it. */
void store_put_mails_due(struct store_batch *batch, int64_t now_ms,
    struct store_fields *recipients);

#endif
