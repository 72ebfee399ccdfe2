/* sending_bind: sending IPs as services and sockets show them. */
#include "check.h"

#include "conf.h"
#include "sending_bind.h"
#include "settings.h"

static struct settings *settings;

static void
read_settings(const char *ips)
{
	struct conf_errors errors = { 0 };
	char text[1024];

	snprintf(text, sizeof(text), "node = \"mta1\"; %s", ips);
	settings = settings_parse(text, "test", &errors);
	if (settings == NULL)
		fail_msg("%s", str_text(&errors.lines));
	conf_errors_free(&errors);
}

#define TWO                                                                     \
	"sending_ips = ( { name = \"198.51.100.7\"; bind4 = \"10.0.0.7\"; },\n" \
	"  { name = \"198.51.100.8\"; bind4 = \"10.0.0.8\"; bind6 = \"2001:db8::8\"; } );"
#define UNBOUND "sending_ips = ( { name = \"198.51.100.7\"; } );"
#define ANOTHERS \
	"sending_ips = ( { name = \"198.51.100.7\"; bind4 = \"10.0.0.7\"; nodes = [ \"mta2\" ]; } );"

static const struct service_row {
	const char *label, *ips, *service, *name, *bind4, *bind6;
} service_rows[] = {
	{ "the first", TWO, "mxp-google-1", "198.51.100.7", "10.0.0.7", "" },
	{ "the second", TWO, "mxp-google-2", "198.51.100.8", "10.0.0.8", "2001:db8::8" },
	{ "a number that is gone", TWO, "mxp-google-3", "node", "", "" },
	{ "a service of the site's", TWO, "smtp", "node", "", "" },
	{ "no service", TWO, "", "node", "", "" },
	{ "bound to nothing", UNBOUND, "mxp-google-1", "198.51.100.7", "", "" },
	{ "another node's", ANOTHERS, "mxp-google-1", "node", "", "" },
	{ "none configured", "", "mxp-google-1", "node", "", "" },
};

static void
check_bind(const struct sockets_address *bind, const char *text)
{
	char buf[SOCKETS_ADDRESS_SIZE];

	assert_string_equal(bind->family == 0 ? "" : sockets_address_format(bind, buf), text);
}

static void
knows_the_service(void **state)
{
	const struct service_row *row = *state;
	struct sending_bind bind;

	memset(&bind, 'x', sizeof(bind));
	read_settings(row->ips);
	sending_bind_of_service(settings, "node", span_of(row->service), &bind);
	assert_string_equal(bind.name, row->name);
	check_bind(&bind.bind[0], row->bind4);
	check_bind(&bind.bind[1], row->bind6);
	settings_release(&settings);
}

static const struct address_row {
	const char *label, *ips, *local, *name; /* name NULL: nobody's */
} address_rows[] = {
	{ "the first", TWO, "10.0.0.7", "198.51.100.7" },
	{ "the second", TWO, "10.0.0.8", "198.51.100.8" },
	{ "the second, IPv6", TWO, "2001:db8::8", "198.51.100.8" },
	{ "nobody's", TWO, "10.0.0.9", NULL },
	{ "any is", UNBOUND, "10.0.0.9", "198.51.100.7" },
	{ "bound before any", TWO, "10.0.0.8", "198.51.100.8" },
	{ "another node's", ANOTHERS, "10.0.0.7", NULL },
	{ "the node's one", "", "10.0.0.9", "node" },
};

static void
knows_the_address(void **state)
{
	const struct address_row *row = *state;
	struct sockets_address local;
	struct sending_bind bind;

	read_settings(row->ips);
	assert_true(sockets_address_parse(row->local, &local));
	assert_int_equal(sending_bind_of_address(settings, "node", &local, &bind),
	    row->name != NULL);
	if (row->name != NULL)
		assert_string_equal(bind.name, row->name);
	settings_release(&settings);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, knows_the_service, service_rows);
	CHECK_ROWS(&list, knows_the_address, address_rows);
	return check_run(&list, "sending_bind");
}
