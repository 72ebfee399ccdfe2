#include "blake2b.h"
#include "check.h"

static void
hex(const unsigned char *bytes, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static void
hashes_abc(void **state) /* RFC 7693, Appendix A */
{
	unsigned char digest[64];
	char text[129];

	(void)state;
	assert_int_equal(blake2b(digest, 64, SPAN("abc"), SPAN("")), 0);
	hex(digest, 64, text);
	assert_string_equal(text,
	    "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
	    "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
}

/* selftest_seq() of Appendix E. */
static void
fill(unsigned char *out, size_t len, uint32_t seed)
{
	uint32_t a = 0xDEAD4BAD * seed, b = 1;

	for (size_t i = 0; i < len; i++) {
		uint32_t t = a + b;

		a = b;
		b = t;
		out[i] = (unsigned char)(t >> 24);
	}
}

/* blake2b_selftest() of Appendix E: the hash of hashes of six lengths in four sizes, each also keyed. */
static void
passes_the_self_test(void **state)
{
	static const size_t sizes[] = { 20, 32, 48, 64 }, lengths[] = { 0, 3, 128, 129, 255, 1024 };
	unsigned char in[1024], key[64], all[4 * 6 * 2 * 64], digest[32];
	char text[65];
	size_t len = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		for (size_t k = 0; k < COUNT(lengths); k++) {
			struct span span = span_make((const char *)in, lengths[k]);

			fill(in, lengths[k], (uint32_t)lengths[k]);
			assert_int_equal(blake2b(all + len, sizes[i], span, SPAN("")), 0);
			len += sizes[i];
			fill(key, sizes[i], (uint32_t)sizes[i]);
			assert_int_equal(blake2b(all + len, sizes[i], span,
					     span_make((const char *)key, sizes[i])),
			    0);
			len += sizes[i];
		}
	}
	assert_int_equal(blake2b(digest, 32, span_make((const char *)all, len), SPAN("")), 0);
	hex(digest, 32, text);
	assert_string_equal(text,
	    "c23a7800d98123bd10f506c61e29da5603d763b8bbad2e737f5e765a7bccd475");
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK(&list, hashes_abc);
	CHECK(&list, passes_the_self_test);
	return check_run(&list, "blake2b");
}
