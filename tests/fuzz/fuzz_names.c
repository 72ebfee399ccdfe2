/* The small formats: names, addresses, keys, durations, limits, MX sets. What is accepted is in its
 * normal form, and reading what was written gives the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "domain.h"
#include "keys.h"
#include "limit.h"
#include "mx_set.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
unsigned long fuzz_accepted; /* inputs that are a name or an address */

static void
hold(bool promise)
{
	if (!promise)
		abort();
}

static void
domains(struct span in)
{
	char out[DOMAIN_SIZE], again[DOMAIN_SIZE];
	struct err err = { "" };

	if (domain_normalise(in, out, &err) != 0) {
		hold(err.text[0] != '\0');
		return;
	}
	hold(*out != '\0' && strlen(out) <= DOMAIN_MAX);
	for (const char *p = out; *p != '\0'; p++)
		hold(*p > ' ' && *p < 0x7f && !(*p >= 'A' && *p <= 'Z'));
	hold(domain_normalise(span_of(out), again, &err) == 0 && strcmp(out, again) == 0);
	hold(domain_matches(out, out) && domain_matches("*", out));
	fuzz_accepted++;
}

static void
addresses(struct span in)
{
	char out[ADDR_SIZE], again[ADDR_SIZE];
	struct err err = { "" };

	if (addr_normalise(in, out, &err) != 0) {
		hold(err.text[0] != '\0' && out[0] == '\0');
		return;
	}
	hold(strlen(out) < ADDR_SIZE);
	hold(addr_normalise(span_of(out), again, &err) == 0 && strcmp(out, again) == 0);
	hold(strlen(addr_domain(out)) <= DOMAIN_MAX);
	(void)addr_is_postmaster(out);
	fuzz_accepted += *out != '\0';
}

static void
keys(struct span in)
{
	struct str key = { 0 }, back = { 0 };

	keys_encode(&key, in);
	hold(key.len <= KEYS_MAX_TEXT);
	for (size_t i = 0; i < key.len; i++)
		hold(key.data[i] > ' ' && key.data[i] < 0x7f && strchr("{}", key.data[i]) == NULL);
	if (!span_starts(span_make(str_text(&key), key.len), SPAN("blake2b-"))) {
		hold(keys_decode(&back, span_make(str_text(&key), key.len)) == 0);
		hold(span_eq(span_make(str_text(&back), back.len), in));
	}
	str_empty(&back);
	(void)keys_decode(&back, in);
	str_free(&key);
	str_free(&back);
}

static void
limits(struct span in)
{
	struct limit limit, again;
	char text[LIMIT_TEXT_SIZE];
	struct err err = { "" };

	if (limit_parse(in, &limit, &err) != 0) {
		hold(err.text[0] != '\0');
		return;
	}
	hold(limit.count > 0 && limit.period_ms >= 1000);
	hold(limit_parse(span_of(limit_format(&limit, text)), &again, &err) == 0);
	hold(memcmp(&limit.count, &again.count, sizeof(limit.count)) == 0);
	hold(limit.period_ms == again.period_ms && strcmp(limit.period, again.period) == 0);
}

static void
sets(struct span in)
{
	struct mx_set *set = mx_set_parse(in), *again;
	struct str text = { 0 }, text_again = { 0 };
	char name[MX_SET_NAME_SIZE];

	if (set == NULL)
		return;
	hold(set->count > 0 && set->count <= MX_SET_MAX);
	for (size_t i = 1; i < set->count; i++)
		hold(set->hosts[i - 1].preference <= set->hosts[i].preference);
	mx_set_name(set, name);
	mx_set_format(set, &text);
	again = mx_set_parse(span_make(text.data, text.len));
	hold(again != NULL && again->count == set->count);
	mx_set_format(again, &text_again);
	hold(strcmp(text.data, text_again.data) == 0);
	mx_set_free(&set);
	mx_set_free(&again);
	str_free(&text);
	str_free(&text_again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_make((const char *)data, size);
	char wait[DURATION_SIZE];
	int64_t ms = duration_parse(in);

	if (ms >= 0)
		hold(duration_parse(span_of(duration_format(ms, wait))) == ms);
	domains(in);
	addresses(in);
	keys(in);
	limits(in);
	sets(in);
	return 0;
}
