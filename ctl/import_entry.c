#include "import_entry.h"

#include "quarantine_address.h"

enum { HELD_FOR_S = 90 * 86400, AHEAD_S = 86400 };

static void
set_number(struct record *record, const char *name, int64_t number)
{
	record_set(record, name, span_of(arena_printf(record->arena, "%lld", (long long)number)));
}

static void
set_missing(struct record *record, const char *name, int64_t number)
{
	if (!record_has(record, name))
		set_number(record, name, number);
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Nothing but an address, and perhaps words about it: an operator wants it not mailed. */
static void
add_defaults(struct record *record, const struct settings *settings,
    const struct import_defaults *defaults, int64_t now_s)
{
	const struct quarantine_entry *entry = &record->entry;
	const struct quarantine_rule *rule;
	int64_t release_ms, since_s = entry->since_s > 0 ? entry->since_s : now_s;

	record_set(record, "status", SPAN("quarantined"));
	if (!record_has(record, "reason"))
		record_set(record, "reason", span_of(reason_name(defaults->reason)));
	rule = &settings->quarantine.rules[entry->reason];
	release_ms = defaults->release_ms >= 0 ? defaults->release_ms : rule->release_ms;
	set_missing(record, "since", since_s);
	set_missing(record, "errors", 0);
	set_missing(record, "release", release_ms > 0 ? since_s + release_ms / 1000 : 0);
	if (!record_has(record, "by"))
		record_set(record, "by", span_of(defaults->by));
	if (!record_has(record, "text"))
		record_set(record, "text", span_of(defaults->text));
}

static int
check_status(struct record *record, struct err *err)
{
	const struct quarantine_entry *entry = &record->entry;
	const char *missing = NULL;

	switch (entry->status) {
	case QUARANTINE_COUNTING:
		missing = entry->last_s == 0 ? "last" : NULL;
		break;
	case QUARANTINE_HELD:
		missing = entry->held_s == 0 ? "held" : NULL;
		break;
	case QUARANTINE_RELEASED:
		missing = entry->release_s == 0 ? "release" : NULL;
		break;
	case QUARANTINE_QUARANTINED:
		missing = entry->since_s == 0 ? "since" : NULL;
		break;
	case QUARANTINE_NONE:
		break;
	}
	if (missing == NULL && !record_has(record, "reason"))
		missing = "reason";
	if (missing == NULL)
		return 0;
	err_set(err, "%s, but there is no \"%s\"", quarantine_status_name(entry->status), missing);
	return -1;
}

static void
complete(struct record *record, const struct settings *settings)
{
	const struct quarantine_entry *entry = &record->entry;
	int64_t first_s = later(later(entry->last_s, entry->since_s), entry->held_s);

	if (!record_has(record, "type"))
		record_set(record, "type",
		    span_of(bounce_type_name(reason_usual_type(entry->reason))));
	set_missing(record, "errors", 1);
	set_missing(record, "first", first_s);
	set_missing(record, "last", first_s);
	set_missing(record, "quiet", settings->quarantine.rules[entry->reason].quiet_ms / 1000);
	if (entry->status == QUARANTINE_QUARANTINED)
		set_missing(record, "release", 0);
}

static bool
has_others(const struct record *record)
{
	for (size_t i = 0; i < record->count; i += 2)
		if (span_starts(record->items[i], SPAN("not:")))
			return true;
	return false;
}

/* When it became what it is. */
static int64_t
newest(const struct quarantine_entry *entry)
{
	int64_t at_s =
	    later(later(entry->last_s, entry->since_s), later(entry->held_s, entry->delivered_s));

	if (entry->released[0] != '\0')
		at_s = later(at_s, entry->release_s);
	return at_s;
}

int64_t
import_entry_expiry(const struct quarantine_entry *entry)
{
	if (entry->status == QUARANTINE_HELD)
		return later(entry->last_s, entry->held_s) + HELD_FOR_S;
	return quarantine_entry_expiry(entry);
}

int
import_entry(struct record *record, const struct settings *settings,
    const struct import_defaults *defaults, int64_t now_s, enum store_import_mode mode,
    char addr[ADDR_SIZE], struct store_import *import, struct err *err)
{
	const struct quarantine_entry *entry = &record->entry;

	if (quarantine_address(settings, record->address, addr, err) != 0) {
		err_prefix(err, "\"%.*s\" is no address",
		    record->address.len < 80 ? (int)record->address.len : 80, record->address.ptr);
		return -1;
	}
	if (*addr_domain(addr) == '\0') {
		err_set(err, "\"%s\" has no domain", addr);
		return -1;
	}
	if (entry->status == QUARANTINE_NONE && !has_others(record)) {
		add_defaults(record, settings, defaults, now_s);
		mode = mode == STORE_IMPORT_FORCE ? mode : STORE_IMPORT_ADD;
	} else if (entry->status != QUARANTINE_NONE && check_status(record, err) != 0) {
		return -1;
	}
	if (entry->status != QUARANTINE_NONE)
		complete(record, settings);
	if (newest(entry) > now_s + AHEAD_S) {
		err_set(err, "it is dated in the future");
		return -1;
	}
	*import = (struct store_import){
		.addr = addr,
		.mode = mode,
		.expiry_s = import_entry_expiry(entry),
		.at_s = newest(entry),
		.items = record->items,
		.count = record->count,
	};
	return 0;
}
