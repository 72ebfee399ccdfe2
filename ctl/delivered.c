#include "verbs.h"

#include <inttypes.h>
#include <poll.h>

#include "addr.h"
#include "clock.h"
#include "delivered_count.h"
#include "lines.h"
#include "log_senders.h"
#include "quarantine_address.h"
#include "store_delivered.h"
#include "verp_keys.h"

/* `quarantine delivered`: addresses that took a message, from the command line, standard input, the
 * log, or the stream in which an application tells of them. */

enum {
	AT_ONCE =
	    DELIVERY_AT_ONCE, /* each with a script, and after it at most an index and an event */
	WAIT_MS = 1000,       /* before a store that went away is asked again */
};
_Static_assert(2 * (int)AT_ONCE <= (int)STORE_BATCH_MAX, "what follows fits one batch");

struct pending {
	struct delivery delivery;
	struct store_delivered result;
};

struct task {
	struct ctl *ctl;
	bool all;     /* tells of every address, not only of those that something was ended for */
	bool patient; /* waits for a store that is away */
	struct pending pending[AT_ONCE];
	size_t count;
	int64_t outcomes[DELIVERED_OLDER + 1];
	int64_t bad;                 /* no addresses */
	int64_t counted;             /* for accounts, campaigns and lists */
	struct log_senders *senders; /* of a log */
	struct verp_keys keys;
};

/* -- the store --------------------------------------------------------------------------------- */

/* Until it is there again; patient ones only. False: it is not waited for. */
static bool
wait_for_store(struct task *task, struct err *err)
{
	struct ctl *ctl = task->ctl;

	ctl_complain(ctl, "%s%s", err->text, task->patient ? "; waiting for it" : "");
	if (!task->patient)
		return false;
	do {
		poll(NULL, 0, WAIT_MS);
		store_sync_close(&ctl->store);
		store_batch_empty(&ctl->batch);
	} while (ctl_store_open(ctl, err) != 0);
	return true;
}

static void
put_deliveries(struct task *task)
{
	for (size_t i = 0; i < task->count; i++)
		store_put_delivered(&task->ctl->batch, task->pending[i].delivery.address,
		    task->pending[i].delivery.at_s, &task->pending[i].result);
}

static bool
changed(const struct pending *pending)
{
	return pending->result.outcome == DELIVERED_CLEARED ||
	       pending->result.outcome == DELIVERED_RELEASED;
}

static void
put_consequences(struct task *task)
{
	struct store_batch *batch = &task->ctl->batch;

	for (size_t i = 0; i < task->count; i++) {
		const struct pending *pending = &task->pending[i];
		const struct store_event_field fields[] = {
			{ "address", pending->delivery.address },
			{ "reason", reason_name(pending->result.reason) },
			{ "by", "delivered" },
		};

		if (!changed(pending))
			continue;
		if (pending->result.outcome == DELIVERED_RELEASED)
			store_put_index(batch, pending->delivery.address, pending->result.expiry_s);
		else
			store_put_index_gone(batch, pending->delivery.address);
		store_put_event(batch, delivered_name(pending->result.outcome), fields,
		    sizeof(fields) / sizeof(fields[0]));
	}
}

static void
tell(struct task *task, const struct pending *pending)
{
	static const char *const words[] = {
		[DELIVERED_NONE] = "nothing to end",
		[DELIVERED_CLEARED] = "errors forgotten",
		[DELIVERED_RELEASED] = "released",
		[DELIVERED_HARD] = "stays for a hard error",
		[DELIVERED_OLDER] = "stays: an error came after that delivery",
	};
	struct out *out = task->ctl->out;
	enum delivered outcome = pending->result.outcome;
	const char *reason = reason_name(pending->result.reason);

	task->outcomes[outcome]++;
	if (!task->all && (outcome == DELIVERED_NONE || outcome == DELIVERED_OLDER))
		return;
	out_note(out, "%s: %s%s%s%s", pending->delivery.address, words[outcome],
	    outcome != DELIVERED_NONE ? " (" : "", outcome != DELIVERED_NONE ? reason : "",
	    outcome != DELIVERED_NONE ? ")" : "");
	out_cell(out, out_string(pending->delivery.address));
	out_cell(out, out_string(delivered_name(outcome)));
	out_cell(out, outcome != DELIVERED_NONE ? out_string(reason) : out_none("-"));
}

/* For their senders. What was counted before the store went away is not counted again, if the
 * delivery has a place. */
static int
count(struct task *task, struct err *err)
{
	struct delivery list[AT_ONCE];

	for (size_t i = 0; i < task->count; i++)
		list[i] = task->pending[i].delivery;
	return delivered_count(task->ctl, list, task->count, &task->counted, err);
}

/* All that is pending. Done twice it changes nothing more, so a store that went away in between is
 * asked from the beginning; then only the event of what had changed already is missing. */
static enum ctl_exit
flush(struct task *task)
{
	struct ctl *ctl = task->ctl;
	struct err err;

	if (task->count == 0)
		return CTL_DONE;
	for (;;) {
		put_deliveries(task);
		if (ctl_store_run(ctl, &err) == 0) {
			put_consequences(task);
			if ((ctl->batch.count == 0 || ctl_store_run(ctl, &err) == 0) &&
			    count(task, &err) == 0)
				break;
		}
		if (!wait_for_store(task, &err))
			return CTL_AWAY;
	}
	for (size_t i = 0; i < task->count; i++)
		tell(task, &task->pending[i]);
	fflush(ctl->stream);
	task->count = 0;
	return CTL_DONE;
}

/* -- where they come from ----------------------------------------------------------------------- */

/* delivery: all but its address. */
static enum ctl_exit
add(struct task *task, struct span text, const struct delivery *delivery)
{
	struct pending *pending = &task->pending[task->count];

	pending->delivery = *delivery;
	if (quarantine_address(task->ctl->settings, text, pending->delivery.address, NULL) != 0 ||
	    *addr_domain(pending->delivery.address) == '\0') {
		task->bad++;
		return CTL_DONE;
	}
	return ++task->count == AT_ONCE ? flush(task) : CTL_DONE;
}

static enum ctl_exit
add_log_line(struct task *task, struct span line)
{
	struct delivery delivery = { 0 };
	struct span recipient;

	if (!delivery_read_log(task->ctl->settings, &task->keys, task->senders, line, &delivery,
		&recipient))
		return CTL_DONE;
	return add(task, recipient, &delivery);
}

static enum ctl_exit
add_line(struct task *task, struct span line, bool maillog)
{
	static const struct delivery now = { 0 };

	if (maillog)
		return add_log_line(task, line);
	line = span_trim(line);
	return line.len > 0 ? add(task, line, &now) : CTL_DONE;
}

/* A line that may be waited for long must not keep those before it waiting. */
static enum ctl_exit
from_input(struct task *task, bool maillog)
{
	enum ctl_exit rc = CTL_DONE;
	struct lines *lines = arena_alloc(&task->ctl->arena, sizeof(*lines));
	struct span line;

	lines_init(lines, task->ctl->in);
	do {
		while (rc == CTL_DONE && lines_next(lines, &line))
			rc = add_line(task, line, maillog);
		if (rc == CTL_DONE)
			rc = flush(task);
	} while (rc == CTL_DONE && lines_wait(lines));
	return rc;
}

static enum ctl_exit
from_operands(struct task *task)
{
	static const struct delivery now = { 0 };
	struct ctl *ctl = task->ctl;
	enum ctl_exit rc = CTL_DONE;

	for (size_t i = 0; i < ctl->operand_count; i++)
		if (ctl_quarantine_address(ctl, ctl->operands[i]) == NULL)
			return CTL_USAGE;
	for (size_t i = 0; i < ctl->operand_count && rc == CTL_DONE; i++)
		rc = add(task, span_of(ctl->operands[i]), &now);
	return rc == CTL_DONE ? flush(task) : rc;
}

/* The entries of one reading: each is acknowledged once all that follows from it is written. */
static enum ctl_exit
take_entries(struct task *task, const char *group, const struct store_fields *entries,
    struct err *err)
{
	struct span ids[AT_ONCE];
	size_t count = 0;

	for (size_t i = 0; i + DELIVERED_PARTS <= entries->count && count < AT_ONCE;
	     i += DELIVERED_PARTS) {
		const struct span *parts = &entries->items[i];
		struct delivery delivery = { 0 };

		ids[count++] = parts[DELIVERED_ID];
		delivery_read_entry(group, task->ctl->settings->node, parts, &delivery);
		if (add(task, parts[DELIVERED_ADDRESS], &delivery) != CTL_DONE)
			return CTL_AWAY;
	}
	if (flush(task) != CTL_DONE)
		return CTL_AWAY;
	store_put_delivered_ack(&task->ctl->batch, group, ids, count);
	return ctl_store_run(task->ctl, err) == 0 ? CTL_DONE : CTL_AWAY;
}

/* For ever: what an earlier run was given and did not finish, and then what is new. */
static enum ctl_exit
from_stream(struct task *task, const char *group)
{
	struct ctl *ctl = task->ctl;
	int64_t wait_ms = ctl->settings->store_timeout_ms / 2;
	bool joined = false, pending = true;
	struct store_fields entries;
	struct arena arena;
	struct err err;

	for (;;) {
		bool failed = false;

		arena_init(&arena);
		entries = (struct store_fields){ .arena = &arena };
		if (!joined) {
			store_put_delivered_group(&ctl->batch, group);
			pending = true;
		}
		store_put_delivered_read(&ctl->batch, group, ctl->settings->node, pending, AT_ONCE,
		    wait_ms, &entries);
		if (ctl_store_run(ctl, &err) != 0 ||
		    (entries.count > 0 && take_entries(task, group, &entries, &err) != CTL_DONE))
			failed = true;
		joined = !failed;
		pending = pending && entries.count > 0;
		arena_clear(&arena);
		if (failed && !wait_for_store(task, &err))
			return CTL_AWAY;
	}
}

/* -- the command -------------------------------------------------------------------------------- */

static enum ctl_exit
from_log(struct task *task)
{
	struct err err;

	if (verp_keys_load(task->ctl->settings, &task->keys, &err) != 0)
		ctl_complain(task->ctl, "senders that are signed are taken as they are: %s",
		    err.text);
	task->senders = log_senders_new(LOG_SENDERS_MAX);
	return from_input(task, true);
}

static enum ctl_exit
run(struct task *task)
{
	const struct ctl *ctl = task->ctl;
	const char *group = ctl->options[CTL_OPTION_CONSUMERS];

	if (ctl->options[CTL_OPTION_STREAM] != NULL)
		return from_stream(task, group != NULL ? group : "mxpace");
	if (ctl->options[CTL_OPTION_MAILLOG] != NULL)
		return from_log(task);
	return ctl->operand_count > 0 ? from_operands(task) : from_input(task, false);
}

static void
tell_total(const struct task *task)
{
	const int64_t *outcomes = task->outcomes;
	int64_t total = task->bad;

	for (size_t i = 0; i <= DELIVERED_OLDER; i++)
		total += outcomes[i];
	if (!task->all)
		out_note(task->ctl->out,
		    "%" PRId64 " deliveries: %" PRId64 " released, %" PRId64 " cleared, %" PRId64
		    " hard, %" PRId64 " no address",
		    total, outcomes[DELIVERED_RELEASED], outcomes[DELIVERED_CLEARED],
		    outcomes[DELIVERED_HARD], task->bad);
	if (task->senders != NULL)
		out_note(task->ctl->out, "%" PRId64 " counted for their accounts", task->counted);
}

enum ctl_exit
quarantine_delivered(struct ctl *ctl)
{
	static const struct out_column columns[] = {
		{ "address", NULL, OUT_LEFT },
		{ "outcome", NULL, OUT_LEFT },
		{ "reason", NULL, OUT_LEFT },
	};
	bool stream = ctl->options[CTL_OPTION_STREAM] != NULL;
	bool maillog = ctl->options[CTL_OPTION_MAILLOG] != NULL;
	struct task *task = arena_alloc(&ctl->arena, sizeof(*task));
	enum ctl_exit rc;

	if (stream + maillog + (ctl->operand_count > 0) > 1) {
		ctl_complain(ctl, "addresses, --maillog and --stream exclude each other");
		return CTL_USAGE;
	}
	if (ctl->options[CTL_OPTION_CONSUMERS] != NULL && !stream) {
		ctl_complain(ctl, "--consumers is for --stream");
		return CTL_USAGE;
	}
	*task = (struct task){
		.ctl = ctl,
		.all = ctl->operand_count > 0,
		.patient = stream || maillog,
	};
	out_table(ctl_out(ctl), "delivered", NULL, columns, sizeof(columns) / sizeof(columns[0]));
	rc = run(task);
	out_table_end(ctl->out, NULL);
	if (rc == CTL_DONE)
		tell_total(task);
	log_senders_free(&task->senders);
	return rc;
}
