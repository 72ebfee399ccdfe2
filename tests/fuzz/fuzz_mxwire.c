/* A DNS answer of any bytes: what the parser lets through keeps the promises of mxwire.h. */
#include <stdlib.h>
#include <string.h>

#include "mxwire.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
unsigned long fuzz_accepted; /* inputs that are a response to a query of ours */

static void
hold(bool promise)
{
	if (!promise)
		abort();
}

static void
is_normal(const char *name)
{
	char again[DOMAIN_SIZE];

	hold(domain_normalise(span_of(name), again, NULL) == 0 && strcmp(again, name) == 0);
	hold(name[0] != '[');
}

/* The set made of the hosts reads back from its text as the same. */
static void
makes_a_set(const struct mxwire_answer *answer)
{
	struct mx_set *set = mx_set_new(answer->hosts, answer->count), *again;
	struct str text = { 0 }, text_again = { 0 };

	hold(set->count > 0 && set->count <= MX_SET_MAX);
	mx_set_format(set, &text);
	again = mx_set_parse(span_of(str_text(&text)));
	hold(again != NULL);
	mx_set_format(again, &text_again);
	hold(strcmp(str_text(&text), str_text(&text_again)) == 0);
	mx_set_free(&set);
	mx_set_free(&again);
	str_free(&text);
	str_free(&text_again);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static struct mxwire_answer answer;
	struct err err = { "" };

	memset(&answer, 0xa5, sizeof(answer));
	if (mxwire_parse(span_make((const char *)data, size), &answer, &err) != 0) {
		hold(err.text[0] != '\0');
		return 0;
	}
	hold(answer.rcode < 16);
	if (answer.rcode != MXWIRE_NOERROR && answer.rcode != MXWIRE_NXDOMAIN)
		return 0;
	fuzz_accepted++;
	is_normal(answer.domain);
	hold(answer.ttl_s <= INT32_MAX);
	hold(answer.rcode == MXWIRE_NOERROR || answer.records == 0);
	hold(answer.count <= MXWIRE_HOSTS_MAX && answer.count <= answer.records);
	hold(answer.type == MXWIRE_MX || (answer.count == 0 && !answer.null_mx));
	hold(!answer.null_mx || (answer.records == 1 && answer.count == 0));
	for (size_t i = 0; i < answer.count; i++) {
		hold(answer.hosts[i].preference <= UINT16_MAX);
		is_normal(answer.hosts[i].name);
	}
	if (answer.count > 0)
		makes_a_set(&answer);
	return 0;
}
