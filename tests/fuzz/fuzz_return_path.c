/* Return paths: what is taken apart is in the normal form, nothing proves itself by chance, and what
 * is signed can be taken apart and is valid. The first byte picks the delimiters. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "return_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
unsigned long fuzz_accepted; /* inputs that are a return path with a recipient or a signature */

static void
hold(bool promise)
{
	if (!promise)
		abort();
}

static void
is_normal(const char *address)
{
	char again[ADDR_SIZE];

	hold(addr_normalise(span_of(address), again, NULL) == 0 && strcmp(address, again) == 0);
}

static void
signs(const struct verp_keys *keys, const char *delimiters, const struct return_path *path)
{
	int64_t now_s = INT64_C(20779) * 86400;
	char out[ADDR_SIZE];
	struct return_path again;

	if (return_path_sign_sender(keys, delimiters, path, now_s, out, NULL) == 0 &&
	    return_path_parse(span_of(out), delimiters, &again) == 0) {
		hold(strcmp(again.sender, path->whole) == 0);
		hold(strcmp(again.extension, path->extension) == 0);
		hold(return_path_check(&again, "", keys, now_s, 30).sender.proof == VERP_VALID);
	}
	if (*path->recipient != '\0' && return_path_sign(keys, delimiters, span_of(path->whole),
					    span_of(path->recipient), now_s, out, NULL) == 0) {
		hold(return_path_parse(span_of(out), delimiters, &again) == 0);
		hold(return_path_check(&again, path->recipient, keys, now_s, 30).recipient.proof ==
		     VERP_VALID);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const delimiters[] = { "+=", "-#", "-=", "+#" };
	struct verp_keys keys = { .count = 1 };
	struct return_path_checked checked;
	struct return_path path;
	const char *pair;

	if (size == 0)
		return 0;
	pair = delimiters[data[0] % 4];
	if (return_path_parse(span_make((const char *)data + 1, size - 1), pair, &path) != 0) {
		hold(*path.sender == '\0' && *path.recipient == '\0');
		return 0;
	}
	is_normal(path.sender);
	is_normal(path.whole);
	is_normal(path.recipient);
	checked = return_path_check(&path, "", &keys, INT64_C(20779) * 86400, 30);
	hold((checked.sender.proof == VERP_UNSIGNED) == (*path.sender_signature == '\0'));
	hold((checked.recipient.proof == VERP_UNSIGNED) == (*path.recipient_signature == '\0'));
	signs(&keys, pair, &path);
	fuzz_accepted += *path.recipient != '\0' || *path.recipient_signature != '\0' ||
			 *path.sender_signature != '\0';
	return 0;
}
