#include "guarding.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "log_line.h"
#include "store_guard.h"

void
guarding_init(struct guarding *guarding, const struct settings *settings)
{
	*guarding = (struct guarding){ .settings = settings };
	arena_init(&guarding->arena);
	guarding->guards.arena = guarding->failed.arena = &guarding->arena;
}

void
guarding_clear(struct guarding *guarding)
{
	for (size_t i = 0; i < GUARDING_AT_ONCE; i++)
		str_free(&guarding->groups[i]);
	arena_clear(&guarding->arena);
}

/* -- before errors are counted ------------------------------------------------------------------ */

void
guarding_ask(struct guarding *guarding, struct store_batch *batch, const struct consequence *outs,
    size_t count)
{
	store_put_guards(batch, &guarding->guards);
	store_put_failed(batch, &guarding->failed);
	for (size_t i = 0; i < count; i++)
		if (*addr_domain(outs[i].address) != '\0')
			store_put_domain_group_read(batch, addr_domain(outs[i].address),
			    &guarding->groups[i]);
}

/* The last two labels of a host's name, three where the last but one is as short as in "co.uk". */
static const char *
site_of(const char *host)
{
	const char *site = host + strlen(host);
	size_t labels = 0, len = 0;

	if (strchr(host, ':') != NULL || strspn(host, "0123456789.") == strlen(host))
		return "";
	for (; site > host; site--, len++) {
		if (site[-1] != '.')
			continue;
		labels++;
		if (labels == 3 || (labels == 2 && len > 3))
			break;
		len = 0;
	}
	return site;
}

static void
name_group(const struct str *known, struct consequence *out)
{
	const char *site = site_of(out->recipient->remote_mta);

	if (known->len > 0)
		snprintf(out->group, sizeof(out->group), "%s", str_text(known));
	else if (strchr(site, '.') != NULL)
		snprintf(out->group, sizeof(out->group), "mta:%s", site);
	else if (*addr_domain(out->address) != '\0')
		snprintf(out->group, sizeof(out->group), "domain:%s", addr_domain(out->address));
}

/* The value of a field; SPAN("") there is none. */
static struct span
value_of(const struct store_fields *fields, struct span name)
{
	for (size_t i = 0; i + 1 < fields->count; i += 2)
		if (span_eq(fields->items[i], name))
			return fields->items[i + 1];
	return SPAN("");
}

static bool
is_held(const struct guarding *guarding, const char *group, enum reason reason)
{
	struct str field = { 0 };
	unsigned long long since;
	bool held;

	keys_guards_field(&field, group, reason_name(reason));
	/* "SINCE quiet" holds no more. */
	held = span_number(value_of(&guarding->guards, span_of(str_text(&field))), &since);
	str_free(&field);
	return held;
}

void
guarding_know(struct guarding *guarding, struct consequence *outs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		name_group(&guarding->groups[i], &outs[i]);
		outs[i].guarded = guarding->settings->guard.floor > 0 &&
				  is_held(guarding, outs[i].group, outs[i].recipient->reason);
	}
}

/* -- afterwards --------------------------------------------------------------------------------- */

static bool
has_changed(const struct consequence *out)
{
	return out->asked && *out->group != '\0' &&
	       (out->counted.outcome == STORE_COUNTED ||
		   out->counted.outcome == STORE_QUARANTINED ||
		   out->counted.outcome == STORE_HELD_BACK);
}

void
guarding_put(struct guarding *guarding, struct store_batch *batch, const struct consequence *out,
    size_t number)
{
	enum reason reason = out->recipient->reason;
	unsigned long long failed = 0;

	/* One who may forge notices must not make an outage of them. */
	if (guarding->settings->guard.floor == 0 || !has_changed(out) ||
	    (out->doubtful && !out->guarded))
		return;
	span_number(value_of(&guarding->failed, span_of(reason_name(reason))), &failed);
	store_put_guard_count(batch,
	    &(struct store_guard_count){ out->group, reason, &guarding->settings->guard,
		(int64_t)failed, out->address, store_count_name(out->counted.outcome),
		out->guarded },
	    &guarding->figures[number]);
	store_put_failed_more(batch, reason);
}

static void
put_event(struct store_batch *batch, const char *what, const struct consequence *out,
    const char *rate, const char *node)
{
	const struct store_event_field fields[] = {
		{ "what", what },
		{ "group", out->group },
		{ "reason", reason_name(out->recipient->reason) },
		{ "rate", *rate != '\0' ? rate : NULL },
		{ "text", out->recipient->diagnostic },
		{ "by", "mxbounce" },
		{ "node", node },
	};

	store_put_event(batch, "guard", fields, sizeof(fields) / sizeof(fields[0]));
}

static int
run(struct store_sync *store, struct store_batch *batch, struct err *err)
{
	return batch->count == 0 || store_sync_run(store, batch, err) == STORE_DONE ? 0 : -1;
}

/* "23 errors in 10 minutes of 25 tried, 8 in 1000 usually" */
static void
describe(const struct guard_policy *policy, const struct guard_figures *figures, char out[64])
{
	int64_t usual = guard_usual_rate(figures);
	int len = snprintf(out, 64, "%" PRId64 " errors in %" PRId64 " min", figures->counted,
	    policy->window_ms / 60000);

	if (figures->tried > 0)
		len += snprintf(out + len, 64 - (size_t)len, " of %" PRId64, figures->tried);
	if (usual >= 0 && len < 64)
		snprintf(out + len, 64 - (size_t)len, ", usually %" PRId64 " in 1000", usual);
}

/* The guard may have ended meanwhile, or another mxbounce was quicker: then nothing is said. */
static void
add_line(struct str *log, const char *what, const struct consequence *out, const char *rate)
{
	bool trips = strcmp(what, "tripped") == 0;
	const struct log_field fields[] = {
		{ "group", out->group, LOG_SAME },
		{ "reason", reason_name(out->recipient->reason), LOG_SAME },
		{ "figures", rate, LOG_SAME },
	};

	log_line_format(log, trips ? "guard tripped" : "guard quiet", fields,
	    sizeof(fields) / sizeof(fields[0]), true);
	str_addf(log, "%s: %s\n",
	    trips ? ": holds quarantines until `mxctl quarantine guard` decides" : "",
	    out->recipient->diagnostic);
}

static int
set(struct guarding *guarding, struct store_sync *store, const struct consequence *out,
    const struct guard_figures *figures, enum guard_step step, struct str *log, struct err *err)
{
	enum reason reason = out->recipient->reason;
	struct store_batch batch = { 0 };
	int64_t changed = 0, since_s = figures->since_s;
	bool trips = step == GUARD_TRIP;
	const char *what = trips ? "tripped" : "quiet";
	char rate[64];
	int rc;

	describe(&guarding->settings->guard, figures, rate);
	if (trips)
		store_put_guard_trip(&batch, out->group, reason, out->recipient->diagnostic, rate,
		    &changed);
	else
		store_put_guard_quieten(&batch, out->group, reason, figures->far_s, &changed);
	if (since_s == 0)
		since_s = figures->now_ms / 1000;
	rc = run(store, &batch, err);
	if (rc == 0 && changed != 0) {
		store_put_guards_set(&batch, out->group, reason, since_s, !trips);
		put_event(&batch, what, out, rate, guarding->settings->node);
		add_line(log, what, out, rate);
		rc = run(store, &batch, err);
	}
	store_batch_free(&batch);
	return rc;
}

/* Small things that wait for no answer. */
static int
go_on(struct store_sync *store, const struct consequence *out, const struct guard_figures *figures,
    enum guard_step step, struct err *err)
{
	enum reason reason = out->recipient->reason;
	struct store_batch batch = { 0 };
	int rc;

	if (step == GUARD_GO_ON)
		store_put_guard_go_on(&batch, out->group, reason);
	/* The mxbounce that tripped it may have ended before it could say so. */
	if (figures->state == GUARD_HELD && !out->guarded)
		store_put_guards_set(&batch, out->group, reason, figures->since_s, false);
	rc = run(store, &batch, err);
	store_batch_free(&batch);
	return rc;
}

int
guarding_conclude(struct guarding *guarding, struct store_sync *store,
    const struct consequence *outs, size_t count, struct str *log, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		const struct guard_figures *figures = &guarding->figures[i];
		enum guard_step step;
		int rc;

		if (figures->now_ms == 0)
			continue;
		step = guard_judge(&guarding->settings->guard, figures);
		if (step == GUARD_TRIP || step == GUARD_QUIETEN)
			rc = set(guarding, store, &outs[i], figures, step, log, err);
		else
			rc = go_on(store, &outs[i], figures, step, err);
		if (rc != 0)
			return -1;
	}
	return 0;
}
