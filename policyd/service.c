#include "service.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "log.h"

size_t
service_sockets(int *fds, size_t max)
{
	int passed = sd_listen_fds(1);
	size_t count = 0;

	if (passed < 0)
		log_warning("the sockets of systemd cannot be used: %s", strerror(-passed));
	for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + passed; fd++) {
		if (count == max || sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0) {
			log_warning("systemd passed a file that is not one of up to %zu listening "
				    "stream sockets: not used",
			    max);
			close(fd);
			continue;
		}
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
		fds[count++] = fd;
	}
	return count;
}

void
service_ready(void)
{
	sd_notify(0, "READY=1");
}

void
service_reloading(void)
{
	sd_notify(0, "RELOADING=1");
}

void
service_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}
