/*
 * service - mxpolicyd under a service manager: the files that were opened or kept for it
 * (sd_listen_fds(3)), and what the manager is told (sd_notify(3)). Without one nothing happens.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What this process was started with; the caller's to close. */
struct service_files {
	int *sockets; /* listening stream sockets, non-blocking, at most `max` */
	size_t socket_count;
	int *kept; /* what the process before left with service_keep() or service_exec() */
	size_t kept_count;
};

/* Once. It is logged when there are others, or more sockets than max. The manager keeps nothing more
 * for us after it. Closes no file of the result: service_files_free() frees the lists alone. */
void service_files_take(struct service_files *files, size_t max);
void service_files_free(struct service_files *files);

bool service_is_managed(void); /* somebody listens to what we tell */
/* Hands these files to the manager, for the next process of this service; they stay open here. It has
 * them when this returns. False: nobody takes them. */
bool service_keep(const int *fds, size_t count);
/* Becomes the program argv[0], as it is installed now, which finds the files as above. Returns only
 * when that is not possible, with errno; `files` are of no use then. */
void service_exec(char *const *argv, const struct service_files *files);

void service_ready(void);     /* it serves, again after a reload */
void service_reloading(void); /* until it is ready again */
void service_stopping(void);
void service_status(const char *words); /* one line, for "systemctl status" */

/* How often the manager wants to hear that we are alive, ms, with room to spare; 0: never. */
int64_t service_watchdog_ms(void);
void service_alive(void);

#endif
