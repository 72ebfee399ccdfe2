#include "test_ctl.h"

static const char conf[] = "state_dir = \"FOLDER\"; bounce_rules = \"bounce-rules.conf\";\n";

static const char rules[] =
    "provider = ( { name = \"example\"; type = \"hard\"; reason = \"user_unknown\";\n"
    "  match = \"no such\"; remote = \"*.example\"; sample = \"no such\"; sample_remote = "
    "\"mx.example\"; } );\n"
    "status_text = ( { name = \"policy\"; type = \"soft\"; reason = \"refused\";\n"
    "  match = \"user\"; status = \"5.7.*\"; sample = \"5.7.1 user\"; } );\n"
    "text = ( { name = \"unknown\"; type = \"hard\"; reason = \"user_unknown\";\n"
    "  match = \"user unknown|no such user\"; sample = \"User unknown\"; },\n"
    "  { name = \"user\"; type = \"soft\"; reason = \"user_unknown\"; match = \"user\";\n"
    "    sample = \"user\"; } );\n"
    "code = ( );\n";

#define FROM "From: MAILER-DAEMON@mx.test\nSubject: Undelivered Mail Returned to Sender\n\n"
#define SAID                                                                                 \
	"This is the mail system at host mx.test.\n\n<u@d.test>: host mx.d.test[192.0.2.1] " \
	"said: 550\n    No such user\n"

static const struct row {
	const char *label, *line, *message;
	int rc;
	const char *has[6];
} rows[] = {
	{ "a notice", "-c mxpace.conf bounce test", FROM SAID, CTL_DONE,
	    { "  Kind              ndr\n  Format            postfix\n",
		"  u@d.test  hard  user_unknown",
		"  decided  unknown     5  hard  user_unknown  No such user  -\n",
		"  also     user        7  soft  user_unknown  user          -\n",
		"  close    example     1  hard  user_unknown  No such       another host\n",
		"  close    policy      3  soft  refused       user          another status\n" } },
	{ "in JSON", "-c mxpace.conf --json bounce test -", FROM SAID, CTL_DONE,
	    { "{\"file\":\"-\",\"kind\":\"ndr\",\"format\":\"postfix\",",
		"\"recipients\":[{\"address\":\"u@d.test\",\"type\":\"hard\"",
		"\"diagnostic\":\"host mx.d.test[192.0.2.1] said: 550 No such user\"",
		"{\"address\":\"u@d.test\",\"part\":\"decided\",\"rule\":\"unknown\",\"file\":\"bounce-"
		"rules.conf\",\"line\":5,\"type\":\"hard\",\"reason\":\"user_unknown\",\"found\":\"No "
		"such user\",\"missing\":\"\"}" } },
	{ "a text nobody knows", "-c mxpace.conf bounce test",
	    FROM "This is the mail system at host mx.test.\n\n<u@d.test>: odd\n", CTL_DONE,
	    { "  u@d.test  ignored  undefined", "No rule knows it, and none came close." } },
	{ "ordinary mail", "-c mxpace.conf bounce test",
	    "From: a@b.test\nSubject: Lunch?\n\nAt one.\n", CTL_DONE,
	    { "  Kind              none\n", "It names no recipient." } },
	{ "by its VERP address", "-c mxpace.conf bounce test --recipient news+u=d.test@l.test",
	    FROM "Sorry: 550 5.1.1\n", CTL_DONE, { "  u@d.test " } },
	{ "a file", "-c mxpace.conf bounce test message", "", CTL_DONE,
	    { "  File              message\n  Kind              ndr\n" } },
	{ "no file", "-c mxpace.conf bounce test nosuch", "", CTL_NO, { NULL } },
};

static void
shows(void **state)
{
	const struct row *row = *state;
	struct done done = run(row->line, row->message);

	assert_int_equal(done.rc, row->rc);
	for (size_t i = 0; i < COUNT(row->has) && row->has[i] != NULL; i++)
		if (strstr(done.stream, row->has[i]) == NULL) {
			print_message("%s\nnot in:\n%s", row->has[i], done.stream);
			fail();
		}
	if (row->rc == CTL_NO)
		assert_non_null(strstr(done.errors, "mxctl: nosuch: No such file"));
	free_done(&done);
}

int
main(void)
{
	static const char *const files[] = { "mxpace.conf", "bounce-rules.conf", "message" };
	struct check_list list = { 0 };
	int rc;

	make_folder();
	write_file(files[0], conf);
	write_file(files[1], rules);
	write_file(files[2], FROM SAID);
	CHECK_ROWS(&list, shows, rows);
	rc = check_run(&list, "ctl_bounce");
	for (size_t i = 0; i < COUNT(files); i++)
		remove_file(files[i]);
	remove_folder();
	return rc;
}
