#include "postfix_check.h"

#include <unistd.h>

#include "in_force.h"

int
postfix_check_open(struct ctl *ctl, const char *folder, bool timers, struct postfix_draft *draft,
    struct err *err)
{
	if (postfix_draft_open(draft, folder, ctl->settings->state_dir, err) != 0)
		return -1;
	if (ctl->settings->enforce == ENFORCE_ADMISSION) {
		postfix_draft_keep_base(draft);
		return 0;
	}
	return postfix_draft_plan(draft, ctl->settings, ctl->rules, in_force_sets(ctl),
	    timers || draft->state.timers, err);
}

bool
postfix_check_fits(const struct postfix_draft *draft)
{
	return draft->plan.mistakes.count == 0 && postfix_files_equal(&draft->now, &draft->next);
}

static void
check_one(struct ctl *ctl, const char *folder)
{
	struct postfix_draft draft;
	struct err err;

	out_cell(ctl->out, out_string(arena_dup(&ctl->arena, span_of(folder))));
	if (postfix_check_open(ctl, folder, false, &draft, &err) != 0) {
		out_cell(ctl->out, out_none("unknown"));
		out_cell(ctl->out, out_string(arena_dup(&ctl->arena, span_of(err.text))));
	} else {
		bool fits = postfix_check_fits(&draft);

		out_cell(ctl->out, out_bool(fits));
		out_cell(ctl->out,
		    fits ? out_none("") : out_string("mxctl postfix show tells the difference"));
		if (!fits)
			ctl_complain(ctl,
			    "Postfix in %s is set up for other rules or settings: mxctl postfix "
			    "setup -c %s",
			    folder, folder);
	}
	postfix_draft_free(&draft);
}

void
postfix_check_show(struct ctl *ctl)
{
	static const struct out_column columns[] = {
		{ "directory", "POSTFIX IN", OUT_LEFT },
		{ "fits", "FITS", OUT_LEFT },
		{ "words", "", OUT_WRAP },
	};
	struct postfix_words folders = { 0 };

	postfix_state_list(&ctl->arena, ctl->settings->state_dir, &folders);
	if (folders.count == 0 && ctl->settings->enforce != ENFORCE_ADMISSION &&
	    access("/etc/postfix/main.cf", F_OK) == 0)
		ctl_complain(ctl, "Postfix on this host is not set up: mxctl postfix setup");
	if (folders.count == 0)
		return;
	out_table(ctl->out, "postfix", NULL, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < folders.count; i++)
		check_one(ctl, folders.items[i]);
	out_table_end(ctl->out, NULL);
}
