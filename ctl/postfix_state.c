#include "postfix_state.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "transports_known.h"

#define SUBFOLDER TRANSPORTS_FOLDER

const char *const postfix_file_names[POSTFIX_FILES] = { "main.cf", "master.cf" };

void
postfix_files_free(struct postfix_files *files)
{
	for (size_t i = 0; i < POSTFIX_FILES; i++)
		str_free(&files->text[i]);
}

void
postfix_files_copy(struct postfix_files *to, const struct postfix_files *from)
{
	for (size_t i = 0; i < POSTFIX_FILES; i++) {
		str_empty(&to->text[i]);
		if (from->text[i].len > 0)
			str_add(&to->text[i], from->text[i].data, from->text[i].len);
	}
}

bool
postfix_files_equal(const struct postfix_files *a, const struct postfix_files *b)
{
	for (size_t i = 0; i < POSTFIX_FILES; i++)
		if (!span_eq(span_make(a->text[i].data, a->text[i].len),
			span_make(b->text[i].data, b->text[i].len)))
			return false;
	return true;
}

int
postfix_files_read(const char *folder, struct postfix_files *files, struct err *err)
{
	for (size_t i = 0; i < POSTFIX_FILES; i++) {
		struct str path = { 0 };
		int rc;

		str_addf(&path, "%s/%s", folder, postfix_file_names[i]);
		rc = file_read(str_text(&path), &files->text[i], err);
		str_free(&path);
		if (rc != 0)
			return -1;
	}
	return 0;
}

/* -- the folder -------------------------------------------------------------------------------- */

/* One file name from a path: all but letters, digits and ".-_" by their codes. */
static const char *
encode(struct arena *arena, const char *path)
{
	struct str name = { 0 };
	const char *copy;

	for (; *path != '\0'; path++)
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_",
			*path) != NULL)
			str_addc(&name, *path);
		else
			str_addf(&name, "%%%02X", (unsigned char)*path);
	copy = arena_dup(arena, span_of(str_text(&name)));
	str_free(&name);
	return copy;
}

static int
read_one(const char *folder, const char *name, const char *suffix, struct str *out, struct err *err)
{
	struct str path = { 0 };
	int rc, why;

	str_addf(&path, "%s/%s%s", folder, name, suffix);
	rc = file_read(str_text(&path), out, err);
	why = errno;
	str_free(&path);
	errno = why;
	return rc;
}

static int
write_one(const char *folder, const char *name, const char *suffix, const struct str *text,
    const char *like, struct err *err)
{
	struct str path = { 0 };
	int rc;

	str_addf(&path, "%s/%s%s", folder, name, suffix);
	rc = file_write(str_text(&path), span_make(text->data, text->len), like, err);
	str_free(&path);
	return rc;
}

static void
take_overwritten(struct arena *arena, struct span text, struct postfix_options *out)
{
	struct span line;

	while (span_line(&text, &line)) {
		long equals = span_find(line, SPAN(" = "));

		if (equals < 0)
			postfix_options_set(arena, out, arena_dup(arena, line), NULL);
		else
			postfix_options_set(arena, out,
			    arena_dup(arena, span_make(line.ptr, (size_t)equals)),
			    arena_dup(arena, span_from(line, (size_t)equals + 3)));
	}
}

int
postfix_state_read(struct arena *arena, const char *state_dir, const char *directory,
    struct postfix_state *state, struct err *err)
{
	struct str text = { 0 };
	struct err none;

	memset(state, 0, sizeof(*state));
	state->folder =
	    arena_printf(arena, "%s/" SUBFOLDER "/%s", state_dir, encode(arena, directory));
	if (read_one(state->folder, "directory", "", &text, err) != 0) {
		str_free(&text);
		return errno == ENOENT ? 0 : -1;
	}
	str_empty(&text);
	for (size_t i = 0; i < POSTFIX_FILES; i++)
		if (read_one(state->folder, postfix_file_names[i], ".orig",
			&state->original.text[i], err) != 0 ||
		    read_one(state->folder, postfix_file_names[i], ".ours", &state->ours.text[i],
			err) != 0) {
			str_free(&text);
			return -1;
		}
	if (read_one(state->folder, "overwritten", "", &text, &none) == 0)
		take_overwritten(arena, span_of(str_text(&text)), &state->overwritten);
	str_free(&text);
	state->timers = read_one(state->folder, "timers", "", &text, &none) == 0;
	str_free(&text);
	state->is_there = true;
	return 0;
}

static int
write_words(const struct postfix_state *state, const char *directory, struct err *err)
{
	struct str text = { 0 };
	int rc;

	for (size_t i = 0; i < state->overwritten.count; i++) {
		const struct postfix_option *old = &state->overwritten.items[i];

		str_addf(&text, "%s%s%s\n", old->name, old->value != NULL ? " = " : "",
		    old->value != NULL ? old->value : "");
	}
	rc = write_one(state->folder, "overwritten", "", &text, NULL, err);
	str_empty(&text);
	if (state->timers && rc == 0)
		rc = write_one(state->folder, "timers", "", &text, NULL, err);
	str_addf(&text, "%s\n", directory);
	if (rc == 0) /* the last one: with it the state is whole */
		rc = write_one(state->folder, "directory", "", &text, NULL, err);
	str_free(&text);
	return rc;
}

int
postfix_state_write(const struct postfix_state *state, const char *directory, struct err *err)
{
	if (file_make_folder(state->folder, err) != 0)
		return -1;
	for (size_t i = 0; i < POSTFIX_FILES; i++) {
		struct str like = { 0 };
		int rc;

		str_addf(&like, "%s/%s", directory, postfix_file_names[i]);
		rc = write_one(state->folder, postfix_file_names[i], ".orig",
		    &state->original.text[i], str_text(&like), err);
		if (rc == 0)
			rc = write_one(state->folder, postfix_file_names[i], ".ours",
			    &state->ours.text[i], str_text(&like), err);
		str_free(&like);
		if (rc != 0)
			return -1;
	}
	return write_words(state, directory, err);
}

int
postfix_state_write_transports(const struct postfix_state *state, const char *directory,
    const struct str *names, struct err *err)
{
	struct str like = { 0 };
	int rc;

	str_addf(&like, "%s/%s", directory, postfix_file_names[POSTFIX_MASTER]);
	rc = write_one(state->folder, TRANSPORTS_FILE, "", names, str_text(&like), err);
	str_free(&like);
	return rc;
}

int
postfix_state_remove(const struct postfix_state *state, struct err *err)
{
	static const char *const names[] = { "directory", TRANSPORTS_FILE, "timers", "overwritten",
		"main.cf.ours", "master.cf.ours", "main.cf.orig", "master.cf.orig" };
	struct str path = { 0 };
	int rc = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && rc == 0; i++) {
		str_empty(&path);
		str_addf(&path, "%s/%s", state->folder, names[i]);
		if (unlink(str_text(&path)) != 0 && errno != ENOENT)
			rc = -1;
	}
	if (rc == 0 && rmdir(state->folder) != 0 && errno != ENOENT)
		rc = -1;
	if (rc != 0)
		err_set(err, "%s: %s", state->folder, strerror(errno));
	str_free(&path);
	return rc;
}

void
postfix_state_free(struct postfix_state *state)
{
	postfix_files_free(&state->original);
	postfix_files_free(&state->ours);
}

void
postfix_state_list(struct arena *arena, const char *state_dir, struct postfix_words *out)
{
	const char *folder = arena_printf(arena, "%s/" SUBFOLDER, state_dir);
	DIR *dir = opendir(folder);
	struct dirent *entry;
	struct str text = { 0 };
	struct err err;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		str_empty(&text);
		if (entry->d_name[0] != '.' &&
		    read_one(arena_printf(arena, "%s/%s", folder, entry->d_name), "directory", "",
			&text, &err) == 0)
			postfix_words_add(arena, out,
			    arena_dup(arena, span_trim(span_of(str_text(&text)))));
	}
	if (dir != NULL)
		closedir(dir);
	str_free(&text);
}
