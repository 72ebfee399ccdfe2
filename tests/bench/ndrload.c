/*
 * ndrload - reads and classifies messages in one process, over and over, for so many milliseconds
 * of CPU time, and prints how many it managed as a line of JSON.
 *
 *	ndrload MILLISECONDS bounce-rules.conf message ...
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "classify.h"
#include "mem.h"
#include "ndr.h"

static const char *header_names[] = { "X-Campaign", "List-Id", "Feedback-ID" };

static int64_t
cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static struct str
read_file(const char *path)
{
	struct str text = { 0 };
	FILE *file = fopen(path, "rb");
	int c;

	if (file == NULL) {
		fprintf(stderr, "ndrload: %s: cannot be read\n", path);
		exit(1);
	}
	while ((c = getc(file)) != EOF)
		str_addc(&text, (char)c);
	fclose(file);
	return text;
}

/* Recipients found. */
static size_t
understand(const struct bounce_rules *rules, struct span message)
{
	struct conf_strings headers = { header_names, 3 };
	struct ndr_options options = { "", &headers, &headers, &headers };
	struct report report;
	struct arena arena;

	arena_init(&arena);
	ndr_read(&arena, message, &options, &report);
	classify_report(rules, &report);
	arena_clear(&arena);
	return report.count;
}

int
main(int argc, char **argv)
{
	struct conf_errors errors = { 0 };
	struct bounce_rules *rules = argc > 3 ? bounce_rules_load(argv[2], NULL, &errors) : NULL;
	size_t count = argc > 3 ? (size_t)argc - 3 : 0, recipients = 0, bytes = 0;
	struct str *messages = mem_alloc((count + 1) * sizeof(*messages));
	int64_t began, limit_us, done = 0;

	if (rules == NULL) {
		fprintf(stderr, "usage: ndrload milliseconds bounce-rules.conf message ...\n%s",
		    str_text(&errors.lines));
		return 2;
	}
	for (size_t i = 0; i < count; i++) {
		messages[i] = read_file(argv[3 + i]);
		bytes += messages[i].len;
		understand(rules, span_make(str_text(&messages[i]), messages[i].len));
	}
	limit_us = (int64_t)atoi(argv[1]) * 1000;
	for (began = cpu_us(); cpu_us() - began < limit_us; done += (int64_t)count)
		for (size_t i = 0; i < count; i++)
			recipients +=
			    understand(rules, span_make(str_text(&messages[i]), messages[i].len));
	printf("{\"messages\": %" PRId64 ", \"recipients\": %zu, \"bytes_each\": %zu, "
	       "\"per_second\": %.0f}\n",
	    done, recipients, bytes / count, (double)done * 1e6 / (double)(cpu_us() - began));
	for (size_t i = 0; i < count; i++)
		str_free(&messages[i]);
	free(messages);
	bounce_rules_free(&rules);
	conf_errors_free(&errors);
	return 0;
}
