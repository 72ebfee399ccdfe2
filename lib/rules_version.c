#include "rules_version.h"

static unsigned
digits(struct span text, size_t from, size_t count)
{
	unsigned long long n = 0;

	span_number(span_make(text.ptr + from, count), &n);
	return (unsigned)n;
}

bool
rules_version_is_day(struct span text)
{
	unsigned long long n;
	unsigned month, day;

	if (text.len != 10 || !span_number(text, &n))
		return false;
	month = digits(text, 4, 2);
	day = digits(text, 6, 2);
	return digits(text, 0, 4) >= 2000 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}
