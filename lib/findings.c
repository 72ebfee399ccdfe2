#include "findings.h"

#include <string.h>

void
findings_free(struct findings *findings)
{
	conf_errors_free(&findings->mistakes);
	conf_errors_free(&findings->warnings);
}

struct conf_errors *
findings_between(struct findings *findings, const struct conf_place *a, const struct conf_place *b)
{
	return a->file != NULL && b->file != NULL && strcmp(a->file, b->file) == 0
		   ? &findings->mistakes
		   : &findings->warnings;
}
