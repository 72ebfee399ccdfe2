#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_MAX = 16 << 20, ABSENT = -1 };

static void
set_stamp(struct source *source, const struct stat *st)
{
	source->inode = (int64_t)st->st_ino;
	source->size = (int64_t)st->st_size;
	source->mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
	source->ctime_ns = (int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec;
}

static bool
has_include(struct span text)
{
	struct span line;

	if (span_find(text, SPAN("@include")) < 0)
		return false;
	while (span_line(&text, &line))
		if (span_starts(span_trim(line), SPAN("@include")))
			return true;
	return false;
}

static int
read_all(int fd, size_t size, struct str *text)
{
	str_reserve(text, size + 1);
	for (;;) {
		ssize_t n = read(fd, text->data + text->len, size + 1 - text->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || text->len + (size_t)n > size)
			return -1; /* it is growing: somebody is writing it */
		if (n == 0)
			return 0;
		text->len += (size_t)n;
		text->data[text->len] = '\0';
	}
}

static int
read_file(const char *path, struct stat *st, struct str *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), rc = -1;

	if (fd < 0)
		return -1;
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode) && st->st_size <= TEXT_MAX)
		rc = read_all(fd, (size_t)st->st_size, text);
	close(fd);
	return rc;
}

int
source_text(const char *path, struct str *text)
{
	struct stat st;

	return read_file(path, &st, text);
}

int
source_read(struct source *source, const char *path)
{
	struct str text = { 0 };
	struct stat st;
	int rc = read_file(path, &st, &text);

	if (rc == 0) {
		struct span said = span_make(str_text(&text), text.len);

		*source = (struct source){
			.path = path,
			.hash = pack_hash(PACK_HASH_START, said),
			.includes = has_include(said),
		};
		set_stamp(source, &st);
	}
	str_free(&text);
	return rc;
}

int
source_read_any(struct source *source, const char *path)
{
	struct stat st;

	if (*path != '\0' && (stat(path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR)))
		return source_read(source, path);
	*source = (struct source){ .path = path, .inode = ABSENT };
	return 0;
}

bool
source_is_absent(const struct source *source)
{
	return source->inode == ABSENT;
}

enum source_state
source_compare(const struct source *source)
{
	struct source now = { .path = source->path };
	struct stat st;

	if (*source->path == '\0')
		return source_is_absent(source) ? SOURCE_SAME : SOURCE_OTHER;
	if (stat(source->path, &st) != 0)
		return source_is_absent(source) && (errno == ENOENT || errno == ENOTDIR)
			   ? SOURCE_SAME
			   : SOURCE_OTHER;
	if (source_is_absent(source))
		return SOURCE_OTHER;
	set_stamp(&now, &st);
	if (now.inode == source->inode && now.size == source->size &&
	    now.mtime_ns == source->mtime_ns && now.ctime_ns == source->ctime_ns)
		return SOURCE_SAME;
	if (now.size != source->size || source_read(&now, source->path) != 0)
		return SOURCE_OTHER;
	return now.hash == source->hash ? SOURCE_SAME_TEXT : SOURCE_OTHER;
}

void
source_pack(const struct source *source, struct str *out)
{
	pack_text(out, source->path);
	pack_number(out, source->inode);
	pack_number(out, source->size);
	pack_number(out, source->mtime_ns);
	pack_number(out, source->ctime_ns);
	pack_number(out, (int64_t)source->hash);
}

void
source_unpack(struct source *source, struct unpack *in)
{
	source->path = unpack_text(in);
	source->inode = unpack_number(in);
	source->size = unpack_number(in);
	source->mtime_ns = unpack_number(in);
	source->ctime_ns = unpack_number(in);
	source->hash = (uint64_t)unpack_number(in);
	source->includes = false;
}
