/*
 * undo - what `quarantine undo` and `quarantine redo` share: how an undo is recorded.
 */
#ifndef UNDO_H
#define UNDO_H

#include "ctl.h"
#include "store_import.h"

enum { UNDO_ID_SIZE = sizeof("20261122-083015-4f2a") };

/* A new name. */
void undo_id(int64_t now_s, char id[UNDO_ID_SIZE]);
/* Whether it looks like one. */
bool undo_is_id(const char *text);

/* A field of a record that was read; "": it has none of that name. */
const char *undo_field(const struct store_fields *record, const char *name);

/* `quarantine undo --show`. */
enum ctl_exit undo_show(struct ctl *ctl);

#endif
