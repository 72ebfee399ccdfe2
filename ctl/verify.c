#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "clock.h"
#include "json.h"
#include "lines.h"
#include "mem.h"
#include "mx_ask.h"
#include "progress.h"
#include "quarantine_address.h"
#include "seen.h"
#include "verbs.h"
#include "verify_row.h"

/* `verify`: a list is read in parts; of each part the domains are asked at once, then Redis. */

enum { PART = 2048, ASK_STORE = 32 };
_Static_assert((int)ASK_STORE <= (int)STORE_BATCH_MAX, "a batch holds them");

struct verify {
	struct ctl *ctl;
	enum verify_format format;
	size_t column; /* 0: an address a line */
	bool first;    /* nothing was read yet */
	struct lines lines;
	struct mx_asker *asker;
	struct seen seen;
	struct arena arena; /* of the part */
	struct verify_row rows[PART];
	struct verify_facts facts[PART];
	struct mx_wanted wanted[PART];
	size_t count;
	int64_t bytes, now_s;
	struct verify_summary summary;
	struct progress progress;
};

/* -- reading ----------------------------------------------------------------------------------- */

static void
take_line(struct verify *verify, struct span line)
{
	struct verify_row *row = &verify->rows[verify->count];
	struct verify_facts *facts = &verify->facts[verify->count];
	struct str field = { 0 };
	char address[ADDR_SIZE];
	struct err err = { "" };

	verify->bytes += (int64_t)line.len + 1;
	if (span_trim(line).len == 0)
		return;
	*row = (struct verify_row){ .why = "", .address = "", .key = "" };
	*facts = (struct verify_facts){ .address = "" };
	row->line = span_make(arena_dup(&verify->arena, line), line.len);
	row->text = span_trim(row->line);
	if (verify->column > 0) {
		if (verify_column(row->line, verify->column, &field) != 0)
			err_set(&err, "no column %zu", verify->column);
		row->text = span_trim(
		    span_of(arena_dup(&verify->arena, span_make(str_text(&field), field.len))));
		row->header = verify->first && span_find(row->text, SPAN("@")) < 0;
	}
	verify->first = false;
	if (*err.text == '\0' && verify_parse(row->text, address, &err) == 0) {
		facts->address = row->address = arena_dup(&verify->arena, span_of(address));
		quarantine_address_of(verify->ctl->settings, row->address, address);
		row->key = arena_dup(&verify->arena, span_of(address));
	} else if (!row->header) {
		row->why = arena_dup(&verify->arena, span_of(err.text));
	}
	str_free(&field);
	verify->count++;
}

/* The next part. False: that was all. */
static bool
read_part(struct verify *verify)
{
	struct span line;

	verify->count = 0;
	arena_clear(&verify->arena);
	do
		while (verify->count < PART && lines_next(&verify->lines, &line))
			take_line(verify, line);
	while (verify->count < PART && lines_wait(&verify->lines));
	return verify->count > 0;
}

/* -- facts ------------------------------------------------------------------------------------- */

static void
ask_domains(struct verify *verify)
{
	for (size_t i = 0; i < verify->count; i++) {
		struct verify_facts *facts = &verify->facts[i];
		const char *domain = addr_domain(facts->address);

		facts->seen = *facts->address != '\0' &&
			      seen_before(&verify->seen, span_of(verify->rows[i].key));
		facts->local = *domain != '\0' && settings_is_local(verify->ctl->settings, domain);
		verify->wanted[i].domain = facts->seen || facts->local ? "" : domain;
	}
	mx_asker_ask(verify->asker, verify->wanted, verify->count);
	for (size_t i = 0; i < verify->count; i++) {
		verify->facts[i].mx = verify->wanted[i].state;
		verify->rows[i].verdict = verify_judge(&verify->facts[i]);
	}
}

static void
settle_row(struct verify *verify, size_t i, struct quarantine_entry *entry)
{
	struct verify_row *row = &verify->rows[i];
	struct str words = { 0 };

	quarantine_entry_settle(entry, verify->now_s);
	verify->facts[i].entry = entry;
	row->verdict = verify_judge(&verify->facts[i]);
	verify->facts[i].entry = NULL; /* it does not live on */
	if (row->verdict == VERIFY_QUARANTINED && entry->status == QUARANTINE_QUARANTINED) {
		str_addf(&words, "%s: %s", reason_name(entry->reason), entry->text);
		row->until_s = entry->release_s;
		verify->summary.unknown += entry->reason == REASON_USER_UNKNOWN;
	} else if (row->verdict == VERIFY_QUARANTINED) {
		str_adds(&words, "complained");
	} else if (row->verdict == VERIFY_COUNTING) {
		str_addf(&words, "%s, %" PRId64 " error%s", reason_name(entry->reason),
		    entry->errors, entry->errors == 1 ? "" : "s");
	}
	if (words.len > 0) {
		struct str clean = { 0 };

		out_clean(&clean, span_make(words.data, words.len));
		row->why = arena_dup(&verify->arena, span_make(clean.data, clean.len));
		str_free(&clean);
	}
	str_free(&words);
}

/* Those of which nothing else is known already. */
static enum ctl_exit
ask_store(struct verify *verify)
{
	struct quarantine_entry entries[ASK_STORE];
	size_t asked[ASK_STORE], count = 0;

	for (size_t i = 0; i <= verify->count; i++) {
		bool asks = i < verify->count && (verify_is_mailable(verify->rows[i].verdict) ||
						     verify->rows[i].verdict == VERIFY_UNCERTAIN);

		if (asks) {
			store_put_quarantine_read(&verify->ctl->batch, verify->rows[i].key,
			    &entries[count]);
			asked[count++] = i;
		}
		if (count == 0 || (count < ASK_STORE && i < verify->count))
			continue;
		if (ctl_store_must(verify->ctl) != CTL_DONE)
			return CTL_AWAY;
		for (size_t k = 0; k < count; k++)
			settle_row(verify, asked[k], &entries[k]);
		count = 0;
	}
	return CTL_DONE;
}

/* -- writing ----------------------------------------------------------------------------------- */

static void
write_part(struct verify *verify)
{
	struct str out = { 0 };

	for (size_t i = 0; i < verify->count; i++) {
		verify_row_format(&verify->rows[i], verify->format, &out);
		if (verify->rows[i].header)
			continue;
		verify->summary.total++;
		verify->summary.verdicts[verify->rows[i].verdict]++;
	}
	fwrite(out.data, 1, out.len, verify->ctl->stream);
	str_free(&out);
	progress_show(&verify->progress, verify->bytes, verify->summary.total);
}

static void
summarise_json(const struct verify *verify)
{
	const struct verify_summary *summary = &verify->summary;
	struct str out = { 0 };

	str_addc(&out, '{');
	json_key(&out, "summary");
	str_addc(&out, '{');
	json_key_number(&out, "total", summary->total);
	for (size_t i = 0; i < VERIFY_VERDICTS; i++)
		json_key_number(&out, verify_name((enum verdict_of)i), summary->verdicts[i]);
	json_key_number(&out, "user_unknown", summary->unknown);
	json_key_number(&out, "dead_per_mille", verify_dead_pm(summary));
	json_key_string(&out, "looks", verify_opinion_name(verify_opinion_of(summary)));
	str_adds(&out, "}}\n");
	fwrite(out.data, 1, out.len, verify->ctl->stream);
	str_free(&out);
}

static void
summarise(const struct verify *verify)
{
	const struct verify_summary *summary = &verify->summary;
	FILE *to = verify->ctl->errors;

	fprintf(to, "%10" PRId64 "  addresses\n", summary->total);
	for (size_t i = 0; i < VERIFY_VERDICTS; i++)
		if (summary->verdicts[i] > 0)
			fprintf(to, "%10" PRId64 "  %5.1f %%  %s\n", summary->verdicts[i],
			    (double)summary->verdicts[i] * 100.0 / (double)summary->total,
			    verify_words((enum verdict_of)i));
	fprintf(to, "%5.1f %% of them are dead (%" PRId64 " known as user_unknown): %s\n",
	    (double)verify_dead_pm(summary) / 10.0, summary->unknown,
	    verify_opinion_words(verify_opinion_of(summary)));
}

/* -- the command ------------------------------------------------------------------------------- */

static enum ctl_exit
read_options(struct verify *verify)
{
	const char *column = verify->ctl->options[CTL_OPTION_COLUMN];
	const char *format = verify->ctl->options[CTL_OPTION_FORMAT];
	unsigned long long number = 0;

	if (column != NULL &&
	    (!span_number(span_of(column), &number) || number == 0 || number > 10000)) {
		ctl_complain(verify->ctl, "--column: \"%s\" is no number from 1 on", column);
		return CTL_USAGE;
	}
	verify->column = (size_t)number;
	verify->format = number > 0 ? VERIFY_CSV : VERIFY_TEXT;
	if (format != NULL && strcmp(format, "csv") == 0)
		verify->format = VERIFY_CSV;
	else if (format != NULL && strcmp(format, "list") == 0)
		verify->format = VERIFY_LIST;
	else if (verify->ctl->json || (format != NULL && strcmp(format, "jsonl") == 0))
		verify->format = VERIFY_JSON;
	else if (format != NULL) {
		ctl_complain(verify->ctl, "--format: \"%s\" is not csv, jsonl or list", format);
		return CTL_USAGE;
	}
	return CTL_DONE;
}

static enum ctl_exit
run(struct verify *verify, FILE *in)
{
	struct ctl *ctl = verify->ctl;
	enum ctl_exit rc = CTL_DONE;
	struct ctl_time now;
	struct stat st;
	struct err err;

	if (ctl_store_time(ctl, &now, &err) != 0 ||
	    (verify->asker = mx_asker_new(ctl->settings, &err)) == NULL) {
		ctl_complain(ctl, "%s", err.text);
		return CTL_AWAY;
	}
	verify->now_s = now.s;
	lines_init(&verify->lines, in);
	progress_start(&verify->progress, ctl, "addresses",
	    fileno(in) >= 0 && fstat(fileno(in), &st) == 0 && S_ISREG(st.st_mode)
		? (int64_t)st.st_size
		: 0);
	while (rc == CTL_DONE && read_part(verify)) {
		ask_domains(verify);
		rc = ask_store(verify);
		if (rc == CTL_DONE)
			write_part(verify);
	}
	progress_clear(&verify->progress);
	if (rc != CTL_DONE)
		return rc;
	if (verify->format == VERIFY_JSON)
		summarise_json(verify);
	else
		summarise(verify);
	return verify_opinion_of(&verify->summary) == VERIFY_BOUGHT ? CTL_NO : CTL_DONE;
}

enum ctl_exit
verify_list(struct ctl *ctl)
{
	struct verify *verify = mem_alloc(sizeof(*verify));
	const char *path = ctl->operand_count > 0 ? ctl->operands[0] : "-";
	FILE *in = strcmp(path, "-") == 0 ? ctl->in : fopen(path, "re");
	enum ctl_exit rc;

	verify->ctl = ctl;
	verify->first = true;
	arena_init(&verify->arena);
	if (in == NULL) {
		ctl_complain(ctl, "%s: %s", path, strerror(errno));
		rc = CTL_NO;
	} else if ((rc = read_options(verify)) == CTL_DONE) {
		rc = run(verify, in);
	}
	if (in != NULL && in != ctl->in)
		fclose(in);
	mx_asker_free(&verify->asker);
	seen_free(&verify->seen);
	arena_clear(&verify->arena);
	free(verify);
	return rc;
}
