/*
 * service - mxpolicyd under a service manager: the sockets that were opened for it
 * (sd_listen_fds(3)), and what the manager is told (sd_notify(3)). Without one nothing happens.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include <stddef.h>

/* The listening stream sockets this process was started with, non-blocking; once. It is logged when
 * there are others, or more than max. */
size_t service_sockets(int *fds, size_t max);

void service_ready(void);     /* it serves, again after a reload */
void service_reloading(void); /* until it is ready again */
void service_stopping(void);

#endif
