#include "moment.h"

#include <string.h>

#include "command.h"
#include "date.h"
#include "duration.h"

enum { DAY_S = 86400 };

static int64_t
parse_day(const char *text)
{
	char stamp[sizeof("2026-11-22T00:00:00Z ")];
	struct span rest;

	if (strlen(text) != strlen("2026-11-22"))
		return -1;
	snprintf(stamp, sizeof(stamp), "%sT00:00:00Z ", text);
	return date_parse_log(span_of(stamp), 0, &rest);
}

int64_t
moment_read(struct ctl *ctl, enum ctl_option option, int64_t now_s)
{
	const char *text = ctl->options[option];
	int64_t ago_ms = duration_parse(span_of(text)), day_s = parse_day(text);

	if (ago_ms >= 0)
		return now_s - ago_ms / 1000;
	if (day_s >= 0)
		return option == CTL_OPTION_UNTIL ? day_s + DAY_S : day_s;
	ctl_complain(ctl,
	    "%s: \"%s\" is neither a time such as \"7d\" nor a day such as 2026-11-22",
	    command_options[option].name, text);
	return -1;
}
