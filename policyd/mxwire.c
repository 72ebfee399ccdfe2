#include "mxwire.h"

#include <string.h>

enum { HEADER_SIZE = 12, CLASS_IN = 1, TYPE_CNAME = 5, TYPE_SOA = 6 };
enum { NAME_SIZE = 255, LABEL_MAX = 63, JUMPS_MAX = 127 }; /* RFC 1035, 2.3.4 */
enum { TTL_MAX = 0x7fffffff }; /* RFC 2181, 8: one with the top bit set counts as 0 */

/* The message and how far it was read. */
struct cursor {
	const unsigned char *data;
	size_t len, at;
};

/* Labels with their lengths, uncompressed, ASCII letters in lower case, the root at the end. */
struct name {
	size_t len;
	unsigned char bytes[NAME_SIZE];
};

struct record {
	struct name owner;
	unsigned type, class;
	uint32_t ttl_s;
	struct cursor rdata; /* `len` is where it ends: names in it may point back out */
};

/* -- bytes ----------------------------------------------------------------------------------- */

static bool
read_u16(struct cursor *in, unsigned *value)
{
	if (in->len - in->at < 2)
		return false;
	*value = (unsigned)in->data[in->at] << 8 | in->data[in->at + 1];
	in->at += 2;
	return true;
}

static bool
read_u32(struct cursor *in, uint32_t *value)
{
	unsigned high, low;

	if (!read_u16(in, &high) || !read_u16(in, &low))
		return false;
	*value = (uint32_t)high << 16 | low;
	return true;
}

static bool
skip(struct cursor *in, size_t len)
{
	if (in->len - in->at < len)
		return false;
	in->at += len;
	return true;
}

/* Compression pointers (RFC 1035, 4.1.4) lead strictly backward, so that they end. */
static bool
read_name(struct cursor *in, struct name *name)
{
	size_t at = in->at, segment = in->at, jumps = 0;

	name->len = 0;
	for (;;) {
		unsigned len;

		if (at >= in->len)
			return false;
		len = in->data[at];
		if (len >= 0xc0) {
			size_t target;

			if (in->len - at < 2)
				return false;
			target = (size_t)(len & 0x3f) << 8 | in->data[at + 1];
			if (target >= segment || target < HEADER_SIZE || ++jumps > JUMPS_MAX)
				return false;
			if (jumps == 1)
				in->at = at + 2;
			at = segment = target;
			continue;
		}
		if (len > LABEL_MAX || in->len - at < len + 1 || name->len + len + 1 > NAME_SIZE)
			return false;
		name->bytes[name->len++] = (unsigned char)len;
		at++;
		for (unsigned i = 0; i < len; i++) {
			unsigned char c = in->data[at++];

			name->bytes[name->len++] =
			    (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
		}
		if (len == 0)
			break;
	}
	if (jumps == 0)
		in->at = at;
	return true;
}

static bool
same_name(const struct name *a, const struct name *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static bool
is_root(const struct name *name)
{
	return name->len == 1;
}

/* The name as domain.h writes it. False for the root and for labels that no host has: a dot, a
 * bracket or UTF-8 within a label means none of what it would mean in text. */
static bool
name_text(const struct name *name, char out[DOMAIN_SIZE])
{
	char text[NAME_SIZE];
	size_t len = 0;

	for (size_t at = 0; name->bytes[at] != 0; at += name->bytes[at] + 1U) {
		for (size_t i = 1; i <= name->bytes[at]; i++) {
			unsigned char c = name->bytes[at + i];

			if (c == '.' || c == '[' || c == ']' || c >= 0x80)
				return false;
			text[len++] = (char)c;
		}
		text[len++] = '.';
	}
	return domain_normalise(span_make(text, len), out, NULL) == 0;
}

static bool
read_record(struct cursor *in, struct record *record)
{
	unsigned len;

	if (!read_name(in, &record->owner) || !read_u16(in, &record->type) ||
	    !read_u16(in, &record->class) || !read_u32(in, &record->ttl_s) || !read_u16(in, &len))
		return false;
	record->rdata = *in;
	if (!skip(in, len))
		return false;
	record->rdata.len = in->at;
	if (record->ttl_s > TTL_MAX)
		record->ttl_s = 0;
	return true;
}

/* -- the answer ------------------------------------------------------------------------------ */

struct sections {
	struct cursor answers, authority;
	unsigned answer_count, authority_count;
};

static void
lower_ttl(struct mxwire_answer *answer, uint32_t ttl_s)
{
	if (ttl_s < answer->ttl_s)
		answer->ttl_s = ttl_s;
}

static bool
take_mx(struct mxwire_answer *answer, struct cursor rdata)
{
	struct name name;
	unsigned preference;

	if (!read_u16(&rdata, &preference) || !read_name(&rdata, &name) || rdata.at != rdata.len)
		return false;
	answer->null_mx = answer->records == 1 && preference == 0 && is_root(&name);
	if (answer->count < MXWIRE_HOSTS_MAX && name_text(&name, answer->names[answer->count])) {
		answer->hosts[answer->count].preference = preference;
		answer->hosts[answer->count].name = answer->names[answer->count];
		answer->count++;
	}
	return true;
}

static bool
take_record(struct mxwire_answer *answer, const struct record *record)
{
	size_t len = record->rdata.len - record->rdata.at;

	answer->records++;
	lower_ttl(answer, record->ttl_s);
	switch (answer->type) {
	case MXWIRE_A:
		return len == 4;
	case MXWIRE_AAAA:
		return len == 16;
	case MXWIRE_MX:
		return take_mx(answer, record->rdata);
	}
	return false;
}

enum step { STEP_RECORDS, STEP_ALIAS, STEP_NOTHING, STEP_MALFORMED };

/* What the answer section has for a name: records, or an alias that becomes the name. */
static enum step
take_name(struct mxwire_answer *answer, const struct sections *in, struct name *name)
{
	struct cursor at = in->answers;
	struct record record;
	struct name alias;
	bool has_alias = false;

	for (unsigned i = 0; i < in->answer_count; i++) {
		if (!read_record(&at, &record))
			return STEP_MALFORMED;
		if (record.class != CLASS_IN || !same_name(&record.owner, name))
			continue;
		if (record.type == (unsigned)answer->type && answer->rcode == MXWIRE_NOERROR) {
			if (!take_record(answer, &record))
				return STEP_MALFORMED;
		} else if (record.type == TYPE_CNAME && !has_alias) {
			if (!read_name(&record.rdata, &alias) ||
			    record.rdata.at != record.rdata.len)
				return STEP_MALFORMED;
			has_alias = true;
			lower_ttl(answer, record.ttl_s);
		}
	}
	if (answer->records > 0)
		return STEP_RECORDS;
	if (!has_alias)
		return STEP_NOTHING;
	*name = alias;
	return STEP_ALIAS;
}

/* RFC 2308, 5: the SOA of the authority section, min(its TTL, MINIMUM). Without one the answer is
 * not to be kept. */
static bool
take_negative_ttl(struct mxwire_answer *answer, const struct sections *in)
{
	struct cursor at = in->authority;
	struct record record;
	struct name name;
	uint32_t minimum;

	for (unsigned i = 0; i < in->authority_count; i++) {
		if (!read_record(&at, &record))
			return false;
		if (record.class != CLASS_IN || record.type != TYPE_SOA)
			continue;
		if (!read_name(&record.rdata, &name) || !read_name(&record.rdata, &name) ||
		    !skip(&record.rdata, 16) || !read_u32(&record.rdata, &minimum) ||
		    record.rdata.at != record.rdata.len)
			return false;
		lower_ttl(answer, record.ttl_s);
		lower_ttl(answer, minimum <= TTL_MAX ? minimum : 0);
		return true;
	}
	answer->ttl_s = 0;
	return true;
}

/* The header (RFC 1035, 4.1.1): counts, and whether it is a response to a query. */
static bool
read_header(struct cursor *in, struct mxwire_answer *answer, unsigned *questions,
    struct sections *sections)
{
	unsigned flags, additional;

	if (!skip(in, 2) || !read_u16(in, &flags) || !read_u16(in, questions) ||
	    !read_u16(in, &sections->answer_count) || !read_u16(in, &sections->authority_count) ||
	    !read_u16(in, &additional))
		return false;
	answer->rcode = flags & 0x0f;
	return (flags & 0xf800) == 0x8000; /* QR, OPCODE 0 */
}

static bool
read_question(struct cursor *in, struct mxwire_answer *answer, struct name *name)
{
	unsigned type, class;

	if (!read_name(in, name) || !name_text(name, answer->domain) || !read_u16(in, &type) ||
	    !read_u16(in, &class))
		return false;
	answer->type = (enum mxwire_type)type;
	return (type == MXWIRE_A || type == MXWIRE_MX || type == MXWIRE_AAAA) && class == CLASS_IN;
}

/* Where the authority section begins. */
static bool
find_authority(struct sections *in)
{
	struct record record;

	in->authority = in->answers;
	for (unsigned i = 0; i < in->answer_count; i++)
		if (!read_record(&in->authority, &record))
			return false;
	return true;
}

static int
malformed(struct err *err, const char *what)
{
	err_set(err, "malformed DNS answer: %s", what);
	return -1;
}

int
mxwire_parse(struct span message, struct mxwire_answer *answer, struct err *err)
{
	struct cursor in = { (const unsigned char *)message.ptr, message.len, 0 };
	struct sections sections;
	struct name name;
	unsigned questions;
	enum step step = STEP_ALIAS;

	answer->domain[0] = '\0';
	answer->records = answer->count = 0;
	answer->null_mx = false;
	answer->ttl_s = TTL_MAX;
	if (!read_header(&in, answer, &questions, &sections))
		return malformed(err, "header");
	if (answer->rcode != MXWIRE_NOERROR && answer->rcode != MXWIRE_NXDOMAIN)
		return 0;
	if (questions != 1 || !read_question(&in, answer, &name))
		return malformed(err, "question");
	sections.answers = in;
	if (!find_authority(&sections))
		return malformed(err, "answer section");
	for (size_t hops = 0; step == STEP_ALIAS; hops++) {
		if (hops > MXWIRE_CHAIN_MAX)
			return malformed(err, "too many CNAMEs");
		step = take_name(answer, &sections, &name);
	}
	if (step == STEP_MALFORMED)
		return malformed(err, "record");
	if (step == STEP_NOTHING && !take_negative_ttl(answer, &sections))
		return malformed(err, "authority section");
	return 0;
}

const char *
mxwire_rcode_name(unsigned rcode)
{
	static const char *const names[] = { "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",
		"REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE" };

	return rcode < sizeof(names) / sizeof(names[0]) ? names[rcode] : "unknown RCODE";
}
