#include "moment.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "duration.h"

enum { YEAR_MIN = 1970, YEAR_MAX = 9999 };

/* The form as digits and marks; what follows the date may be left out. */
static bool
has_form(struct span text)
{
	static const char form[] = "0000-00-00 00:00:00Z";

	if (text.len != 10 && text.len != 16 && text.len < 19)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		bool fits = form[i] == '0'   ? c >= '0' && c <= '9'
			    : form[i] == ' ' ? c == ' ' || c == 'T'
					     : c == form[i];

		if (i + 1 >= sizeof(form) || !fits)
			return false;
	}
	return true;
}

int64_t
moment_parse(struct span text)
{
	unsigned long long number;
	char buf[24];
	struct tm tm = { 0 }, same;
	time_t at;
	int year, month;

	text = span_trim(text);
	if (span_number(text, &number))
		return number <= INT32_MAX * 8ULL ? (int64_t)number : -1;
	if (!has_form(text))
		return -1;
	snprintf(buf, sizeof(buf), "%.*s", (int)text.len, text.ptr);
	if (sscanf(buf, "%4d-%2d-%2d%*1c%2d:%2d:%2d", &year, &month, &tm.tm_mday, &tm.tm_hour,
		&tm.tm_min, &tm.tm_sec) < 3 ||
	    year < YEAR_MIN || year > YEAR_MAX || tm.tm_hour > 23 || tm.tm_min > 59)
		return -1;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	same = tm;
	at = timegm(&same); /* puts right what is no date: then it is another one */
	return same.tm_mday == tm.tm_mday && same.tm_mon == tm.tm_mon ? (int64_t)at : -1;
}

int64_t
moment_parse_ago(struct span text, int64_t now_s)
{
	unsigned long long number;
	int64_t ms;

	text = span_trim(text);
	ms = span_number(text, &number) ? -1 : duration_parse(text);
	return ms >= 0 ? now_s - ms / 1000 : moment_parse(text);
}
