#include "site.h"

#include <string.h>

/* What smtp(8) says (smtp_connect.c, smtp_proto.c and smtp_trouble.c of Postfix 3.7 to 3.12), after
 * the enhanced status code: how it starts, and how it goes on after the name of a host. The first
 * row that fits decides. What the other side sent stands behind these words, never before them. */
static const struct row {
	const char *start;
	const char *then; /* after one word; NULL: that is all */
	enum site_heard heard;
} rows[] = {
	{ "connect to ", NULL, SITE_NO_CONNECTION },
	{ "host ", " said: ", SITE_REPLIED },
	{ "host ", " refused to talk to me: ", SITE_NO_GREETING },
	{ "host ", " greeted me with my own hostname", SITE_NO_GREETING },
	{ "host ", " replied to HELO/EHLO with my own hostname", SITE_NO_GREETING },
	{ "host ", " offers SMTPUTF8 support", SITE_REPLIED },
	{ "Protocol error: host ", " said: ", SITE_REPLIED },
	{ "Protocol error: host ", " refused to talk to me: ", SITE_NO_GREETING },
	{ "lost connection with ", " while receiving the initial", SITE_NO_GREETING },
	{ "lost connection with ", " while performing the ", SITE_NO_GREETING },
	{ "lost connection with ", " while receiving the STARTTLS", SITE_NO_GREETING },
	{ "lost connection with ", " while sending ", SITE_REPLIED },
	{ "lost connection with ", NULL, SITE_NO_GREETING },
	{ "conversation with ", " timed out while sending ", SITE_REPLIED },
	{ "conversation with ", NULL, SITE_NO_GREETING },
	{ "TLS is required, but our ", NULL, SITE_UNRELATED },
	{ "TLS is required, but ", NULL, SITE_NO_GREETING },
	{ "Cannot start TLS", NULL, SITE_NO_GREETING },
	{ "Server certificate not ", NULL, SITE_NO_GREETING },
	{ "SASL authentication failed", NULL, SITE_NO_GREETING },
	{ "SMTPUTF8 is required, but was not offered", NULL, SITE_REPLIED },
	{ "message size ", " exceeds size limit", SITE_REPLIED },
	{ "local data error while talking to ", NULL, SITE_REPLIED },
};

static bool
fits(const struct row *row, struct span text)
{
	struct span start = span_of(row->start), then = span_of(row->then);
	size_t at = start.len;

	if (!span_starts(text, start))
		return false;
	if (row->then == NULL)
		return true;
	while (at < text.len && text.ptr[at] != ' ')
		at++;
	return span_starts(span_from(text, at), then);
}

/* "4.4.1 connect to ..." without the code. */
static struct span
words_of(struct span status)
{
	long blank = span_find(status, SPAN(" "));

	return blank < 0 ? span_make(status.ptr, 0) : span_from(status, (size_t)blank + 1);
}

enum site_heard
site_hear(struct span status)
{
	struct span words = words_of(status);

	if (span_starts(status, SPAN("2.")))
		return SITE_REPLIED;
	for (const struct row *row = rows; row < rows + sizeof(rows) / sizeof(rows[0]); row++)
		if (fits(row, words))
			return row->heard;
	if (span_starts(status, SPAN("4.4.1 ")))
		return SITE_NO_CONNECTION;
	if (span_starts(status, SPAN("4.4.2 ")))
		return SITE_NO_GREETING;
	return SITE_UNRELATED;
}

static void
keep_words(struct site *site, struct span status)
{
	struct span words = words_of(status);
	size_t len = words.len < SITE_WORDS_SIZE ? words.len : SITE_WORDS_SIZE - 1;

	for (size_t i = 0; i < len; i++)
		site->words[i] = words.ptr[i] < ' ' || words.ptr[i] > '~' ? '?' : words.ptr[i];
	site->words[len] = '\0';
}

static void
note_failure(struct site *site, struct span status, int64_t now_ms)
{
	int64_t dead_ms = SITE_DEAD_MS;

	keep_words(site, status);
	if (site_is_dead(site, now_ms) && !site->probing)
		return;
	site->probing = false;
	site->failures++;
	if (site->failures < SITE_FAILURES)
		return;
	for (unsigned i = SITE_FAILURES; i < site->failures && dead_ms < SITE_DEAD_MAX_MS; i++)
		dead_ms *= 2;
	if (dead_ms > SITE_DEAD_MAX_MS)
		dead_ms = SITE_DEAD_MAX_MS;
	site->dead_until_ms = now_ms + dead_ms;
	site->probe_ms = now_ms + SITE_PROBE_MS;
}

void
site_note(struct site *site, enum site_heard heard, struct span status, int64_t now_ms)
{
	switch (heard) {
	case SITE_NO_CONNECTION:
	case SITE_NO_GREETING:
		note_failure(site, status, now_ms);
		break;
	case SITE_REPLIED:
		*site = (struct site){ 0 };
		break;
	case SITE_UNRELATED:
		break;
	}
}

bool
site_is_dead(const struct site *site, int64_t now_ms)
{
	return now_ms < site->dead_until_ms;
}

int64_t
site_wait_ms(const struct site *site, int64_t now_ms)
{
	int64_t until_ms =
	    site->probe_ms < site->dead_until_ms ? site->probe_ms : site->dead_until_ms;

	return now_ms < until_ms ? until_ms - now_ms : 0;
}

bool
site_admits(struct site *site, int64_t now_ms)
{
	if (site_wait_ms(site, now_ms) > 0)
		return false;
	if (site_is_dead(site, now_ms)) {
		site->probe_ms = now_ms + SITE_PROBE_MS;
		site->probing = true;
	}
	return true;
}
