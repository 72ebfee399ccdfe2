#include "verp_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "str.h"

enum { FILE_MAX = 256, DAY_MS = 86400 * 1000 };

static void
add_path(struct str *out, const struct settings *settings, const char *file)
{
	const char *slash = strrchr(settings->file, '/');

	if (*file != '/' && slash != NULL)
		str_add(out, settings->file, (size_t)(slash - settings->file) + 1);
	str_adds(out, file);
}

static int
read_key(int fd, unsigned char key[VERP_KEY_BYTES], struct err *err)
{
	char text[FILE_MAX];
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) != 0 || (n = read(fd, text, sizeof(text))) < 0) {
		err_set(err, "%s", strerror(errno));
		return -1;
	}
	if ((st.st_mode & 07) != 0)
		err_set(err, "everybody may use it: chmod 0640");
	else if (verp_key_parse(span_make(text, (size_t)n), key) != 0)
		err_set(err, "not a key as `mxctl verp key` makes them");
	else
		return 0;
	return -1;
}

static int
load(const char *path, unsigned char key[VERP_KEY_BYTES], struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0) {
		err_set(err, "%s: %s", path, strerror(errno));
		return -1;
	}
	rc = read_key(fd, key, err);
	if (rc != 0)
		err_prefix(err, "%s", path);
	close(fd);
	return rc;
}

int
verp_keys_load(const struct settings *settings, struct verp_keys *keys, struct err *err)
{
	const struct conf_strings *files = &settings->return_path_keys;
	struct str path = { 0 };
	int rc = 0;

	memset(keys, 0, sizeof(*keys));
	if (files->count > VERP_KEYS_MAX) {
		err_set(err, "at most %d keys", VERP_KEYS_MAX);
		return -1;
	}
	for (size_t i = 0; i < files->count && rc == 0; i++) {
		str_empty(&path);
		add_path(&path, settings, files->items[i]);
		rc = load(str_text(&path), keys->keys[i], err);
	}
	str_free(&path);
	keys->count = rc == 0 ? files->count : 0;
	return rc;
}

int64_t
verp_keys_valid_days(const struct settings *settings)
{
	return settings->return_path_validity_ms / DAY_MS;
}
