#include "bundle.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "date.h"
#include "out.h"
#include "rules_version.h"

enum { FORMAT = 1 };

static int
refuse(struct err *err, const char *key, const char *words)
{
	err_set(err, "the bundle's \"%s\" %s", key, words);
	return -1;
}

/* A member that is a string; NULL and words. */
static const char *
text_of(json_t *object, const char *key, struct arena *arena, struct err *err)
{
	json_t *value = json_object_get(object, key);

	if (!json_is_string(value)) {
		refuse(err, key, value == NULL ? "is missing" : "is no text");
		return NULL;
	}
	return arena_dup(arena, span_make(json_string_value(value), json_string_length(value)));
}

/* The parser's words quote the text. */
static int
refuse_text(struct err *err, const json_error_t *why)
{
	struct str clean = { 0 };

	out_clean(&clean, span_of(why->text));
	err_set(err, "the bundle is no JSON: line %d: %s", why->line, str_text(&clean));
	str_free(&clean);
	return -1;
}

/* A name from the bundle itself is told on one line. */
static int
refuse_unknown(struct err *err, const char *key)
{
	struct str clean = { 0 };

	out_clean(&clean, span_of(key));
	refuse(err, str_text(&clean), "is nothing that a bundle of format 1 has");
	str_free(&clean);
	return -1;
}

static int
check_members(json_t *object, const char *const *names, size_t count, struct err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		size_t i = 0;

		while (i < count && strcmp(names[i], key) != 0)
			i++;
		if (i == count)
			return refuse_unknown(err, key);
	}
	return 0;
}

/* A rules file that reads others would read this host's. */
static bool
includes(struct span text)
{
	struct span line;

	while (span_line(&text, &line))
		if (span_starts(span_trim(line), SPAN("@include")))
			return true;
	return false;
}

static int
read_files(json_t *files, struct arena *arena, struct bundle *bundle, struct err *err)
{
	if (!json_is_object(files))
		return refuse(err, "files", files == NULL ? "is missing" : "is no object");
	if (check_members(files, rules_file_names, RULES_FILES, err) != 0)
		return -1;
	for (size_t i = 0; i < RULES_FILES; i++) {
		bundle->files[i] = text_of(files, rules_file_names[i], arena, err);
		if (bundle->files[i] == NULL)
			return -1;
		if (includes(span_of(bundle->files[i])))
			return refuse(err, rules_file_names[i], "has an @include");
	}
	return 0;
}

static int
read_bundle(json_t *root, struct arena *arena, struct bundle *bundle, struct err *err)
{
	static const char *const names[] = { "format", "version", "made", "comment", "files" };
	struct span made, rest;

	if (!json_is_object(root)) {
		err_set(err, "the bundle is no JSON object");
		return -1;
	}
	if (!json_is_integer(json_object_get(root, "format")))
		return refuse(err, "format", "is missing, or no number");
	if (json_integer_value(json_object_get(root, "format")) != FORMAT)
		return refuse(err, "format",
		    "is one that this mxctl does not know: a newer one does");
	if (check_members(root, names, sizeof(names) / sizeof(names[0]), err) != 0 ||
	    (bundle->version = text_of(root, "version", arena, err)) == NULL ||
	    (bundle->made = text_of(root, "made", arena, err)) == NULL ||
	    (bundle->comment = text_of(root, "comment", arena, err)) == NULL)
		return -1;
	if (rules_version_day_s(span_of(bundle->version)) < 0)
		return refuse(err, "version", "is not a day and a number, in the form YYYYMMDDNN");
	made = span_of(arena_printf(arena, "%s ", bundle->made)); /* as before other words */
	if (!span_starts(made, SPAN("2")) || date_parse_log(made, 0, &rest) < 0 || rest.len > 0)
		return refuse(err, "made", "is no time such as 2026-11-22T03:00:00Z");
	return read_files(json_object_get(root, "files"), arena, bundle, err);
}

int
bundle_parse(struct span text, struct arena *arena, struct bundle *bundle, struct err *err)
{
	json_error_t why;
	json_t *root;
	int rc;

	*bundle = (struct bundle){ 0 };
	if (text.len > BUNDLE_MAX) {
		err_set(err, "the bundle is larger than %d MB", BUNDLE_MAX >> 20);
		return -1;
	}
	root = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &why);
	if (root == NULL)
		return refuse_text(err, &why);
	rc = read_bundle(root, arena, bundle, err);
	json_decref(root);
	return rc;
}

static json_t *
text_new(const char *text)
{
	return json_stringn(text, strlen(text));
}

int
bundle_format(const struct bundle *bundle, struct str *out, struct err *err)
{
	json_t *root = json_object(), *files = json_object();
	char *text = NULL;
	int rc = 0;

	rc |= json_object_set_new(root, "format", json_integer(FORMAT));
	rc |= json_object_set_new(root, "version", text_new(bundle->version));
	rc |= json_object_set_new(root, "made", text_new(bundle->made));
	rc |= json_object_set_new(root, "comment", text_new(bundle->comment));
	for (size_t i = 0; i < RULES_FILES; i++)
		rc |= json_object_set_new(files, rules_file_names[i], text_new(bundle->files[i]));
	rc |= json_object_set_new(root, "files", files);
	if (rc == 0)
		text = json_dumps(root, JSON_COMPACT);
	json_decref(root);
	if (text == NULL || strlen(text) > BUNDLE_MAX) {
		err_set(err, text == NULL ? "not all of it is UTF-8"
					  : "the bundle would be larger than 8 MB");
		free(text);
		return -1;
	}
	str_adds(out, text);
	free(text);
	return 0;
}
