/*
 * nodes - the fleet as Redis knows it: each mxpolicyd that was heard of within a day, by what its
 * heartbeat says (mxpace:node:NODE).
 */
#ifndef NODES_H
#define NODES_H

#include "ctl.h"

struct node {
	const char *name;
	int64_t heard_s; /* last */
	bool alive;      /* its entry is there: it was heard of within STORE_OPEN_TTL_S */
	/* What a living one says; "" or 0 otherwise. */
	const char *version, *enforce, *sending_ip, *rules_file;
	const char *run;          /* "12345.1a2b": its process id, and when it started */
	bool twin;                /* another mxpolicyd uses its name */
	const char *kernel_view;  /* "seen"; "none": sockets of Postfix cannot be; "unused" */
	const char *pace_version; /* of levels and warm-ups, that it follows */
	int64_t started_s, open, clients, rules;
};

struct nodes {
	struct node *items; /* ctl's arena; the one heard of last is first */
	size_t count, alive;
};

/* -1 and words: the store did not answer. */
int nodes_read(struct ctl *ctl, struct nodes *nodes, struct err *err);

/* Names of the sending IPs the fleet uses: those configured, else what living nodes say, else this
 * host's. ctl's arena. */
struct conf_strings nodes_sending_ips(struct ctl *ctl, const struct nodes *nodes);

#endif
