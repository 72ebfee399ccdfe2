#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

static const char *
path_of(const struct stage *stage, enum postfix_file file, struct str *path)
{
	str_empty(path);
	str_addf(path, "%s/%s", stage->folder, postfix_file_names[file]);
	return str_text(path);
}

static void
look_old(const struct stage *stage)
{
	const struct timespec times[2] = { { 0, UTIME_OMIT }, { 1, 0 } };
	struct str path = { 0 };

	for (size_t i = 0; i < POSTFIX_FILES; i++)
		utimensat(AT_FDCWD, path_of(stage, i, &path), times, 0);
	str_free(&path);
}

int
stage_open(struct stage *stage, const struct postfix_files *files, struct err *err)
{
	struct str path = { 0 };
	int rc = 0;

	snprintf(stage->folder, sizeof(stage->folder), "/tmp/mxctl.XXXXXX");
	if (mkdtemp(stage->folder) == NULL) {
		err_set(err, "%s: %s", stage->folder, strerror(errno));
		stage->folder[0] = '\0';
		return -1;
	}
	for (size_t i = 0; i < POSTFIX_FILES && rc == 0; i++)
		rc = file_put(path_of(stage, i, &path),
		    span_make(files->text[i].data, files->text[i].len), err);
	look_old(stage);
	str_free(&path);
	return rc;
}

void
stage_close(struct stage *stage)
{
	struct str path = { 0 };

	if (stage->folder[0] == '\0')
		return;
	for (size_t i = 0; i < POSTFIX_FILES; i++)
		unlink(path_of(stage, i, &path));
	rmdir(stage->folder);
	stage->folder[0] = '\0';
	str_free(&path);
}

int
stage_edit(const struct stage *stage, const char *flag, const struct postfix_words *items,
    struct err *err)
{
	int rc = postfix_conf_edit(stage->folder, flag, items, err);

	look_old(stage);
	return rc;
}

int
stage_append(const struct stage *stage, enum postfix_file file, const char *lines, struct err *err)
{
	struct str path = { 0 }, text = { 0 };
	int rc = file_read(path_of(stage, file, &path), &text, err);

	if (rc == 0) {
		if (text.len > 0 && text.data[text.len - 1] != '\n')
			str_addc(&text, '\n');
		str_adds(&text, lines);
		rc = file_put(str_text(&path), span_make(text.data, text.len), err);
		look_old(stage);
	}
	str_free(&path);
	str_free(&text);
	return rc;
}

int
stage_drop_lines(const struct stage *stage, bool (*is_dropped)(struct span line), struct err *err)
{
	struct str path = { 0 }, text = { 0 }, kept = { 0 };
	int rc = 0;

	for (size_t i = 0; i < POSTFIX_FILES && rc == 0; i++) {
		struct span rest, line;

		str_empty(&text);
		str_empty(&kept);
		rc = file_read(path_of(stage, i, &path), &text, err);
		rest = span_make(text.data, text.len);
		while (rest.len > 0) {
			const char *start = rest.ptr;

			span_line(&rest, &line);
			if (!is_dropped(line))
				str_add(&kept, start, (size_t)(rest.ptr - start));
		}
		if (rc == 0 && kept.len != text.len)
			rc = file_put(str_text(&path), span_make(kept.data, kept.len), err);
	}
	look_old(stage);
	str_free(&path);
	str_free(&text);
	str_free(&kept);
	return rc;
}

/* postconf -P takes no blanks in a value: the service is written anew, with the option at its end. */
static int
set_with_blanks(const struct stage *stage, struct arena *arena, const char *service,
    const char *type, const char *name, const char *value, struct err *err)
{
	struct postfix_services services = { 0 };
	struct postfix_words items = { 0 };
	const struct postfix_service *found;

	postfix_words_add(arena, &items, arena_printf(arena, "%s/%s/%s", service, type, name));
	if (stage_edit(stage, "-PX", &items, err) != 0 ||
	    postfix_conf_services(arena, stage->folder, &services, err) != 0)
		return -1;
	found = postfix_services_find(&services, service, type);
	if (found == NULL) {
		err_set(err, "master.cf has no service %s of type %s", service, type);
		return -1;
	}
	items.items[0] =
	    arena_printf(arena, "%s/%s=%s -o { %s = %s }", service, type, found->line, name, value);
	return stage_edit(stage, "-M", &items, err);
}

int
stage_set_option(const struct stage *stage, const char *service, const char *type, const char *name,
    const char *value, struct err *err)
{
	struct postfix_words items = { 0 };
	struct arena arena;
	int rc;

	arena_init(&arena);
	if (strpbrk(value, " \t") != NULL) {
		rc = set_with_blanks(stage, &arena, service, type, name, value, err);
	} else {
		postfix_words_add(&arena, &items,
		    arena_printf(&arena, "%s/%s/%s=%s", service, type, name, value));
		rc = stage_edit(stage, "-P", &items, err);
	}
	arena_clear(&arena);
	return rc;
}
