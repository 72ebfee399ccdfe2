#include "bounce_date.h"

#include "date.h"
#include "header.h"

int64_t
bounce_date(const struct report *report, const struct report_recipient *recipient, int64_t now_s)
{
	const struct span texts[] = { span_of(recipient->last_attempt),
		header_raw(report->header, "Date"), span_of(report->arrival) };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int64_t date_s = date_parse(texts[i]);

		if (date_s >= now_s) /* a clock that is fast */
			return 0;
		if (date_s > now_s - BOUNCE_DATE_MAX_AGE_S)
			return date_s;
	}
	return 0;
}
