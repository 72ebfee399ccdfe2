/*
 * senders - accounts, campaigns and lists as mxctl shows them: what was sent and what came back in
 * the last 24 hours, and by day.
 */
#ifndef SENDERS_OF_CTL_H
#define SENDERS_OF_CTL_H

#include "ctl.h"
#include "sender.h"

struct ctl_sender {
	const char *name;
	int64_t used_s;              /* last use; 0: none known */
	struct sender_status status; /* of an account */
	struct sender_stats stats;   /* of the last 24 hours, since the start of an hour */
};

/* Its status and statistics, in ctl's arena. */
enum ctl_exit senders_read(struct ctl *ctl, enum sender_kind kind, int64_t now_s,
    struct ctl_sender *sender);

/* A table of those used last, by --match. */
enum ctl_exit senders_list(struct ctl *ctl, enum sender_kind kind);

/* Figures, MX groups, reasons and the last days of one, into the document. CTL_NO: never seen. */
enum ctl_exit senders_show(struct ctl *ctl, enum sender_kind kind, int64_t now_s,
    const struct ctl_sender *sender);

#endif
