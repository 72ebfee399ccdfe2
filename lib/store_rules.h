/*
 * store_rules - the rules that the fleet should use (mxpace:rules), for nodes that do not fetch them
 * themselves. Who installs them verifies the signature: what stands in Redis is not trusted.
 */
#ifndef STORE_RULES_H
#define STORE_RULES_H

#include "store_batch.h"

struct store_rules {
	struct arena *arena; /* of what is read; set by the caller */
	struct span version; /* empty: nobody announced any */
	struct span sha256;  /* of the bundle, hexadecimal */
	struct span bundle, signature;
	struct span by, at, how; /* how: "update", "rollback" */
	struct span held;        /* updates up to this one are left alone; may be empty */
};

void store_put_rules(struct store_batch *batch, const struct store_rules *rules);
void store_put_rules_read(struct store_batch *batch, struct store_rules *rules);
void store_put_rules_version(struct store_batch *batch, struct str *version);

#endif
