/*
 * late - libconfig and hiredis, loaded when their first function is called.
 *
 * Most messages need neither: settings and rules are in the cache, and what is not a failure never
 * reaches Redis. Loading both would be a quarter of what mxbounce does in all. Linked into the
 * program mxbounce alone, in the place of the libraries: these functions are called by their
 * ordinary names, by lib/conf.c and lib/store_sync.c. The Makefile takes the libraries' names from
 * those it builds against; mxpolicyd and mxctl, which come in the same package, are linked with
 * them as usual.
 */
#include <dlfcn.h>
#include <hiredis/hiredis.h>
#include <libconfig.h>
#include <stdlib.h>
#include <sysexits.h>

#include "log.h"

_Static_assert(sizeof(LATE_LIBCONFIG) > 1 && sizeof(LATE_HIREDIS) > 1, "libraries without a name");

struct library {
	const char *name;
	void *handle;
};

static struct library config = { LATE_LIBCONFIG, NULL }, redis = { LATE_HIREDIS, NULL };

static void *
find(struct library *library, const char *name)
{
	void *found;

	if (library->handle == NULL)
		library->handle = dlopen(library->name, RTLD_NOW);
	found = library->handle != NULL ? dlsym(library->handle, name) : NULL;
	if (found != NULL)
		return found;
	log_error("cannot be loaded: %s", dlerror());
	exit(EX_TEMPFAIL); /* without its libraries no program starts either */
}

#define LATE(library, result, name, parameters, arguments)       \
	result name parameters                                   \
	{                                                        \
		static __typeof__(name) *real;                   \
                                                                 \
		if (real == NULL)                                \
			*(void **)&real = find(&library, #name); \
		return real arguments;                           \
	}
#define LATE_VOID(library, name, parameters, arguments)          \
	void name parameters                                     \
	{                                                        \
		static __typeof__(name) *real;                   \
                                                                 \
		if (real == NULL)                                \
			*(void **)&real = find(&library, #name); \
		real arguments;                                  \
	}

typedef const config_setting_t *setting;

LATE_VOID(config, config_init, (config_t * c), (c))
LATE_VOID(config, config_destroy, (config_t * c), (c))
LATE_VOID(config, config_set_include_dir, (config_t * c, const char *folder), (c, folder))
LATE(config, int, config_read_file, (config_t * c, const char *path), (c, path))
LATE(config, int, config_read_string, (config_t * c, const char *text), (c, text))
LATE(config, int, config_setting_length, (setting s), (s))
LATE(config, int, config_setting_get_int, (setting s), (s))
LATE(config, long long, config_setting_get_int64, (setting s), (s))
LATE(config, double, config_setting_get_float, (setting s), (s))
LATE(config, int, config_setting_get_bool, (setting s), (s))
LATE(config, const char *, config_setting_get_string, (setting s), (s))
LATE(config, config_setting_t *, config_setting_get_elem, (setting s, unsigned i), (s, i))
LATE(config, config_setting_t *, config_setting_get_member, (setting s, const char *n), (s, n))

LATE(redis, redisContext *, redisConnectWithTimeout,
    (const char *ip, int port, const struct timeval t), (ip, port, t))
LATE(redis, redisContext *, redisConnectUnixWithTimeout, (const char *path, const struct timeval t),
    (path, t))
LATE(redis, int, redisSetTimeout, (redisContext * c, const struct timeval t), (c, t))
LATE(redis, int, redisAppendFormattedCommand, (redisContext * c, const char *bytes, size_t len),
    (c, bytes, len))
LATE(redis, int, redisGetReply, (redisContext * c, void **reply), (c, reply))
LATE_VOID(redis, redisFree, (redisContext * c), (c))
LATE_VOID(redis, freeReplyObject, (void *reply), (reply))
