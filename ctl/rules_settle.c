#include "rules_settle.h"

#include <sys/stat.h>
#include <time.h>

#include "rules_cache.h"

static int64_t
age_ms(const char *file, int64_t now_ms)
{
	struct stat st;

	if (*file == '\0' || stat(file, &st) != 0)
		return INT64_MAX;
	return now_ms - (int64_t)st.st_ctim.tv_sec * 1000 - st.st_ctim.tv_nsec / 1000000;
}

void
rules_settle(const char *file)
{
	struct conf_errors mistakes = { 0 };
	struct settings *settings = settings_load(file, &mistakes);
	const char *const files[] = { file, settings != NULL ? settings->bounce_rules : "",
		settings != NULL ? settings->bounce_rules_local : "" };
	struct timespec moment = { 0, (RULES_CACHE_SETTLED_MS + 1) * 1000000L };
	int64_t now_ms = rules_cache_now_ms();
	bool young = false;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int64_t age = age_ms(files[i], now_ms);

		young = young || (age >= 0 && age <= RULES_CACHE_SETTLED_MS);
	}
	if (young)
		nanosleep(&moment, NULL);
	settings_release(&settings);
	conf_errors_free(&mistakes);
}
