/* Notices of mailbox providers and of services that send for others. */
#include "formats.h"

const struct format formats_service[] = {
	{ NULL, NULL, NULL },
};
