#include "nodes.h"

#include <string.h>
#include <time.h>

#include "keys.h"
#include "sending.h"

static const char *
field_text(const struct store_fields *fields, const char *name)
{
	for (size_t i = 0; i + 1 < fields->count; i += 2)
		if (span_eq(fields->items[i], span_of(name)))
			return fields->items[i + 1].ptr;
	return "";
}

static int64_t
field_number(const struct store_fields *fields, const char *name)
{
	unsigned long long number;

	return span_number(span_of(field_text(fields, name)), &number) && number <= INT64_MAX
		   ? (int64_t)number
		   : 0;
}

/* What clock_format() wrote; 0: it is not that. */
static int64_t
parse_date(const char *date)
{
	struct tm tm = { 0 };
	const char *end = strptime(date, "%Y-%m-%dT%H:%M:%SZ", &tm);

	return end != NULL && *end == '\0' ? (int64_t)timegm(&tm) : 0;
}

static void
set_node(struct node *node, const struct store_fields *fields)
{
	node->alive = fields->count > 0;
	node->version = field_text(fields, "version");
	node->enforce = field_text(fields, "enforce");
	node->started_s = parse_date(field_text(fields, "started"));
	node->sending_ip = field_text(fields, "ip");
	node->rules_file = field_text(fields, "rules_file");
	node->run = field_text(fields, "run");
	node->twin = strcmp(field_text(fields, "twin"), "yes") == 0;
	node->kernel_view = field_text(fields, "kernel_view");
	node->pace_version = field_text(fields, "pace_version");
	node->open = field_number(fields, "open");
	node->clients = field_number(fields, "clients");
	node->rules = field_number(fields, "rules");
}

/* The heartbeats of up to STORE_BATCH_MAX nodes. */
static int
read_heartbeats(struct ctl *ctl, struct node *nodes, size_t count, struct err *err)
{
	struct store_fields fields[STORE_BATCH_MAX];

	for (size_t i = 0; i < count; i++) {
		fields[i] = (struct store_fields){ .arena = &ctl->arena };
		store_put_node_read(&ctl->batch, nodes[i].name, &fields[i]);
	}
	if (ctl_store_run(ctl, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		set_node(&nodes[i], &fields[i]);
	return 0;
}

int
nodes_read(struct ctl *ctl, struct nodes *nodes, struct err *err)
{
	struct store_fields index = { .arena = &ctl->arena };
	struct str name = { 0 };
	int rc = 0;

	*nodes = (struct nodes){ 0 };
	store_put_nodes(&ctl->batch, &index);
	if (ctl_store_run(ctl, err) != 0)
		return -1;
	nodes->items = arena_alloc(&ctl->arena, (index.count / 2 + 1) * sizeof(*nodes->items));
	for (size_t i = 0; i + 1 < index.count; i += 2) {
		unsigned long long heard = 0;

		str_empty(&name);
		span_number(index.items[i + 1], &heard);
		if (keys_decode(&name, index.items[i]) == 0)
			nodes->items[nodes->count++] = (struct node){
				.name = arena_dup(&ctl->arena, span_of(str_text(&name))),
				.heard_s = (int64_t)heard,
			};
	}
	str_free(&name);
	for (size_t i = 0; i < nodes->count && rc == 0; i += STORE_BATCH_MAX)
		rc = read_heartbeats(ctl, nodes->items + i,
		    nodes->count - i < STORE_BATCH_MAX ? nodes->count - i : STORE_BATCH_MAX, err);
	for (size_t i = 0; i < nodes->count; i++)
		nodes->alive += nodes->items[i].alive;
	return rc;
}

static void
add_once(struct conf_strings *strings, const char *text)
{
	if (*text == '\0')
		return;
	for (size_t i = 0; i < strings->count; i++)
		if (strcmp(strings->items[i], text) == 0)
			return;
	strings->items[strings->count++] = text;
}

struct conf_strings
nodes_sending_ips(struct ctl *ctl, const struct nodes *nodes)
{
	size_t most = ctl->settings->sending_ip_count + nodes->count + 1;
	struct conf_strings ips = { arena_alloc(&ctl->arena, most * sizeof(char *)), 0 };
	char own[SENDING_IP_SIZE];

	for (size_t i = 0; i < ctl->settings->sending_ip_count; i++)
		add_once(&ips, ctl->settings->sending_ips[i].name);
	for (size_t i = 0; i < nodes->count; i++)
		add_once(&ips, nodes->items[i].alive ? nodes->items[i].sending_ip : "");
	if (ips.count == 0) {
		sending_ip_name(ctl->settings, own);
		add_once(&ips, arena_dup(&ctl->arena, span_of(own)));
	}
	return ips;
}
