/* Bytes of a policy client: what is read does not depend on how they were split, stays inside them,
 * and every answer is one line. */
#include <stdlib.h>
#include <string.h>

#include "policy.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
extern unsigned long fuzz_accepted;
unsigned long fuzz_accepted; /* inputs with at least one whole request */

static void
hold(bool promise)
{
	if (!promise)
		abort();
}

static void
is_inside(struct span bytes, size_t used, struct span value)
{
	if (value.len == 0)
		return;
	hold(value.ptr > bytes.ptr && value.ptr[-1] == '=');
	hold(value.ptr + value.len < bytes.ptr + used); /* a line end follows */
	hold(memchr(value.ptr, '\n', value.len) == NULL);
	hold(memchr(value.ptr, '\0', value.len) == NULL);
	hold(value.len < POLICY_LINE_MAX);
}

static void
is_a_request(struct span bytes, size_t used, const struct policy_request *request)
{
	hold(used > 2 && used <= bytes.len && used <= POLICY_REQUEST_MAX);
	hold(bytes.ptr[used - 1] == '\n');
	hold(span_eq(request->request, SPAN("smtpd_access_policy")));
	is_inside(bytes, used, request->request);
	is_inside(bytes, used, request->protocol_state);
	is_inside(bytes, used, request->instance);
	is_inside(bytes, used, request->sender);
	is_inside(bytes, used, request->recipient);
	is_inside(bytes, used, request->client_address);
	is_inside(bytes, used, request->queue_id);
	is_inside(bytes, used, request->sasl_username);
}

static bool
is_same(const struct policy_request *a, const struct policy_request *b)
{
	return span_eq(a->request, b->request) && span_eq(a->protocol_state, b->protocol_state) &&
	       span_eq(a->instance, b->instance) && span_eq(a->sender, b->sender) &&
	       span_eq(a->recipient, b->recipient) &&
	       span_eq(a->client_address, b->client_address) && span_eq(a->queue_id, b->queue_id) &&
	       span_eq(a->sasl_username, b->sasl_username);
}

/* The same bytes by parts of `step`: the same result, at the latest when all are there. */
static void
parse_in_parts(struct span bytes, size_t step, enum policy_parse want,
    const struct policy_request *whole, size_t whole_used)
{
	size_t seen = 0, used = 0, n = 0;

	for (;;) {
		struct policy_request request;
		struct err err = { "" };
		enum policy_parse got =
		    policy_parse(span_make(bytes.ptr, n), &seen, &request, &used, &err);

		if (got == POLICY_MORE && n < bytes.len) {
			n = bytes.len - n > step ? n + step : bytes.len;
			continue;
		}
		hold(got == want);
		if (got == POLICY_REQUEST)
			hold(used == whole_used && is_same(&request, whole));
		if (got == POLICY_MALFORMED)
			hold(err.text[0] != '\0');
		return;
	}
}

static void
answers_in_one_line(struct span bytes)
{
	struct str action = { 0 }, out = { 0 };

	str_add_span(&action, bytes);
	policy_format(str_text(&action), &out);
	hold(out.len >= 9 && memcmp(out.data, "action=", 7) == 0);
	hold(memcmp(out.data + out.len - 2, "\n\n", 2) == 0);
	hold(memchr(out.data, '\n', out.len - 2) == NULL);
	hold(memchr(out.data, '\r', out.len) == NULL);
	str_free(&action);
	str_free(&out);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct span rest = span_make((const char *)data, size);
	bool accepted = false;

	answers_in_one_line(rest);
	for (;;) {
		struct policy_request request;
		struct err err = { "" };
		size_t seen = 0, used = 0;
		enum policy_parse got = policy_parse(rest, &seen, &request, &used, &err);

		for (size_t step = 1; step < 4 && rest.len < 4096; step++)
			parse_in_parts(rest, step, got, &request, used);
		parse_in_parts(rest, rest.len / 2 + 1, got, &request, used);
		if (got == POLICY_MORE)
			hold(seen == rest.len && rest.len <= POLICY_REQUEST_MAX);
		if (got != POLICY_REQUEST)
			break;
		is_a_request(rest, used, &request);
		accepted = true;
		rest = span_from(rest, used);
	}
	fuzz_accepted += accepted;
	return 0;
}
