#include "rules_status.h"

#include <string.h>

#include "clock.h"
#include "rules_last.h"
#include "rules_version.h"

/* Whether anything comes by itself. */
static const char *
state_of(const struct settings *settings)
{
	if (settings_rules_are_own(settings))
		return "off: level = \"custom\", the rules are your own";
	if (settings->rules_keys.count == 0)
		return "off: rules_keys is empty";
	if (*settings->rules_url == '\0')
		return "from other nodes of the fleet: rules_url is empty";
	return settings->rules_url;
}

static void
show_last(struct ctl *ctl, const struct rules_last *last)
{
	int64_t now_s = clock_wall_s();

	out_put(ctl->out, "succeeded", "Last update",
	    last->succeeded_s > 0 ? out_time(last->succeeded_s, now_s) : out_none("never"));
	if (*last->failure != '\0') {
		out_put(ctl->out, "failed", "  FAILED", out_time(last->failed_s, now_s));
		out_put(ctl->out, "failure", "  because", out_string(last->failure));
	}
	if (*last->held != '\0')
		out_put(ctl->out, "held", "  held",
		    out_string(arena_printf(&ctl->arena,
			"updates up to %s, until a newer one comes", last->held)));
}

static struct out_value
version_of(const struct ctl *ctl)
{
	const char *version = ctl->settings->rules_version;

	return out_string(*version != '\0' ? version : ctl->rules->version);
}

/* What a package has brought, and is not in force; mxpolicyd takes it at once if nothing is in the way. */
static void
show_newer(struct ctl *ctl)
{
	const char *in_force = ctl->settings->rules_version;
	char configured[RULES_VERSION_SIZE];

	if (*in_force == '\0')
		return;
	rules_version_load(settings_configured_rules(ctl->settings, RULES_FILE_MX), configured);
	if (strcmp(configured, in_force) > 0)
		out_put(ctl->out, "newer", "  NEWER",
		    out_string(arena_printf(&ctl->arena,
			"version %s of the configured files is not in force: `mxctl rules rollback "
			"configured` takes it",
			configured)));
}

void
rules_status_place(struct ctl *ctl)
{
	out_put(ctl_out(ctl), "file", "MX rules", out_string(ctl->settings->mx_rules));
	out_put(ctl->out, "version", "  version", version_of(ctl));
}

void
rules_status_show(struct ctl *ctl)
{
	const struct settings *settings = ctl->settings;
	struct rules_last last;

	out_open(ctl->out, "mx_rules", NULL);
	out_put(ctl->out, "file", "MX rules", out_string(settings->mx_rules));
	out_put(ctl->out, "rules", "", out_count((int64_t)ctl->rules->count, "rule", "rules"));
	out_put(ctl->out, "version", "  version", version_of(ctl));
	show_newer(ctl);
	out_close(ctl->out);
	out_open(ctl->out, "rules_updates", NULL);
	out_put(ctl->out, "state", "Rule updates", out_string(state_of(settings)));
	if (settings->rules_keys.count > 0 && !settings_rules_are_own(settings)) {
		rules_last_load(settings->state_dir, &last);
		show_last(ctl, &last);
	}
	out_close(ctl->out);
}
