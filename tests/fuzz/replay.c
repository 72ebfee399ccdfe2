/*
 * replay - the main of a fuzz target without libFuzzer: runs it once over every file given, and over
 * every file of a folder given. TAP; fails when the target accepted nothing, since then the seeds,
 * or the target, test nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

extern unsigned long fuzz_accepted;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned count, failed;

static void
report(int good, const char *label)
{
	count++;
	failed += !good;
	printf("%sok %u - %s\n", good ? "" : "not ", count, label);
}

/* The input in memory of just its size, so that a byte too many is seen. */
static void
replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;
	long size = -1;

	if (f != NULL && fseek(f, 0, SEEK_END) == 0 && (size = ftell(f)) >= 0 &&
	    fseek(f, 0, SEEK_SET) == 0 && (data = malloc(size > 0 ? (size_t)size : 1)) != NULL &&
	    fread(data, 1, (size_t)size, f) == (size_t)size) {
		printf("# %s\n", path); /* the last one said before a crash */
		fflush(stdout);
		LLVMFuzzerTestOneInput(data, (size_t)size);
		report(1, path);
	} else {
		printf("# %s: %s\n", path, strerror(errno));
		report(0, path);
	}
	free(data);
	if (f != NULL)
		fclose(f);
}

static void
replay(const char *path)
{
	struct dirent **entries;
	struct stat st;
	int n;

	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
		replay_file(path);
		return;
	}
	n = scandir(path, &entries, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		char name[4096];

		snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.')
			replay(name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

int
main(int argc, char **argv)
{
	char label[64];

	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	snprintf(label, sizeof(label), "accepted %lu of %u", fuzz_accepted, count);
	report(fuzz_accepted > 0, label);
	printf("1..%u\n", count);
	return failed > 0;
}
