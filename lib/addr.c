#include "addr.h"

#include <string.h>

#include "domain.h"

enum { LOCAL_MAX = 320 };
_Static_assert(LOCAL_MAX + 1 + DOMAIN_MAX < ADDR_SIZE, "the longest address fits");

static int
copy_local(struct span local, char *out, struct err *err)
{
	bool quoted = local.len >= 2 && local.ptr[0] == '"' && local.ptr[local.len - 1] == '"';

	if (local.len == 0 || local.len > LOCAL_MAX) {
		err_set(err, local.len == 0 ? "empty local part" : "local part over 320 bytes");
		return -1;
	}
	for (size_t i = 0; i < local.len; i++) {
		unsigned char c = (unsigned char)local.ptr[i];

		if (c < ' ' || c == 0x7f || (!quoted && (c == ' ' || c == '<' || c == '>'))) {
			err_set(err, "character that no address has");
			out[0] = '\0';
			return -1;
		}
		out[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
	}
	out[local.len] = '\0';
	return 0;
}

int
addr_normalise(struct span in, char out[ADDR_SIZE], struct err *err)
{
	char domain[DOMAIN_SIZE];
	size_t at;

	in = span_trim(in);
	if (in.len >= 2 && in.ptr[0] == '<' && in.ptr[in.len - 1] == '>')
		in = span_trim(span_make(in.ptr + 1, in.len - 2));
	out[0] = '\0';
	if (in.len == 0)
		return 0;
	for (at = in.len; at > 0 && in.ptr[at - 1] != '@'; at--)
		;
	if (at == 0) /* no domain: "postmaster" */
		return copy_local(in, out, err);
	if (domain_normalise(span_from(in, at), domain, err) != 0 ||
	    copy_local(span_make(in.ptr, at - 1), out, err) != 0) {
		out[0] = '\0';
		return -1;
	}
	strcat(out, "@");
	strcat(out, domain);
	return 0;
}

const char *
addr_domain(const char *addr)
{
	const char *at = strrchr(addr, '@');

	return at == NULL ? "" : at + 1;
}

bool
addr_is_postmaster(const char *addr)
{
	return strncmp(addr, "postmaster", 10) == 0 && (addr[10] == '@' || addr[10] == '\0');
}
