/*
 * returnpath - the map for Postfix' sender_canonical_maps: signs the envelope senders of
 * return_path_domains, whoever the recipients are (return_path.h). Answered at once, always.
 *
 * cleanup(8) asks for the whole address, then, with a recipient_delimiter, for the one without its
 * extension, which it puts back on the answer, then for @domain; and it asks again about an answer
 * until that stays as it is. So a sender that is signed for a recipient is answered with itself:
 * with "not found" the next question would be about it without that signature. One that does not
 * name its recipient cannot be checked here, and gets the sender's signature besides.
 */
#ifndef RETURNPATH_H
#define RETURNPATH_H

#include "addr.h"
#include "settings.h"
#include "sockmap.h"
#include "verp_sign.h"

/* The keys, proved to be of use. -1 and words. */
int returnpath_load(const struct settings *settings, struct verp_keys *keys, struct err *err);

/* NOTFOUND: nothing to sign (another domain, the null sender, no address), signed already, or its
 * local part would be over RETURN_PATH_LOCAL_MAX. */
void returnpath_answer(const struct settings *settings, const struct verp_keys *keys,
    struct span sender, int64_t now_s, struct sockmap_reply *reply);

/* The sender as it was before this map signed it, which is what pools and accounts are told by;
 * others stay as they are. */
void returnpath_unsign(const struct settings *settings, const struct verp_keys *keys, int64_t now_s,
    char sender[ADDR_SIZE]);

#endif
