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

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, names, rows);
	CHECK(&list, cuts_a_long_name);
	return check_run(&list, "sending");
}
