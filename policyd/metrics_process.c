#include "metrics_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "metrics_text.h"

/* Linux tells the number as the folder's size from 6.2 on; before, they have to be counted. */
static double
open_files(void)
{
	struct stat info;
	double count = 0;
	DIR *folder;

	if (stat("/proc/self/fd", &info) == 0 && info.st_size > 0)
		return (double)info.st_size;
	folder = opendir("/proc/self/fd");
	if (folder == NULL)
		return -1;
	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count - 3; /* ".", "..", the folder itself */
}

/* The i-th figure of /proc/self/statm, in bytes. */
static double
memory(size_t i)
{
	unsigned long pages[2];
	char text[128];
	ssize_t n;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	if (sscanf(text, "%lu %lu", &pages[0], &pages[1]) != 2)
		return -1;
	return (double)pages[i] * (double)sysconf(_SC_PAGESIZE);
}

static double
cpu_seconds(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) != 0)
		return -1;
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static double
most_files(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (double)limit.rlim_cur : -1;
}

void
metrics_process_format(int64_t started_s, struct str *out)
{
	const struct {
		struct metrics_family family;
		double value; /* < 0: not known */
	} rows[] = {
		{ { "process_cpu_seconds_total", "counter",
		      "Total user and system CPU time spent in seconds." },
		    cpu_seconds() },
		{ { "process_open_fds", "gauge", "Number of open file descriptors." },
		    open_files() },
		{ { "process_max_fds", "gauge", "Maximum number of open file descriptors." },
		    most_files() },
		{ { "process_virtual_memory_bytes", "gauge", "Virtual memory size in bytes." },
		    memory(0) },
		{ { "process_resident_memory_bytes", "gauge", "Resident memory size in bytes." },
		    memory(1) },
		{ { "process_start_time_seconds", "gauge",
		      "Start time of the process since unix epoch in seconds." },
		    (double)started_s },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].value < 0)
			continue;
		metrics_head(out, &rows[i].family);
		metrics_value(out, rows[i].family.name, "", rows[i].value);
	}
}
