#include "ctl.h"

#include <stdarg.h>
#include <stdlib.h>

#include "addr.h"
#include "mem.h"
#include "quarantine_address.h"
#include "warmups.h"

enum { PATIENCE_MS = 10000 };

void
ctl_complain(struct ctl *ctl, const char *fmt, ...)
{
	struct str text = { 0 };
	va_list ap;
	char *words = NULL;

	va_start(ap, fmt);
	if (vasprintf(&words, fmt, ap) < 0)
		words = NULL;
	va_end(ap);
	out_clean(&text, span_of(words));
	fprintf(ctl->errors, "mxctl: %s\n", str_text(&text));
	str_free(&text);
	free(words);
}

void
ctl_complain_mistakes(struct ctl *ctl, const struct conf_errors *errors)
{
	struct span rest = span_of(str_text(&errors->lines)), line;

	while (span_line(&rest, &line)) {
		struct str text = { 0 };

		out_clean(&text, line);
		fprintf(ctl->errors, "%s\n", str_text(&text));
		str_free(&text);
	}
}

static enum ctl_exit
open_configuration(struct ctl *ctl, bool with_rules)
{
	struct conf_errors errors = { 0 };
	enum ctl_exit rc = CTL_DONE;

	ctl->settings = settings_load(ctl->file, &errors);
	if (ctl->settings != NULL && with_rules)
		ctl->rules =
		    mx_rules_load(ctl->settings->mx_rules, ctl->settings->mx_rules_local, &errors);
	if (ctl->settings == NULL || (with_rules && ctl->rules == NULL)) {
		ctl_complain_mistakes(ctl, &errors);
		rc = CTL_NO;
	}
	conf_errors_free(&errors);
	return rc;
}

enum ctl_exit
ctl_open(struct ctl *ctl, unsigned needs)
{
	struct err err;

	if ((needs & CTL_NEEDS_SETTINGS) != 0 &&
	    open_configuration(ctl, (needs & CTL_NEEDS_RULES) == CTL_NEEDS_RULES) != CTL_DONE)
		return CTL_NO;
	if ((needs & CTL_NEEDS_STORE) == CTL_NEEDS_STORE && ctl_store_open(ctl, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		return CTL_AWAY;
	}
	return CTL_DONE;
}

int
ctl_close(struct ctl *ctl)
{
	int rc = ctl->out != NULL ? out_end(&ctl->out) : 0;

	if (fflush(ctl->stream) != 0 || ferror(ctl->stream))
		rc = -1;
	store_sync_close(&ctl->store);
	store_batch_free(&ctl->batch);
	mx_rules_release(&ctl->rules);
	settings_release(&ctl->settings);
	if (ctl->warmups != NULL)
		warmups_clear(ctl->warmups);
	arena_clear(&ctl->arena);
	return rc;
}

struct out *
ctl_out(struct ctl *ctl)
{
	if (ctl->out == NULL)
		ctl->out = out_new(ctl->json ? OUT_JSON : OUT_TEXT, ctl->stream, ctl->width);
	return ctl->out;
}

/* -- the store --------------------------------------------------------------------------------- */

int
ctl_store_open(struct ctl *ctl, struct err *err)
{
	ctl->store = store_sync_open(&ctl->settings->redis, ctl->settings->store_timeout_ms, err);
	return ctl->store != NULL ? 0 : -1;
}

void
ctl_store_be_patient(struct ctl *ctl)
{
	struct store_sync *other = store_sync_open(&ctl->settings->redis, PATIENCE_MS, NULL);

	if (other == NULL)
		return;
	store_sync_close(&ctl->store);
	ctl->store = other;
}

int
ctl_store_run(struct ctl *ctl, struct err *err)
{
	if (store_sync_run(ctl->store, &ctl->batch, err) == STORE_DONE)
		return 0;
	err_prefix(err, "Redis at %s", ctl->settings->redis.text);
	return -1;
}

enum ctl_exit
ctl_store_must(struct ctl *ctl)
{
	struct err err;

	if (ctl_store_run(ctl, &err) == 0)
		return CTL_DONE;
	ctl_complain(ctl, "%s", err.text);
	return CTL_AWAY;
}

int
ctl_store_time(struct ctl *ctl, struct ctl_time *time, struct err *err)
{
	struct store_fields fields = { .arena = &ctl->arena };
	unsigned long long s, us;

	store_put_time(&ctl->batch, &fields);
	if (ctl_store_run(ctl, err) != 0)
		return -1;
	if (fields.count != 2 || !span_number(fields.items[0], &s) ||
	    !span_number(fields.items[1], &us)) {
		err_set(err, "Redis at %s: TIME answered something else",
		    ctl->settings->redis.text);
		return -1;
	}
	*time = (struct ctl_time){ (int64_t)s, (int64_t)(s * 1000 + us / 1000) };
	return 0;
}

/* -- operands ---------------------------------------------------------------------------------- */

const char *
ctl_address(struct ctl *ctl, const char *text)
{
	char address[ADDR_SIZE];
	struct err err;

	err_set(&err, "it is empty");
	if (addr_normalise(span_of(text), address, &err) != 0 || *address == '\0') {
		ctl_complain(ctl, "\"%s\" is no address: %s", text, err.text);
		return NULL;
	}
	return arena_dup(&ctl->arena, span_of(address));
}

const char *
ctl_quarantine_address(struct ctl *ctl, const char *text)
{
	const char *normal = ctl_address(ctl, text);
	char address[ADDR_SIZE];

	if (normal == NULL)
		return NULL;
	quarantine_address_of(ctl->settings, normal, address);
	return arena_dup(&ctl->arena, span_of(address));
}
