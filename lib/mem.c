#include "mem.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum { SMALL = 1024 };

static void *
checked(void *ptr)
{
	static const char text[] = "mxpace: out of memory\n";

	if (ptr == NULL) {
		ssize_t n = write(STDERR_FILENO, text, sizeof(text) - 1);

		(void)n;
		_exit(EX_TEMPFAIL);
	}
	return ptr;
}

/* calloc() of glibc before 2.41 goes past the thread's cache of small pieces, which is many times
 * faster; of large ones it knows which are zero already. */
void *
mem_alloc(size_t size)
{
	if (size > SMALL)
		return checked(calloc(1, size));
	return memset(checked(malloc(size > 0 ? size : 1)), 0, size);
}

void *
mem_resize(void *ptr, size_t size)
{
	return checked(realloc(ptr, size > 0 ? size : 1));
}

char *
mem_dup(const char *string)
{
	return string == NULL ? NULL : mem_dup_bytes(string, strlen(string));
}

char *
mem_dup_bytes(const void *bytes, size_t len)
{
	char *copy = checked(malloc(len + 1));

	if (len > 0)
		memcpy(copy, bytes, len);
	copy[len] = '\0';
	return copy;
}
