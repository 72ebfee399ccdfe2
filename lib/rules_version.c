#include "rules_version.h"

#include <string.h>
#include <time.h>

#include "clock.h"
#include "conf.h"

enum { DAY_S = 86400 };

static int
digits(struct span text, size_t from, size_t count)
{
	unsigned long long n = 0;

	span_number(span_make(text.ptr + from, count), &n);
	return (int)n;
}

int64_t
rules_version_day_s(struct span text)
{
	struct tm day = { 0 }, asked;
	int64_t day_s;

	if (!rules_version_is(text) || digits(text, 0, 4) < 2000)
		return -1;
	day.tm_year = digits(text, 0, 4) - 1900;
	day.tm_mon = digits(text, 4, 2) - 1;
	day.tm_mday = digits(text, 6, 2);
	asked = day;
	day_s = timegm(&day); /* takes 31 February for 3 March */
	return day.tm_mon == asked.tm_mon && day.tm_mday == asked.tm_mday ? day_s : -1;
}

int
rules_version_check(const char *version, int64_t now_s, struct err *err)
{
	int64_t day_s = rules_version_day_s(span_of(version));
	char today[CLOCK_DATE_SIZE];

	if (day_s >= 0 && day_s <= now_s + DAY_S)
		return 0;
	if (day_s < 0)
		err_set(err, RULES_VERSION_WORDS, version);
	else
		err_set(err,
		    "version %s is of a day later than tomorrow, and would keep all others out until "
		    "then; here it is %.10s",
		    version, clock_format(now_s, today));
	return -1;
}

void
rules_version_load(const char *path, char version[RULES_VERSION_SIZE])
{
	struct conf_errors errors = { 0 };
	struct conf_file *file = conf_open(path, &errors);
	const struct config_setting_t *setting =
	    file != NULL ? conf_member(conf_root(file), "version") : NULL;
	const char *text = setting != NULL ? conf_string(setting) : NULL;

	*version = '\0';
	if (text != NULL && rules_version_is(span_of(text)))
		memcpy(version, text, RULES_VERSION_SIZE);
	conf_close(&file);
	conf_errors_free(&errors);
}
