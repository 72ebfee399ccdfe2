#include "verbs.h"

#include <string.h>

#include "operator.h"
#include "sender_identity.h"
#include "senders.h"
#include "store_sender.h"

/* -- list and show ------------------------------------------------------------------------------- */

enum ctl_exit
account_list(struct ctl *ctl)
{
	return senders_list(ctl, SENDER_ACCOUNT);
}

static void
show_state(struct ctl *ctl, const char *account, const struct sender_status *status, int64_t now_s)
{
	bool exempt = sender_is_exempt(ctl->settings, account);
	struct out *out = ctl->out;

	out_put(out, "account", "Account", out_string(account));
	out_put(out, "state", "State", out_string(sender_state_name(status->state)));
	out_put(out, "exempt", NULL, out_bool(status->exempt || exempt));
	if (status->exempt || exempt)
		out_put(out, NULL, "",
		    out_string(exempt ? "exempt (reputation.exempt)" : "exempt, by an operator"));
	out_put(out, "since", status->since_s > 0 ? "Since" : NULL,
	    status->since_s > 0 ? out_time(status->since_s, now_s) : out_none("-"));
	out_put(out, "why", *status->why != '\0' ? "Why" : NULL, out_string(status->why));
	out_put(out, "by", *status->by != '\0' ? "By" : NULL, out_string(status->by));
	if (status->state != SENDER_PROBATION)
		return;
	out_put(out, "allowance", "Allowance",
	    out_count(status->allowance, "recipient a day", "recipients a day"));
	out_put(out, "good_days", "Good days", out_number(status->good_days));
	out_put(out, "until", status->until_s > now_s ? "Used up until" : NULL,
	    status->until_s > now_s ? out_time(status->until_s, now_s) : out_none("-"));
}

static void
show_judgement(struct ctl *ctl, const struct ctl_sender *sender)
{
	const struct sender_policy *policy = &ctl->settings->reputation.policy;
	const struct sender_figures figures = {
		sender->stats.counts[SENDER_SENT],
		sender->stats.counts[SENDER_HARD],
		sender->stats.counts[SENDER_COMPLAINT],
	};
	const char *why;
	enum sender_state state = sender_judge(policy, &figures, sender->status.state, &why);

	out_put(ctl->out, "figures_say", NULL, out_string(sender_state_name(state)));
	if (figures.sent < policy->floor)
		out_note(ctl->out,
		    "Below %lld sent in 24 hours no rate of hard bounces leads to anything.",
		    (long long)policy->floor);
}

static enum ctl_exit
now_of(struct ctl *ctl, int64_t *now_s)
{
	struct ctl_time now;
	struct err err;

	if (ctl_store_time(ctl, &now, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		return CTL_AWAY;
	}
	*now_s = now.s;
	return CTL_DONE;
}

enum ctl_exit
account_show(struct ctl *ctl)
{
	struct ctl_sender sender = { .name = ctl->operands[0] };
	int64_t now_s = 0;
	enum ctl_exit rc = now_of(ctl, &now_s);

	if (rc == CTL_DONE)
		rc = senders_read(ctl, SENDER_ACCOUNT, now_s, &sender);
	if (rc != CTL_DONE)
		return rc;
	ctl_out(ctl);
	show_state(ctl, sender.name, &sender.status, now_s);
	show_judgement(ctl, &sender);
	return senders_show(ctl, SENDER_ACCOUNT, now_s, &sender);
}

/* -- orders -------------------------------------------------------------------------------------- */

static enum ctl_exit
give_order(struct ctl *ctl, enum store_sender_order order, const char *why)
{
	const char *account = ctl->operands[0];
	struct store_sender_verdict verdict;
	int64_t now_s = 0;
	enum ctl_exit rc = now_of(ctl, &now_s);

	if (*account == '\0' || strlen(account) >= SENDER_NAME_SIZE) {
		ctl_complain(ctl, "\"%s\" is no account: 1 to %d bytes", account,
		    SENDER_NAME_SIZE - 1);
		return CTL_USAGE;
	}
	if (rc != CTL_DONE)
		return rc;
	store_put_sender_order(&ctl->batch, account, order, &ctl->settings->reputation.policy, why,
	    operator_name(ctl), &verdict);
	rc = ctl_store_must(ctl);
	if (rc != CTL_DONE)
		return rc;
	store_put_sender_tell(&ctl->batch, account, &verdict, "");
	store_put_sender_use(&ctl->batch, SENDER_ACCOUNT, account, now_s);
	rc = ctl_store_must(ctl);
	if (rc != CTL_DONE)
		return rc;
	ctl_out(ctl);
	out_put(ctl->out, "changed", NULL, out_bool(verdict.changed));
	out_put(ctl->out, "before", "Before", out_string(sender_state_name(verdict.before)));
	show_state(ctl, account, &verdict.status, now_s);
	return CTL_DONE;
}

static const char *
why_of(struct ctl *ctl, const char *otherwise)
{
	return operator_words(ctl, ctl->options[CTL_OPTION_WHY], otherwise);
}

enum ctl_exit
account_suspend(struct ctl *ctl)
{
	return give_order(ctl, STORE_SENDER_SUSPEND, why_of(ctl, "ordered"));
}

enum ctl_exit
account_resume(struct ctl *ctl)
{
	bool fully = ctl->options[CTL_OPTION_FULLY] != NULL;

	return give_order(ctl, fully ? STORE_SENDER_RESUME_FULLY : STORE_SENDER_RESUME,
	    why_of(ctl, "ordered"));
}

enum ctl_exit
account_exempt(struct ctl *ctl)
{
	bool ends = ctl->options[CTL_OPTION_OFF] != NULL;

	return give_order(ctl, ends ? STORE_SENDER_UNEXEMPT : STORE_SENDER_EXEMPT,
	    why_of(ctl, "exempt"));
}
