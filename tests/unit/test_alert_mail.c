/* A mail as sendmail(1) takes it. */
#include "alert_mail.h"
#include "check.h"

static char *
mail_of(const char *subject, const char *body)
{
	const struct alert_mail mail = { "mxpace@shop.test", "ann@shop.test", span_of(subject),
		span_of(body), SPAN("1795348800000-3"), 1795348800 };
	struct str out = { 0 };

	alert_mail_format(&mail, &out);
	return out.data;
}

static void
the_whole(void **state)
{
	char *got = mail_of("Account x is suspended", "Two\nlines\n");

	(void)state;
	assert_string_equal(got, "From: mxpace@shop.test\n"
				 "To: ann@shop.test\n"
				 "Subject: Account x is suspended\n"
				 "Date: Sun, 22 Nov 2026 12:00:00 +0000\n"
				 "Message-ID: <1795348800000-3@shop.test>\n"
				 "Auto-Submitted: auto-generated\n"
				 "Precedence: bulk\n"
				 "X-Auto-Response-Suppress: All\n"
				 "MIME-Version: 1.0\n"
				 "Content-Type: text/plain; charset=utf-8\n"
				 "Content-Transfer-Encoding: 7bit\n"
				 "\n"
				 "Two\nlines\n");
	free(got);
}

static const struct subject_row {
	const char *label, *subject, *want;
} subject_rows[] = {
	{ "UTF-8",
	    "Gr\xc3\xbc\xc3\x9f"
	    "e an x",
	    "Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe_an_x?=\nDate" },
	{ "looks encoded", "a =?x", "Subject: =?UTF-8?Q?a_=3D=3Fx?=\nDate" },
	{ "a line end", "a\nBcc: evil@x.test",
	    "Subject: =?UTF-8?Q?a=0ABcc=3A_evil=40x=2Etest?=\nDate" },
	{ "CR", "a\rb", "Subject: =?UTF-8?Q?a=0Db?=\nDate" },
	{ "no UTF-8 at all", "a\xff\xc3", "Subject: =?UTF-8?Q?a=FF=C3?=\nDate" },
	{ "long",
	    "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4z",
	    "Subject: =?UTF-8?Q?=C3=A4=C3=A4=C3=A4=C3=A4=C3=A4=C3=A4=C3=A4=C3=A4=C3=A4=C3=A4?=\n"
	    " =?UTF-8?Q?=C3=A4z?=\nDate" },
};

static void
subjects(void **state)
{
	const struct subject_row *row = *state;
	char *got = mail_of(row->subject, "x\n");

	if (strstr(got, row->want) == NULL)
		fail_msg("%s", got);
	free(got);
}

static void
a_long_subject_is_cut(void **state)
{
	char subject[1001];
	char *got;

	(void)state;
	memset(subject, 'x', 1000);
	subject[1000] = '\0';
	got = mail_of(subject, "x\n");
	assert_int_equal(strcspn(strstr(got, "Subject: "), "\n"), 9 + 200);
	free(got);
}

static const struct body_row {
	const char *label, *body, *want;
} body_rows[] = {
	{ "UTF-8", "\xc3\xbc = 1 \n", "quoted-printable\n\n=C3=BC =3D 1=20\n" },
	{ "a control character", "a\x01\n", "quoted-printable\n\na=01\n" },
	{ "dots and From stay", ".\nFrom x\n", "7bit\n\n.\nFrom x\n" },
};

static void
bodies(void **state)
{
	const struct body_row *row = *state;
	char *got = mail_of("x", row->body);

	if (strstr(got, row->want) == NULL)
		fail_msg("%s", got);
	free(got);
}

static void
long_lines_are_broken(void **state)
{
	char body[3001];
	char *got, *line;

	(void)state;
	memset(body, 'x', 3000);
	body[3000] = '\0';
	got = mail_of("x", body);
	for (line = strtok(got, "\n"); line != NULL; line = strtok(NULL, "\n"))
		assert_true(strlen(line) <= 76);
	free(got);
}

static const struct date_row {
	const char *label;
	int64_t at_s;
	const char *want;
} date_rows[] = {
	{ "the first", 0, "Date: Thu, 01 Jan 1970 00:00:00 +0000\n" },
	{ "a leap day", 1709209845, "Date: Thu, 29 Feb 2024 12:30:45 +0000\n" },
	{ "the last of a year", 1798761599, "Date: Thu, 31 Dec 2026 23:59:59 +0000\n" },
	{ "2000", 951868800, "Date: Wed, 01 Mar 2000 00:00:00 +0000\n" },
};

static void
dates(void **state)
{
	const struct date_row *row = *state;
	const struct alert_mail mail = { .from = "mxpace", .to = "a@b.test", .at_s = row->at_s };
	struct str out = { 0 };

	alert_mail_format(&mail, &out);
	if (strstr(out.data, row->want) == NULL)
		fail_msg("%s", out.data);
	str_free(&out);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK(&list, the_whole);
	CHECK_ROWS(&list, subjects, subject_rows);
	CHECK(&list, a_long_subject_is_cut);
	CHECK_ROWS(&list, bodies, body_rows);
	CHECK(&list, long_lines_are_broken);
	CHECK_ROWS(&list, dates, date_rows);
	return check_run(&list, "alert_mail");
}
