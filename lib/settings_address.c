#include "settings_address.h"

#include <string.h>

#include "domain.h"

#define AT(member) offsetof(struct address_rule, member)
static const struct conf_key address_rule_keys[] = {
	{ "domains", CONF_STRINGS, AT(domains), "", 0, 0, NULL, NULL },
	{ "strip_tag", CONF_STRING, AT(strip_tag), "", 0, 0, NULL, NULL },
	{ "strip_dots", CONF_BOOL, AT(strip_dots), "false", 0, 0, NULL, NULL },
	{ "domain", CONF_STRING, AT(domain), "", 0, 0, NULL, NULL },
};
#undef AT
enum { KEYS = sizeof(address_rule_keys) / sizeof(address_rule_keys[0]) };

static void
check(struct conf_reader *reader, struct config_setting_t *setting, struct address_rule *rule)
{
	char domain[DOMAIN_SIZE];
	struct err err;

	if (rule->domains.count == 0)
		conf_mistake(reader, setting, "domains", "no mask: the rule can match no address");
	if (strlen(rule->strip_tag) > 1 || *rule->strip_tag == '@' || *rule->strip_tag == '"')
		conf_mistake(reader, conf_member(setting, "strip_tag"), NULL,
		    "\"%s\" is not one character such as \"+\"", rule->strip_tag);
	if (*rule->domain == '\0')
		return;
	if (domain_normalise(span_of(rule->domain), domain, &err) != 0)
		conf_mistake(reader, conf_member(setting, "domain"), NULL, "\"%s\": %s",
		    rule->domain, err.text);
	else
		rule->domain = arena_dup(reader->arena, span_of(domain));
}

void
settings_read_address_rules(struct conf_reader *reader, struct config_setting_t *setting,
    void *target)
{
	struct settings *settings = target;

	if (!conf_is_list(setting)) {
		conf_mistake(reader, setting, NULL,
		    "must be a list: ( { domains = [ \"example.com\" ]; strip_tag = \"+\"; }, "
		    "... )");
		return;
	}
	settings->address_rule_count = conf_length(setting);
	settings->address_rules = arena_alloc(reader->arena,
	    (settings->address_rule_count + 1) * sizeof(*settings->address_rules));
	reader->context = "address_rules.";
	for (size_t i = 0; i < settings->address_rule_count; i++) {
		struct address_rule *rule = &settings->address_rules[i];

		conf_defaults(reader->arena, address_rule_keys, KEYS, rule);
		if (conf_read(reader, conf_at(setting, i), address_rule_keys, KEYS, NULL, rule) ==
		    0)
			check(reader, conf_at(setting, i), rule);
	}
	reader->context = "";
}

void
settings_pack_address_rules(const struct settings *settings, struct str *out)
{
	pack_number(out, (int64_t)settings->address_rule_count);
	for (size_t i = 0; i < settings->address_rule_count; i++)
		conf_pack(address_rule_keys, KEYS, &settings->address_rules[i], out);
}

void
settings_unpack_address_rules(struct settings *settings, struct unpack *in)
{
	settings->address_rule_count = unpack_count(in);
	settings->address_rules = arena_alloc(&settings->arena,
	    (settings->address_rule_count + 1) * sizeof(*settings->address_rules));
	for (size_t i = 0; i < settings->address_rule_count; i++)
		conf_unpack(&settings->arena, address_rule_keys, KEYS, &settings->address_rules[i],
		    in);
}
