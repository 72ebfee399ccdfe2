#include "senders.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "domain.h"
#include "keys.h"
#include "log_line.h"
#include "unclassified.h"

enum { PARTS = 5 }; /* of one count */

/* -- who it was ---------------------------------------------------------------------------------- */

/* What a complaint quotes of the message: the first of these fields behind the report's own header. */
static struct span
quoted_sender(const struct report *report)
{
	static const char *const fields[] = { "Original-Mail-From:", "Return-Path:", "From:" };
	struct span found = SPAN("");
	size_t best = sizeof(fields) / sizeof(fields[0]);
	struct span rest = span_from(report->message,
	    report->header.len < report->message.len ? report->header.len : report->message.len);
	struct span line;

	while (best > 0 && span_line(&rest, &line))
		for (size_t i = 0; i < best; i++)
			if (span_istarts(line, span_of(fields[i]))) {
				found = span_trim(span_from(line, strlen(fields[i])));
				best = i;
			}
	return found;
}

static void
take_name(char out[SENDER_NAME_SIZE], const char *name)
{
	if (*name != '\0')
		snprintf(out, SENDER_NAME_SIZE, "%s", name);
}

void
senders_init(struct senders *senders, const struct settings *settings, const struct report *report,
    const struct apply_envelope *envelope, const char *id, int64_t now_s)
{
	struct sender_identity *identity = &senders->identity;
	struct span sender = span_of(envelope->recipient);

	memset(senders, 0, sizeof(*senders));
	senders->settings = settings;
	senders->report = report;
	senders->id = id;
	senders->now_s = now_s;
	arena_init(&senders->arena);
	if (report->kind == REPORT_FEEDBACK)
		sender = span_of(report_address(&senders->arena, quoted_sender(report)));
	sender_identify(settings, SPAN(""), sender, identity);
	take_name(identity->account, report->account);
	take_name(identity->campaign, report->campaign);
	take_name(identity->list, report->list);
}

void
senders_clear(struct senders *senders)
{
	arena_clear(&senders->arena);
}

bool
senders_take_complaints(const struct settings *settings, const char *envelope_recipient)
{
	const struct conf_strings *masks = &settings->feedback_addresses;

	for (size_t i = 0; i < masks->count; i++)
		if (domain_matches(masks->items[i], envelope_recipient))
			return true;
	return false;
}

void
senders_learn(struct senders *senders, struct store_batch *batch)
{
	const struct sender_identity *identity = &senders->identity;

	if (senders->settled || *senders->report->account != '\0' || *identity->by_sender == '\0')
		return;
	senders->users.arena = &senders->arena;
	store_put_sender_users(batch, identity->by_sender, &senders->users);
}

/* The one account that logs in with mail of this sender. */
static void
settle(struct senders *senders)
{
	struct str name = { 0 };

	if (!senders->settled && senders->users.count == 2 &&
	    keys_decode(&name, senders->users.items[0]) == 0)
		take_name(senders->identity.account, str_text(&name));
	senders->settled = true;
	str_free(&name);
}

/* -- counting ------------------------------------------------------------------------------------ */

static const char *
name_of(const struct senders *senders, enum sender_kind kind)
{
	switch (kind) {
	case SENDER_ACCOUNT:
		return senders->identity.account;
	case SENDER_CAMPAIGN:
		return senders->identity.campaign;
	case SENDER_LIST:
		return senders->identity.list;
	case SENDER_KINDS:
		break;
	}
	return "";
}

/* False: it is none of the counts, but has its reason. */
static bool
count_of(const struct senders *senders, const struct consequence *out, enum sender_count *count)
{
	if (senders->report->kind == REPORT_FEEDBACK)
		*count = SENDER_COMPLAINT;
	else if (out->recipient->reason == REASON_REFUSED)
		*count = SENDER_REFUSED;
	else if (out->recipient->type == BOUNCE_HARD && !out->doubtful)
		*count = SENDER_HARD;
	else if (out->recipient->type != BOUNCE_IGNORED)
		*count = SENDER_SOFT;
	else
		return false;
	return true;
}

/* What leads to a suspension counts once, also where no entry of the address remembers the notice;
 * and what comes from outside once for an address, as one who was mailed may write any number. */
static const char *
id_of(const struct senders *senders, const struct consequence *out, enum sender_count count,
    char buf[APPLY_ID_SIZE + 24])
{
	uint64_t sum = UINT64_C(14695981039346656037);

	if ((out->asked && !out->outside) || (count != SENDER_HARD && count != SENDER_COMPLAINT))
		return "";
	for (const char *p = out->recipient->address; *p != '\0'; p++)
		sum = (sum ^ (unsigned char)*p) * UINT64_C(1099511628211);
	snprintf(buf, APPLY_ID_SIZE + 24, "%s.%016" PRIx64,
	    out->outside ? sender_count_name(count) : senders->id, sum);
	return buf;
}

/* What was said, as the sender's day keeps it: "text:user_unknown 550 5.1.1 <address> unknown" */
static void
add_text_field(const struct consequence *out, struct str *field)
{
	str_addf(field, "text:%s ", reason_name(out->recipient->reason));
	unclassified_form(span_of(out->recipient->diagnostic), field);
}

static void
put_counts(struct senders *senders, struct store_batch *batch, const struct consequence *out)
{
	struct store_sender_part parts[PARTS];
	char reason[64], group[2][QUARANTINE_NAME_SIZE + 80], id[APPLY_ID_SIZE + 24];
	struct str text = { 0 };
	enum sender_count which = SENDER_SOFT;
	bool counts = count_of(senders, out, &which);
	struct store_sender_count count = {
		.id = counts ? id_of(senders, out, which, id) : "",
		.parts = parts,
	};

	snprintf(reason, sizeof(reason), "reason:%s", reason_name(out->recipient->reason));
	parts[count.part_count++] = (struct store_sender_part){ reason, 1 };
	if (counts)
		parts[count.part_count++] =
		    (struct store_sender_part){ sender_count_name(which), 1 };
	if (counts && which != SENDER_COMPLAINT && *out->group != '\0') {
		snprintf(group[0], sizeof(group[0]), "group:%s:%s", out->group,
		    which == SENDER_HARD ? "hard" : "soft");
		snprintf(group[1], sizeof(group[1]), "group:%s:%s", out->group, reason);
		parts[count.part_count++] = (struct store_sender_part){ group[0], 1 };
		parts[count.part_count++] = (struct store_sender_part){ group[1], 1 };
	}
	if (counts && which != SENDER_COMPLAINT && *out->recipient->diagnostic != '\0') {
		add_text_field(out, &text);
		parts[count.part_count++] = (struct store_sender_part){ str_text(&text), 1 };
	}
	for (int kind = 0; kind < SENDER_KINDS; kind++) {
		struct store_sender_verdict *verdict = NULL;

		count.kind = (enum sender_kind)kind;
		count.name = name_of(senders, count.kind);
		if (*count.name == '\0')
			continue;
		count.policy = NULL;
		if (kind == SENDER_ACCOUNT) {
			count.policy = &senders->settings->reputation.policy;
			count.exempt = sender_is_exempt(senders->settings, count.name);
			verdict = &senders->verdicts[senders->verdict_count++];
		}
		store_put_sender_count(batch, &count, verdict);
		if (!senders->told)
			store_put_sender_use(batch, count.kind, count.name, senders->now_s);
	}
	senders->told = true;
	str_free(&text);
}

/* The recipient is not mailed again, by whom the configuration says. */
static void
put_complaint(const struct senders *senders, struct store_batch *batch,
    const struct consequence *out)
{
	const struct sender_identity *identity = &senders->identity;
	struct str scope = { 0 };

	switch ((enum complaint_scope)senders->settings->complaint_scope) {
	case COMPLAINT_ACCOUNT:
		if (*identity->account != '\0')
			str_addf(&scope, "account:%s", identity->account);
		break;
	case COMPLAINT_LIST:
		if (*identity->list != '\0')
			str_addf(&scope, "list:%s", identity->list);
		break;
	case COMPLAINT_ALL:
		str_adds(&scope, "all");
		break;
	case COMPLAINT_NONE:
		break;
	}
	if (scope.len > 0 && *out->address != '\0')
		store_put_complaint(batch, out->address, str_text(&scope), senders->now_s);
	str_free(&scope);
}

static void
put_text(const struct senders *senders, struct store_batch *batch, const struct consequence *out)
{
	struct str form = { 0 };
	char day[SENDER_PERIOD_SIZE];

	unclassified_form(span_of(out->recipient->diagnostic), &form);
	store_put_sender_text(batch, sender_day(senders->now_s, day), out->recipient->reason,
	    str_text(&form));
	str_free(&form);
}

/* "X-Postfix; mxpace: account shop.test is suspended since ..." */
static bool
is_our_own(const struct consequence *out)
{
	return span_find(span_of(out->recipient->diagnostic), SPAN("mxpace: ")) >= 0;
}

void
senders_count(struct senders *senders, struct store_batch *batch, const struct consequence *out)
{
	bool complaint = senders->report->kind == REPORT_FEEDBACK;

	settle(senders);
	if (strcmp(out->what, "ignored") == 0 || is_our_own(out) ||
	    (out->asked && out->counted.outcome == STORE_AGAIN) ||
	    senders->verdict_count >= SENDERS_AT_ONCE ||
	    (complaint && out->recipient->type == BOUNCE_IGNORED))
		return;
	put_counts(senders, batch, out);
	if (complaint)
		put_complaint(senders, batch, out);
	else if (*out->recipient->diagnostic != '\0')
		put_text(senders, batch, out);
}

/* -- what changed --------------------------------------------------------------------------------- */

static void
add_change(const char *account, const struct store_sender_verdict *verdict, struct str *log)
{
	const struct sender_figures *figures = &verdict->status.figures;
	char sent[24], hard[24], complaints[24];
	const struct log_field fields[] = {
		{ "account", account, LOG_SAME },
		{ "state", sender_state_name(verdict->status.state), LOG_SAME },
		{ "before", sender_state_name(verdict->before), LOG_SAME },
		{ "sent", sent, LOG_SAME },
		{ "hard", hard, LOG_SAME },
		{ "complaints", complaints, LOG_SAME },
		{ "by", verdict->status.by, LOG_SAME },
	};

	snprintf(sent, sizeof(sent), "%" PRId64, figures->sent);
	snprintf(hard, sizeof(hard), "%" PRId64, figures->hard);
	snprintf(complaints, sizeof(complaints), "%" PRId64, figures->complaint);
	log_line_format(log, "account", fields, sizeof(fields) / sizeof(fields[0]), true);
	str_addf(log, ": %s\n", verdict->status.why);
}

void
senders_tell(struct senders *senders, struct store_batch *batch, struct str *log)
{
	const char *account = senders->identity.account;

	for (size_t i = 0; i < senders->verdict_count; i++) {
		const struct store_sender_verdict *verdict = &senders->verdicts[i];

		if (!verdict->changed && !verdict->full)
			continue;
		store_put_sender_tell(batch, account, verdict, senders->settings->node);
		if (verdict->changed)
			add_change(account, verdict, log);
	}
	senders->verdict_count = 0;
}
