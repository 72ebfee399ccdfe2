#include "settings_reputation.h"

#include <string.h>

#include "pattern.h"

static const char *const action_names[] = { "reject", "defer", NULL };

#define MILLION    INT64_C(1000000)
#define AT(member) offsetof(struct reputation, member)
static const struct conf_key reputation_keys[] = {
	{ "review_hard", CONF_STRING, AT(review_hard), "5%", 0, 0, NULL, NULL },
	{ "suspend_hard", CONF_STRING, AT(suspend_hard), "10%", 0, 0, NULL, NULL },
	{ "floor", CONF_NUMBER, AT(policy.floor), "200", 1, 1000 * MILLION, NULL, NULL },
	{ "review_complaints", CONF_STRING, AT(review_complaints), "0.1%", 0, 0, NULL, NULL },
	{ "suspend_complaints", CONF_STRING, AT(suspend_complaints), "0.5%", 0, 0, NULL, NULL },
	{ "floor_complaints", CONF_NUMBER, AT(policy.floor_complaints), "1000", 1, 1000 * MILLION,
	    NULL, NULL },
	{ "probation_start", CONF_NUMBER, AT(policy.probation_start), "100", 1, 1000 * MILLION,
	    NULL, NULL },
	{ "probation_factor", CONF_NUMBER, AT(policy.probation_factor), "4", 1, 1000, NULL, NULL },
	{ "probation_days", CONF_NUMBER, AT(policy.probation_days), "4", 0, 365, NULL, NULL },
	{ "action", CONF_WORD, AT(action), "reject", 0, 0, action_names, NULL },
	{ "exempt", CONF_STRINGS, AT(exempt), "", 0, 0, NULL, NULL },
};
#undef AT
enum { KEYS = sizeof(reputation_keys) / sizeof(reputation_keys[0]) };

/* Those that are written "0.5%". */
#define AT(member) offsetof(struct reputation, member)
static const struct {
	const char *name;
	size_t text, millionths;
} rates[] = {
	{ "review_hard", AT(review_hard), AT(policy.review_hard) },
	{ "suspend_hard", AT(suspend_hard), AT(policy.suspend_hard) },
	{ "review_complaints", AT(review_complaints), AT(policy.review_complaints) },
	{ "suspend_complaints", AT(suspend_complaints), AT(policy.suspend_complaints) },
};
#undef AT
enum { RATES = sizeof(rates) / sizeof(rates[0]) };

/* "5%", "0.5 %", "never" -> millionths, 0 for never; -1: none of these. */
static int64_t
parse_rate(const char *text)
{
	int64_t whole = 0, scale = 10000;
	size_t digits = 0;
	bool point = false;

	if (strcmp(text, "never") == 0)
		return 0;
	for (; (*text >= '0' && *text <= '9') || (*text == '.' && !point); text++) {
		if (*text == '.') {
			point = true;
			continue;
		}
		if (point && scale < 10)
			return -1;
		whole = whole * 10 + (*text - '0');
		scale /= point ? 10 : 1;
		if (++digits > 8)
			return -1;
	}
	text += strspn(text, " ");
	if (digits == 0 || strcmp(text, "%") != 0)
		return -1;
	whole *= scale;
	return whole > 0 && whole <= MILLION ? whole : -1;
}

static void
take_rates(struct reputation *reputation, struct conf_reader *reader,
    struct config_setting_t *setting)
{
	for (size_t i = 0; i < RATES; i++) {
		const char *text = *(const char **)(void *)((char *)reputation + rates[i].text);
		int64_t *rate = (int64_t *)(void *)((char *)reputation + rates[i].millionths);

		*rate = parse_rate(text);
		if (*rate < 0 && reader != NULL)
			conf_mistake(reader, conf_member(setting, rates[i].name), NULL,
			    "\"%s\" is neither \"never\" nor a rate such as \"5%%\" or \"0.1%%\"",
			    text);
	}
}

void
settings_reputation_defaults(struct arena *arena, struct reputation *reputation)
{
	conf_defaults(arena, reputation_keys, KEYS, reputation);
	take_rates(reputation, NULL, NULL);
}

void
settings_read_reputation(struct conf_reader *reader, struct config_setting_t *setting, void *target)
{
	struct reputation *reputation = &((struct settings *)target)->reputation;
	struct sender_policy *policy = &reputation->policy;

	reader->context = "reputation.";
	if (conf_read(reader, setting, reputation_keys, KEYS, NULL, reputation) == 0) {
		take_rates(reputation, reader, setting);
		if (policy->suspend_hard > 0 && policy->review_hard > policy->suspend_hard)
			conf_mistake(reader, setting, "review_hard", "is above suspend_hard");
		if (policy->suspend_complaints > 0 &&
		    policy->review_complaints > policy->suspend_complaints)
			conf_mistake(reader, setting, "review_complaints",
			    "is above suspend_complaints");
	}
	reader->context = "";
}

void
settings_compile_account(struct conf_reader *reader, struct config_setting_t *setting,
    struct settings *settings)
{
	struct err err;

	if (*settings->account_from_sender == '\0')
		return;
	settings->account_pattern = pattern_new(settings->account_from_sender, &err);
	if (settings->account_pattern == NULL)
		conf_mistake(reader, setting, NULL, "%s", err.text);
	else if (strstr(settings->account_from_sender, "<account>") == NULL)
		conf_mistake(reader, setting, NULL, "has no group (?<account>...)");
}

void
settings_pack_reputation(const struct settings *settings, struct str *out)
{
	conf_pack(reputation_keys, KEYS, &settings->reputation, out);
}

void
settings_unpack_reputation(struct settings *settings, struct unpack *in)
{
	if (!conf_unpack(&settings->arena, reputation_keys, KEYS, &settings->reputation, in))
		return;
	take_rates(&settings->reputation, NULL, NULL);
	if (*settings->account_from_sender != '\0')
		settings->account_pattern = pattern_new(settings->account_from_sender, NULL);
}
