/*
 * store_import - entries of the quarantine as files and undo records have them: put back as a whole
 * (lua/import.lua), taken away as a whole (lua/undo.lua), and what is kept of an undo for
 * STORE_UNDO_TTL_S, so that it can be undone itself.
 *
 * An undo is named ID ("20261122-083015-4f2a"): a hash of what was asked for, and chunks 0, 1, ...
 * each a text of lines, one entry a line.
 */
#ifndef STORE_IMPORT_H
#define STORE_IMPORT_H

#include "store.h"

enum store_import_mode {
	STORE_IMPORT_NEWER,
	STORE_IMPORT_ADD,
	STORE_IMPORT_FORCE,
	STORE_IMPORT_REDO
};

struct store_import {
	const char *addr;
	enum store_import_mode mode;
	int64_t expiry_s;         /* of the entry; 0: never */
	int64_t at_s;             /* NEWER: when it changed last */
	const char *undo;         /* REDO: the ID */
	const struct span *items; /* names and values of fields in turn */
	size_t count;             /* of items */
};

enum store_import_outcome { STORE_WRITTEN, STORE_UNCHANGED, STORE_KEPT, STORE_OVER };

struct store_imported {
	enum store_import_outcome outcome;
	int64_t expiry_s; /* of what is there now; 0: never; -1: no entry */
};

/* imported->expiry_s is what store_put_index_set() wants once the reply is there. */
void store_put_import(struct store_batch *batch, const struct store_import *import,
    struct store_imported *imported);

struct store_index_row {
	const char *addr;
	int64_t expiry_s; /* 0: never; -1: leaves the index */
};
/* One or two commands for all of them. */
void store_put_index_set(struct store_batch *batch, const struct store_index_row *rows,
    size_t count);

struct store_undo { /* an entry as it was read; it is left alone if it changed since */
	const char *addr, *id;
	int64_t quiet_s;
	struct span status, reason, last, since; /* as Redis has them; empty: not there */
};

struct store_undone {
	int64_t done;     /* 1; 0: it had changed */
	int64_t expiry_s; /* of what remains; 0: nothing does */
};

void store_put_undo(struct store_batch *batch, const struct store_undo *undo,
    struct store_undone *undone);

/* -- records ----------------------------------------------------------------------------------- */

enum { STORE_UNDO_TTL_S = 30 * 86400 };

/* Sets fields of a record and has it stay from now_s on; the list of them too. */
void store_put_undo_record(struct store_batch *batch, const char *id,
    const struct store_event_field *fields, size_t count, int64_t now_s);
void store_put_undo_chunk(struct store_batch *batch, const char *id, int64_t number,
    struct span text);
void store_put_undo_read(struct store_batch *batch, const char *id, struct store_fields *fields);
/* Empty: there is none of that number. */
void store_put_undo_chunk_read(struct store_batch *batch, const char *id, int64_t number,
    struct str *text);
/* IDs and times in turn, latest first, a hundred at most. */
void store_put_undos(struct store_batch *batch, struct store_fields *undos);

#endif
