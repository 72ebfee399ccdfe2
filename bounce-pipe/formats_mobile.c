/* Notices of Japan's mobile networks and their providers, most of them in ISO-2022-JP. */
#include "formats.h"

const struct format formats_mobile[] = {
	{ NULL, NULL, NULL },
};
