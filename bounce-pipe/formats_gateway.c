/* Notices of filters that stand in front of a mail server. */
#include "formats.h"

const struct format formats_gateway[] = {
	{ NULL, NULL, NULL },
};
