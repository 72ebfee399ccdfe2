#include "service.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "mem.h"
#include "str.h"

/* The kernel passes at most 253 files at once. */
enum { KEEP_AT_ONCE = 200, KEEP_WAIT_US = 3000000, WATCHDOG_PART = 3 };

#define KEPT "mxpace-kept"

/* -- files we were started with ---------------------------------------------------------------- */

static void
take_socket(struct service_files *files, int fd, size_t max)
{
	if (files->socket_count == max || sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0) {
		log_warning("systemd passed a file that is not one of up to %zu listening stream "
			    "sockets: not used",
		    max);
		close(fd);
		return;
	}
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	files->sockets[files->socket_count++] = fd;
}

void
service_files_take(struct service_files *files, size_t max)
{
	char **names = NULL;
	int passed = sd_listen_fds_with_names(1, &names);

	*files = (struct service_files){ 0 };
	if (passed < 0)
		log_warning("the sockets of systemd cannot be used: %s", strerror(-passed));
	if (passed <= 0)
		return;
	files->sockets = mem_alloc((size_t)passed * sizeof(*files->sockets));
	files->kept = mem_alloc((size_t)passed * sizeof(*files->kept));
	for (int i = 0; i < passed; i++) {
		int fd = SD_LISTEN_FDS_START + i;

		if (strcmp(names[i], KEPT) == 0)
			files->kept[files->kept_count++] = fd;
		else
			take_socket(files, fd, max);
		free(names[i]);
	}
	free(names);
	if (files->kept_count > 0)
		sd_notify(0, "FDSTOREREMOVE=1\nFDNAME=" KEPT);
}

void
service_files_free(struct service_files *files)
{
	free(files->sockets);
	free(files->kept);
	*files = (struct service_files){ 0 };
}

/* -- files for the next ------------------------------------------------------------------------ */

bool
service_is_managed(void)
{
	return getenv("NOTIFY_SOCKET") != NULL;
}

bool
service_keep(const int *fds, size_t count)
{
	for (size_t at = 0; at < count; at += KEEP_AT_ONCE) {
		size_t some = count - at < KEEP_AT_ONCE ? count - at : KEEP_AT_ONCE;

		if (sd_pid_notify_with_fds(0, 0, "FDSTORE=1\nFDNAME=" KEPT, fds + at,
			(unsigned)some) <= 0)
			return false;
	}
	/* It reads what a process says only while there is one. */
	return sd_notify_barrier(0, KEEP_WAIT_US) >= 0;
}

static void
set_number(const char *name, long long number)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", number);
	setenv(name, text, 1);
}

void
service_exec(char *const *argv, const struct service_files *files)
{
	size_t count = files->socket_count + files->kept_count;
	int first = SD_LISTEN_FDS_START, above = first + (int)count;
	int *fds = mem_alloc((count + 1) * sizeof(*fds));
	struct str names = { 0 };
	bool placed = true;

	for (size_t i = 0; i < count; i++) {
		bool kept = i >= files->socket_count;

		fds[i] = kept ? files->kept[i - files->socket_count] : files->sockets[i];
		if (fds[i] < above) /* in the way */
			fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, above);
		placed = placed && fds[i] >= 0;
		str_addf(&names, "%s%s", i > 0 ? ":" : "", kept ? KEPT : "socket");
	}
	for (size_t i = 0; i < count && placed; i++)
		placed = dup2(fds[i], first + (int)i) >= 0; /* open after exec */
	if (placed) {
		set_number("LISTEN_PID", getpid());
		set_number("LISTEN_FDS", (long long)count);
		setenv("LISTEN_FDNAMES", str_text(&names), 1);
		close_range((unsigned)above, ~0U, CLOSE_RANGE_CLOEXEC);
		execvp(argv[0], argv);
	}
	str_free(&names);
	free(fds);
}

/* -- words ------------------------------------------------------------------------------------- */

void
service_ready(void)
{
	sd_notify(0, "READY=1");
}

void
service_reloading(void)
{
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_monotonic_us());
}

void
service_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

void
service_status(const char *words)
{
	sd_notifyf(0, "STATUS=%s", words);
}

int64_t
service_watchdog_ms(void)
{
	uint64_t limit_us;

	return sd_watchdog_enabled(0, &limit_us) > 0
		   ? (int64_t)(limit_us / 1000 / WATCHDOG_PART) + 1
		   : 0;
}

void
service_alive(void)
{
	sd_notify(0, "WATCHDOG=1");
}
