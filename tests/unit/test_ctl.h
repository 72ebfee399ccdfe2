/*
 * test_ctl - running mxctl within a test: in a folder of its own, its output caught.
 */
#ifndef TEST_CTL_H
#define TEST_CTL_H

#include "check.h"
#include "command.h"

#include <limits.h>
#include <unistd.h>

static char folder[] = "/tmp/mxpace-test-ctl.XXXXXX";

static inline void
make_folder(void)
{
	if (mkdtemp(folder) == NULL) {
		perror(folder);
		exit(1);
	}
}

static inline void
remove_file(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	unlink(path);
}

static inline void
remove_folder(void)
{
	if (rmdir(folder) != 0)
		perror(folder);
}

/* "FOLDER" in the text becomes the folder's name. */
static inline void
write_file(const char *name, const char *text)
{
	const char *mark = strstr(text, "FOLDER");
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	if (file == NULL) {
		perror(path);
		exit(1);
	}
	if (mark != NULL)
		fprintf(file, "%.*s%s%s", (int)(mark - text), text, folder, mark + 6);
	else
		fputs(text, file);
	fclose(file);
}

struct done {
	int rc;
	char *stream, *errors;
};

/* Runs mxctl in this process, in the folder of its files. line: its arguments, cut at blanks; a
 * word of ' is an empty one. */
static inline struct done
run(const char *line, const char *in_text)
{
	char words[512], *argv[32] = { (char *)(uintptr_t) "mxctl" }, *rest = words;
	size_t stream_size, errors_size;
	struct done done = { 0 };
	FILE *in = fmemopen((void *)(uintptr_t)in_text, strlen(in_text), "r");
	FILE *stream = open_memstream(&done.stream, &stream_size);
	FILE *errors = open_memstream(&done.errors, &errors_size);
	int argc = 1;

	assert_true(in != NULL && stream != NULL && errors != NULL);
	assert_int_equal(chdir(folder), 0);
	snprintf(words, sizeof(words), "%s", line);
	while ((argv[argc] = strsep(&rest, " ")) != NULL) {
		if (strcmp(argv[argc], "'") == 0)
			argv[argc][0] = '\0';
		argc++;
	}
	done.rc = command_main(argc, argv, in, stream, errors);
	fclose(in);
	fclose(stream);
	fclose(errors);
	return done;
}

static inline void
free_done(struct done *done)
{
	free(done->stream);
	free(done->errors);
}

#endif
