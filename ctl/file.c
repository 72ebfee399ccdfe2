#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
fail(struct err *err, const char *path)
{
	int why = errno;

	err_set(err, "%s: %s", path, strerror(why));
	errno = why;
	return -1;
}

int
file_read(const char *path, struct str *out, struct err *err)
{
	char bytes[8192];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return fail(err, path);
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		str_add(out, bytes, (size_t)n);
	if (n < 0)
		fail(err, path);
	close(fd);
	return n < 0 ? -1 : 0;
}

static int
write_all(int fd, struct span text)
{
	while (text.len > 0) {
		ssize_t n = write(fd, text.ptr, text.len);

		if (n < 0 && errno != EINTR)
			return -1;
		text = span_from(text, n > 0 ? (size_t)n : 0);
	}
	return 0;
}

static int
own_like(int fd, const char *like)
{
	struct stat st;

	if (like == NULL || stat(like, &st) != 0)
		return 0;
	if (fchown(fd, st.st_uid, st.st_gid) != 0 && geteuid() == 0)
		return -1;
	return fchmod(fd, st.st_mode & 07777);
}

int
file_write(const char *path, struct span text, const char *like, struct err *err)
{
	char real[PATH_MAX], temporary[PATH_MAX + 16];
	int fd;

	if (realpath(path, real) == NULL)
		snprintf(real, sizeof(real), "%s", path);
	snprintf(temporary, sizeof(temporary), "%s.XXXXXX", real);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return fail(err, temporary);
	if (write_all(fd, text) != 0 || fsync(fd) != 0 || own_like(fd, like) != 0 ||
	    rename(temporary, real) != 0) {
		fail(err, real);
		unlink(temporary);
		close(fd);
		return -1;
	}
	close(fd);
	return 0;
}

int
file_put(const char *path, struct span text, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int rc = fd >= 0 ? write_all(fd, text) : -1;

	if (rc != 0)
		fail(err, path);
	if (fd >= 0)
		close(fd);
	return rc;
}

int
file_make_folder(const char *path, struct err *err)
{
	char part[PATH_MAX];

	for (size_t i = 1; i <= strlen(path); i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		snprintf(part, sizeof(part), "%.*s", (int)i, path);
		if (mkdir(part, 0755) != 0 && errno != EEXIST)
			return fail(err, part);
	}
	return 0;
}
