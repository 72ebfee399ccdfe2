#include "import_source.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

int
import_source_open(struct import_source *source, const char *name, FILE *in, struct err *err)
{
	struct stat st;

	*source = (struct import_source){ .name = name, .file = in };
	if (name == NULL)
		return 0;
	source->file = fopen(name, "re");
	if (source->file == NULL || fstat(fileno(source->file), &st) != 0) {
		err_set(err, "%s: %s", name, strerror(errno));
		import_source_close(source);
		return -1;
	}
	if (S_ISREG(st.st_mode)) {
		source->size = st.st_size;
		source->mtime_s = st.st_mtime;
	}
	return 0;
}

void
import_source_close(struct import_source *source)
{
	if (source->name != NULL && source->file != NULL)
		fclose(source->file);
	source->file = NULL;
	str_free(&source->text);
}

enum import_read
import_source_read(struct import_source *source, struct span *line)
{
	bool too_long = false;
	int c;

	str_empty(&source->text);
	errno = 0;
	while ((c = getc_unlocked(source->file)) != EOF && c != '\n') {
		source->offset++;
		if (source->text.len < IMPORT_LINE_MAX)
			str_addc(&source->text, (char)c);
		else
			too_long = true;
	}
	if (c == EOF && ferror(source->file))
		return IMPORT_READ_FAILED;
	if (c == EOF && source->text.len == 0)
		return IMPORT_READ_END;
	source->offset += c == '\n';
	source->line++;
	*line = span_make(str_text(&source->text), source->text.len);
	if (line->len > 0 && line->ptr[line->len - 1] == '\r')
		line->len--;
	return too_long ? IMPORT_READ_TOO_LONG : IMPORT_READ_LINE;
}

/* -- the position ------------------------------------------------------------------------------- */

static const char *
position_name(const struct import_source *source, char name[PATH_MAX])
{
	snprintf(name, PATH_MAX, "%s.position", source->name);
	return name;
}

int
import_source_keep(const struct import_source *source, int64_t line, int64_t offset,
    struct err *err)
{
	char name[PATH_MAX];
	struct str text = { 0 };
	int rc;

	if (source->name == NULL || source->size == 0)
		return 0;
	str_addf(&text,
	    "size %" PRId64 "\nmodified %" PRId64 "\nline %" PRId64 "\noffset %" PRId64 "\n",
	    source->size, source->mtime_s, line, offset);
	rc = file_write(position_name(source, name), span_make(text.data, text.len), NULL, err);
	str_free(&text);
	return rc;
}

int
import_source_resume(struct import_source *source, struct err *err)
{
	char name[PATH_MAX];
	struct str text = { 0 };
	int64_t size = -1, modified = -1, line = -1, offset = -1;
	int rc = -1;

	if (source->name == NULL) {
		err_set(err, "standard input cannot be gone on with");
		return -1;
	}
	if (file_read(position_name(source, name), &text, err) != 0) {
		if (errno == ENOENT)
			err_set(err, "no import of %s has stopped: there is no %s", source->name,
			    name);
	} else if (sscanf(str_text(&text),
		       "size %" SCNd64 " modified %" SCNd64 " line %" SCNd64 " offset %" SCNd64,
		       &size, &modified, &line, &offset) != 4 ||
		   line < 0 || offset < 0 || offset > size) {
		err_set(err, "%s is no position of ours", name);
	} else if (size != source->size || modified != source->mtime_s) {
		err_set(err, "%s was changed since; import it from its beginning", source->name);
	} else if (fseeko(source->file, offset, SEEK_SET) != 0) {
		err_set(err, "%s: %s", source->name, strerror(errno));
	} else {
		source->line = line;
		source->offset = offset;
		rc = 0;
	}
	str_free(&text);
	return rc;
}

void
import_source_forget(const struct import_source *source)
{
	char name[PATH_MAX];

	if (source->name != NULL && source->size > 0)
		unlink(position_name(source, name));
}
