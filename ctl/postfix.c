/* mxctl postfix: setup, show, remove. */
#include "verbs.h"

#include <string.h>

#include "postfix_check.h"
#include "run.h"

#define DEFAULT_FOLDER "/etc/postfix"

static const char *
folder_of(const struct ctl *ctl)
{
	const char *folder = ctl->options[CTL_OPTION_DIRECTORY];

	return folder != NULL ? folder : DEFAULT_FOLDER;
}

static bool
is_given(const struct ctl *ctl, enum ctl_option option)
{
	return ctl->options[option] != NULL;
}

/* -- what is said ------------------------------------------------------------------------------ */

static void
show_words(struct ctl *ctl, const char *key, const struct postfix_words *words)
{
	static struct out_column columns[] = { { NULL, "", OUT_WRAP } };

	if (words->count == 0 && !ctl->json)
		return;
	columns[0].key = key;
	out_table(ctl->out, key, NULL, columns, 1);
	for (size_t i = 0; i < words->count; i++)
		out_cell(ctl->out, out_string(words->items[i]));
	out_table_end(ctl->out, NULL);
}

static void
complain_words(struct ctl *ctl, const struct postfix_words *words)
{
	for (size_t i = 0; i < words->count; i++)
		ctl_complain(ctl, "%s", words->items[i]);
}

/* For people the bytes as diff(1) gives them, the last of the document. */
static int
show_diff(struct ctl *ctl, const struct postfix_draft *draft, const struct postfix_files *to)
{
	static const struct out_column columns[] = { { "line", "", OUT_LEFT } };
	struct str text = { 0 };
	struct span rest, line;
	struct err err;
	int rc = postfix_draft_diff(draft, &draft->now, to, &text, &err);

	if (rc != 0) {
		ctl_complain(ctl, "%s", err.text);
	} else if (!ctl->json) {
		rc = out_end(&ctl->out);
		fwrite(str_text(&text), 1, text.len, ctl->stream);
	} else {
		rest = span_of(str_text(&text));
		out_table(ctl->out, "diff", NULL, columns, 1);
		while (span_line(&rest, &line))
			out_cell(ctl->out, out_string(arena_dup(&ctl->arena, line)));
		out_table_end(ctl->out, NULL);
	}
	str_free(&text);
	return rc;
}

static void
show_head(struct ctl *ctl, const struct postfix_draft *draft)
{
	out_put(ctl_out(ctl), "directory", "Postfix in", out_string(draft->folder));
	out_put(ctl->out, "enforce", "Enforce", out_string(enforce_names[ctl->settings->enforce]));
	if (ctl->settings->enforce == ENFORCE_EGRESS)
		out_put(ctl->out, "transports", "Transports",
		    out_number((int64_t)draft->plan.transport_count));
}

/* Whether a change was made: and then what has to follow. */
static enum ctl_exit
follow_up(struct ctl *ctl, const struct postfix_draft *draft)
{
	const char *const argv[] = { "postfix", "-c", draft->folder, "reload", NULL };
	struct err err;

	if (!is_given(ctl, CTL_OPTION_RELOAD)) {
		out_note(ctl->out, "It holds after: postfix -c %s reload", draft->folder);
		return CTL_DONE;
	}
	if (run_must(argv, NULL, &err) == 0) {
		out_put(ctl->out, "reloaded", "Reloaded", out_bool(true));
		return CTL_DONE;
	}
	ctl_complain(ctl, "postfix -c %s reload: %s", draft->folder, err.text);
	return CTL_NO;
}

/* -- setup ------------------------------------------------------------------------------------- */

/* For mxpolicyd, which uses them from now on. */
static enum ctl_exit
record_transports(struct ctl *ctl, const struct postfix_draft *draft)
{
	struct str names = { 0 };
	struct err err;
	int rc;

	for (size_t i = 0; i < draft->plan.transport_count; i++)
		str_addf(&names, "%s\n", draft->plan.transports[i].name);
	rc = postfix_state_write_transports(&draft->state, draft->folder, &names, &err);
	str_free(&names);
	if (rc != 0)
		ctl_complain(ctl, "%s", err.text);
	return rc == 0 ? CTL_DONE : CTL_NO;
}

static enum ctl_exit
put_in_place(struct ctl *ctl, struct postfix_draft *draft, bool timers)
{
	struct postfix_state state = draft->state;
	struct err err;

	if (draft->state.is_there && draft->is_ours &&
	    postfix_files_equal(&draft->now, &draft->next)) {
		out_put(ctl->out, "changed", NULL, out_bool(false));
		out_note(ctl->out, "Nothing to change.");
		return record_transports(ctl, draft);
	}
	state.original = draft->base;
	state.ours = draft->next;
	state.overwritten = draft->overwritten;
	state.timers = timers;
	if (postfix_state_write(&state, draft->folder, &err) != 0 ||
	    postfix_draft_install(draft, &draft->next, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		return CTL_NO;
	}
	out_put(ctl->out, "changed", NULL, out_bool(true));
	out_note(ctl->out, "main.cf and master.cf are written.");
	if (follow_up(ctl, draft) != CTL_DONE)
		return CTL_NO;
	return record_transports(ctl, draft);
}

static void
propose_timers(struct postfix_draft *draft)
{
	struct str text = { 0 };

	for (size_t i = 0; i < draft->plan.timers.count; i++)
		str_addf(&text, "%s%s = %s", i > 0 ? ", " : "", draft->plan.timers.items[i].name,
		    draft->plan.timers.items[i].value);
	if (text.len > 0)
		postfix_words_add(&draft->arena, &draft->plan.notes,
		    arena_printf(&draft->arena,
			"deferred mail would come back sooner with %s: mxctl postfix setup "
			"--timers sets that",
			str_text(&text)));
	str_free(&text);
}

static enum ctl_exit
setup(struct ctl *ctl, struct postfix_draft *draft)
{
	const struct postfix_plan *plan = &draft->plan;
	bool timers = is_given(ctl, CTL_OPTION_TIMERS) || draft->state.timers;

	complain_words(ctl, &plan->mistakes);
	complain_words(ctl, &plan->doubts);
	if (plan->mistakes.count > 0)
		return CTL_NO;
	if (plan->doubts.count > 0 && !is_given(ctl, CTL_OPTION_FORCE)) {
		ctl_complain(ctl, "nothing was changed; --force goes on nevertheless");
		return CTL_NO;
	}
	if (!timers)
		propose_timers(draft);
	show_head(ctl, draft);
	show_words(ctl, "notes", &plan->notes);
	if (is_given(ctl, CTL_OPTION_DRY_RUN))
		return show_diff(ctl, draft, &draft->next) == 0 ? CTL_DONE : CTL_NO;
	return put_in_place(ctl, draft, timers);
}

enum ctl_exit
postfix_setup(struct ctl *ctl)
{
	struct postfix_draft draft;
	enum ctl_exit rc = CTL_NO;
	struct err err;

	if (ctl->settings->enforce == ENFORCE_ADMISSION) {
		ctl_complain(ctl,
		    "enforce = \"admission\" needs nothing here; set it to \"egress\" or "
		    "\"observe\" in %s first",
		    ctl->settings->file);
		return CTL_NO;
	}
	if (postfix_check_open(ctl, folder_of(ctl), is_given(ctl, CTL_OPTION_TIMERS), &draft,
		&err) == 0)
		rc = setup(ctl, &draft);
	else
		ctl_complain(ctl, "%s", err.text);
	postfix_draft_free(&draft);
	return rc;
}

/* -- show -------------------------------------------------------------------------------------- */

static void
show_transports(struct ctl *ctl, const struct postfix_plan *plan)
{
	static const struct out_column columns[] = {
		{ "transport", "TRANSPORT", OUT_LEFT },
		{ "class", NULL, OUT_LEFT },
		{ "sending_ip", "SENDING IP", OUT_SAME },
		{ "messages_per_connection", "EACH", OUT_RIGHT },
		{ "concurrency", "AT ONCE", OUT_RIGHT },
	};

	if (plan->transport_count == 0)
		return;
	out_table(ctl->out, "transport_list", NULL, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < plan->transport_count; i++) {
		const struct postfix_transport *transport = &plan->transports[i];

		out_cell(ctl->out, out_string(transport->name));
		out_cell(ctl->out, out_string(transport->class));
		out_cell(ctl->out, out_string(transport->ip));
		out_cell(ctl->out, transport->messages_per_connection > 0
				       ? out_number(transport->messages_per_connection)
				       : out_none("-"));
		out_cell(ctl->out, out_number(transport->concurrency));
	}
	out_table_end(ctl->out, NULL);
}

static enum ctl_exit
show(struct ctl *ctl, const struct postfix_draft *draft)
{
	bool fits = postfix_check_fits(draft);
	bool is_set_up = !postfix_files_equal(&draft->now, &draft->base);

	show_head(ctl, draft);
	out_put(ctl->out, "set_up", "Set up", out_bool(is_set_up));
	out_put(ctl->out, "fits", "Fits", out_bool(fits));
	out_put(ctl->out, NULL, "",
	    fits ? out_none("the rules and settings as they are")
		 : out_none("not: mxctl postfix setup makes the difference below"));
	show_transports(ctl, &draft->plan);
	show_words(ctl, "notes", &draft->plan.notes);
	complain_words(ctl, &draft->plan.mistakes);
	complain_words(ctl, &draft->plan.doubts);
	if (!fits && draft->plan.mistakes.count == 0)
		(void)show_diff(ctl, draft, &draft->next);
	return fits ? CTL_DONE : CTL_NO;
}

enum ctl_exit
postfix_show(struct ctl *ctl)
{
	struct postfix_draft draft;
	enum ctl_exit rc = CTL_NO;
	struct err err;

	if (postfix_check_open(ctl, folder_of(ctl), false, &draft, &err) == 0)
		rc = show(ctl, &draft);
	else
		ctl_complain(ctl, "%s", err.text);
	postfix_draft_free(&draft);
	return rc;
}

/* -- remove ------------------------------------------------------------------------------------ */

static enum ctl_exit
take_away(struct ctl *ctl, struct postfix_draft *draft)
{
	bool changes = !postfix_files_equal(&draft->now, &draft->base);
	bool dry = is_given(ctl, CTL_OPTION_DRY_RUN);
	enum ctl_exit rc = CTL_DONE;
	struct err err;

	out_put(ctl_out(ctl), "directory", "Postfix in", out_string(draft->folder));
	out_put(ctl->out, "changed", NULL, out_bool(changes && !dry));
	if (!changes)
		out_note(ctl->out, "Nothing to change.");
	else if (draft->is_ours)
		out_note(ctl->out,
		    dry ? "main.cf and master.cf would be what they were."
			: "main.cf and master.cf are what they were, byte for byte.");
	else
		out_note(ctl->out, "Both files were changed since: only what is ours goes.");
	if (!dry &&
	    ((changes && postfix_draft_install(draft, &draft->base, &err) != 0) ||
		(draft->state.is_there && postfix_state_remove(&draft->state, &err) != 0))) {
		ctl_complain(ctl, "%s", err.text);
		return CTL_NO;
	}
	if (changes && !dry)
		rc = follow_up(ctl, draft);
	if (changes && (dry || !draft->is_ours) && show_diff(ctl, draft, &draft->base) != 0)
		rc = CTL_NO;
	return rc;
}

/* The way out in the night: a mistake in the configuration does not stand in it. */
enum ctl_exit
postfix_remove(struct ctl *ctl)
{
	struct conf_errors errors = { 0 };
	struct postfix_draft draft;
	enum ctl_exit rc = CTL_NO;
	struct err err;

	ctl->settings = settings_load(ctl->file, &errors);
	if (ctl->settings == NULL) {
		ctl_complain_mistakes(ctl, &errors);
		conf_errors_free(&errors);
		ctl->settings = settings_parse("", ctl->file, &errors);
	}
	conf_errors_free(&errors);
	if (ctl->settings == NULL)
		return CTL_NO;
	if (postfix_draft_open(&draft, folder_of(ctl), ctl->settings->state_dir, &err) == 0)
		rc = take_away(ctl, &draft);
	else
		ctl_complain(ctl, "%s", err.text);
	postfix_draft_free(&draft);
	return rc;
}
