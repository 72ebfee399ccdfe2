#include "rules_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "source.h"

#define MAGIC "mxpace rules 5" /* another number where the meaning of the bytes changes */
#define NAME  "mxbounce.cache"
#define ORDER INT64_C(0x0102030405060708)
enum { CONFIGURATION, RULES, LOCAL, SOURCES }; /* the last need not be there */
enum { PATH_SIZE = 512 };

/* -- where ------------------------------------------------------------------------------------- */

/* state_dir, without having read the configuration for good. A wrong guess finds no cache, or one
 * that is not of this configuration. */
static void
guess_state_dir(struct span text, char folder[PATH_SIZE])
{
	struct span line, found = SPAN("/var/lib/mxpace");

	while (span_line(&text, &line)) {
		long from, to;

		line = span_trim(line);
		if (!span_starts(line, SPAN("state_dir")) ||
		    (from = span_find(line, SPAN("\""))) < 0)
			continue;
		line = span_from(line, (size_t)from + 1);
		if ((to = span_find(line, SPAN("\""))) >= 0)
			found = span_make(line.ptr, (size_t)to);
	}
	snprintf(folder, PATH_SIZE, "%.*s", (int)found.len, found.ptr);
}

/* Of whoever tries mxbounce without being its user. Under pipe(8) there is no HOME. */
static bool
own_folder(char folder[PATH_SIZE], bool make)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	int len;

	if (cache != NULL && *cache == '/')
		len = snprintf(folder, PATH_SIZE, "%s", cache);
	else if (home != NULL && *home == '/')
		len = snprintf(folder, PATH_SIZE, "%s/.cache", home);
	else
		return false;
	if (len < 0 || len + 8 > PATH_SIZE)
		return false;
	if (make)
		mkdir(folder, 0700);
	strcpy(folder + len, "/mxpace");
	if (make)
		mkdir(folder, 0700);
	return true;
}

/* -- the file's form --------------------------------------------------------------------------- */

static void
pack_head(struct str *out)
{
	char version[PATTERN_VERSION_SIZE];

	pack_text(out, MAGIC);
	pack_text(out, MXPACE_VERSION);
	pack_text(out, pattern_version(version));
	pack_number(out, (int64_t)sizeof(void *));
	pack_number(out, ORDER);
}

/* Our head, and what is behind it. */
static struct span
body_of(struct span bytes)
{
	struct unpack in = unpack_make(bytes);
	struct span body = SPAN("");
	struct str head = { 0 };

	pack_head(&head);
	if (span_starts(bytes, span_make(head.data, head.len))) {
		in.at = head.len;
		body = unpack_bytes(&in);
	}
	str_free(&head);
	return body;
}

struct body {
	struct source sources[SOURCES];
	struct span rest; /* settings and rules */
};

/* -- saving ------------------------------------------------------------------------------------ */

int64_t
rules_cache_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now); /* what stat(2) tells is of this clock */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The configuration holds a password: who may not read it may not read the cache either. */
static int
set_mode(int fd, const char *configuration)
{
	struct stat st;
	mode_t mode;

	if (stat(configuration, &st) != 0)
		return -1;
	mode = st.st_mode & 0044;
	if (fchown(fd, (uid_t)-1, st.st_gid) != 0)
		mode = (mode & 0004) != 0 ? mode & 0044 : 0;
	return fchmod(fd, 0600 | mode);
}

static int
write_all(int fd, struct span bytes)
{
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.ptr, bytes.len);

		if (n < 0 && errno != EINTR)
			return -1;
		bytes = span_from(bytes, n > 0 ? (size_t)n : 0);
	}
	return fsync(fd);
}

static int
write_file(const char *folder, const char *configuration, struct span bytes, struct err *err)
{
	char path[PATH_SIZE + 32], part[PATH_SIZE + 32];
	int fd;

	snprintf(path, sizeof(path), "%s/" NAME, folder);
	snprintf(part, sizeof(part), "%s/" NAME ".XXXXXX", folder);
	fd = mkostemp(part, O_CLOEXEC);
	if (fd < 0) {
		err_set(err, "%s: %s", folder, strerror(errno));
		return -1;
	}
	if (set_mode(fd, configuration) == 0 && write_all(fd, bytes) == 0 && close(fd) == 0) {
		if (rename(part, path) == 0)
			return 0;
		fd = -1;
	}
	err_set(err, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	unlink(part);
	return -1;
}

static int
read_source(struct source sources[SOURCES], int i, const char *path)
{
	return i == LOCAL ? source_read_any(&sources[i], path) : source_read(&sources[i], path);
}

/* As it is and was at read_ms, so long that no later change can look the same. */
static int
check_settled(const struct source *source, int64_t read_ms, struct err *err)
{
	if (source->includes) {
		err_set(err, "%s has an @include", source->path);
		return -1;
	}
	if (source->ctime_ns / 1000000 > read_ms - RULES_CACHE_SETTLED_MS) {
		err_set(err, "%s has changed just now", source->path);
		return -1;
	}
	return 0;
}

/* The sources and what `rest` adds behind them. */
static void
write_body(const struct source sources[SOURCES], struct str *body)
{
	for (int i = 0; i < SOURCES; i++)
		source_pack(&sources[i], body);
}

static int
write_image(const char *folder, const char *configuration, const struct str *body, struct err *err)
{
	struct str image = { 0 };
	int rc;

	pack_head(&image);
	pack_bytes(&image, span_make(body->data, body->len));
	rc = write_file(folder, configuration, span_make(image.data, image.len), err);
	str_free(&image);
	return rc;
}

/* The files were touched, copied or installed anew with the same text: the next run shall see by
 * stat(2) alone that they are the same. */
static void
renew(const char *folder, const struct body *old)
{
	int64_t now_ms = rules_cache_now_ms();
	struct source sources[SOURCES];
	struct str body = { 0 };

	for (int i = 0; i < SOURCES; i++)
		if (read_source(sources, i, old->sources[i].path) != 0 ||
		    source_is_absent(&sources[i]) != source_is_absent(&old->sources[i]) ||
		    sources[i].hash != old->sources[i].hash ||
		    check_settled(&sources[i], now_ms, NULL) != 0)
			return;
	write_body(sources, &body);
	str_add_span(&body, old->rest);
	write_image(folder, sources[CONFIGURATION].path, &body, NULL);
	str_free(&body);
}

int
rules_cache_save(const struct settings *settings, const struct bounce_rules *rules, int64_t read_ms,
    struct err *err)
{
	const char *paths[SOURCES] = { settings->file, settings->bounce_rules,
		settings->bounce_rules_local };
	struct source sources[SOURCES];
	char folder[PATH_SIZE];
	struct str body = { 0 };
	int rc;

	for (int i = 0; i < SOURCES; i++) {
		if (read_source(sources, i, paths[i]) != 0) {
			err_set(err, "%s: %s", paths[i], strerror(errno));
			return -1;
		}
		if (i == LOCAL && source_is_absent(&sources[i]) == bounce_rules_have_local(rules)) {
			err_set(err, "%s has come or gone just now", paths[i]);
			return -1;
		}
		if (check_settled(&sources[i], read_ms, err) != 0)
			return -1;
	}
	write_body(sources, &body);
	settings_pack(settings, &body);
	bounce_rules_pack(rules, &body);
	rc = write_image(settings->state_dir, settings->file, &body, err);
	if (rc != 0 && own_folder(folder, true))
		rc = write_image(folder, settings->file, &body, NULL);
	str_free(&body);
	return rc;
}

/* -- loading ----------------------------------------------------------------------------------- */

/* The bytes of a file that nobody else can have written. */
static int
map_file(const char *folder, struct rules_cache *cache)
{
	char path[PATH_SIZE + sizeof(NAME) + 1];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/" NAME, folder);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -1;
	cache->bytes = MAP_FAILED;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0022) == 0 &&
	    (st.st_uid == 0 || st.st_uid == geteuid()) && st.st_size > 0) {
		cache->len = (size_t)st.st_size;
		cache->bytes = mmap(NULL, cache->len, PROT_READ, MAP_PRIVATE, fd, 0);
	}
	close(fd);
	if (cache->bytes != MAP_FAILED)
		return 0;
	cache->bytes = NULL;
	return -1;
}

static int
read_body(const char *file, struct rules_cache *cache, struct body *body)
{
	struct span bytes = body_of(span_make(cache->bytes, cache->len));
	struct unpack in = unpack_make(bytes);

	for (int i = 0; i < SOURCES; i++)
		source_unpack(&body->sources[i], &in);
	body->rest = span_from(bytes, in.at);
	if (in.failed || strcmp(body->sources[CONFIGURATION].path, file) != 0)
		return -1;
	cache->settings = settings_unpack(&in);
	cache->rules = cache->settings != NULL ? bounce_rules_unpack(&in) : NULL;
	if (cache->rules == NULL ||
	    strcmp(body->sources[RULES].path, cache->settings->bounce_rules) != 0 ||
	    strcmp(body->sources[LOCAL].path, cache->settings->bounce_rules_local) != 0)
		return -1;
	return 0;
}

static int
load_from(const char *folder, const char *file, struct rules_cache *cache)
{
	bool same = true;
	struct body body;

	if (map_file(folder, cache) != 0)
		return -1;
	if (read_body(file, cache, &body) != 0)
		return -1;
	for (int i = 0; i < SOURCES; i++) {
		enum source_state state = source_compare(&body.sources[i]);

		if (state == SOURCE_OTHER)
			return -1;
		same = same && state == SOURCE_SAME;
	}
	if (!same)
		renew(folder, &body);
	return 0;
}

int
rules_cache_load(const char *file, struct rules_cache *cache)
{
	char folder[PATH_SIZE];
	struct str text = { 0 };
	int rc = -1;

	*cache = (struct rules_cache){ 0 };
	if (source_text(file, &text) == 0) {
		guess_state_dir(span_make(str_text(&text), text.len), folder);
		rc = load_from(folder, file, cache);
	}
	str_free(&text);
	if (rc != 0)
		rules_cache_clear(cache);
	if (rc != 0 && own_folder(folder, false) && (rc = load_from(folder, file, cache)) != 0)
		rules_cache_clear(cache);
	return rc;
}

void
rules_cache_clear(struct rules_cache *cache)
{
	bounce_rules_free(&cache->rules);
	settings_release(&cache->settings);
	if (cache->bytes != NULL)
		munmap(cache->bytes, cache->len);
	*cache = (struct rules_cache){ 0 };
}
