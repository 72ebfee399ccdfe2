/*
 * late - libconfig, loaded when its first function is called.
 *
 * Most messages do not need it: settings and rules are in the cache, and loading it would be an
 * eighth of what mxbounce does in all. Linked into the program mxbounce alone, in the place of the
 * library: these functions are called by their ordinary names, by lib/conf.c. The Makefile takes the
 * library's name from the one it builds against; mxpolicyd and mxctl, which come in the same
 * package, are linked with it as usual.
 */
#include <dlfcn.h>
#include <libconfig.h>
#include <stdlib.h>
#include <sysexits.h>

#include "log.h"

_Static_assert(sizeof(LATE_LIBCONFIG) > 1, "a library without a name");

static void *
find(const char *name)
{
	static void *library;
	void *found;

	if (library == NULL)
		library = dlopen(LATE_LIBCONFIG, RTLD_NOW);
	found = library != NULL ? dlsym(library, name) : NULL;
	if (found != NULL)
		return found;
	log_error("cannot be loaded: %s", dlerror());
	exit(EX_TEMPFAIL); /* without its libraries no program starts either */
}

#define LATE(result, name, parameters, arguments)      \
	result name parameters                         \
	{                                              \
		static __typeof__(name) *real;         \
                                                       \
		if (real == NULL)                      \
			*(void **)&real = find(#name); \
		return real arguments;                 \
	}
#define LATE_VOID(name, parameters, arguments)         \
	void name parameters                           \
	{                                              \
		static __typeof__(name) *real;         \
                                                       \
		if (real == NULL)                      \
			*(void **)&real = find(#name); \
		real arguments;                        \
	}

typedef const config_setting_t *setting;

LATE_VOID(config_init, (config_t * c), (c))
LATE_VOID(config_destroy, (config_t * c), (c))
LATE_VOID(config_set_include_dir, (config_t * c, const char *folder), (c, folder))
LATE(int, config_read_file, (config_t * c, const char *path), (c, path))
LATE(int, config_read_string, (config_t * c, const char *text), (c, text))
LATE(int, config_setting_length, (setting s), (s))
LATE(int, config_setting_get_int, (setting s), (s))
LATE(long long, config_setting_get_int64, (setting s), (s))
LATE(double, config_setting_get_float, (setting s), (s))
LATE(int, config_setting_get_bool, (setting s), (s))
LATE(const char *, config_setting_get_string, (setting s), (s))
LATE(config_setting_t *, config_setting_get_elem, (setting s, unsigned i), (s, i))
LATE(config_setting_t *, config_setting_get_member, (setting s, const char *n), (s, n))
