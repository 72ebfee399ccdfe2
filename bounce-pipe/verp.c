#include "verp.h"

#include <string.h>

#include "str.h"

int
verp_parse(struct span envelope_recipient, const char *delimiters, char out[ADDR_SIZE])
{
	char path[ADDR_SIZE];
	struct str address = { 0 };
	char *local, *at;
	int rc;

	out[0] = '\0';
	if (strlen(delimiters) != 2 || addr_normalise(envelope_recipient, path, NULL) != 0)
		return -1;
	at = strrchr(path, '@');
	if (at == NULL)
		return -1;
	*at = '\0';
	local = strchr(path, delimiters[0]);
	at = local != NULL ? strrchr(local + 1, delimiters[1]) : NULL;
	if (local == path || at == NULL || at == local + 1 || at[1] == '\0')
		return -1;
	*at = '\0';
	str_addf(&address, "%s@%s", local + 1, at + 1);
	rc = addr_normalise(span_make(address.data, address.len), out, NULL);
	str_free(&address);
	if (rc == 0 && strchr(addr_domain(out), '.') != NULL)
		return 0;
	out[0] = '\0';
	return -1;
}
