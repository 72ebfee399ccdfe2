/* The map of sender_canonical_maps. */
#include "returnpath.h"

#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "settings.h"
#include "verp_keys.h"

#define SIG  "jle5eloz44" /* of ann@example.org */
#define SSIG "jlvo2hi4x6" /* of news@bounces.test */

static const struct row {
	const char *label, *sender, *want; /* NULL: not found */
} rows[] = {
	{ "a sender", "news@bounces.test", "news-" SSIG "@bounces.test" },
	{ "in capitals", "News@Bounces.TEST", "news-" SSIG "@bounces.test" },
	{ "a sender with VERP", "news+ann=example.org@bounces.test",
	    "news-" SSIG "+ann=example.org@bounces.test" },
	{ "a sender with a tag", "news+newsletter@bounces.test",
	    "news-" SSIG "+newsletter@bounces.test" },
	{ "a mask's domain", "news@eu.bounces.test", "news-jllsavtd66@eu.bounces.test" },
	{ "signed already", "news-" SSIG "@bounces.test", NULL },
	{ "signed already, XVERP", "news-" SSIG "+ann=example.org@bounces.test", NULL },
	{ "signed for a recipient: itself", "news+ann=example.org+" SIG "@bounces.test",
	    "news+ann=example.org+" SIG "@bounces.test" },
	{ "signed falsely", "news-aaaaaaaaaa@bounces.test",
	    "news-aaaaaaaaaa-jls6zj55yo@bounces.test" },
	{ "the null sender", "", NULL },
	{ "the null sender's other form", "<>", NULL },
	{ "the domain alone", "@bounces.test", NULL },
	{ "another domain", "news@example.org", NULL },
	{ "no domain", "news", NULL },
	{ "quoted", "\"a b\"@bounces.test", NULL },
	{ "beyond ASCII", "n\xc3\xa9ws@bounces.test", NULL },
	{ "as long as it may be",
	    "a2345678901234567890123456789012345678901234567890123@bounces.test",
	    "a2345678901234567890123456789012345678901234567890123-jl3jcy4yno@bounces.test" },
	{ "a byte longer", "a23456789012345678901234567890123456789012345678901234@bounces.test",
	    NULL },
};

static void
answers(void **state)
{
	const struct row *row = *state;
	struct conf_errors errors = { 0 };
	struct settings *settings =
	    settings_parse("return_path_keys = [ \"k\" ];"
			   "return_path_domains = [ \"bounces.test\", \"*.bounces.test\" ];",
		"test", &errors);
	struct verp_keys keys = { 0 };
	struct sockmap_reply reply;

	assert_non_null(settings);
	fill_keys(&keys, 2, 0);
	returnpath_answer(settings, &keys, span_of(row->sender), SIGNED_S, &reply);
	assert_int_equal(reply.answer, row->want != NULL ? ANSWER_OK : ANSWER_NOTFOUND);
	assert_string_equal(reply.text, row->want != NULL ? row->want : "");
	if (row->want != NULL && strstr(row->label, "sender") != NULL) { /* as pools see it */
		char plain[ADDR_SIZE];

		snprintf(plain, sizeof(plain), "%s", row->want);
		returnpath_unsign(settings, &keys, SIGNED_S + 40 * 86400, plain);
		assert_string_equal(plain, row->sender);
	}
	if (row->want != NULL) { /* Postfix asks again: it must end */
		struct span again = span_of(row->want);

		returnpath_answer(settings, &keys, again, SIGNED_S, &reply);
		assert_true(reply.answer == ANSWER_NOTFOUND || strcmp(reply.text, row->want) == 0);
	}
	settings_release(&settings);
}

/* -- keys -------------------------------------------------------------------------------------- */

#define KEY "000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f\n"

static const struct file_row {
	const char *label, *text; /* NULL: no such file */
	mode_t mode;
	const char *words; /* NULL: it is read */
} file_rows[] = {
	{ "a key", KEY, 0640, NULL },
	{ "the owner's alone", KEY, 0600, NULL },
	{ "everybody's", KEY, 0644, "chmod 0640" },
	{ "no key", "secret\n", 0640, "not a key" },
	{ "empty", "", 0640, "not a key" },
	{ "not there", NULL, 0, "No such file" },
};

static void
loads_keys(void **state)
{
	const struct file_row *row = *state;
	char folder[] = "/tmp/mxpace-keys-XXXXXX", path[64];
	struct conf_errors errors = { 0 };
	struct settings *settings;
	struct verp_keys keys;
	struct err err = { "" };
	int rc;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/key", folder);
	if (row->text != NULL) {
		FILE *file = fopen(path, "w");

		assert_non_null(file);
		fputs(row->text, file);
		fclose(file);
		chmod(path, row->mode);
	}
	snprintf(path, sizeof(path), "%s/mxpace.conf", folder);
	settings = settings_parse("return_path_keys = \"key\";", path, &errors);
	assert_non_null(settings);
	rc = returnpath_load(settings, &keys, &err);
	assert_int_equal(rc, row->words == NULL ? 0 : -1);
	assert_int_equal(keys.count, row->words == NULL ? 1 : 0);
	if (row->words != NULL)
		assert_non_null(strstr(err.text, row->words));
	settings_release(&settings);
	snprintf(path, sizeof(path), "%s/key", folder);
	unlink(path);
	rmdir(folder);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, answers, rows);
	CHECK_ROWS(&list, loads_keys, file_rows);
	return check_run(&list, "returnpath");
}
