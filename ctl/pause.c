#include "verbs.h"

#include "held.h"
#include "operator.h"

/* `group pause` and `group resume`. */

static void
put_event(struct ctl *ctl, const char *type, const char *group, const char *why)
{
	const struct store_event_field fields[] = {
		{ "group", group },
		{ "why", why },
		{ "by", operator_name(ctl) },
	};

	store_put_event(&ctl->batch, type, fields, sizeof(fields) / sizeof(fields[0]));
}

enum ctl_exit
group_pause(struct ctl *ctl)
{
	const char *group = ctl->operands[0];
	/* Never empty: the words are what tells that a group is paused. */
	const char *why = operator_words(ctl, ctl->options[CTL_OPTION_WHY], "no reason given");

	if (held_rule(ctl, group) == NULL)
		return CTL_NO;
	store_put_pause(&ctl->batch, group, why);
	put_event(ctl, "pause", group, why);
	if (ctl_store_must(ctl) != CTL_DONE)
		return CTL_AWAY;
	out_put(ctl_out(ctl), "group", "Group", out_string(group));
	out_put(ctl->out, "paused", "Paused", out_string(why));
	out_note(ctl->out, "Nothing goes to it from any node until: mxctl group resume %s", group);
	return CTL_DONE;
}

/* A group that the rules have no more can still be resumed. */
enum ctl_exit
group_resume(struct ctl *ctl)
{
	const char *group = ctl->operands[0];
	int64_t resumed = 0;
	struct str why = { 0 };
	enum ctl_exit rc;

	store_put_pause_read(&ctl->batch, group, &why);
	store_put_resume(&ctl->batch, group, &resumed);
	rc = ctl_store_must(ctl);
	if (rc == CTL_DONE && resumed == 0) {
		ctl_complain(ctl, "group %s is not paused", group);
		rc = CTL_NO;
	} else if (rc == CTL_DONE) {
		put_event(ctl, "resume", group, str_text(&why));
		rc = ctl_store_must(ctl);
		out_put(ctl_out(ctl), "group", "Group", out_string(group));
		out_put(ctl->out, "was_paused", "Was paused", out_string(str_text(&why)));
		out_note(ctl->out,
		    "Deferred mail goes when Postfix tries it again; at once: "
		    "mxctl group flush %s --all",
		    group);
	}
	str_free(&why);
	return rc;
}
