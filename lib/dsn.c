#include "dsn.h"

#include <stdio.h>

enum {
	SUBJECT_MAX =
	    20, /* of a status that only stands alone; larger ones are versions of software */
	FIND_MAX =
	    16 * 1024,  /* bytes of a text that are looked at, as each recipient may have it all */
	LOOK_BACK = 40, /* bytes before a code in which the words that announce it stand */
};

/* How sure it is that a number is a reply code. */
enum rank { RANK_NONE, RANK_ANNOUNCED, RANK_COLON, RANK_LINE, RANK_SAID };

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       ((unsigned char)c & 0x80) != 0;
}

static char
char_at(struct span s, size_t i)
{
	return i < s.len ? s.ptr[i] : '\0';
}

/* One to three digits at *at. */
static bool
take_number(struct span s, size_t *at, unsigned short *value)
{
	unsigned n = 0, digits = 0;

	while (digits < 4 && is_digit(char_at(s, *at))) {
		n = n * 10 + (unsigned)(s.ptr[(*at)++] - '0');
		digits++;
	}
	*value = (unsigned short)n;
	return digits >= 1 && digits <= 3;
}

/* Length of the status that begins at `at`, 0: none does. */
static size_t
status_at(struct span s, size_t at, struct dsn_status *status)
{
	size_t i = at + 1;
	char class = char_at(s, at);

	if ((class != '2' && class != '4' && class != '5') || char_at(s, i++) != '.')
		return 0;
	if (!take_number(s, &i, &status->subject) || char_at(s, i++) != '.' ||
	    !take_number(s, &i, &status->detail))
		return 0;
	/* An IP address, a version, a word. A full stop at the end of a sentence is none of these.
	 */
	if (is_word(char_at(s, i)) ||
	    ((char_at(s, i) == '.' || char_at(s, i) == '-') && is_digit(char_at(s, i + 1))))
		return 0;
	status->class = (unsigned char)(class - '0');
	return i - at;
}

int
dsn_parse_status(struct span text, struct dsn_status *status)
{
	size_t len, i = 0;

	*status = (struct dsn_status){ 0 };
	text = span_trim(text);
	while (char_at(text, i) == '(' || char_at(text, i) == '#' || char_at(text, i) == '"')
		i++;
	len = status_at(text, i, status);
	if (len == 0) {
		*status = (struct dsn_status){ 0 };
		return -1;
	}
	return 0;
}

unsigned
dsn_parse_code(struct span text)
{
	unsigned long long n;

	if (text.len != 3 || !span_number(text, &n) || n < 200 || n > 599)
		return 0;
	return (unsigned)n;
}

/* Three numbers: a status may have other things around it. */
static bool
is_bare(struct span word)
{
	size_t dots = 0;

	for (size_t i = 0; i < word.len; i++) {
		if ((word.ptr[i] < '0' || word.ptr[i] > '9') && word.ptr[i] != '.')
			return false;
		dots += word.ptr[i] == '.';
	}
	return dots == 2;
}

bool
dsn_is_word(struct span word, bool first)
{
	struct dsn_status status;

	if (first && dsn_parse_code(word) != 0)
		return true;
	if (first && word.len > 4 && dsn_parse_code(span_make(word.ptr, 3)) != 0 &&
	    word.ptr[3] == '-')
		word = span_from(word, 4);
	if (word.len > 0 && word.ptr[0] == '#')
		word = span_from(word, 1);
	return is_bare(word) && dsn_parse_status(word, &status) == 0;
}

const char *
dsn_format_status(struct dsn_status status, char buf[DSN_STATUS_SIZE])
{
	buf[0] = '\0';
	if (status.class != 0)
		snprintf(buf, DSN_STATUS_SIZE, "%u.%u.%u", status.class % 10u,
		    status.subject % 1000u, status.detail % 1000u);
	return buf;
}

bool
dsn_status_is_vague(struct dsn_status status)
{
	return status.subject == 0 && status.detail == 0;
}

bool
dsn_is_temporary(const struct dsn *dsn)
{
	if (dsn->code >= 400 && dsn->code < 500)
		return true;
	return dsn->status.class == 4 && !(dsn_status_is_vague(dsn->status) && dsn->code >= 500);
}

/* Whether the text before `at`, blanks left out, ends in one of these words. */
static bool
ends_in(struct span s, size_t at, const struct span *words, size_t count)
{
	size_t start;

	while (at > 0 && (s.ptr[at - 1] == ' ' || s.ptr[at - 1] == '\t' || s.ptr[at - 1] == '\n' ||
			     s.ptr[at - 1] == '\r' || s.ptr[at - 1] == '<'))
		at--;
	start = at > LOOK_BACK ? at - LOOK_BACK : 0;
	for (size_t i = 0; i < count; i++)
		if (at - start >= words[i].len &&
		    span_istarts(span_make(s.ptr + at - words[i].len, words[i].len), words[i]))
			return true;
	return false;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool
is_said(struct span s, size_t at)
{
	static const struct span words[] = {
		SPAN("said:"),
		SPAN("says:"),
		SPAN("responded:"),
		SPAN("responded with:"),
		SPAN("response:"),
		SPAN("response was:"),
		SPAN("replied:"),
		SPAN("returned:"),
		SPAN("answered:"),
		SPAN("RCPT TO:"),
	};

	return ends_in(s, at, words, COUNT(words));
}

static bool
is_announced(struct span s, size_t at)
{
	static const struct span words[] = {
		SPAN("code"),
		SPAN("code:"),
		SPAN("code ="),
		SPAN("error"),
		SPAN("returned"),
		SPAN("response"),
		SPAN("replied"),
		SPAN("status"),
		SPAN("smtp"),
		SPAN("reply"),
		SPAN("reply code is"),
		SPAN("#"),
		SPAN("("),
		SPAN("["),
		SPAN("\""),
		SPAN("'"),
		SPAN("|"),
	};

	return ends_in(s, at, words, COUNT(words));
}

static bool
begins_line(struct span s, size_t at)
{
	while (at > 0 && (s.ptr[at - 1] == ' ' || s.ptr[at - 1] == '\t'))
		at--;
	return at == 0 || s.ptr[at - 1] == '\n' || s.ptr[at - 1] == '>' || s.ptr[at - 1] == '<';
}

/* Offset of the status that follows a code at `at`, behind blanks and signs; 0: none. */
static size_t
status_behind(struct span s, size_t at, struct dsn_status *status)
{
	size_t i = at + 3;

	while (i < s.len && i < at + 9 &&
	       (s.ptr[i] == ' ' || s.ptr[i] == '-' || s.ptr[i] == '#' || s.ptr[i] == ':' ||
		   s.ptr[i] == '(' || s.ptr[i] == '_' || s.ptr[i] == '[' || s.ptr[i] == '\'' ||
		   s.ptr[i] == '\t' || s.ptr[i] == '"' || s.ptr[i] == ';'))
		i++;
	return i > at + 3 && status_at(s, i, status) > 0 ? i : 0;
}

static enum rank
code_rank(struct span s, size_t at)
{
	struct dsn_status status;
	char before = at > 0 ? s.ptr[at - 1] : ' ';
	char behind = char_at(s, at + 3);
	bool common; /* the second digit is one of RFC 5321's */

	if (at + 3 > s.len || (s.ptr[at] != '4' && s.ptr[at] != '5') || !is_digit(s.ptr[at + 1]) ||
	    !is_digit(s.ptr[at + 2]) || is_word(before) || before == '.' || before == '-' ||
	    before == '@' || before == '/' || before == '=' || is_word(behind) || behind == '@' ||
	    behind == '/' || behind == '%' || (behind == '.' && is_digit(char_at(s, at + 4))))
		return RANK_NONE;
	common = s.ptr[at + 1] <= '5';
	if (is_said(s, at))
		return RANK_SAID;
	if (status_behind(s, at, &status) > 0)
		return begins_line(s, at) ? RANK_SAID : RANK_LINE;
	if (begins_line(s, at) && (behind == '-' || behind == ':' || behind <= ' '))
		return RANK_LINE;
	if (!common)
		return RANK_NONE;
	if (at >= 2 && before == ' ' && (s.ptr[at - 2] == ':' || s.ptr[at - 2] == ';'))
		return RANK_COLON;
	if (before == ':' || before == ';')
		return RANK_COLON;
	/* Cisco's "5.3.0 - Other mail system problem 554-'no'" */
	if (before == ' ' && behind == '-' && char_at(s, at + 4) == '\'')
		return RANK_COLON;
	return is_announced(s, at) ? RANK_ANNOUNCED : RANK_NONE;
}

static struct dsn_status
find_status(struct span s)
{
	struct dsn_status found = { 0 }, status;

	for (size_t i = 0; i < s.len; i++) {
		char before = i > 0 ? s.ptr[i - 1] : ' ';
		size_t len;

		if (is_word(before) || before == '.' || before == '-' || before == '/' ||
		    before == '@')
			continue;
		len = status_at(s, i, &status);
		if (len == 0)
			continue;
		if (before == '#')
			return status;
		if (found.class == 0 && status.class != 2 && status.subject <= SUBJECT_MAX)
			found = status;
		i += len - 1;
	}
	return found;
}

/* The surest reply of a text; *behind is the offset of what follows it. */
static struct dsn
find_reply(struct span text, size_t *behind)
{
	struct dsn dsn = { 0 };
	enum rank best = RANK_NONE;
	size_t at = 0;

	for (size_t i = 0; i + 3 <= text.len && best != RANK_SAID; i++) {
		enum rank rank = code_rank(text, i);

		if (rank > best) {
			best = rank;
			at = i;
		}
	}
	*behind = text.len;
	if (best != RANK_NONE) {
		dsn.code = (unsigned short)dsn_parse_code(span_make(text.ptr + at, 3));
		*behind = at + 3;
		if (status_behind(text, at, &dsn.status) > 0)
			return dsn;
		dsn.status = (struct dsn_status){ 0 };
	}
	dsn.status = find_status(text);
	return dsn;
}

bool
dsn_status_is_expiry(struct dsn_status status)
{
	return status.subject == 4 && status.detail == 7;
}

struct dsn
dsn_find(struct span text)
{
	size_t behind;
	struct dsn dsn, quoted;

	if (text.len > FIND_MAX)
		text.len = FIND_MAX;
	dsn = find_reply(text, &behind);
	if (!dsn_status_is_expiry(dsn.status) || behind >= text.len)
		return dsn;
	quoted = find_reply(span_from(text, behind), &behind);
	return quoted.code != 0 && quoted.status.class != 0 ? quoted : dsn;
}
