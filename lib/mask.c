#include "mask.h"

#include <string.h>

#include "domain.h"

/* A mask's form for comparing: '?' one byte, '*' any number of them, none included, only behind all
 * the '?' of its run. So "*", one byte or more, is "?*". */
struct form {
	char text[2 * DOMAIN_SIZE];
	size_t len;
};

static bool
form_of(const char *mask, struct form *form)
{
	size_t len = strlen(mask);
	bool star = false;

	if (len > 0 && mask[len - 1] == '.')
		len--;
	if (len >= DOMAIN_SIZE)
		return false;
	form->len = 0;
	for (size_t i = 0; i < len; i++) {
		char c = mask[i];

		if (c == '*' || c == '?') {
			form->text[form->len++] = '?';
			star = star || c == '*';
		}
		if (star && (i + 1 == len || (mask[i + 1] != '*' && mask[i + 1] != '?'))) {
			form->text[form->len++] = '*';
			star = false;
		}
		if (c != '*' && c != '?')
			form->text[form->len++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
	}
	return true;
}

/* The usual matching with one point of return, of one mask's bytes by the other's: a '*' is taken by
 * a '*' alone, all else by a '?' too. */
bool
mask_covers(const char *wide, const char *narrow)
{
	struct form w, n;
	size_t i = 0, k = 0, star = (size_t)-1, star_k = 0;

	if (!form_of(wide, &w) || !form_of(narrow, &n))
		return false;
	while (k < n.len) {
		if (i < w.len && w.text[i] == '*') {
			star = i++;
			star_k = k;
		} else if (i < w.len &&
			   (w.text[i] == n.text[k] || (w.text[i] == '?' && n.text[k] != '*'))) {
			i++;
			k++;
		} else if (star != (size_t)-1) {
			i = star + 1;
			k = ++star_k;
		} else {
			return false;
		}
	}
	while (i < w.len && w.text[i] == '*')
		i++;
	return i == w.len;
}

char
mask_strange(const char *mask)
{
	return mask[strspn(mask,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-*?[]:")];
}
