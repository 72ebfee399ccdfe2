/*
 * quarantine_address - the address that an entry of the quarantine is kept under: the normal form of
 * addr.h, and what the configured address_rules make of it, so that ann+shop@example.org and
 * ann@example.org are one where their provider says so. mxbounce, mxpolicyd and mxctl all ask here.
 */
#ifndef QUARANTINE_ADDRESS_H
#define QUARANTINE_ADDRESS_H

#include "addr.h"
#include "settings.h"

/* addr: any writing of an address. -1 and words: it is none. Quoted local parts are left alone, and
 * so is what would leave no local part. The null address gives "" and 0. */
int quarantine_address(const struct settings *settings, struct span addr, char out[ADDR_SIZE],
    struct err *err);

/* The same of an address in the normal form, which cannot fail. */
void quarantine_address_of(const struct settings *settings, const char *normal,
    char out[ADDR_SIZE]);

#endif
