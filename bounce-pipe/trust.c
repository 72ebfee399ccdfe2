#include "trust.h"

#include <string.h>

#include "header.h"

/* What a Received field says of how a message came to this host. */
struct origin {
	unsigned received; /* how many there are */
	bool from_bounce;  /* all of them are what bounce(8) writes */
};

/* A field's value with runs of blanks and line breaks as one blank, as far as it fits. */
static void
unfold(struct span value, char *out, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < value.len && len + 1 < size; i++) {
		unsigned char c = (unsigned char)value.ptr[i];

		if (c > ' ')
			out[len++] = (char)c;
		else if (len > 0 && out[len - 1] != ' ')
			out[len++] = ' ';
	}
	out[len] = '\0';
}

/* The next word or "(comment)" of *rest. */
static struct span
take(struct span *rest)
{
	size_t len = 0;
	struct span word;

	*rest = span_trim(*rest);
	if (rest->len > 0 && rest->ptr[0] == '(') {
		while (len < rest->len && rest->ptr[len] != ')')
			len++;
		len += len < rest->len;
	} else {
		while (len < rest->len && rest->ptr[len] != ' ' && rest->ptr[len] != ';')
			len++;
	}
	word = span_make(rest->ptr, len);
	*rest = span_from(*rest, len);
	return word;
}

/* "by mail.example.org (Postfix) id 4F2A61C0; Sun, 22 Nov 2026 …" and nothing else. pickup(8) has
 * "(Postfix, from userid 1000)", smtpd(8) and qmqpd(8) begin with "from", local(8) has a userid. */
static bool
is_from_bounce(struct span value)
{
	char text[600];
	struct span rest, mail_name;

	unfold(value, text, sizeof(text));
	rest = span_of(text);
	if (!span_eq(take(&rest), SPAN("by")) || take(&rest).len == 0)
		return false;
	mail_name = take(&rest);
	if (mail_name.len < 3 || mail_name.ptr[0] != '(' ||
	    mail_name.ptr[mail_name.len - 1] != ')' || span_find(mail_name, SPAN(",")) >= 0 ||
	    span_ifind(mail_name, SPAN("from")) >= 0 || span_ifind(mail_name, SPAN("userid")) >= 0)
		return false;
	if (!span_eq(take(&rest), SPAN("id")) || take(&rest).len == 0)
		return false;
	return rest.len > 0 && rest.ptr[0] == ';';
}

static struct origin
origin_of(struct span header)
{
	struct origin origin = { .from_bounce = true };
	struct span name, value;

	while (header_next(&header, &name, &value)) {
		if (!span_ieq(name, SPAN("Received")))
			continue;
		origin.received++;
		origin.from_bounce = origin.from_bounce && is_from_bounce(value);
	}
	return origin;
}

static bool
is_null(const char *sender)
{
	return *sender == '\0' || strcmp(sender, "<>") == 0;
}

/* Why a return path from outside has no signature that would count. */
static const char *
not_signed(const struct trust_signed *asked, const struct return_path_checked *checked)
{
	const struct return_path *path = asked->path;

	if (*path->recipient_signature != '\0' && *path->recipient != '\0' &&
	    return_path_check(path, path->recipient, asked->keys, asked->now_s, asked->valid_days)
		    .recipient.proof == VERP_VALID)
		return "the return path is signed for another recipient";
	if (checked->recipient.proof == VERP_EXPIRED || checked->sender.proof == VERP_EXPIRED)
		return "the return path's signature has expired";
	if (checked->recipient.proof == VERP_WRONG || checked->sender.proof == VERP_WRONG)
		return "the return path's signature is none of ours for this recipient";
	return "the return path is not signed";
}

static enum trust
judge_signed(const struct trust_signed *asked, const char *address, const char **why)
{
	const struct return_path *path = asked->path;
	struct return_path_checked checked =
	    return_path_check(path, address, asked->keys, asked->now_s, asked->valid_days);

	if (*address == '\0') {
		*why = "it names no recipient";
		return TRUST_NONE;
	}
	if (checked.recipient.proof == VERP_VALID) {
		*why = "the return path is signed for this recipient";
		return TRUST_SIGNED;
	}
	if (checked.sender.proof != VERP_VALID || *path->recipient_signature != '\0') {
		*why = not_signed(asked, &checked);
		return TRUST_NONE;
	}
	if (*path->recipient != '\0' && strcmp(path->recipient, address) != 0) {
		*why = "it came from outside and the return path names another recipient";
		return TRUST_NONE;
	}
	*why = "the return path's signature proves only that we sent something";
	return TRUST_SENDER;
}

enum trust
trust_judge(const struct trust_facts *facts, const char *address, const char **why)
{
	struct origin origin = origin_of(facts->header);
	const char *verp = facts->verp_recipient != NULL ? facts->verp_recipient : "";

	if (facts->signed_path == NULL && *address != '\0' && strcmp(verp, address) == 0) {
		*why = "the return path names this recipient";
		return TRUST_VERP;
	}
	if (origin.received == 1 && origin.from_bounce && is_null(facts->envelope_sender)) {
		*why = "a notice of this host's own Postfix";
		return TRUST_POSTFIX;
	}
	if (facts->signed_path != NULL)
		return judge_signed(facts->signed_path, address, why);
	if (origin.received == 0)
		*why = "nothing tells where it came from (no Received field)";
	else if (!origin.from_bounce || origin.received > 1)
		*why = *verp != '\0'
			   ? "it came from outside and the return path names another recipient"
			   : "it came from outside and the return path names no recipient";
	else
		*why = "it claims to be a notice of Postfix but has an envelope sender";
	return TRUST_NONE;
}
