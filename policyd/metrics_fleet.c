#include "metrics_fleet.h"

#include "metrics_text.h"

static void
format_bounces(const struct store_fleet *figures, struct str *out)
{
	static const struct metrics_family family = { "mxpace_fleet_bounces_total", "counter",
		"Recipients of returned mail, by reason and what became of them." };

	metrics_head(out, &family);
	for (size_t reason = 0; reason < REASON_COUNT; reason++)
		for (size_t what = 0; what < STORE_BOUNCED_COUNT; what++) {
			struct str labels = { 0 };

			if (figures->bounced[reason][what] == 0)
				continue;
			metrics_label(&labels, "reason", reason_names[reason]);
			metrics_label(&labels, "outcome", store_bounced_names[what]);
			metrics_number(out, family.name, str_text(&labels),
			    figures->bounced[reason][what]);
			str_free(&labels);
		}
}

static void
format_pair(const struct metrics_family *family, const char *const labels[2],
    const int64_t values[2], struct str *out)
{
	metrics_head(out, family);
	for (size_t i = 0; i < 2; i++)
		metrics_number(out, family->name, labels[i], values[i]);
}

static void
format_pairs(const struct store_fleet *figures, struct str *out)
{
	static const struct metrics_family quarantine = { "mxpace_fleet_quarantine_addresses",
		"gauge", "Addresses with an entry in the quarantine, by when it ends." };
	static const struct metrics_family guards = { "mxpace_fleet_guards", "gauge",
		"Outage guards that have tripped, by state." };

	format_pair(&quarantine,
	    (const char *const[]){ "ends=\"by_removal\"", "ends=\"by_itself\"" },
	    (const int64_t[]){ figures->forever, figures->entries - figures->forever }, out);
	format_pair(&guards, (const char *const[]){ "state=\"held\"", "state=\"quiet\"" },
	    (const int64_t[]){ figures->guards, figures->quiet_guards }, out);
}

void
metrics_fleet_format(const struct store_fleet *figures, int64_t age_s, struct str *out)
{
	static const struct metrics_family age = { "mxpace_fleet_age_seconds", "gauge",
		"Time since the figures of the fleet were read; -1: they never were." };
	const struct {
		struct metrics_family family;
		int64_t value;
	} rows[] = {
		{ { "mxpace_fleet_accounts_stopped", "gauge",
		      "Accounts that nothing is taken from." },
		    figures != NULL ? figures->stopped : 0 },
		{ { "mxpace_fleet_unclassified_texts", "gauge",
		      "Texts of notices that no bounce rule knows; a thousand at most." },
		    figures != NULL ? figures->unknown : 0 },
		{ { "mxpace_fleet_notify_pending", "gauge",
		      "Events that a mxctl notify has taken and not finished." },
		    figures != NULL ? figures->notified : 0 },
		{ { "mxpace_fleet_notify_digests", "gauge", "Addresses for whom a digest waits." },
		    figures != NULL ? figures->digests : 0 },
	};

	metrics_head(out, &age);
	metrics_number(out, age.name, "", age_s);
	if (figures == NULL)
		return;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		metrics_head(out, &rows[i].family);
		metrics_number(out, rows[i].family.name, "", rows[i].value);
	}
	format_pairs(figures, out);
	format_bounces(figures, out);
}
