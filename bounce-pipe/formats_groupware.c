/* Notices of groupware servers: Exchange, Notes and their like. */
#include "formats.h"

const struct format formats_groupware[] = {
	{ NULL, NULL, NULL },
};
