#include "filter.h"

#include <fnmatch.h>
#include <string.h>

#include "addr.h"
#include "command.h"
#include "domain.h"
#include "keys.h"
#include "moment.h"

static const struct {
	enum ctl_option option;
	size_t offset; /* in struct quarantine_entry */
} texts[] = {
	{ CTL_OPTION_GROUP, offsetof(struct quarantine_entry, group) },
	{ CTL_OPTION_RULE, offsetof(struct quarantine_entry, rule) },
	{ CTL_OPTION_CAMPAIGN, offsetof(struct quarantine_entry, campaign) },
	{ CTL_OPTION_OF_LIST, offsetof(struct quarantine_entry, list) },
	{ CTL_OPTION_ACCOUNT, offsetof(struct quarantine_entry, account) },
};
enum { TEXTS = sizeof(texts) / sizeof(texts[0]) };
_Static_assert((int)TEXTS <= (int)FILTER_TEXTS, "room for each");

/* The glob as the index's members are written: lower case, odd bytes encoded. */
static const char *
encode_glob(struct ctl *ctl, const char *glob)
{
	struct str lower = { 0 }, encoded = { 0 };
	const char *copy = NULL;

	for (const char *p = glob; *p != '\0'; p++)
		str_addc(&lower, (char)(*p >= 'A' && *p <= 'Z' ? *p + ('a' - 'A') : *p));
	if (lower.len <= KEYS_MAX_TEXT / 3) { /* each byte may take three */
		keys_encode(&encoded, span_of(str_text(&lower)));
		copy = arena_dup(&ctl->arena, span_of(str_text(&encoded)));
	} else {
		ctl_complain(ctl, "--match is too long");
	}
	str_free(&lower);
	str_free(&encoded);
	return copy;
}

static int
read_match(struct filter *filter, struct ctl *ctl)
{
	const char *match = ctl->options[CTL_OPTION_MATCH];

	filter->match = match != NULL ? encode_glob(ctl, match) : "*";
	return filter->match != NULL ? 0 : -1;
}

/* As entries have it, if it is a domain and not a glob. */
static void
read_domain(struct filter *filter, struct ctl *ctl)
{
	const char *domain = ctl->options[CTL_OPTION_DOMAIN];
	char normal[DOMAIN_SIZE];

	filter->domain = domain;
	if (domain != NULL && strpbrk(domain, "*?[\\") == NULL &&
	    domain_normalise(span_of(domain), normal, NULL) == 0)
		filter->domain = arena_dup(&ctl->arena, span_of(normal));
}

static int
read_time(struct ctl *ctl, enum ctl_option option, int64_t now_s, int64_t *at_s)
{
	const char *text = ctl->options[option];

	*at_s = text != NULL ? moment_parse_ago(span_of(text), now_s) : 0;
	if (*at_s >= 0)
		return 0;
	ctl_complain(ctl, "%s: \"%s\" is no time such as \"2026-11-22 08:00\" or \"6h\"",
	    command_options[option].name, text);
	return -1;
}

static int
read_reason(struct filter *filter, struct ctl *ctl)
{
	const char *name = ctl->options[CTL_OPTION_REASON];
	enum reason reason;

	filter->reason = name;
	if (name == NULL || reason_parse(span_of(name), &reason) == 0)
		return 0;
	ctl_complain(ctl, "no reason \"%s\"", name);
	return -1;
}

static int
read_pattern(struct filter *filter, struct ctl *ctl)
{
	const char *text = ctl->options[CTL_OPTION_TEXT];
	struct err err;

	if (text == NULL || (filter->text = pattern_new(text, &err)) != NULL)
		return 0;
	ctl_complain(ctl, "--text: %s", err.text);
	return -1;
}

/* "quarantined,held", "all" */
static int
read_statuses(struct filter *filter, struct ctl *ctl, unsigned statuses)
{
	const char *names = ctl->options[CTL_OPTION_STATUS];

	filter->statuses = names != NULL ? 0 : statuses;
	while (names != NULL) {
		size_t len = strcspn(names, ",");
		unsigned before = filter->statuses;

		for (int i = QUARANTINE_COUNTING; i <= QUARANTINE_RELEASED; i++)
			if (span_eq(span_make(names, len), SPAN("all")) ||
			    span_eq(span_make(names, len),
				span_of(quarantine_status_name((enum quarantine_status)i))))
				filter->statuses |= 1U << i;
		if (filter->statuses == before) {
			ctl_complain(ctl,
			    "--status: \"%.*s\" is none of counting, held, quarantined, released, "
			    "all",
			    (int)len, names);
			return -1;
		}
		names = names[len] == ',' ? names + len + 1 : NULL;
	}
	return 0;
}

enum ctl_exit
filter_read(struct filter *filter, struct ctl *ctl, int64_t now_s, unsigned statuses)
{
	*filter = (struct filter){ 0 };
	for (size_t i = 0; i < CTL_OPTIONS; i++)
		filter->given |= ctl->options[i] != NULL && i != CTL_OPTION_STATUS &&
				 (FILTER_OPTIONS >> i & 1) != 0;
	for (size_t i = 0; i < TEXTS; i++)
		filter->texts[i] = ctl->options[texts[i].option];
	read_domain(filter, ctl);
	if (read_match(filter, ctl) != 0 || read_reason(filter, ctl) != 0 ||
	    read_time(ctl, CTL_OPTION_SINCE, now_s, &filter->since_s) != 0 ||
	    read_time(ctl, CTL_OPTION_UNTIL, now_s, &filter->until_s) != 0 ||
	    read_statuses(filter, ctl, statuses) != 0 || read_pattern(filter, ctl) != 0)
		return CTL_USAGE;
	return CTL_DONE;
}

void
filter_clear(struct filter *filter)
{
	pattern_free(&filter->text);
}

static bool
is_like(const char *glob, const char *text)
{
	return glob == NULL || fnmatch(glob, text, FNM_CASEFOLD) == 0;
}

bool
filter_takes_address(const struct filter *filter, const char *addr)
{
	return is_like(filter->domain, addr_domain(addr));
}

int64_t
filter_decided_s(const struct quarantine_entry *entry)
{
	switch (entry->status) {
	case QUARANTINE_HELD:
		return entry->held_s;
	case QUARANTINE_QUARANTINED:
	case QUARANTINE_RELEASED:
		return entry->since_s;
	case QUARANTINE_NONE:
	case QUARANTINE_COUNTING:
		break;
	}
	return entry->last_s;
}

bool
filter_takes(struct filter *filter, const struct quarantine_entry *entry)
{
	int64_t at_s = filter_decided_s(entry);

	if ((filter->statuses & 1U << entry->status) == 0 ||
	    (filter->reason != NULL && strcmp(filter->reason, reason_name(entry->reason)) != 0) ||
	    (filter->since_s > 0 && at_s < filter->since_s) ||
	    (filter->until_s > 0 && at_s > filter->until_s))
		return false;
	for (size_t i = 0; i < TEXTS; i++)
		if (!is_like(filter->texts[i], (const char *)entry + texts[i].offset))
			return false;
	if (filter->text != NULL) {
		int matches = pattern_match(filter->text, span_of(entry->text));

		filter->too_hard += matches < 0;
		return matches > 0;
	}
	return true;
}

const char *
filter_words(struct ctl *ctl)
{
	struct str words = { 0 };
	const char *copy;

	for (size_t i = 0; i < CTL_OPTIONS; i++)
		if (ctl->options[i] != NULL && (FILTER_OPTIONS >> i & 1) != 0)
			str_addf(&words, "%s%s %s", words.len > 0 ? " " : "",
			    command_options[i].name, ctl->options[i]);
	copy = arena_dup(&ctl->arena, span_of(str_text(&words)));
	str_free(&words);
	return copy;
}
