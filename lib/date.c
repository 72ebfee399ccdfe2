#include "date.h"

#include <time.h>

enum { DAY_S = 86400 };

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

static void
skip_blanks(struct span *rest)
{
	while (rest->len > 0 && (*rest->ptr == ' ' || *rest->ptr == '\t' || *rest->ptr == '\r' ||
				    *rest->ptr == '\n'))
		*rest = span_from(*rest, 1);
}

static bool
skip(struct span *rest, char c)
{
	if (rest->len == 0 || *rest->ptr != c)
		return false;
	*rest = span_from(*rest, 1);
	return true;
}

/* "22 Nov 2026", "22-Nov-2026" */
static void
skip_separators(struct span *rest)
{
	do
		skip_blanks(rest);
	while (skip(rest, '-'));
}

/* A number of `least` to `most` digits; -1: none. *digits: how many there were. */
static int
take_number(struct span *rest, size_t least, size_t most, size_t *digits)
{
	int number = 0;
	size_t n = 0;

	while (n < most && n < rest->len && rest->ptr[n] >= '0' && rest->ptr[n] <= '9')
		number = number * 10 + (rest->ptr[n++] - '0');
	if (n < least)
		return -1;
	*rest = span_from(*rest, n);
	if (digits != NULL)
		*digits = n;
	return number;
}

/* 0 to 11; -1: none. */
static int
take_month(struct span *rest)
{
	for (int i = 0; i < 12; i++)
		if (span_istarts(*rest, span_make(months + i * 3, 3))) {
			*rest = span_from(*rest, 3);
			return i;
		}
	return -1;
}

static bool
take_time(struct span *rest, struct tm *tm)
{
	tm->tm_hour = take_number(rest, 1, 2, NULL);
	if (tm->tm_hour < 0 || tm->tm_hour > 23 || !skip(rest, ':'))
		return false;
	tm->tm_min = take_number(rest, 2, 2, NULL);
	if (tm->tm_min < 0 || tm->tm_min > 59)
		return false;
	tm->tm_sec = skip(rest, ':') ? take_number(rest, 2, 2, NULL) : 0;
	if (tm->tm_sec == 60) /* a leap second */
		tm->tm_sec = 59;
	return tm->tm_sec >= 0 && tm->tm_sec < 60;
}

/* "+0100", "+01:00"; names of zones west of Greenwich as RFC 5322 lists them, all others are UTC. */
static int
take_zone_s(struct span *rest)
{
	static const struct {
		const char *name;
		int hours;
	} names[] = { { "EDT", -4 }, { "EST", -5 }, { "CDT", -5 }, { "CST", -6 }, { "MDT", -6 },
		{ "MST", -7 }, { "PDT", -7 }, { "PST", -8 } };
	int sign = skip(rest, '-') ? -1 : skip(rest, '+') ? 1 : 0;
	int hours, minutes;

	if (sign != 0) {
		hours = take_number(rest, 2, 2, NULL);
		skip(rest, ':');
		minutes = take_number(rest, 2, 2, NULL);
		return hours < 0 || minutes < 0 ? 0 : sign * (hours * 3600 + minutes * 60);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_istarts(*rest, span_of(names[i].name)))
			return names[i].hours * 3600;
	return 0;
}

/* timegm() takes 31 February for 3 March. */
static int64_t
unix_time(struct tm *tm)
{
	int month = tm->tm_mon;
	int64_t time_s = timegm(tm);

	return month == tm->tm_mon ? time_s : -1;
}

int64_t
date_parse(struct span text)
{
	struct tm tm = { 0 };
	size_t digits = 4;
	int64_t time_s;
	int zone_s;

	skip_blanks(&text);
	while (text.len > 0 && *text.ptr != ',' && !(*text.ptr >= '0' && *text.ptr <= '9'))
		text = span_from(text, 1); /* the day of the week */
	skip(&text, ',');
	skip_blanks(&text);
	tm.tm_mday = take_number(&text, 1, 2, NULL);
	skip_separators(&text);
	tm.tm_mon = take_month(&text);
	skip_separators(&text);
	tm.tm_year = take_number(&text, 2, 4, &digits);
	skip_blanks(&text);
	if (tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_mon < 0 || tm.tm_year < 0 ||
	    !take_time(&text, &tm))
		return -1;
	tm.tm_year += digits == 2 && tm.tm_year < 50 ? 100 : digits < 4 ? 0 : -1900;
	skip_blanks(&text);
	zone_s = take_zone_s(&text);
	time_s = unix_time(&tm);
	return time_s < 0 ? -1 : time_s - zone_s;
}

/* "2026-11-22T09:50:22.123456+01:00" */
static int64_t
parse_iso(struct span *rest)
{
	struct tm tm = { 0 };
	int64_t time_s;

	tm.tm_year = take_number(rest, 4, 4, NULL) - 1900;
	if (tm.tm_year < 0 || !skip(rest, '-'))
		return -1;
	tm.tm_mon = take_number(rest, 2, 2, NULL) - 1;
	if (tm.tm_mon < 0 || tm.tm_mon > 11 || !skip(rest, '-'))
		return -1;
	tm.tm_mday = take_number(rest, 2, 2, NULL);
	if (tm.tm_mday < 1 || tm.tm_mday > 31 || (!skip(rest, 'T') && !skip(rest, ' ')) ||
	    !take_time(rest, &tm))
		return -1;
	if (skip(rest, '.'))
		take_number(rest, 0, 9, NULL);
	if (skip(rest, 'Z'))
		return unix_time(&tm);
	time_s = unix_time(&tm);
	return time_s < 0 ? -1 : time_s - take_zone_s(rest);
}

/* "Nov 22 09:50:22" */
static int64_t
parse_syslog(struct span *rest, int64_t now_s)
{
	struct tm tm = { 0 }, now, whole;
	time_t latest = (time_t)now_s + DAY_S, time_s;

	localtime_r(&latest, &now);
	tm.tm_mon = take_month(rest);
	skip_blanks(rest);
	tm.tm_mday = take_number(rest, 1, 2, NULL);
	skip_blanks(rest);
	if (tm.tm_mon < 0 || tm.tm_mday < 1 || tm.tm_mday > 31 || !take_time(rest, &tm))
		return -1;
	tm.tm_year = now.tm_year;
	tm.tm_isdst = -1;
	whole = tm;
	time_s = mktime(&whole);
	if (time_s <= latest)
		return time_s;
	tm.tm_year--;
	return mktime(&tm);
}

int64_t
date_parse_log(struct span line, int64_t now_s, struct span *rest)
{
	bool iso = line.len > 0 && *line.ptr >= '0' && *line.ptr <= '9';
	int64_t time_s;

	*rest = line;
	time_s = iso ? parse_iso(rest) : parse_syslog(rest, now_s);
	if (time_s < 0 || !skip(rest, ' '))
		return -1;
	return time_s;
}
