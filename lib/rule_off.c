#include "rule_off.h"

void
rule_off_check(const struct rule_off *off, size_t count, const char *file,
    struct findings *findings)
{
	for (size_t i = 0; i < count; i++)
		if (off[i].unknown)
			conf_errors_add(&findings->warnings, &off[i].place, off[i].name,
			    "there is no such rule to switch off in %s", file);
}
