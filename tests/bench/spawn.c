/*
 * spawn - starts programs in turn, round after round, and tells how long each took.
 *
 *	spawn ROUNDS INPUT program argument ... -- program argument ... -- ...
 *
 * INPUT is every program's standard input. Prints one line for each round, the nanoseconds from
 * start to exit of each program. A program that fails ends it with status 1. For bench_bounce.py.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PROGRAMS_MAX = 8 };

static int64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t
run(char **argv, const posix_spawn_file_actions_t *actions)
{
	int64_t began = now_ns(), took;
	pid_t child;
	int status, error = posix_spawn(&child, argv[0], actions, NULL, argv, environ);

	if (error != 0) {
		fprintf(stderr, "spawn: %s: %s\n", argv[0], strerror(error));
		exit(1);
	}
	waitpid(child, &status, 0);
	took = now_ns() - began;
	if (status != 0) {
		fprintf(stderr, "spawn: %s: status %#x\n", argv[0], (unsigned)status);
		exit(1);
	}
	return took;
}

int
main(int argc, char **argv)
{
	char **programs[PROGRAMS_MAX];
	posix_spawn_file_actions_t actions;
	int count = 0, rounds;

	if (argc < 4) {
		fputs("usage: spawn rounds input program [argument ...] [-- program ...]\n",
		    stderr);
		return 2;
	}
	rounds = atoi(argv[1]);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, argv[2], O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	programs[count++] = argv + 3;
	for (int i = 3; i < argc; i++)
		if (strcmp(argv[i], "--") == 0 && count < PROGRAMS_MAX) {
			argv[i] = NULL;
			programs[count++] = argv + i + 1;
		}
	for (int round = 0; round < rounds; round++)
		for (int i = 0; i < count; i++)
			printf("%lld%c", (long long)run(programs[i], &actions),
			    i + 1 < count ? ' ' : '\n');
	posix_spawn_file_actions_destroy(&actions);
	return 0;
}
