#include "settings_mail.h"

#include <string.h>

#include "addr.h"
#include "settings.h"

#define SECOND INT64_C(1000)

const char *const mail_event_names[] = { "suspended", "review", "resumed", "guard", "guard_quiet",
	"guard_decided", "backoff", "pause", "rules", "level", "warmup", NULL };

static void read_owners(struct conf_reader *, struct config_setting_t *, void *);

#define AT(member) offsetof(struct mail_settings, member)
static const struct conf_key mail_keys[] = {
	{ "postmaster", CONF_STRING, AT(postmaster), "", 0, 0, NULL, NULL },
	{ "events", CONF_STRINGS, AT(events), "", 0, 0, NULL, NULL },
	{ "to_account", CONF_BOOL, AT(to_account), "false", 0, 0, NULL, NULL },
	{ "owners", CONF_CUSTOM, 0, NULL, 0, 0, NULL, read_owners },
	{ "from", CONF_STRING, AT(from), "", 0, 0, NULL, NULL },
	{ "per_hour", CONF_NUMBER, AT(per_hour), "10", 1, 1000, NULL, NULL },
	{ "digest_after", CONF_DURATION, AT(digest_after_ms), "5m", SECOND, 3600 * SECOND, NULL,
	    NULL },
	{ "sendmail", CONF_STRING, AT(sendmail), "/usr/sbin/sendmail", 0, 0, NULL, NULL },
	{ "timeout", CONF_DURATION, AT(timeout_ms), "30s", SECOND, 300 * SECOND, NULL, NULL },
	{ "templates", CONF_STRING, AT(templates), "", 0, 0, NULL, NULL },
};

#undef AT
enum { KEYS = sizeof(mail_keys) / sizeof(mail_keys[0]) };

#define AT(member) offsetof(struct mail_owner, member)
static const struct conf_key owner_keys[] = {
	{ "account", CONF_STRING, AT(account), "", 0, 0, NULL, NULL },
	{ "mail", CONF_STRING, AT(mail), "", 0, 0, NULL, NULL },
};
#undef AT
enum { OWNER_KEYS = sizeof(owner_keys) / sizeof(owner_keys[0]) };

bool
mail_address_is_plain(const char *address)
{
	char normal[ADDR_SIZE];

	for (const char *p = address; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || strchr("<>,;:\"()\\", *p) != NULL)
			return false;
	return *address != '\0' && addr_normalise(span_of(address), normal, NULL) == 0 &&
	       *addr_domain(normal) != '\0';
}

static void
check_address(struct conf_reader *reader, struct config_setting_t *group, const char *key,
    const char *address)
{
	struct config_setting_t *setting = conf_member(group, key);

	if (*address != '\0' && !mail_address_is_plain(address))
		conf_mistake(reader, setting != NULL ? setting : group, key,
		    "\"%s\" is no mail address such as \"postmaster@example.com\"", address);
}

static void
read_owners(struct conf_reader *reader, struct config_setting_t *setting, void *target)
{
	struct mail_settings *mail = target;

	if (!conf_is_list(setting)) {
		conf_mistake(reader, setting, NULL,
		    "must be a list: ( { account = \"shop-*\"; mail = \"ann@example.com\"; }, ... "
		    ")");
		return;
	}
	mail->owner_count = conf_length(setting);
	mail->owners = arena_alloc(reader->arena, (mail->owner_count + 1) * sizeof(*mail->owners));
	reader->context = "mail.owners.";
	for (size_t i = 0; i < mail->owner_count; i++) {
		struct config_setting_t *row = conf_at(setting, i);
		struct mail_owner *owner = &mail->owners[i];

		conf_defaults(reader->arena, owner_keys, OWNER_KEYS, owner);
		if (conf_read(reader, row, owner_keys, OWNER_KEYS, NULL, owner) != 0)
			continue;
		if (*owner->account == '\0' || *owner->mail == '\0')
			conf_mistake(reader, row, *owner->mail == '\0' ? "mail" : "account",
			    "is missing");
		check_address(reader, row, "mail", owner->mail);
	}
	reader->context = "mail.";
}

static int
event_of(const char *name)
{
	for (int i = 0; i < MAIL_EVENTS; i++)
		if (strcmp(mail_event_names[i], name) == 0)
			return i;
	return -1;
}

static void
choose_events(struct mail_settings *mail)
{
	for (size_t i = 0; i < mail->events.count; i++)
		if (event_of(mail->events.items[i]) >= 0)
			mail->wanted[event_of(mail->events.items[i])] = true;
}

static void
check(struct conf_reader *reader, struct config_setting_t *setting,
    const struct mail_settings *mail)
{
	struct config_setting_t *events = conf_member(setting, "events");

	for (size_t i = 0; i < mail->events.count; i++)
		if (event_of(mail->events.items[i]) < 0)
			conf_mistake(reader, events, NULL,
			    "\"%s\" is none of suspended, review, resumed, guard, guard_quiet, "
			    "guard_decided, backoff, pause, rules, level, warmup",
			    mail->events.items[i]);
	check_address(reader, setting, "postmaster", mail->postmaster);
	check_address(reader, setting, "from", mail->from);
	if (*mail->sendmail != '/')
		conf_mistake(reader, conf_member(setting, "sendmail"), NULL,
		    "\"%s\" is no path that begins with \"/\"", mail->sendmail);
	if (*mail->templates != '\0' && *mail->templates != '/')
		conf_mistake(reader, conf_member(setting, "templates"), NULL,
		    "\"%s\" is no path that begins with \"/\"", mail->templates);
	if (mail->events.count > 0 && *mail->postmaster == '\0' && mail->owner_count == 0 &&
	    !mail->to_account)
		conf_mistake(reader, events, NULL,
		    "nobody to write to: set postmaster, owners or to_account");
}

void
settings_mail_defaults(struct arena *arena, struct mail_settings *mail)
{
	conf_defaults(arena, mail_keys, KEYS, mail);
}

void
settings_read_mail(struct conf_reader *reader, struct config_setting_t *setting, void *target)
{
	struct mail_settings *mail = &((struct settings *)target)->mail;

	reader->context = "mail.";
	if (conf_read(reader, setting, mail_keys, KEYS, NULL, mail) == 0)
		check(reader, setting, mail);
	choose_events(mail);
	reader->context = "";
}

void
settings_pack_mail(const struct mail_settings *mail, struct str *out)
{
	conf_pack(mail_keys, KEYS, mail, out);
	pack_number(out, (int64_t)mail->owner_count);
	for (size_t i = 0; i < mail->owner_count; i++)
		conf_pack(owner_keys, OWNER_KEYS, &mail->owners[i], out);
}

void
settings_unpack_mail(struct arena *arena, struct mail_settings *mail, struct unpack *in)
{
	conf_unpack(arena, mail_keys, KEYS, mail, in);
	choose_events(mail);
	mail->owner_count = unpack_count(in);
	mail->owners = arena_alloc(arena, (mail->owner_count + 1) * sizeof(*mail->owners));
	for (size_t i = 0; i < mail->owner_count; i++)
		conf_unpack(arena, owner_keys, OWNER_KEYS, &mail->owners[i], in);
}
