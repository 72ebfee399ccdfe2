#include "settings_sending.h"

#include <arpa/inet.h>
#include <string.h>

#define AT(member) offsetof(struct sending_ip, member)
static const struct conf_key sending_ip_keys[] = {
	{ "name", CONF_STRING, AT(name), "", 0, 0, NULL, NULL },
	{ "bind4", CONF_STRING, AT(bind4), "", 0, 0, NULL, NULL },
	{ "bind6", CONF_STRING, AT(bind6), "", 0, 0, NULL, NULL },
	{ "nodes", CONF_STRINGS, AT(nodes), "", 0, 0, NULL, NULL },
	{ "level", CONF_WORD, AT(level), "", 0, 0, level_names, NULL },
};
#undef AT
enum { SENDING_IP_KEYS = sizeof(sending_ip_keys) / sizeof(sending_ip_keys[0]) };

#define AT(member) offsetof(struct pool, member)
static const struct conf_key pool_keys[] = {
	{ "name", CONF_STRING, AT(name), "", 0, 0, NULL, NULL },
	{ "senders", CONF_STRINGS, AT(senders), "", 0, 0, NULL, NULL },
	{ "ips", CONF_STRINGS, AT(ips), "", 0, 0, NULL, NULL },
	{ "level", CONF_WORD, AT(level), "", 0, 0, level_names, NULL },
};
#undef AT
enum { POOL_KEYS = sizeof(pool_keys) / sizeof(pool_keys[0]) };

/* Each group of a list by its table, as elements of `size` bytes that begin with their name; NULL
 * and a mistake: it is no list. */
static void *
read_named(struct conf_reader *reader, struct config_setting_t *list, const struct conf_key *rows,
    size_t row_count, size_t size)
{
	const char *prefix = arena_printf(reader->arena, "%s.", conf_name(list));
	char *items = arena_alloc(reader->arena, (conf_length(list) + 1) * size);

	reader->context = prefix;
	for (size_t i = 0; i < conf_length(list); i++) {
		const char **name = (const char **)(void *)(items + i * size);

		conf_defaults(reader->arena, rows, row_count, name);
		if (conf_read(reader, conf_at(list, i), rows, row_count, NULL, name) == 0 &&
		    **name == '\0')
			conf_mistake(reader, conf_at(list, i), "name", "is missing");
		for (size_t k = 0; k < i && **name != '\0'; k++)
			if (strcmp(*(const char **)(void *)(items + k * size), *name) == 0)
				conf_mistake(reader, conf_at(list, i), "name",
				    "\"%s\" is there twice", *name);
	}
	reader->context = "";
	return items;
}

static void
check_level(struct conf_reader *reader, struct config_setting_t *setting, int level)
{
	if (level == LEVEL_CUSTOM)
		conf_mistake(reader, setting, "level",
		    "\"custom\" is for all of the rules: set it as `level` of the whole file");
}

static void
check_address(struct conf_reader *reader, struct config_setting_t *setting, const char *key,
    int family, const char *text)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (*text != '\0' && inet_pton(family, text, address) != 1)
		conf_mistake(reader, setting, key, "\"%s\" is not an IPv%c address", text,
		    family == AF_INET ? '4' : '6');
}

void
settings_read_sending_ips(struct conf_reader *reader, struct config_setting_t *setting,
    void *target)
{
	struct settings *settings = target;

	if (!conf_is_list(setting)) {
		conf_mistake(reader, setting, NULL,
		    "must be a list: ( { name = \"192.0.2.1\"; }, ... )");
		return;
	}
	settings->sending_ips = read_named(reader, setting, sending_ip_keys, SENDING_IP_KEYS,
	    sizeof(*settings->sending_ips));
	settings->sending_ip_count = conf_length(setting);
	reader->context = "sending_ips.";
	for (size_t i = 0; i < settings->sending_ip_count; i++) {
		const struct sending_ip *ip = &settings->sending_ips[i];

		check_address(reader, conf_at(setting, i), "bind4", AF_INET, ip->bind4);
		check_address(reader, conf_at(setting, i), "bind6", AF_INET6, ip->bind6);
		check_level(reader, conf_at(setting, i), ip->level);
	}
	reader->context = "";
}

void
settings_read_pools(struct conf_reader *reader, struct config_setting_t *setting, void *target)
{
	struct settings *settings = target;

	if (!conf_is_list(setting)) {
		conf_mistake(reader, setting, NULL,
		    "must be a list: ( { name = \"news\"; senders = [ ... ]; ips = [ ... ]; }, "
		    "... )");
		return;
	}
	settings->pools =
	    read_named(reader, setting, pool_keys, POOL_KEYS, sizeof(*settings->pools));
	settings->pool_count = conf_length(setting);
}

static bool
has_sending_ip(const struct settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->sending_ip_count; i++)
		if (strcmp(settings->sending_ips[i].name, name) == 0)
			return true;
	return false;
}

/* What can be told once the sending IPs are known, wherever they stand in the file. */
void
settings_check_pools(struct conf_reader *reader, struct config_setting_t *list,
    struct settings *settings)
{
	reader->context = "pools.";
	for (size_t i = 0; i < settings->pool_count; i++) {
		const struct pool *pool = &settings->pools[i];

		if (!conf_is_group(conf_at(list, i)))
			continue;
		check_level(reader, conf_at(list, i), pool->level);
		if (pool->senders.count == 0)
			conf_mistake(reader, conf_at(list, i), "senders",
			    "no mask: the pool can match no sender");
		if (pool->ips.count == 0)
			conf_mistake(reader, conf_at(list, i), "ips",
			    "none: its mail could not be sent");
		for (size_t k = 0; k < pool->ips.count; k++)
			if (!has_sending_ip(settings, pool->ips.items[k]))
				conf_mistake(reader, conf_at(list, i), "ips",
				    "\"%s\" is the name of none of sending_ips",
				    pool->ips.items[k]);
	}
	reader->context = "";
}

bool
settings_is_here(const struct settings *settings, const struct sending_ip *ip)
{
	for (size_t i = 0; i < ip->nodes.count; i++)
		if (strcmp(ip->nodes.items[i], settings->node) == 0)
			return true;
	return ip->nodes.count == 0;
}

void
settings_pack_sending(const struct settings *settings, struct str *out)
{
	pack_number(out, (int64_t)settings->sending_ip_count);
	for (size_t i = 0; i < settings->sending_ip_count; i++)
		conf_pack(sending_ip_keys, SENDING_IP_KEYS, &settings->sending_ips[i], out);
	pack_number(out, (int64_t)settings->pool_count);
	for (size_t i = 0; i < settings->pool_count; i++)
		conf_pack(pool_keys, POOL_KEYS, &settings->pools[i], out);
}

void
settings_unpack_sending(struct settings *settings, struct unpack *in)
{
	struct arena *arena = &settings->arena;

	settings->sending_ip_count = unpack_count(in);
	settings->sending_ips =
	    arena_alloc(arena, (settings->sending_ip_count + 1) * sizeof(*settings->sending_ips));
	for (size_t i = 0; i < settings->sending_ip_count; i++)
		conf_unpack(arena, sending_ip_keys, SENDING_IP_KEYS, &settings->sending_ips[i], in);
	settings->pool_count = unpack_count(in);
	settings->pools = arena_alloc(arena, (settings->pool_count + 1) * sizeof(*settings->pools));
	for (size_t i = 0; i < settings->pool_count; i++)
		conf_unpack(arena, pool_keys, POOL_KEYS, &settings->pools[i], in);
}
