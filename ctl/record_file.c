#include "record_file.h"

#include <string.h>

const char *
record_file_name(const struct ctl *ctl)
{
	return ctl->operand_count > 0 && strcmp(ctl->operands[0], "-") != 0 ? ctl->operands[0]
									    : NULL;
}

static bool
ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);

	return len > end_len && strcmp(name + len - end_len, end) == 0;
}

enum ctl_exit
record_file_format(struct ctl *ctl, const char *name, int *format)
{
	static const struct {
		const char *end;
		enum record_format format;
	} ends[] = {
		{ ".csv", RECORD_CSV },
		{ ".jsonl", RECORD_JSONL },
		{ ".ndjson", RECORD_JSONL },
	};
	const char *wanted = ctl->options[CTL_OPTION_FORMAT];

	*format = -1;
	for (size_t i = 0; wanted != NULL && record_formats[i] != NULL; i++)
		if (strcmp(wanted, record_formats[i]) == 0)
			*format = (int)i;
	if (wanted != NULL && *format < 0) {
		ctl_complain(ctl, "--format: \"%s\" is none of csv, jsonl, list", wanted);
		return CTL_USAGE;
	}
	for (size_t i = 0; name != NULL && i < sizeof(ends) / sizeof(ends[0]); i++)
		if (*format < 0 && ends_with(name, ends[i].end))
			*format = ends[i].format;
	return CTL_DONE;
}
