/* postfix_check: what of main.cf and master.cf has to be as setup would write it. */
#include "check.h"
#include "postfix_check.h"

#define OURS                                                     \
	"# mxpace: what mxctl postfix setup wrote\n"             \
	"transport_maps = socketmap:unix:mxpace/map:transport\n" \
	"    hash:/etc/postfix/transport\n"                      \
	"smtp_connection_cache_on_demand = no\n"
#define SERVICES \
	"mxp-a unix - - n - 9 smtp\n  -o x=1\n  -o y=2\nmxp-b unix - - n - 9 smtp\n  -o x=2\n"

static const struct row {
	const char *label, *main, *master;
	bool fits;
	const char *mistake;
} rows[] = {
	{ "as setup wrote it", OURS, SERVICES, true, NULL },
	{ "postconf -e added a line behind ours", OURS "biff = no\n", SERVICES, true, NULL },
	{ "our heading is gone",
	    "transport_maps = socketmap:unix:mxpace/map:transport\n"
	    "    hash:/etc/postfix/transport\nsmtp_connection_cache_on_demand = no\n",
	    SERVICES, true, NULL },
	{ "a comment within a value",
	    "smtp_connection_cache_on_demand = no\n"
	    "transport_maps = socketmap:unix:mxpace/map:transport\n# here\n"
	    "\thash:/etc/postfix/transport\n",
	    SERVICES, true, NULL },
	{ "services in another order", OURS,
	    "mxp-b unix - - n - 9 smtp\n  -o x=2\nmxp-a unix - - n - 9 smtp\n  -o x=1\n  -o y=2\n",
	    true, NULL },
	{ "an option went to another service", OURS,
	    "mxp-a unix - - n - 9 smtp\n  -o x=1\nmxp-b unix - - n - 9 smtp\n  -o x=2\n  -o y=2\n",
	    false, NULL },
	{ "options changed places", OURS,
	    "mxp-a unix - - n - 9 smtp\n  -o x=2\n  -o y=2\nmxp-b unix - - n - 9 smtp\n  -o x=1\n",
	    false, NULL },
	{ "a value is another", "transport_maps = hash:/etc/postfix/transport\n", SERVICES, false,
	    NULL },
	{ "a line is missing", "smtp_connection_cache_on_demand = no\n", SERVICES, false, NULL },
	{ "a line is there twice", OURS "smtp_connection_cache_on_demand = no\n", SERVICES, false,
	    NULL },
	{ "a service is missing", OURS, "mxp-b unix - - n - 9 smtp\n  -o x=2\n", false, NULL },
	{ "timers of the operator's", OURS "queue_run_delay = 9s\n", SERVICES, true, NULL },
	{ "only what is called so is a timer", OURS "queue_run_delay_of_mine = 9s\n", SERVICES,
	    false, NULL },
	{ "a mistake in the plan", OURS, SERVICES, false, "no transport for it" },
	{ "nothing at all", "", "", false, NULL },
};

static void
fits(void **state)
{
	const struct row *row = *state;
	struct postfix_draft draft = { 0 };

	/* The line that was added by hand is in what setup would write, too. */
	str_adds(&draft.now.text[POSTFIX_MAIN], row->main);
	str_adds(&draft.now.text[POSTFIX_MASTER], row->master);
	str_adds(&draft.next.text[POSTFIX_MAIN],
	    strstr(row->main, "biff") != NULL ? "biff = no\n" OURS : OURS);
	str_adds(&draft.next.text[POSTFIX_MASTER], SERVICES);
	if (row->mistake != NULL)
		postfix_words_add(&draft.arena, &draft.plan.mistakes, row->mistake);
	assert_int_equal(postfix_check_fits(&draft), row->fits);
	postfix_draft_free(&draft);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, fits, rows);
	return check_run(&list, "postfix_check");
}
