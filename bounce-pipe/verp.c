#include "verp.h"

#include <stdio.h>

#include "return_path.h"

int
verp_parse(struct span envelope_recipient, const char *delimiters, char out[ADDR_SIZE])
{
	struct return_path path;

	return_path_parse(envelope_recipient, delimiters, &path);
	snprintf(out, ADDR_SIZE, "%s", path.recipient);
	return *out != '\0' ? 0 : -1;
}
