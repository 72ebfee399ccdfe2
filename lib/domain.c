#include "domain.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static int
check_labels(const char *name, struct err *err)
{
	size_t label = 0;

	for (const char *p = name;; p++) {
		if (*p == '.' || *p == '\0') {
			if (label == 0 || label > 63) {
				err_set(err, "%s",
				    label == 0 ? "empty label" : "label over 63 bytes");
				return -1;
			}
			if (*p == '\0')
				return 0;
			label = 0;
			continue;
		}
		if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '-' ||
			*p == '_')) {
			err_set(err, "character that no domain name has");
			return -1;
		}
		label++;
	}
}

/* idn2_to_ascii_8z without linking it: most messages never meet such a name, and loading the
 * library costs mxbounce more than all its own work. */
static int
to_ascii(const char *name, char out[DOMAIN_SIZE], struct err *err)
{
	enum { NONTRANSITIONAL = 8, NFC_INPUT = 1 };
	static int (*convert)(const char *, char **, int);
	char *result = NULL;
	int rc = -1;

	if (convert == NULL) {
		void *library = dlopen("libidn2.so.0", RTLD_NOW);

		if (library != NULL)
			*(void **)&convert = dlsym(library, "idn2_to_ascii_8z");
	}
	if (convert == NULL) {
		err_set(err, "libidn2 is missing");
		return -1;
	}
	if (convert(name, &result, NONTRANSITIONAL | NFC_INPUT) != 0 || result == NULL)
		err_set(err, "not an internationalised domain name");
	else if (strlen(result) > DOMAIN_MAX)
		err_set(err, "domain name over %d bytes", DOMAIN_MAX);
	else {
		memcpy(out, result, strlen(result) + 1);
		rc = 0;
	}
	free(result);
	return rc;
}

static int
copy_literal(struct span in, char out[DOMAIN_SIZE], struct err *err)
{
	for (size_t i = 0; i < in.len; i++) {
		char c = in.ptr[i];

		if (c <= ' ' || c > '~' || (i > 0 && c == '[') || (i + 1 < in.len && c == ']')) {
			err_set(err, "not an address literal");
			return -1;
		}
		out[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
	}
	out[in.len] = '\0';
	return 0;
}

int
domain_normalise(struct span in, char out[DOMAIN_SIZE], struct err *err)
{
	bool ascii = true;

	if (in.len > 0 && in.ptr[in.len - 1] == '.')
		in.len--;
	if (in.len == 0) {
		err_set(err, "empty domain name");
		return -1;
	}
	if (in.len > DOMAIN_MAX) {
		err_set(err, "domain name over %d bytes", DOMAIN_MAX);
		return -1;
	}
	if (in.ptr[0] == '[' && in.ptr[in.len - 1] == ']' && in.len > 2)
		return copy_literal(in, out, err);
	for (size_t i = 0; i < in.len; i++) {
		char c = in.ptr[i];

		if (c == '\0') {
			err_set(err, "NUL in a domain name");
			return -1;
		}
		ascii = ascii && (unsigned char)c < 0x80;
		out[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
	}
	out[in.len] = '\0';
	if (!ascii) {
		char name[DOMAIN_SIZE];

		memcpy(name, out, in.len + 1);
		if (to_ascii(name, out, err) != 0)
			return -1;
	}
	return check_labels(out, err);
}

static char
lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

bool
domain_matches(const char *mask, const char *name)
{
	size_t mask_len = strlen(mask), name_len = strlen(name);
	size_t m = 0, n = 0, star = (size_t)-1, star_n = 0;

	if (mask_len > 0 && mask[mask_len - 1] == '.')
		mask_len--;
	if (name_len > 0 && name[name_len - 1] == '.')
		name_len--;
	/* Most masks end in a domain, so what is behind their last star tells nearly all apart. */
	for (; mask_len > 0 && name_len > 0 && mask[mask_len - 1] != '*'; mask_len--, name_len--)
		if (mask[mask_len - 1] != '?' &&
		    lower(mask[mask_len - 1]) != lower(name[name_len - 1]))
			return false;
	/* Greedy with one point of return: the last star. Linear in practice, bounded by m * n. */
	while (n < name_len) {
		if (m < mask_len && mask[m] == '*') {
			star = m++;
			star_n = ++n; /* takes at least one byte */
		} else if (m < mask_len && (mask[m] == '?' || lower(mask[m]) == lower(name[n]))) {
			m++;
			n++;
		} else if (star != (size_t)-1) {
			m = star + 1;
			n = ++star_n;
		} else {
			return false;
		}
	}
	return m == mask_len;
}
