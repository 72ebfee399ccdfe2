#include "rules_verdict.h"

#include <string.h>

enum rules_verdict
rules_verdict(const struct rules_question *question)
{
	int order = strcmp(question->offered, question->in_force);

	if (order == 0)
		return RULES_SAME;
	if (question->back)
		return RULES_TAKE;
	if (order < 0)
		return RULES_OLDER;
	if (!question->forced && strcmp(question->offered, question->held) <= 0)
		return RULES_HELD;
	return RULES_TAKE;
}
