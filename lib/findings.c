#include "findings.h"

#include <string.h>

void
findings_free(struct findings *findings)
{
	conf_errors_free(&findings->mistakes);
	conf_errors_free(&findings->warnings);
}

void
findings_give_mistakes(struct findings *findings, struct conf_errors *errors)
{
	str_adds(&errors->lines, str_text(&findings->mistakes.lines));
	errors->count += findings->mistakes.count;
	conf_errors_free(&findings->mistakes);
}

struct conf_errors *
findings_between(struct findings *findings, const struct conf_place *a, const struct conf_place *b)
{
	return a->file != NULL && b->file != NULL && strcmp(a->file, b->file) == 0
		   ? &findings->mistakes
		   : &findings->warnings;
}
