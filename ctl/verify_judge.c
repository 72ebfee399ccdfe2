#include "verify_judge.h"

#include <string.h>

static const struct {
	const char *name, *words;
} verdicts[VERIFY_VERDICTS] = {
	[VERIFY_OK] = { "ok", "ok" },
	[VERIFY_ROLE] = { "role", "role address" },
	[VERIFY_COUNTING] = { "counting", "has bounced" },
	[VERIFY_UNCERTAIN] = { "uncertain", "DNS does not answer" },
	[VERIFY_DUPLICATE] = { "duplicate", "duplicate" },
	[VERIFY_SYNTAX] = { "syntax", "no address" },
	[VERIFY_NO_DOMAIN] = { "no_domain", "no such domain" },
	[VERIFY_NULL_MX] = { "null_mx", "takes no mail" },
	[VERIFY_QUARANTINED] = { "quarantined", "quarantined" },
};

static const struct {
	const char *name, *words;
} opinions[] = {
	[VERIFY_TOO_SHORT] = { "too_short", "too short to say anything of the list" },
	[VERIFY_CLEAN] = { "clean", "it looks like people who signed up" },
	[VERIFY_AGED] = { "aged", "it looks old: not mailed, or not cleaned, for long" },
	[VERIFY_BOUGHT] = { "bought", "it looks bought, gathered or very old: do not mail it" },
};

/* RFC 2142, and what else stands on every web site. */
static const char *const roles[] = { "abuse", "accounting", "admin", "administrator", "billing",
	"contact", "datenschutz", "dns", "ftp", "help", "hostmaster", "hr", "info", "jobs",
	"kontakt", "legal", "mail", "mailer-daemon", "marketing", "no-reply", "noc", "noreply",
	"office", "postmaster", "press", "privacy", "root", "sales", "security", "service", "spam",
	"support", "sysadmin", "team", "usenet", "uucp", "webmaster", "www" };

const char *
verify_name(enum verdict_of verdict)
{
	return verdicts[verdict].name;
}

const char *
verify_words(enum verdict_of verdict)
{
	return verdicts[verdict].words;
}

bool
verify_is_mailable(enum verdict_of verdict)
{
	return verdict <= VERIFY_COUNTING;
}

/* -- addresses --------------------------------------------------------------------------------- */

static bool
is_atoms(struct span local)
{
	for (size_t i = 0; i < local.len; i++) {
		unsigned char c = (unsigned char)local.ptr[i];

		if (c == '.' && (i == 0 || i + 1 == local.len || local.ptr[i - 1] == '.'))
			return false;
		if (c < 0x80 && strchr(" \"(),:;<>@[\\]", c) != NULL)
			return false;
	}
	return local.len > 0;
}

int
verify_parse(struct span text, char out[ADDR_SIZE], struct err *err)
{
	const char *domain;
	struct span local;

	if (addr_normalise(text, out, err) != 0)
		return -1;
	domain = addr_domain(out);
	local = span_make(out, *domain != '\0' ? (size_t)(domain - out) - 1 : 0);
	if (*out == '\0')
		err_set(err, "empty");
	else if (*domain == '\0')
		err_set(err, "no @");
	else if (strchr(domain, '.') == NULL || *domain == '[' || strchr(domain, '_') != NULL)
		err_set(err, "not a mail domain");
	else if (local.len > 64)
		err_set(err, "local part over 64 bytes");
	else if (*out != '"' && !is_atoms(local))
		err_set(err, "character or dot out of place in the local part");
	else
		return 0;
	out[0] = '\0';
	return -1;
}

bool
verify_is_role(const char *address)
{
	size_t len = strcspn(address, "+@");

	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strlen(roles[i]) == len && memcmp(roles[i], address, len) == 0)
			return true;
	return false;
}

static enum verdict_of
judge_domain(const struct verify_facts *facts)
{
	switch (facts->mx) {
	case MX_FOUND:
	case MX_IMPLICIT:
		return VERIFY_OK;
	case MX_NULL:
		return VERIFY_NULL_MX;
	case MX_NO_DOMAIN:
	case MX_NO_HOST:
		return VERIFY_NO_DOMAIN;
	case MX_FAILED:
		break;
	}
	return VERIFY_UNCERTAIN;
}

enum verdict_of
verify_judge(const struct verify_facts *facts)
{
	const struct quarantine_entry *entry = facts->entry;
	enum verdict_of domain = facts->local ? VERIFY_OK : judge_domain(facts);

	if (*facts->address == '\0')
		return VERIFY_SYNTAX;
	if (facts->seen)
		return VERIFY_DUPLICATE;
	if (domain == VERIFY_NO_DOMAIN || domain == VERIFY_NULL_MX)
		return domain;
	if (entry != NULL && (entry->status == QUARANTINE_QUARANTINED ||
				 quarantine_entry_forbids(entry, NULL, NULL)))
		return VERIFY_QUARANTINED;
	if (domain == VERIFY_UNCERTAIN)
		return domain;
	if (entry != NULL &&
	    (entry->status == QUARANTINE_COUNTING || entry->status == QUARANTINE_HELD))
		return VERIFY_COUNTING;
	return verify_is_role(facts->address) ? VERIFY_ROLE : VERIFY_OK;
}

/* -- lists ------------------------------------------------------------------------------------- */

static int64_t
distinct(const struct verify_summary *summary)
{
	return summary->total - summary->verdicts[VERIFY_DUPLICATE];
}

int64_t
verify_dead_pm(const struct verify_summary *summary)
{
	const int64_t *of = summary->verdicts;
	int64_t dead =
	    of[VERIFY_SYNTAX] + of[VERIFY_NO_DOMAIN] + of[VERIFY_NULL_MX] + of[VERIFY_QUARANTINED];

	return distinct(summary) > 0 ? dead * 1000 / distinct(summary) : 0;
}

enum verify_opinion
verify_opinion_of(const struct verify_summary *summary)
{
	int64_t dead_pm = verify_dead_pm(summary);

	if (distinct(summary) < VERIFY_LEAST)
		return VERIFY_TOO_SHORT;
	if (dead_pm >= VERIFY_BOUGHT_PM ||
	    summary->verdicts[VERIFY_ROLE] * 1000 >= distinct(summary) * VERIFY_ROLE_PM)
		return VERIFY_BOUGHT;
	return dead_pm >= VERIFY_AGED_PM ? VERIFY_AGED : VERIFY_CLEAN;
}

const char *
verify_opinion_name(enum verify_opinion opinion)
{
	return opinions[opinion].name;
}

const char *
verify_opinion_words(enum verify_opinion opinion)
{
	return opinions[opinion].words;
}
