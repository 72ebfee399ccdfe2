#include "apply.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bounce_date.h"
#include "clock.h"
#include "consequence.h"
#include "feedback.h"
#include "guarding.h"
#include "log_line.h"
#include "quarantine_address.h"
#include "senders.h"
#include "store_fleet.h"
#include "store_warmup.h"
#include "trust.h"
#include "unclassified.h"

enum {
	AT_ONCE = 16,    /* recipients that go through the three steps together */
	BATCH_FULL = 10, /* commands of the third step that wait for those of one recipient more */
};
_Static_assert((int)AT_ONCE <= (int)GUARDING_AT_ONCE, "guarding takes them all");
_Static_assert((int)AT_ONCE < (int)STORE_BATCH_MAX, "a batch holds a command of each recipient");

/* What one run works with. */
struct apply {
	const struct settings *settings;
	struct store_sync *store;
	const struct report *report;
	const struct apply_envelope *envelope;
	const char *id;
	int64_t now_s;
	struct store_batch *batch;
	struct senders *senders;
	struct guarding *guarding;
	struct str *log;
	struct err *err;
};

/* FNV-1a, 64 bits: tells notices of one address apart, no more. */
static uint64_t
add_bytes(uint64_t sum, struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		if (bytes.ptr[i] != '\r')
			sum = (sum ^ (unsigned char)bytes.ptr[i]) * UINT64_C(1099511628211);
	return sum;
}

void
apply_id(struct span message, struct span header, char id[APPLY_ID_SIZE])
{
	uint64_t sum = UINT64_C(14695981039346656037);
	struct span rest = header, line;

	while (span_line(&rest, &line))
		if (span_istarts(line, SPAN("Message-ID:")) || span_istarts(line, SPAN("Date:")))
			sum = add_bytes(sum, line);
	sum = add_bytes(sum, span_from(message, header.len));
	snprintf(id, APPLY_ID_SIZE, "%016" PRIx64, sum);
}

bool
apply_needs_store(const struct report *report)
{
	return (report->kind == REPORT_NDR && report->count > 0) || report->kind == REPORT_FEEDBACK;
}

static void
format_code(const struct report_recipient *recipient, char out[16])
{
	if (recipient->reply_code != 0)
		snprintf(out, 16, "%u %.8s", recipient->reply_code % 1000, recipient->status);
	else
		snprintf(out, 16, "%.8s", recipient->status);
}

/* A report may also list recipients that were served, or may be yet. */
static bool
has_failed(const struct report *report, const struct report_recipient *recipient)
{
	static const char *const others[] = { "delayed", "delivered", "relayed", "expanded" };

	if (report->kind == REPORT_NDR)
		for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
			if (strcmp(recipient->action, others[i]) == 0)
				return false;
	return true;
}

/* What only a sender's signature speaks for may be a forgery of anybody whom we once sent a mail:
 * whatever its reason, it counts as one hard to reach, never at the first error. */
static struct quarantine_rule
doubtful_rule(const struct settings *settings, const struct quarantine_rule *rule)
{
	struct quarantine_rule doubtful = settings->quarantine.rules[REASON_UNREACHABLE];

	if (rule->errors == 0 || rule->errors > doubtful.errors)
		doubtful.errors = doubtful.errors > 0 ? rule->errors : 0;
	if (doubtful.errors == 1)
		doubtful.errors = 2;
	return doubtful;
}

/* The rule of the reason; but what is hard by its reason and soft by its reply ("450 user unknown":
 * try again) must not cost an address at the first error: it is one of those hard to reach. */
static struct quarantine_rule
rule_for(const struct settings *settings, const struct consequence *out)
{
	enum reason reason = out->recipient->reason;
	const struct quarantine_rule *rule;

	if (out->recipient->type == BOUNCE_SOFT && reason_usual_type(reason) == BOUNCE_HARD)
		reason = REASON_UNREACHABLE;
	rule = &settings->quarantine.rules[reason];
	return out->doubtful ? doubtful_rule(settings, rule) : *rule;
}

/* What mxpolicyd said of an account, a complaint or a limit: the address did nothing. What it says of
 * a domain, and of hosts that cannot be reached, is about the address. */
static bool
is_our_refusal(struct span diagnostic)
{
	const struct span ours = SPAN("mxpace: ");
	long at = span_find(diagnostic, ours);
	struct span said;

	if (at < 0)
		return false;
	said = span_from(diagnostic, (size_t)at + ours.len);
	return !span_starts(said, SPAN("domain ")) && !span_starts(said, SPAN("MX look-up of ")) &&
	       span_find(said, SPAN(": not reachable (")) < 0;
}

/* Whether this recipient's failure may count at all, and why not. */
static bool
may_count(const struct settings *settings, const struct report *report,
    const struct apply_envelope *envelope, struct consequence *out)
{
	const struct report_recipient *recipient = out->recipient;
	struct trust_facts facts = { report->header, envelope->sender, envelope->verp_recipient,
		envelope->signed_path };
	enum trust trust = trust_judge(&facts, recipient->address, &out->why);
	bool address =
	    quarantine_address(settings, span_of(recipient->address), out->address, NULL) == 0 &&
	    *out->address != '\0';
	bool expected = report->kind == REPORT_FEEDBACK &&
			senders_take_complaints(settings, envelope->recipient);

	out->doubtful = trust == TRUST_SENDER;
	out->outside = trust != TRUST_POSTFIX && !expected;
	if (!expected &&
	    (trust == TRUST_NONE || (out->doubtful && report->kind == REPORT_FEEDBACK))) {
		out->what = "ignored";
		return false;
	}
	if (!out->doubtful)
		out->why = "";
	if (report->kind == REPORT_FEEDBACK)
		out->what = "complaint";
	else if (!address)
		out->what = "bounce", out->why = "not an address";
	else if (addr_is_postmaster(out->address))
		out->what = "bounce", out->why = "postmaster is never quarantined";
	else if (is_our_refusal(span_of(recipient->diagnostic)))
		out->what = "bounce", out->why = "a refusal of our own";
	else if (recipient->type == BOUNCE_IGNORED || rule_for(settings, out).errors == 0)
		out->what = "bounce", out->why = "this reason never quarantines";
	else
		return true;
	return false;
}

static void
put_error(const struct settings *settings, const struct report *report, const char *id,
    struct store_batch *batch, struct consequence *out)
{
	const struct report_recipient *recipient = out->recipient;
	const struct store_error error = {
		.addr = out->address,
		.ndr = id,
		.type = out->doubtful ? BOUNCE_SOFT : recipient->type,
		.reason = recipient->reason,
		.rule = rule_for(settings, out),
		.at_s = out->at_s,
		.guarded = out->guarded,
		.code = out->code,
		.text = recipient->diagnostic,
		.mx = recipient->remote_mta,
		.message = report->message_id,
		.campaign = report->campaign,
		.list = report->list,
		.account = report->account,
		.group = out->group,
		.bounce_rule = recipient->rule,
	};

	store_put_error(batch, &error, &out->counted);
	out->asked = true;
}

static void
put_event(const struct report *report, const struct apply_envelope *envelope, const char *id,
    struct store_batch *batch, const struct consequence *out)
{
	const struct report_recipient *recipient = out->recipient;
	char errors[24] = "", at[24] = "";
	const struct store_event_field fields[] = {
		{ "address", recipient->address },
		{ "bounce_type", bounce_type_name(recipient->type) },
		{ "reason", reason_name(recipient->reason) },
		{ "code", out->code },
		{ "text", recipient->diagnostic },
		{ "mx", recipient->remote_mta },
		{ "rule", recipient->rule },
		{ "group", *out->group != '\0' ? out->group : NULL },
		{ "at", out->at_s > 0 ? at : NULL },
		{ "errors", out->asked ? errors : NULL },
		{ "why", *out->why != '\0' ? out->why : NULL },
		{ "message_id", report->message_id },
		{ "campaign", report->campaign },
		{ "list", report->list },
		{ "account", report->account },
		{ "envelope_recipient", envelope->recipient },
		{ "ndr", id },
	};

	snprintf(errors, sizeof(errors), "%" PRId64, out->counted.errors);
	snprintf(at, sizeof(at), "%" PRId64, out->at_s);
	store_put_event(batch, out->what, fields, sizeof(fields) / sizeof(fields[0]));
}

static void
put_consequences(const struct report *report, const struct apply_envelope *envelope, const char *id,
    struct store_batch *batch, const struct consequence *out)
{
	const struct report_recipient *recipient = out->recipient;
	struct str form = { 0 };

	if (out->asked && out->counted.status != QUARANTINE_NONE)
		store_put_index(batch, out->address, out->counted.expiry_s);
	/* A notice that was seen before has its event, unless it was lost with the connection. */
	if (!out->asked || out->counted.outcome != STORE_AGAIN) {
		put_event(report, envelope, id, batch, out);
		store_put_bounced(batch, out->recipient->reason, out->what);
	}
	if (out->recipient->reason == REASON_UNDEFINED && *out->recipient->rule == '\0' &&
	    out->recipient->type == BOUNCE_IGNORED && *out->recipient->diagnostic != '\0' &&
	    report->kind == REPORT_NDR && strcmp(out->what, "ignored") != 0) {
		unclassified_form(span_of(out->recipient->diagnostic), &form);
		store_put_unclassified(batch, str_text(&form));
	}
	/* Counts for the warm-up of the IP that sent it, if it is in one. */
	if (strcmp(out->what, "complaint") == 0 && !out->outside && *out->group != '\0' &&
	    report->feedback.source_ip != NULL && *report->feedback.source_ip != '\0' &&
	    feedback_is_complaint(report))
		store_put_warmup_complaint(batch, out->group, report->feedback.source_ip, id,
		    recipient->address, clock_wall_s());
	str_free(&form);
}

static void
log_outcome(const struct apply *apply, const struct consequence *out)
{
	const struct report_recipient *recipient = out->recipient;
	const char *queue_id = apply->envelope->queue_id;
	char errors[24];
	const struct log_field fields[] = {
		{ "recipient", recipient->address, LOG_ADDRESS },
		{ "type", bounce_type_name(recipient->type), LOG_SAME },
		{ "reason", reason_name(recipient->reason), LOG_SAME },
		{ "code", out->code, LOG_SAME },
		{ "rule", recipient->rule, LOG_SAME },
		{ "group", *out->group != '\0' ? out->group : NULL, LOG_SAME },
		{ "errors", out->asked ? errors : NULL, LOG_SAME },
		{ "why", *out->why != '\0' ? out->why : NULL, LOG_SAME },
		{ "queue_id", queue_id != NULL && *queue_id != '\0' ? queue_id : NULL, LOG_SAME },
	};

	snprintf(errors, sizeof(errors), "%" PRId64, out->counted.errors);
	log_line_format(apply->log, out->what, fields, sizeof(fields) / sizeof(fields[0]), true);
	str_addf(apply->log, ": %s\n", recipient->diagnostic);
}

static int
run(struct store_sync *store, struct store_batch *batch, struct err *err)
{
	return batch->count == 0 || store_sync_run(store, batch, err) == STORE_DONE ? 0 : -1;
}

/* -- the three steps ---------------------------------------------------------------------------- */

/* What has to be known of the recipients before their errors can be counted. */
static int
learn(const struct apply *apply, struct consequence *outs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		format_code(outs[i].recipient, outs[i].code);
		outs[i].at_s = bounce_date(apply->report, outs[i].recipient, apply->now_s);
		outs[i].counts =
		    may_count(apply->settings, apply->report, apply->envelope, &outs[i]);
		if (outs[i].doubtful) /* the dates in it may be forged: one error a day at most */
			outs[i].at_s = apply->now_s;
	}
	senders_learn(apply->senders, apply->batch);
	guarding_ask(apply->guarding, apply->batch, outs, count);
	if (run(apply->store, apply->batch, apply->err) != 0)
		return -1;
	guarding_know(apply->guarding, outs, count);
	return 0;
}

static int
count_errors(const struct apply *apply, struct consequence *outs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (outs[i].counts)
			put_error(apply->settings, apply->report, apply->id, apply->batch,
			    &outs[i]);
	if (run(apply->store, apply->batch, apply->err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (outs[i].asked)
			outs[i].what = store_count_name(outs[i].counted.outcome);
	return 0;
}

static int
write_consequences(const struct apply *apply, const struct consequence *outs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		put_consequences(apply->report, apply->envelope, apply->id, apply->batch, &outs[i]);
		senders_count(apply->senders, apply->batch, &outs[i]);
		guarding_put(apply->guarding, apply->batch, &outs[i], i);
		if (apply->batch->count >= BATCH_FULL &&
		    run(apply->store, apply->batch, apply->err) != 0)
			return -1;
	}
	if (run(apply->store, apply->batch, apply->err) != 0)
		return -1;
	senders_tell(apply->senders, apply->batch, apply->log);
	if (run(apply->store, apply->batch, apply->err) != 0)
		return -1;
	return guarding_conclude(apply->guarding, apply->store, outs, count, apply->log,
	    apply->err);
}

static int
apply_some(const struct apply *apply, struct consequence *outs, size_t count)
{
	int rc = -1;

	guarding_init(apply->guarding, apply->settings);
	if (learn(apply, outs, count) == 0 && count_errors(apply, outs, count) == 0)
		rc = write_consequences(apply, outs, count);
	guarding_clear(apply->guarding);
	return rc;
}

/* A complaint whose recipient was taken out still is one about its sender. */
static int
apply_nobody(const struct apply *apply)
{
	static const struct report_recipient nobody = { .address = "",
		.final_address = "",
		.status = "",
		.diagnostic = "",
		.remote_mta = "",
		.action = "",
		.last_attempt = "",
		.type = BOUNCE_HARD,
		.reason = REASON_FEEDBACK_LOOP,
		.rule = "" };
	struct consequence out = { .recipient = &nobody, .what = "", .why = "" };
	int rc;

	if (!feedback_is_complaint(apply->report))
		return 0;
	rc = apply_some(apply, &out, 1);
	if (rc == 0)
		log_outcome(apply, &out);
	return rc;
}

int
apply(const struct settings *settings, struct store_sync *store, const struct report *report,
    const struct apply_envelope *envelope, const char *id, struct str *log, struct err *err)
{
	struct store_batch batch = { 0 };
	struct senders senders;
	struct guarding guarding;
	const struct apply run_of = { settings, store, report, envelope, id, clock_wall_s(), &batch,
		&senders, &guarding, log, err };
	int rc = 0;

	senders_init(&senders, settings, report, envelope, id, run_of.now_s);
	if (report->kind == REPORT_FEEDBACK && report->count == 0)
		rc = apply_nobody(&run_of);

	for (size_t next = 0; next < report->count && rc == 0;) {
		struct consequence outs[AT_ONCE];
		size_t count = 0;

		for (; next < report->count && count < AT_ONCE; next++)
			if (has_failed(report, &report->recipients[next]))
				outs[count++] = (struct consequence){
					.recipient = &report->recipients[next],
					.what = "",
					.why = "",
				};
		rc = apply_some(&run_of, outs, count);
		for (size_t i = 0; i < count && rc == 0; i++)
			log_outcome(&run_of, &outs[i]);
	}
	senders_clear(&senders);
	store_batch_free(&batch);
	return rc;
}
