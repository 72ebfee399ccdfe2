/*
 * report_read - a report's figures out of Redis: the statistics of senders by hour or day, the
 * diagnostics of days, the states of accounts.
 */
#ifndef REPORT_READ_H
#define REPORT_READ_H

#include "ctl.h"
#include "report_model.h"

/* Of each kind the senders used last. */
enum { REPORT_READ_SENDERS = 2000 };

/* Fills a model that was begun, and ends it. -1 and words: the store did not answer. */
int report_read(struct ctl *ctl, struct report_model *model, struct err *err);

#endif
