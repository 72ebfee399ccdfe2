/*
 * mem - memory that is there or the process is not.
 *
 * Every queue and buffer that a peer can fill has a cap of its own, so running out of memory is a
 * fault of the machine, not of input: these functions say so on stderr and exit with EX_TEMPFAIL
 * (75), which keeps mail in the queue when it happens to mxbounce and lets the service manager
 * start mxpolicyd again.
 */
#ifndef MEM_H
#define MEM_H

#include <stddef.h>

void *mem_alloc(size_t size); /* zeroed */
void *mem_resize(void *ptr, size_t size);
char *mem_dup(const char *string);                  /* NULL stays NULL */
char *mem_dup_bytes(const void *bytes, size_t len); /* with a NUL added */

#endif
