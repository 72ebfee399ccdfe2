#include "store_doctor.h"

#include <stdio.h>

#include "keys.h"
#include "store.h"
#include "store_reply.h"

void
store_put_info(struct store_batch *batch, struct str *info)
{
	STORE_PUT(batch, store_reply_text, info, "INFO");
}

void
store_put_denied(struct store_batch *batch, const char *const *commands, size_t count,
    struct store_fields *denied)
{
	store_batch_begin_script(batch, SCRIPT_DENIED, 1, 1 + count);
	store_batch_arg(batch, SPAN(KEYS_EVENTS));
	for (size_t i = 0; i < count; i++)
		store_batch_arg_text(batch, commands[i]);
	store_batch_end(batch, store_reply_fields, denied);
}
