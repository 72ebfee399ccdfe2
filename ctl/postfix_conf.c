#include "postfix_conf.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "run.h"

/* -- lists ------------------------------------------------------------------------------------- */

/* Room for one more of `count` elements: doubled whenever it is a power of two. */
static void *
grown(struct arena *arena, void *items, size_t count, size_t size)
{
	void *more;

	if (count > 0 && (count & (count - 1)) != 0)
		return items;
	more = arena_alloc(arena, (count > 0 ? 2 * count : 1) * size);
	if (count > 0)
		memcpy(more, items, count * size);
	return more;
}

void
postfix_words_add(struct arena *arena, struct postfix_words *words, const char *text)
{
	words->items = grown(arena, words->items, words->count, sizeof(*words->items));
	words->items[words->count++] = text;
}

void
postfix_options_set(struct arena *arena, struct postfix_options *options, const char *name,
    const char *value)
{
	for (size_t i = 0; i < options->count; i++)
		if (strcmp(options->items[i].name, name) == 0) {
			options->items[i].value = value;
			return;
		}
	options->items = grown(arena, options->items, options->count, sizeof(*options->items));
	options->items[options->count++] = (struct postfix_option){ name, value };
}

const char *
postfix_options_get(const struct postfix_options *options, const char *name)
{
	for (size_t i = 0; i < options->count; i++)
		if (strcmp(options->items[i].name, name) == 0)
			return options->items[i].value;
	return NULL;
}

/* -- reading ----------------------------------------------------------------------------------- */

/* Runs postconf with the words of args, then those of names (NULL: none). */
static int
run_postconf(const char *folder, const char *const *args, const char *const *names, struct str *out,
    struct err *err)
{
	size_t count = 0, at = 3;
	const char **argv;
	int rc;

	for (size_t i = 0; args != NULL && args[i] != NULL; i++)
		count++;
	for (size_t i = 0; names != NULL && names[i] != NULL; i++)
		count++;
	argv = mem_alloc((count + at + 1) * sizeof(*argv));
	argv[0] = "postconf";
	argv[1] = "-c";
	argv[2] = folder;
	for (size_t i = 0; args != NULL && args[i] != NULL; i++)
		argv[at++] = args[i];
	for (size_t i = 0; names != NULL && names[i] != NULL; i++)
		argv[at++] = names[i];
	rc = run_must(argv, out, err);
	free(argv);
	return rc;
}

/* "name = value" lines. */
static void
take_lines(struct arena *arena, struct span text, struct postfix_options *out)
{
	struct span line;

	while (span_line(&text, &line)) {
		long equals = span_find(line, SPAN("="));

		if (equals > 0)
			postfix_options_set(arena, out,
			    arena_dup(arena, span_trim(span_make(line.ptr, (size_t)equals))),
			    arena_dup(arena, span_trim(span_from(line, (size_t)equals + 1))));
	}
}

static int
read_lines(struct arena *arena, const char *folder, const char *const *args,
    const char *const *names, struct postfix_options *out, struct err *err)
{
	struct str text = { 0 };
	int rc = run_postconf(folder, args, names, &text, err);

	if (rc == 0)
		take_lines(arena, span_of(str_text(&text)), out);
	str_free(&text);
	return rc;
}

int
postfix_conf_parameters(struct arena *arena, const char *folder, bool expanded,
    const char *const *names, struct postfix_options *out, struct err *err)
{
	const char *const args[] = { expanded ? "-x" : NULL, NULL };

	return read_lines(arena, folder, args, names, out, err);
}

int
postfix_conf_set_parameters(struct arena *arena, const char *folder, struct postfix_options *out,
    struct err *err)
{
	return read_lines(arena, folder, (const char *const[]){ "-n", NULL }, NULL, out, err);
}

static const char *
take_word(struct arena *arena, struct span *rest)
{
	size_t len = 0;
	const char *word;

	*rest = span_trim(*rest);
	while (len < rest->len && rest->ptr[len] != ' ' && rest->ptr[len] != '\t')
		len++;
	word = arena_dup(arena, span_make(rest->ptr, len));
	*rest = span_from(*rest, len);
	return word;
}

/* name type private unprivileged chroot ... */
static void
take_services(struct arena *arena, struct span text, struct postfix_services *out)
{
	struct span line;

	while (span_line(&text, &line)) {
		struct postfix_service *service;

		if (span_trim(line).len == 0)
			continue;
		out->items = grown(arena, out->items, out->count, sizeof(*out->items));
		service = &out->items[out->count++];
		*service = (struct postfix_service){ .line = arena_dup(arena, line) };
		service->name = take_word(arena, &line);
		service->type = take_word(arena, &line);
		take_word(arena, &line);
		take_word(arena, &line);
		service->chroot = take_word(arena, &line);
	}
}

/* name/type/parameter = value */
static void
take_option(struct arena *arena, const struct postfix_option *option,
    struct postfix_services *services)
{
	size_t name = strcspn(option->name, "/");
	size_t type = name + (option->name[name] == '/');
	size_t parameter = type + strcspn(option->name + type, "/");

	for (size_t i = 0; i < services->count && option->name[parameter] == '/'; i++) {
		struct postfix_service *service = &services->items[i];

		if (span_eq(span_of(service->name), span_make(option->name, name)) &&
		    span_eq(span_of(service->type),
			span_make(option->name + type, parameter - type)))
			postfix_options_set(arena, &service->options, option->name + parameter + 1,
			    option->value);
	}
}

int
postfix_conf_services(struct arena *arena, const char *folder, struct postfix_services *out,
    struct err *err)
{
	struct postfix_options options = { 0 };
	struct str text = { 0 };
	int rc = run_postconf(folder, (const char *const[]){ "-M", NULL }, NULL, &text, err);

	if (rc == 0) {
		take_services(arena, span_of(str_text(&text)), out);
		rc = read_lines(arena, folder, (const char *const[]){ "-P", NULL }, NULL, &options,
		    err);
	}
	for (size_t i = 0; i < options.count; i++)
		take_option(arena, &options.items[i], out);
	str_free(&text);
	return rc;
}

const struct postfix_service *
postfix_services_find(const struct postfix_services *services, const char *name, const char *type)
{
	for (size_t i = 0; i < services->count; i++)
		if (strcmp(services->items[i].name, name) == 0 &&
		    (type == NULL || strcmp(services->items[i].type, type) == 0))
			return &services->items[i];
	return NULL;
}

/* -- editing ----------------------------------------------------------------------------------- */

int
postfix_conf_edit(const char *folder, const char *flag, const struct postfix_words *items,
    struct err *err)
{
	const char **names;
	int rc;

	if (items->count == 0)
		return 0;
	names = mem_alloc((items->count + 1) * sizeof(*names));
	memcpy(names, items->items, items->count * sizeof(*names));
	rc = run_postconf(folder, (const char *const[]){ flag, NULL }, names, NULL, err);
	free(names);
	return rc;
}
