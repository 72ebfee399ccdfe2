#include "html.h"
#include "check.h"
#include "str.h"

static const struct row {
	const char *label, *html, *want;
} rows[] = {
	{ "text", "a b", "a b" },
	{ "tags", "<i><b>a</b>", "  a " },
	{ "breaks", "a<br>b<p>c</p>", "a\nb\nc\n" },
	{ "style and script", "<style>x</style><script>y</script>a<!-- z -->", "  a " },
	{ "references", "&lt;a@b.test&gt;&nbsp;&amp;", "<a@b.test> &" },
	{ "numbers", "a&#64;b&#x40;c&#233;&#x3042;&#128512;",
	    "a@b@cé\xe3\x81\x82\xf0\x9f\x98\x80" },
	{ "no references", "&#; &#x; &#64 &#1114112; &#xd800; &x;",
	    "&#; &#x; &#64 &#1114112; &#xd800; &x;" },
	{ "no tags", "a < b <3 <a@b.test", "a < b <3 <a@b.test" },
	{ "cut off", "a<style>b", "a b" },
	{ "nothing", "", "" },
};

static void
reads(void **state)
{
	const struct row *row = *state;
	struct arena arena;
	struct span got;
	char *text;

	arena_init(&arena);
	got = html_text(&arena, span_of(row->html));
	assert_true(got.len <= strlen(row->html));
	text = strndup(got.ptr, got.len);
	assert_string_equal(text, row->want);
	free(text);
	arena_clear(&arena);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, reads, rows);
	return check_run(&list, "html");
}
