#include "verbs.h"

#include "senders.h"

/* `campaign`, and with --lists the mailing lists: they have figures, but no state. */

static enum sender_kind
kind_of(const struct ctl *ctl)
{
	return ctl->options[CTL_OPTION_LISTS] != NULL ? SENDER_LIST : SENDER_CAMPAIGN;
}

enum ctl_exit
campaign_list(struct ctl *ctl)
{
	return senders_list(ctl, kind_of(ctl));
}

enum ctl_exit
campaign_show(struct ctl *ctl)
{
	enum sender_kind kind = kind_of(ctl);
	struct ctl_sender sender = { .name = ctl->operands[0] };
	struct ctl_time now;
	struct err err;
	enum ctl_exit rc;

	if (ctl_store_time(ctl, &now, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		return CTL_AWAY;
	}
	rc = senders_read(ctl, kind, now.s, &sender);
	if (rc != CTL_DONE)
		return rc;
	out_put(ctl_out(ctl), sender_kind_name(kind), kind == SENDER_LIST ? "List" : "Campaign",
	    out_string(sender.name));
	return senders_show(ctl, kind, now.s, &sender);
}
