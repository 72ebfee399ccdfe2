/* sendmail(1) as scripts play it. */
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "sendmail.h"
#include "str.h"

static char folder[] = "/tmp/mxpace-sendmail-XXXXXX";
static char path[64], kept[64];

static void
script(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fprintf(file, "#!/bin/sh\n%s\n", text);
	fclose(file);
	assert_int_equal(chmod(path, 0700), 0);
}

static const struct run_row {
	const char *label, *script;
	enum sendmail want;
	const char *words; /* in the error */
} run_rows[] = {
	{ "takes it", "cat >/dev/null", SENDMAIL_TAKEN, "" },
	{ "takes it unread", "exit 0", SENDMAIL_TAKEN, "" },
	{ "whole, whatever becomes of us: a file",
	    "test -f /dev/stdin && sleep 0.1 && test $(wc -c) = 510000", SENDMAIL_TAKEN, "" },
	{ "later", "cat >/dev/null; echo queue full >&2; exit 75", SENDMAIL_LATER,
	    "ended with status 75: queue full" },
	{ "never", "cat >/dev/null; echo one; echo no such user >&2; exit 67", SENDMAIL_REFUSED,
	    "ended with status 67: no such user" },
	{ "unread and refused", "exit 1", SENDMAIL_REFUSED, "ended with status 1" },
	{ "killed", "kill -9 $$", SENDMAIL_LATER, "was ended by signal 9" },
	{ "too slow", "exec sleep 100", SENDMAIL_LATER, "took longer than 1 s" },
	{ "talks for ever", "exec yes", SENDMAIL_LATER, "took longer than 1 s" },
	{ "its child stays", "sleep 3 & exit 0", SENDMAIL_TAKEN, "" },
};

static void
runs(void **state)
{
	const struct run_row *row = *state;
	struct err err = { "" };
	struct str mail = { 0 };

	script(row->script);
	for (int i = 0; i < 30000; i++)
		str_adds(&mail, "a line of a mail\n");
	assert_int_equal(sendmail_run(path, "a@b.test", span_make(mail.data, mail.len), 1000, &err),
	    row->want);
	if (strstr(err.text, row->words) == NULL)
		fail_msg("%s", err.text);
	str_free(&mail);
}

static void
gives_mail_and_arguments_as_they_are(void **state)
{
	char got[200] = "";
	char text[200];
	FILE *file;
	size_t len;

	(void)state;
	snprintf(text, sizeof(text), "{ echo \"$#|$1|$2|$3|$4|$5\"; cat; } >%s", kept);
	script(text);
	assert_int_equal(
	    sendmail_run(path, "-oQ/tmp;`id`@b.test", SPAN("To: x\n\n.\nend\n"), 5000, NULL),
	    SENDMAIL_TAKEN);
	file = fopen(kept, "r");
	assert_non_null(file);
	len = fread(got, 1, sizeof(got) - 1, file);
	got[len] = '\0';
	fclose(file);
	assert_string_equal(got, "5|-i|-f|<>|--|-oQ/tmp;`id`@b.test\nTo: x\n\n.\nend\n");
}

static void
none_there(void **state)
{
	struct err err = { "" };

	(void)state;
	assert_int_equal(sendmail_run("/nonexistent/sendmail", "a@b.test", SPAN("x"), 1000, &err),
	    SENDMAIL_LATER);
	assert_non_null(strstr(err.text, "No such file"));
}

int
main(void)
{
	struct check_list list = { 0 };
	int failed;

	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/sendmail", folder);
	snprintf(kept, sizeof(kept), "%s/kept", folder);
	CHECK_ROWS(&list, runs, run_rows);
	CHECK(&list, gives_mail_and_arguments_as_they_are);
	CHECK(&list, none_there);
	failed = check_run(&list, "sendmail");
	unlink(path);
	unlink(kept);
	rmdir(folder);
	return failed;
}
