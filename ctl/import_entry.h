/*
 * import_entry - a record as an entry of the quarantine: what is missing is added, what cannot be is
 * told. Pure.
 */
#ifndef IMPORT_ENTRY_H
#define IMPORT_ENTRY_H

#include "addr.h"
#include "record.h"
#include "settings.h"
#include "store_import.h"

struct import_defaults { /* for addresses without a status */
	enum reason reason;
	int64_t release_ms; /* 0: never; -1: as the reason's rule says */
	const char *by;
	const char *text;
};

/* Makes import (of record's arena) from the record. addr: filled in. mode: of an entry with a
 * status; others are only added. -1 and words: what is wrong with it. */
int import_entry(struct record *record, const struct settings *settings,
    const struct import_defaults *defaults, int64_t now_s, enum store_import_mode mode,
    char addr[ADDR_SIZE], struct store_import *import, struct err *err);

/* When an entry ends by itself, of held ones too; 0: never. */
int64_t import_entry_expiry(const struct quarantine_entry *entry);

#endif
