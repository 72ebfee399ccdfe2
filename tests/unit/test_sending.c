#include "check.h"
#include "sending.h"

#include <arpa/inet.h>

static const struct row {
	const char *label, *conf, *want; /* NULL: an address of this host */
} rows[] = {
	{ "the only one", "sending_ips = ( { name = \"198.51.100.7\"; bind4 = \"10.0.0.5\"; } );",
	    "198.51.100.7" },
	{ "the first of two", "sending_ips = ( { name = \"a\"; }, { name = \"b\"; } );", "a" },
	{ "the first that exists on this node",
	    "node = \"mta2\"; sending_ips = ( { name = \"a\"; nodes = [ \"mta1\" ]; },"
	    " { name = \"b\"; nodes = [ \"mta3\", \"mta2\" ]; }, { name = \"c\"; } );",
	    "b" },
	{ "one of every node behind one of another",
	    "node = \"mta9\"; sending_ips = ( { name = \"a\"; nodes = [ \"mta1\" ]; },"
	    " { name = \"c\"; } );",
	    "c" },
	{ "none on this node: its own address",
	    "node = \"mta9\"; sending_ips = ( { name = \"a\"; nodes = [ \"mta1\" ]; } );", NULL },
	{ "none at all: its own address", "", NULL },
};

static void
names(void **state)
{
	const struct row *row = *state;
	struct conf_errors errors = { 0 };
	struct settings *settings = settings_parse(row->conf, "test", &errors);
	char name[SENDING_IP_SIZE], again[SENDING_IP_SIZE];
	unsigned char raw[16];

	assert_non_null(settings);
	memset(name, 'x', sizeof(name));
	sending_ip_name(settings, name);
	if (row->want != NULL) {
		assert_string_equal(name, row->want);
	} else {
		assert_true(
		    inet_pton(AF_INET, name, raw) == 1 || inet_pton(AF_INET6, name, raw) == 1);
		sending_ip_name(settings, again);
		assert_string_equal(again, name);
	}
	settings_release(&settings);
	conf_errors_free(&errors);
}

/* One that does not fit is cut, not written beyond. */
static void
cuts_a_long_name(void **state)
{
	char conf[256], name[SENDING_IP_SIZE + 1], want[101];
	struct conf_errors errors = { 0 };
	struct settings *settings;

	(void)state;
	memset(want, 'n', 100);
	want[100] = '\0';
	snprintf(conf, sizeof(conf), "sending_ips = ( { name = \"%s\"; } );", want);
	settings = settings_parse(conf, "test", &errors);
	assert_non_null(settings);
	name[SENDING_IP_SIZE] = 'x';
	sending_ip_name(settings, name);
	assert_int_equal(name[SENDING_IP_SIZE], 'x');
	assert_int_equal(strlen(name), SENDING_IP_SIZE - 1);
	assert_int_equal(strncmp(name, want, SENDING_IP_SIZE - 1), 0);
	settings_release(&settings);
	conf_errors_free(&errors);
}

/* -- one by one, and pools --------------------------------------------------------------------- */

static struct settings *
parsed(const char *conf)
{
	struct conf_errors errors = { 0 };
	struct settings *settings = settings_parse(conf, "test", &errors);

	if (settings == NULL)
		fail_msg("%s", str_text(&errors.lines));
	conf_errors_free(&errors);
	return settings;
}

static const struct get_row {
	const char *label, *conf;
	size_t number, count;
	const char *name, *bind4, *bind6; /* name NULL: not here */
} get_rows[] = {
	{ "none configured", "", 1, 1, "own", "", "" },
	{ "none configured, no other", "", 2, 1, NULL, NULL, NULL },
	{ "number nought", "", 0, 1, NULL, NULL, NULL },
	{ "the first",
	    "sending_ips = ( { name = \"a\"; bind4 = \"10.0.0.5\"; }, { name = \"b\"; } );", 1, 2,
	    "a", "10.0.0.5", "" },
	{ "the second",
	    "sending_ips = ( { name = \"a\"; }, { name = \"b\"; bind6 = \"2001:db8::5\"; } );", 2,
	    2, "b", "", "2001:db8::5" },
	{ "beyond the last", "sending_ips = ( { name = \"a\"; }, { name = \"b\"; } );", 3, 2, NULL,
	    NULL, NULL },
	{ "of another node",
	    "node = \"mta2\"; sending_ips = ( { name = \"a\"; nodes = \"mta1\"; },"
	    " { name = \"b\"; } );",
	    1, 2, NULL, NULL, NULL },
	{ "numbered as on every node",
	    "node = \"mta2\"; sending_ips = ( { name = \"a\"; nodes = \"mta1\"; },"
	    " { name = \"b\"; nodes = \"mta2\"; } );",
	    2, 2, "b", "", "" },
	{ "none of them here",
	    "node = \"mta9\"; sending_ips = ( { name = \"a\"; nodes = \"mta1\"; } );", 1, 1, NULL,
	    NULL, NULL },
};

static void
gets(void **state)
{
	const struct get_row *row = *state;
	struct settings *settings = parsed(row->conf);
	struct sending sending;

	assert_int_equal(sending_count(settings), row->count);
	assert_int_equal(sending_get(settings, "own", row->number, &sending), row->name != NULL);
	if (row->name != NULL) {
		assert_int_equal(sending.number, row->number);
		assert_string_equal(sending.name, row->name);
		assert_string_equal(sending.bind4, row->bind4);
		assert_string_equal(sending.bind6, row->bind6);
	}
	settings_release(&settings);
}

static const struct pool_row {
	const char *label, *sender, *pool; /* NULL: none */
	bool has_a, has_b;
} pool_rows[] = {
	{ "a mask of its own", "x@news.test", "news", false, true },
	{ "in other letters", "X@NEWS.Test", "news", false, true },
	{ "the second mask", "letter@b.test", "news", false, true },
	{ "the first pool that matches", "boss@news.test", "first", true, false },
	{ "the null sender", "", "bounces", true, true },
	{ "the null sender as Postfix writes it", "<>", "bounces", true, true },
	{ "none", "x@other.test", NULL, true, true },
	{ "part of a mask", "letter@b.test.example", NULL, true, true },
};

static void
pools(void **state)
{
	const struct pool_row *row = *state;
	struct settings *settings = parsed(
	    "sending_ips = ( { name = \"a\"; }, { name = \"b\"; } );"
	    "pools = ( { name = \"first\"; senders = \"boss@*\"; ips = \"a\"; },"
	    " { name = \"news\"; senders = [ \"*@news.test\", \"letter@b.test\" ]; ips = \"b\"; },"
	    " { name = \"bounces\"; senders = \"<>\"; ips = [ \"b\", \"a\" ]; } );");
	const struct pool *pool = sending_pool(settings, row->sender);

	if (row->pool == NULL)
		assert_null(pool);
	else
		assert_string_equal(pool->name, row->pool);
	assert_int_equal(sending_pool_has(pool, "a"), row->has_a);
	assert_int_equal(sending_pool_has(pool, "b"), row->has_b);
	settings_release(&settings);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, names, rows);
	CHECK(&list, cuts_a_long_name);
	CHECK_ROWS(&list, gets, get_rows);
	CHECK_ROWS(&list, pools, pool_rows);
	return check_run(&list, "sending");
}
