#include "rules_place.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *const rules_file_names[RULES_FILES] = {
	[RULES_FILE_MX] = "mx-rules.conf",
	[RULES_FILE_BOUNCE] = "bounce-rules.conf",
};

bool
rules_version_is(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
	return text.len == RULES_VERSION_LEN;
}

bool
rules_place_current(const char *state_dir, char version[RULES_VERSION_SIZE])
{
	char path[PATH_MAX], target[RULES_VERSION_SIZE + 1];
	ssize_t len;

	snprintf(path, sizeof(path), "%s/rules/current", state_dir);
	len = readlink(path, target, sizeof(target));
	*version = '\0';
	if (len < 0 || !rules_version_is(span_make(target, (size_t)len)))
		return false;
	memcpy(version, target, RULES_VERSION_LEN);
	version[RULES_VERSION_LEN] = '\0';
	return true;
}

const char *
rules_place_path(struct arena *arena, const char *state_dir, const char *version, const char *name)
{
	return arena_printf(arena, "%s/rules/%s%s%s", state_dir, version != NULL ? version : "",
	    version != NULL ? "/" : "", name);
}
