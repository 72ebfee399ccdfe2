#include "rules_install.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "mem.h"

enum { LOCK_WAIT_MS = 30000, LOCK_STEP_MS = 50, FILES = RULES_FILES + 2 };

#define STAGED "new"

static const char *const files[FILES] = { "mx-rules.conf", "bounce-rules.conf", "bundle.json",
	"bundle.json.minisig" };

static int
fail(struct err *err, const char *path)
{
	err_set(err, "%s: %s", path, strerror(errno));
	return -1;
}

/* STATE_DIR/rules/NAME, or STATE_DIR/rules/NAME/FILE. */
static const char *
place(char path[PATH_MAX], const struct settings *settings, const char *name, const char *file)
{
	snprintf(path, PATH_MAX, "%s/rules/%s%s%s", settings->state_dir, name,
	    file != NULL ? "/" : "", file != NULL ? file : "");
	return path;
}

static int
sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	if (fd < 0)
		return -1;
	rc = fsync(fd);
	close(fd);
	return rc;
}

/* -- who changes it ---------------------------------------------------------------------------- */

/* What root made there its owner could not change any more; and whatever links the owner has put
 * there, they lead nowhere that the owner may not go. */
int
rules_install_own(const struct settings *settings, struct err *err)
{
	const char *state_dir = settings->state_dir;
	const struct passwd *owner;
	struct stat st;
	int rc;

	if (stat(state_dir, &st) != 0)
		return fail(err, state_dir);
	if (geteuid() != 0 || st.st_uid == 0)
		return 0;
	owner = getpwuid(st.st_uid);
	rc = owner != NULL ? initgroups(owner->pw_name, st.st_gid) : setgroups(1, &st.st_gid);
	if (rc == 0 && setegid(st.st_gid) == 0 && seteuid(st.st_uid) == 0)
		return 0;
	err_set(err, "becoming the owner of %s: %s", state_dir, strerror(errno));
	return -1;
}

int
rules_install_begin(const struct settings *settings, struct err *err)
{
	int64_t deadline_ms = clock_monotonic_ms() + LOCK_WAIT_MS;
	char path[PATH_MAX];
	int fd;

	if (rules_install_own(settings, err) != 0)
		return -1;
	snprintf(path, sizeof(path), "%s/rules", settings->state_dir);
	if (mkdir(path, 0755) != 0 && errno != EEXIST)
		return fail(err, path);
	fd = open(place(path, settings, "lock", NULL), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
	    0644);
	if (fd < 0)
		return fail(err, path);
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (clock_monotonic_ms() >= deadline_ms) {
			err_set(err, "%s: another mxctl has been changing the rules for %d s", path,
			    LOCK_WAIT_MS / 1000);
			close(fd);
			return -1;
		}
		poll(NULL, 0, LOCK_STEP_MS);
	}
	return fd;
}

/* -- a new version ----------------------------------------------------------------------------- */

/* A folder of ours with the files of ours. */
static void
remove_version(const struct settings *settings, const char *name)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < FILES; i++)
		unlink(place(path, settings, name, files[i]));
	rmdir(place(path, settings, name, NULL));
}

void
rules_install_drop(const struct settings *settings)
{
	remove_version(settings, STAGED);
}

void
rules_install_forget(const struct settings *settings, const char *version)
{
	remove_version(settings, version);
}

static int
write_file(const char *path, struct span text, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644), rc = 0;

	if (fd < 0)
		return fail(err, path);
	while (text.len > 0 && rc == 0) {
		ssize_t n = write(fd, text.ptr, text.len);

		rc = n < 0 && errno != EINTR ? fail(err, path) : 0;
		text = span_from(text, n > 0 ? (size_t)n : 0);
	}
	if (rc == 0 && fsync(fd) != 0)
		rc = fail(err, path);
	if (close(fd) != 0 && rc == 0)
		rc = fail(err, path);
	return rc;
}

int
rules_install_stage(const struct settings *settings, const struct bundle *bundle, struct span text,
    struct span signature, struct err *err)
{
	const struct span texts[FILES] = { span_of(bundle->files[RULES_FILE_MX]),
		span_of(bundle->files[RULES_FILE_BOUNCE]), text, signature };
	char path[PATH_MAX];

	rules_install_drop(settings); /* of one that was broken off */
	if (mkdir(place(path, settings, STAGED, NULL), 0755) != 0)
		return fail(err, path);
	for (size_t i = 0; i < FILES; i++)
		if (write_file(place(path, settings, STAGED, files[i]), texts[i], err) != 0) {
			rules_install_drop(settings);
			return -1;
		}
	if (sync_folder(place(path, settings, STAGED, NULL)) == 0)
		return 0;
	fail(err, path);
	rules_install_drop(settings);
	return -1;
}

int
rules_install_keep(const struct settings *settings, const char *version, struct err *err)
{
	char from[PATH_MAX], to[PATH_MAX], current[RULES_VERSION_SIZE];

	place(from, settings, STAGED, NULL);
	place(to, settings, version, NULL);
	/* Of the one in force every file stays where it is: it is the same version. */
	if (rules_place_current(settings->state_dir, current) && strcmp(current, version) == 0) {
		rules_install_drop(settings);
		return 0;
	}
	remove_version(settings, version);
	if (rename(from, to) != 0)
		return fail(err, to);
	return 0;
}

int
rules_install_use(const struct settings *settings, const char *version, struct err *err)
{
	char link[PATH_MAX], fresh[PATH_MAX], folder[PATH_MAX];
	int rc;

	place(link, settings, "current", NULL);
	place(fresh, settings, "current.new", NULL);
	snprintf(folder, sizeof(folder), "%s/rules", settings->state_dir);
	unlink(fresh);
	if (version == NULL)
		rc = unlink(link) == 0 || errno == ENOENT ? 0 : fail(err, link);
	else if (symlink(version, fresh) != 0)
		rc = fail(err, fresh);
	else
		rc = rename(fresh, link) == 0 ? 0 : fail(err, link);
	if (rc != 0)
		unlink(fresh);
	else
		sync_folder(folder); /* it is in force, whatever the disk says to this */
	return rc;
}

/* -- those that are kept ----------------------------------------------------------------------- */

static int
latest_first(const void *a, const void *b)
{
	return strcmp(b, a);
}

void
rules_install_list(const char *state_dir, struct rules_versions *versions)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *folder;

	*versions = (struct rules_versions){ 0 };
	snprintf(path, sizeof(path), "%s/rules", state_dir);
	folder = opendir(path);
	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		if (!rules_version_is(span_of(entry->d_name)))
			continue;
		versions->items =
		    mem_resize(versions->items, (versions->count + 1) * sizeof(*versions->items));
		memcpy(versions->items[versions->count++], entry->d_name, RULES_VERSION_SIZE);
	}
	if (folder != NULL)
		closedir(folder);
	if (versions->count > 1)
		qsort(versions->items, versions->count, sizeof(*versions->items), latest_first);
}

bool
rules_install_has(const struct rules_versions *versions, const char *version)
{
	for (size_t i = 0; i < versions->count; i++)
		if (strcmp(versions->items[i], version) == 0)
			return true;
	return false;
}

const char *
rules_install_before(const struct rules_versions *versions, const char *version)
{
	for (size_t i = 0; i < versions->count; i++)
		if (strcmp(versions->items[i], version) < 0)
			return versions->items[i];
	return NULL;
}

void
rules_install_prune(const struct settings *settings)
{
	struct rules_versions versions;
	char current[RULES_VERSION_SIZE];

	rules_place_current(settings->state_dir, current);
	rules_install_list(settings->state_dir, &versions);
	for (size_t i = (size_t)settings->rules_keep; i < versions.count; i++)
		if (strcmp(versions.items[i], current) != 0)
			remove_version(settings, versions.items[i]);
	free(versions.items);
}

/* -- how it went ------------------------------------------------------------------------------- */

static int
overwrite(const char *path, struct span text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd >= 0 ? pwrite(fd, text.ptr, text.len, 0) : -1;

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)text.len ? 0 : -1;
}

int
rules_install_save_last(const struct settings *settings, const struct rules_last *last,
    struct err *err)
{
	char path[PATH_MAX], fresh[PATH_MAX];
	struct str out = { 0 };
	struct span text;
	int rc;

	rules_last_format(last, &out);
	text = span_make(out.data, out.len);
	place(path, settings, "last", NULL);
	place(fresh, settings, "last.new", NULL);
	unlink(fresh);
	rc = write_file(fresh, text, err);
	if (rc == 0 && rename(fresh, path) != 0)
		rc = fail(err, path);
	if (rc != 0) {
		unlink(fresh);
		rc = overwrite(path, text);
	}
	str_free(&out);
	return rc;
}
