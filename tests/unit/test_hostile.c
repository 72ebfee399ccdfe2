/* hostile: every sample message cut, with bytes changed, lines out of order and other line ends;
 * and long ones made of what is slow or large to read. Whatever comes in, the report keeps its
 * promises within its memory, and the line ends make no difference. */
#include <dirent.h>

#include "bounce_rules.h"
#include "check.h"
#include "classify.h"
#include "ndr.h"
#include "promises.h"

enum { CUTS = 100, SEEDS = 4, LONG = 1024 * 1024 };

static struct bounce_rules *rules;

static void
load_rules(void **state)
{
	struct conf_errors errors = { 0 };

	(void)state;
	rules = bounce_rules_load("conf/bounce-rules.conf", NULL, &errors);
	if (rules == NULL)
		fail_msg("%s", str_text(&errors.lines));
	conf_errors_free(&errors);
}

static void
free_rules(void **state)
{
	(void)state;
	bounce_rules_free(&rules);
}

/* Numbers that are the same in each run. */
static unsigned
next_number(unsigned *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* Its JSON in out; fails if a promise is broken. */
static void
read_message(struct span message, const char *label, struct str *out)
{
	static const char *const headers[] = { "X-Campaign", "List-Id", "X-Account" };
	struct conf_strings names = { (const char **)(uintptr_t)headers, 3 };
	struct ndr_options options = { "", &names, &names, &names };
	char *copy = malloc(message.len + 1); /* so that ASan sees a byte read beyond */
	struct report report;
	struct arena arena;
	const char *broken;

	if (message.len > 0)
		memcpy(copy, message.ptr, message.len);
	arena_init(&arena);
	ndr_read(&arena, span_make(copy, message.len), &options, &report);
	classify_report(rules, &report);
	broken = promises_broken(&report);
	if (broken == NULL && arena_size(&arena) > promises_memory(message.len))
		broken = "memory";
	if (broken != NULL)
		fail_msg("%s: %s", label, broken);
	str_empty(out);
	report_json(&report, out);
	arena_clear(&arena);
	free(copy);
}

static void
cut(struct span message, const char *label)
{
	struct str json = { 0 };

	for (size_t i = 0; i < CUTS; i++)
		read_message(span_make(message.ptr, message.len * i / CUTS), label, &json);
	str_free(&json);
}

static void
change_bytes(struct span message, const char *label)
{
	struct str changed = { 0 }, json = { 0 };

	for (unsigned seed = 0; seed < SEEDS; seed++)
		for (size_t share = 10; share <= 1000 && message.len > 0; share *= 10) {
			unsigned at = seed;

			str_empty(&changed);
			str_add_span(&changed, message);
			for (size_t i = 0; i <= message.len / share; i++) {
				size_t place = next_number(&at) % message.len;

				changed.data[place] = (char)next_number(&at);
			}
			read_message(span_make(changed.data, changed.len), label, &json);
		}
	str_free(&changed);
	str_free(&json);
}

/* Lines left out and doubled. */
static void
change_lines(struct span message, const char *label)
{
	struct str changed = { 0 }, json = { 0 };

	for (unsigned seed = 0; seed < SEEDS; seed++) {
		struct span rest = message, line;
		unsigned at = seed;

		str_empty(&changed);
		while (span_line(&rest, &line)) {
			unsigned fate = next_number(&at) % 16;

			for (unsigned i = 0; i < (fate == 0 ? 0u : fate == 1 ? 2u : 1u); i++) {
				str_add_span(&changed, line);
				str_addc(&changed, '\n');
			}
		}
		read_message(span_make(str_text(&changed), changed.len), label, &json);
	}
	str_free(&changed);
	str_free(&json);
}

static void
change_line_ends(struct span message, const char *label)
{
	static const char *const ends[] = { "\n", "\r\n", "\r", "\r\r\n" };
	struct str changed = { 0 }, json = { 0 }, first = { 0 };

	for (size_t i = 0; i <= COUNT(ends); i++) {
		struct span rest = message, line;
		unsigned at = 0;

		str_empty(&changed);
		while (span_line(&rest, &line)) {
			bool mixed = i == COUNT(ends); /* CRs alone would merge with an LF */

			str_add_span(&changed, line);
			str_adds(&changed, mixed ? ends[next_number(&at) % 2] : ends[i]);
		}
		read_message(span_make(str_text(&changed), changed.len), label,
		    i == 0 ? &first : &json);
		if (i > 0 && strcmp(str_text(&first), str_text(&json)) != 0)
			fail_msg("%s: %s != %s", label, str_text(&json), str_text(&first));
	}
	str_free(&changed);
	str_free(&first);
	str_free(&json);
}

static void
of_every_sample(void (*change)(struct span message, const char *label))
{
	struct dirent **entries;
	int n = scandir("tests/messages", &entries, NULL, alphasort);
	unsigned samples = 0;

	for (int i = 0; i < n; i++) {
		char path[4096];
		struct str message = { 0 };
		FILE *file;
		int c;

		snprintf(path, sizeof(path), "tests/messages/%s", entries[i]->d_name);
		free(entries[i]);
		if (strstr(path, ".eml") == NULL)
			continue;
		file = fopen(path, "rb");
		assert_non_null(file);
		while ((c = getc(file)) != EOF)
			str_addc(&message, (char)c);
		fclose(file);
		change(span_make(str_text(&message), message.len), path);
		str_free(&message);
		samples++;
	}
	if (n >= 0)
		free(entries);
	assert_true(samples > 10);
}

static void
samples_cut(void **state)
{
	(void)state;
	of_every_sample(cut);
}

static void
samples_with_other_bytes(void **state)
{
	(void)state;
	of_every_sample(change_bytes);
}

static void
samples_with_other_lines(void **state)
{
	(void)state;
	of_every_sample(change_lines);
}

static void
samples_with_other_line_ends(void **state)
{
	(void)state;
	of_every_sample(change_line_ends);
}

#define DAEMON "From: MAILER-DAEMON@mx.test\nSubject: Undelivered Mail\n"
#define HTML   DAEMON "Content-Type: text/html\n\n"
#define MIXED  DAEMON "Content-Type: multipart/mixed; boundary=b\n\n"
#define STATUS                                                                                    \
	DAEMON "Content-Type: multipart/report; boundary=b\n\n--b\n\nfailed\n--b\nContent-Type: " \
	       "message/delivery-status\n\n"
#define BASE64_PART "--b\nContent-Transfer-Encoding: base64\n\nICAgICAgICAgICAgICAgICAg\n"

static const struct long_row {
	const char *label, *head, *unit;
} long_rows[] = {
	{ "one line", DAEMON "\n", "a" },
	{ "empty lines", DAEMON "\n", "\n" },
	{ "CRs", "", "\r" },
	{ "NULs and bytes beyond ASCII", DAEMON "\n", "\xff\xfe\x80" },
	{ "a header that does not end", DAEMON, "X-Filler: a\n" },
	{ "a header of one line", DAEMON "X-Filler: ", "a" },
	{ "a header of one folded line", DAEMON "X-Filler: a", "\n a" },
	{ "a header of no field", DAEMON, "a b\n" },
	{ "mailbox lines", "", "From a\n" },
	{ "encoded words", "From: MAILER-DAEMON\nSubject: ", "=?utf-8?Q?a?= " },
	{ "starts of encoded words", "From: MAILER-DAEMON\nSubject: ", "=?" },
	{ "parameters", DAEMON "Content-Type: multipart/mixed; ", "boundary*0*=''a;" },
	{ "tags", HTML, "<a>" },
	{ "starts of tags", HTML, "<" },
	{ "ends of tags", HTML, ">" },
	{ "styles", HTML, "<style" },
	{ "comments", HTML, "<!--" },
	{ "references", HTML, "&lt" },
	{ "boundaries", MIXED, "--b\n" },
	{ "longer boundaries", MIXED, "--bc\n" },
	{ "multiparts within multiparts", "",
	    "Content-Type: multipart/mixed; boundary=b\n\n--b\n" },
	{ "blank parts in base64", MIXED, BASE64_PART },
	{ "a large text in base64", DAEMON "Content-Transfer-Encoding: base64\n\n", "gYKDhIWG" },
	{ "a large text in quoted-printable",
	    DAEMON "Content-Transfer-Encoding: quoted-printable\n\n", "=" },
	{ "a text of a wrong charset", DAEMON "Content-Type: text/plain; charset=euc-kr\n\n",
	    "\x80\xfe" },
	{ "addresses", DAEMON "\n", "<a@b.test>: 550 5.1.1 no\n" },
	{ "at signs", DAEMON "\n", "@" },
	{ "quoted at signs", DAEMON "\n", "\"@" },
	{ "replies", DAEMON "\n", "<<< 550 <a@b.test> no\n" },
	{ "codes", DAEMON "\n", "550 5.1.1 " },
	{ "failed recipients", DAEMON "X-Failed-Recipients: ", "a@b.test, " },
	{ "delivery status of one recipient", STATUS,
	    "Final-Recipient: rfc822; a@b.test\nAction: failed\nStatus: 5.1.1\n\n" },
	{ "delivery status of nobody", STATUS, "Final-Recipient: |\n" },
	{ "escapes", STATUS "Final-Recipient: rfc822; ", "\\x{41}" },
	{ "a diagnostic", STATUS "Final-Recipient: rfc822; a@b.test\nDiagnostic-Code: smtp; ",
	    "550 5.1.1 <a@b.test> host a said: " },
	{ "JSON", DAEMON "\n", "{\"a\":[" },
};

static void
long_messages(void **state)
{
	const struct long_row *row = *state;
	struct str message = { 0 }, json = { 0 };

	str_adds(&message, row->head);
	while (message.len < LONG)
		str_adds(&message, row->unit);
	read_message(span_make(message.data, message.len), row->label, &json);
	assert_true(json.len > 0);
	str_free(&message);
	str_free(&json);
}

/* More different recipients than a report holds, in each way to name them. */
static const struct many_row {
	const char *label, *head, *before, *behind;
} many_rows[] = {
	{ "in a text", DAEMON "\n", "<u", "@b.test>: 550 5.1.1 no\n" },
	{ "in delivery status", STATUS, "Final-Recipient: rfc822; u",
	    "@b.test\nStatus: 5.1.1\n\n" },
	{ "in a field", DAEMON "X-Failed-Recipients: ", "u", "@b.test, " },
	{ "in a feedback report",
	    MIXED "--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n",
	    "Original-Rcpt-To: u", "@b.test\n" },
};

static void
many_recipients(void **state)
{
	const struct many_row *row = *state;
	struct str message = { 0 }, json = { 0 };

	str_adds(&message, row->head);
	for (unsigned i = 0; i < 2 * REPORT_RECIPIENTS_MAX; i++)
		str_addf(&message, "%s%u%s", row->before, i, row->behind);
	read_message(span_make(message.data, message.len), row->label, &json);
	assert_non_null(strstr(str_text(&json), "\"u0@b.test\""));
	str_free(&message);
	str_free(&json);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK(&list, load_rules);
	CHECK(&list, samples_cut);
	CHECK(&list, samples_with_other_bytes);
	CHECK(&list, samples_with_other_lines);
	CHECK(&list, samples_with_other_line_ends);
	CHECK_ROWS(&list, long_messages, long_rows);
	CHECK_ROWS(&list, many_recipients, many_rows);
	CHECK(&list, free_rules);
	return check_run(&list, "hostile");
}
