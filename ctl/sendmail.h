/*
 * sendmail - hands a mail to the local sendmail(1): no shell, a deadline, its exit status read.
 */
#ifndef SENDMAIL_H
#define SENDMAIL_H

#include <stdint.h>

#include "err.h"
#include "span.h"

enum sendmail {
	SENDMAIL_TAKEN,
	SENDMAIL_LATER,   /* 75, not there, killed, or over the deadline: it may go another time */
	SENDMAIL_REFUSED, /* any other status: it will not */
};

/* With the null sender, to one recipient. Words in err unless it was taken, with the last line that
 * the program said. */
enum sendmail sendmail_run(const char *path, const char *recipient, struct span mail,
    int64_t timeout_ms, struct err *err);

#endif
