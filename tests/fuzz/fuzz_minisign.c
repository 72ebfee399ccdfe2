/* Keys and signatures of minisign: any text is read as each of them. What is read as a key is written
 * and read alike; nothing but the signature that was made is valid. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "minisign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
unsigned long fuzz_accepted; /* inputs that are a key, or a valid signature of "hello\n" */

static void
hold(bool promise)
{
	if (!promise)
		abort();
}

/* Of the test in unit/test_minisign.c. */
static const char trusted_key[] = "RWTo4x4i6L29aAr7pzP768+gD+JZI8bkYKwZaCK5ZItcQB140Y2mJnlp";

static void
reads_public(struct span text)
{
	struct minisign_public key, again;
	struct str out = { 0 };

	if (minisign_public_parse(text, &key, NULL) != 0)
		return;
	minisign_public_format(&key, &out);
	hold(minisign_public_parse(span_make(out.data, out.len), &again, NULL) == 0);
	hold(memcmp(&key, &again, sizeof(key)) == 0);
	str_free(&out);
	fuzz_accepted++;
}

static void
reads_secret(struct span text)
{
	struct minisign_secret key, again;
	struct str out = { 0 };

	if (minisign_secret_parse(text, &key, NULL) != 0)
		return;
	minisign_secret_format(&key, &out);
	hold(minisign_secret_parse(span_make(out.data, out.len), &again, NULL) == 0);
	hold(memcmp(&key, &again, sizeof(key)) == 0);
	str_free(&out);
	fuzz_accepted++;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_make((const char *)data, size);
	struct minisign_public key;
	struct str comment = { 0 };
	struct err err = { "" };

	hold(minisign_public_parse(span_of(trusted_key), &key, NULL) == 0);
	reads_public(text);
	reads_secret(text);
	if (minisign_verify(&key, 1, SPAN("hello\n"), text, &comment, &err) == 0)
		fuzz_accepted++;
	else
		hold(comment.len == 0 && *err.text != '\0');
	str_free(&comment);
	return 0;
}
