#include "charset.h"
#include "check.h"
#include "header.h"
#include "mime.h"
#include "str.h"

/* A tree as text: "multipart/mixed(text/plain text/html)", bodies behind a colon where asked for.
 */
static void
describe(struct arena *arena, const struct mime_part *part, struct str *out)
{
	str_adds(out, part->type);
	if (part->child == NULL) {
		struct span text = mime_text(arena, part);

		str_addc(out, ':');
		for (size_t i = 0; i < text.len; i++)
			if (text.ptr[i] != '\r')
				str_addc(out, text.ptr[i] == '\n' ? '|' : text.ptr[i]);
		return;
	}
	str_addc(out, '(');
	for (const struct mime_part *child = part->child; child != NULL; child = child->next) {
		describe(arena, child, out);
		if (child->next != NULL)
			str_addc(out, ' ');
	}
	str_addc(out, ')');
}

static const struct tree_row {
	const char *label, *message, *want;
} tree_rows[] = {
	{ "empty", "", "text/plain:" },
	{ "no header", "just text\n", "text/plain:just text|" },
	{ "header only", "Subject: a\n", "text/plain:" },
	{ "empty header", "\nbody\n", "text/plain:body|" },
	{ "mailbox line", "From a@b Sun Nov 22\nSubject: a\n\nbody\n", "text/plain:body|" },
	{ "two parts",
	    "Content-Type: multipart/mixed; boundary=b\n\npre\n--b\n\none\n--b\n"
	    "Content-Type: TEXT/HTML\n\ntwo\n--b--\npost\n",
	    "multipart/mixed(text/plain:one text/html:two)" },
	{ "nested",
	    "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/report; "
	    "boundary=\"a-b\"\n\n--a-b\n\nin\n--a-b--\n\n--a\n\nout\n--a--\n",
	    "multipart/mixed(multipart/report(text/plain:in) text/plain:out)" },
	{ "one boundary begins like the other",
	    "Content-Type: multipart/mixed; boundary=ab\n\n--ab\n\n"
	    "x\n--abc\n\ny\n--ab--\n",
	    "multipart/mixed(text/plain:x|--abc||y)" },
	{ "unquoted boundary with signs",
	    "Content-Type: multipart/mixed; boundary=4F2.17/mx=a\n\n"
	    "--4F2.17/mx=a\n\nx\n--4F2.17/mx=a--\n",
	    "multipart/mixed(text/plain:x)" },
	{ "folded boundary",
	    "Content-Type: multipart/mixed;\n\tboundary=\"b c\"\n\n--b c\n\nx\n--b c--\n",
	    "multipart/mixed(text/plain:x)" },
	{ "no end", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\ntwo",
	    "multipart/mixed(text/plain:one text/plain:two)" },
	{ "end of the inner one is missing",
	    "Content-Type: multipart/mixed; boundary=a\n\n--a\n"
	    "Content-Type: multipart/mixed; boundary=i\n\n--i\n\nin\n"
	    "--a\n\nout\n--a--\n",
	    "multipart/mixed(multipart/mixed(text/plain:in) text/plain:out)" },
	{ "blanks behind the boundary",
	    "Content-Type: multipart/mixed; boundary=b\n\n--b \t\n\nx\n--b--\n",
	    "multipart/mixed(text/plain:x)" },
	{ "empty parts", "Content-Type: multipart/mixed; boundary=b\n\n--b\n--b\n\n--b--\n",
	    "multipart/mixed(text/plain: text/plain:)" },
	{ "wrong boundary announced",
	    "Content-Type: multipart/mixed; boundary=no\n\n--yes\nContent-Type: "
	    "text/plain\n\nx\n--yes--\n",
	    "multipart/mixed(text/plain:x)" },
	{ "no boundary announced",
	    "Content-Type: multipart/mixed\n\n--yes\nContent-Type: text/plain\n\nx\n",
	    "multipart/mixed(text/plain:x|)" },
	{ "a multipart without parts", "Content-Type: multipart/mixed; boundary=b\n\ntext\n",
	    "multipart/mixed:text|" },
	{ "Content-Type lost",
	    "Subject: a\n\nThis is MIME.\n\n--q/1\n\none\n--q/1\nContent-Type: text/html"
	    "\n\ntwo\n--q/1--\n",
	    "multipart/mixed(text/plain:one text/html:two)" },
	{ "parts further down belong to a message that came back",
	    "Subject: "
	    "a\n\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n21\n"
	    "--q\nContent-Type: text/html\n\nx\n--q--\n",
	    "text/plain:1|2|3|4|5|6|7|8|9|10|11|12|13|14|15|16|17|18|19|20|21|--q|Content-Type: "
	    "text/html||x|--q--|" },
	{ "digest", "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\n--b--\n",
	    "multipart/digest(message/rfc822:Subject: x|)" },
	{ "returned messages are leaves",
	    "Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: "
	    "message/rfc822\n\nContent-Type: multipart/mixed; boundary=c\n\n"
	    "--c\n\nx\n--c--\n--b--\n",
	    "multipart/report(message/rfc822:Content-Type: multipart/mixed; "
	    "boundary=c||--c||x|--c--)" },
	{ "no slash", "Content-Type: text\n\nx", "text/plain:x" },
	{ "base64", "Content-Transfer-Encoding: base64\n\nSGVs\nbG8=\n", "text/plain:Hello" },
	{ "base64 with rubbish and two ends",
	    "Content-Transfer-Encoding: BASE64\n\nSG*Vs bG8=!V29=", "text/plain:HelloWo" },
	{ "quoted-printable", "Content-Transfer-Encoding: quoted-printable\n\na=\n b=3D=zz =\t\nc=",
	    "text/plain:a b==zz c" },
	{ "latin 1", "Content-Type: text/plain; charset=iso-8859-1\n\nM\xfcller \x80",
	    "text/plain:Müller €" },
	{ "no charset, UTF-8", "\nMüller", "text/plain:Müller" },
	{ "no charset, not UTF-8", "\nM\xfcller", "text/plain:Müller" },
	{ "UTF-8 with a wrong byte", "Content-Type: text/plain; charset=utf-8\n\nü\xffü",
	    "text/plain:ü\uFFFDü" },
	{ "UTF-8 that is none", "Content-Type: text/plain; charset=utf-8\n\nM\xfcller",
	    "text/plain:Müller" },
	{ "latin 1 that is UTF-8", "Content-Type: text/plain; charset=iso-8859-1\n\nMüller",
	    "text/plain:Müller" },
	{ "CR for line ends",
	    "Content-Type: multipart/mixed; boundary=b\r\r--b\r\rone\r\rtwo\r--b\r"
	    "Content-Type: text/html\r\rthree\r--b--\r",
	    "multipart/mixed(text/plain:one||two text/html:three)" },
	{ "line ends of all kinds", "Subject: a\r\n\r\none\rtwo\nthree\r\r\nfour\r",
	    "text/plain:one|two|three|four|" },
	{ "nothing but CR", "\r\r\r", "text/plain:||" },
	{ "header and body without an empty line", "Subject: a\nContent-Type: text/html\nb\nc\n",
	    "text/html:" },
	{ "Content-Type folded without a blank",
	    "Content-Type: multipart/mixed;\nboundary=\"b\"\n\n--b\n\nx\n--b--\n",
	    "multipart/mixed(text/plain:x)" },
	{ "koi8-r", "Content-Type: text/plain; charset=koi8-r\n\n\xd0\xcf\xde\xd4\xc1",
	    "text/plain:почта" },
	{ "iso-2022-jp", "Content-Type: text/plain; charset=\"ISO-2022-JP\"\n\n\x1b$B08@h\x1b(B ok",
	    "text/plain:宛先 ok" },
	{ "a charset that ends within a character",
	    "Content-Type: text/plain; charset=euc-jp\n\n\xb0\xb8\xc0", "text/plain:宛" },
	{ "bytes that the charset does not have",
	    "Content-Type: text/plain; charset=euc-jp\n\n\xff"
	    "a",
	    "text/plain:\uFFFD"
	    "a" },
	{ "unknown charset", "Content-Type: text/plain; charset=klingon\n\nM\xfcller",
	    "text/plain:Müller" },
	{ "a charset that is a path",
	    "Content-Type: text/plain; charset=\"../x//IGNORE\"\n\nM\xfcller",
	    "text/plain:Müller" },
};

static void
reads_tree(void **state)
{
	const struct tree_row *row = *state;
	struct str crlf = { 0 }, lf_tree = { 0 }, crlf_tree = { 0 };
	struct arena arena;

	arena_init(&arena);
	describe(&arena, mime_parse(&arena, span_of(row->message)), &lf_tree);
	assert_string_equal(str_text(&lf_tree), row->want);
	for (const char *p = row->message; *p != '\0'; p++) {
		if (*p == '\n')
			str_addc(&crlf, '\r');
		str_addc(&crlf, *p);
	}
	describe(&arena, mime_parse(&arena, span_make(str_text(&crlf), crlf.len)), &crlf_tree);
	assert_string_equal(str_text(&crlf_tree), row->want);
	arena_clear(&arena);
	str_free(&crlf);
	str_free(&lf_tree);
	str_free(&crlf_tree);
}

/* Every start of every message: no byte beyond it is read, and mime_next sees each part once. */
static void
reads_every_start(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(tree_rows); i++) {
		size_t len = strlen(tree_rows[i].message);

		for (size_t cut = 0; cut <= len; cut++) {
			char *copy = malloc(cut + 1);
			const struct mime_part *part;
			struct str out = { 0 };
			struct arena arena;
			unsigned parts = 0;

			arena_init(&arena);
			memcpy(copy, tree_rows[i].message, cut);
			part = mime_parse(&arena, span_make(copy, cut));
			describe(&arena, part, &out);
			for (; part != NULL; part = mime_next(part))
				parts++;
			assert_in_range(parts, 1, 10);
			arena_clear(&arena);
			str_free(&out);
			free(copy);
		}
	}
}

static void
limits_depth_and_parts(void **state)
{
	struct str message = { 0 };
	struct arena arena;
	const struct mime_part *part;
	unsigned parts = 0, depth = 0;

	(void)state;
	arena_init(&arena);
	for (int i = 0; i < 40; i++)
		str_addf(&message, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
	part = mime_parse(&arena, span_make(message.data, message.len));
	for (; part != NULL; part = mime_next(part))
		depth = part->depth;
	assert_int_equal(depth, MIME_DEPTH_MAX);
	str_empty(&message);
	str_adds(&message, "Content-Type: multipart/mixed; boundary=b\n\n");
	for (int i = 0; i < 1000; i++)
		str_adds(&message, "--b\n\nx\n");
	part = mime_parse(&arena, span_make(message.data, message.len));
	for (; part != NULL; part = mime_next(part))
		parts++;
	assert_int_equal(parts, MIME_PARTS_MAX);
	arena_clear(&arena);
	str_free(&message);
}

static const struct charset_row {
	const char *label, *charset, *in, *want;
} charset_rows[] = {
	{ "utf-7", "UTF-7", "Gr+APwA3w-e", "Grüße" },
	{ "koi8-r", "KOI8-R", "\xf0\xcf\xde\xd4\xc1", "Почта" },
	{ "windows-1251", "windows-1251", "\xcf\xee\xf7\xf2\xe0", "Почта" },
	{ "windows-1250", "windows-1250", "\xbf\xf3\xb3ty", "żółty" },
	{ "iso-8859-2", "iso-8859-2", "\xbf\xf3\xb3ty", "żółty" },
	{ "iso-8859-15", "iso-8859-15", "\xa4", "€" },
	{ "a large set under a small one's name", "gb2312", "\x87\x46", "嘑" },
	{ "gb18030", "gb18030", "\xd3\xca\xcf\xe4", "邮箱" },
	{ "big5", "big5", "\xb6\x6c\xbd\x63", "郵箱" },
	{ "euc-kr", "euc-kr", "\xb8\xde\xc0\xcf", "메일" },
	{ "Korean as Outlook calls it", "ks_c_5601-1987", "\xb8\xde\xc0\xcf", "메일" },
	{ "shift_jis", "Shift_JIS", "\x88\xb6\x90\xe6\x87\x40", "宛先①" },
	{ "iso-2022-jp of half width", "iso-2022-jp", "\x1b(I1\x1b(B", "ｱ" },
	{ "iso-2022-jp, its last escape lost", "iso-2022-jp", "\x1b$B08@h", "宛先" },
	{ "iso-2022-jp nobody announced", "", "a \x1b$B08@h\x1b(B", "a 宛先" },
	{ "iso-2022-jp as ASCII", "us-ascii", "\x1b$B08@h\x1b(B", "宛先" },
	{ "escapes in UTF-8 stay", "", "ü\x1b$B", "ü\x1b$B" },
	{ "iso-2022-kr", "iso-2022-kr", "\x1b$)C\x0e\x38\x5e\x40\x4f\x0f", "메일" },
	{ "UTF-8 as euc-kr", "euc-kr", "Почта не доставлена", "Почта не доставлена" },
	{ "unknown, valid", "x-klingon", "Почта", "Почта" },
	{ "guessed: windows-1251", "",
	    "\xd1\xee\xee\xe1\xf9\xe5\xed\xe8\xe5 \xed\xe5 \xe4\xee\xf1\xf2\xe0\xe2\xeb\xe5\xed\xee",
	    "Сообщение не доставлено" },
	{ "guessed: koi8-r", "",
	    "\xf3\xcf\xcf\xc2\xdd\xc5\xce\xc9\xc5 \xce\xc5 "
	    "\xc4\xcf\xd3\xd4\xc1\xd7\xcc\xc5\xce\xcf",
	    "Сообщение не доставлено" },
	{ "guessed: gb18030", "",
	    "\xc4\xfa\xb5\xc4\xd3\xca\xbc\xfe\xce\xde\xb7\xa8\xb7\xa2\xcb\xcd",
	    "您的邮件无法发送" },
	{ "guessed: big5", "", "\xb1\x7a\xaa\xba\xb6\x6c\xa5\xf3\xb5\x4c\xaa\x6b\xb6\xc7\xb0\x65",
	    "您的郵件無法傳送" },
	{ "guessed: euc-kr", "",
	    "\xb8\xde\xc0\xcf\xc0\xbb \xba\xb8\xb3\xbe \xbc\xf6 \xbe\xf8\xbd\xc0\xb4\xcf\xb4\xd9",
	    "메일을 보낼 수 없습니다" },
	{ "guessed: shift_jis", "",
	    "\x83\x81\x81\x5b\x83\x8b\x82\xf0\x91\x97\x90\x4d\x82\xc5\x82\xab\x82\xdc\x82\xb9\x82\xf1",
	    "メールを送信できません" },
	{ "guessed: euc-jp", "utf-8",
	    "\xa5\xe1\xa1\xbc\xa5\xeb\xa4\xf2\xc1\xf7\xbf\xae\xa4\xc7\xa4\xad\xa4\xde\xa4\xbb\xa4\xf3",
	    "メールを送信できません" },
	{ "guessed: windows-1252", "",
	    "Empf\xe4nger \xfc"
	    "ber das K\xf6nigreich f\xfcr \xc4rger, gr\xf6\xdf"
	    "er, \x84sch\xf6n\x93",
	    "Empfänger über das Königreich für Ärger, größer, „schön“" },
	{ "a wrong label: windows-1251 as shift_jis", "shift_jis",
	    "\xd1\xee\xee\xe1\xf9\xe5\xed\xe8\xe5 \xed\xe5 \xe4\xee\xf1\xf2\xe0\xe2\xeb\xe5\xed\xee",
	    NULL },
};

/* want NULL: only that it is UTF-8, as nobody can tell. */
static void
converts_charset(void **state)
{
	const struct charset_row *row = *state;
	struct arena arena;
	struct span text;

	arena_init(&arena);
	text = charset_to_utf8(&arena, span_of(row->in), row->charset);
	assert_true(charset_is_utf8(text));
	if (row->want != NULL)
		assert_string_equal(arena_dup(&arena, text), row->want);
	arena_clear(&arena);
}

static const struct field_row {
	const char *label, *header, *name, *want; /* want NULL: there is none */
} field_rows[] = {
	{ "plain", "Subject: a b\n", "subject", "a b" },
	{ "none", "Subject: a\n", "To", NULL },
	{ "first of two", "To: a\nTo: b\n", "To", "a" },
	{ "folded", "Subject: a\n\tb\r\n  c\n", "Subject", "a b  c" },
	{ "folded before the value", "Subject:\n a\n", "Subject", "a" },
	{ "blank before the colon", "Subject : a\n", "Subject", "a" },
	{ "empty", "Subject:\nTo: a\n", "Subject", "" },
	{ "folded without a blank", "Subject: a\nb c\n d\nTo: e\n", "Subject", "a b c d" },
	{ "nothing goes on behind a mailbox line", "Subject: a\nFrom x\nTo: e\n", "Subject", "a" },
	{ "raw iso-2022-jp", "Subject: \x1b$B08@h\x1b(B\n", "Subject", "宛先" },
	{ "raw koi8-r", "Subject: \xee\xc5 \xc4\xcf\xd3\xd4\xc1\xd7\xcc\xc5\xce\xcf\n", "Subject",
	    "Не доставлено" },
	{ "a word of several lines", "S: =?utf-8?Q?a\n b?=\n", "S", "a b" },
	{ "rubbish before it", "rubbish\n:\nSubject: a\n", "Subject", "a" },
	{ "a longer name", "Subjects: a\n", "Subject", NULL },
	{ "Q", "S: =?iso-8859-1?Q?M=FCller_x?=\n", "S", "Müller x" },
	{ "B", "S: =?UTF-8?b?TcO8bGxlcg==?=\n", "S", "Müller" },
	{ "words joined", "S: =?utf-8?Q?a?=\n =?utf-8?Q?b?= c\n", "S", "ab c" },
	{ "a character cut between words", "S: =?utf-8?B?w?= =?utf-8?Q?=C3?= =?utf-8?Q?=BC?=\n",
	    "S", "ü" },
	{ "two charsets", "S: =?utf-8?Q?=C3=BC?= =?iso-8859-1?Q?=FC?=\n", "S", "üü" },
	{ "language", "S: =?utf-8*en?Q?a?=\n", "S", "a" },
	{ "within a word", "S: x=?utf-8?Q?a?=y\n", "S", "xay" },
	{ "no end", "S: =?utf-8?Q?a\n", "S", "=?utf-8?Q?a" },
	{ "unknown encoding", "S: =?utf-8?X?a?=\n", "S", "=?utf-8?X?a?=" },
	{ "no charset", "S: =??Q?a?=\n", "S", "=??Q?a?=" },
	{ "line breaks in a word do not come out", "S: =?utf-8?Q?a=0D=0ABcc:_x?=\n", "S",
	    "a Bcc: x" },
	{ "raw bytes", "S: M\xfcller\n", "S", "Müller" },
	{ "control characters",
	    "S: a\x01\x7f"
	    "b\n",
	    "S", "a  b" },
};

static void
reads_field(void **state)
{
	const struct field_row *row = *state;
	struct arena arena;
	const char *value;

	arena_init(&arena);
	value = header_field(&arena, span_of(row->header), row->name);
	if (row->want == NULL)
		assert_null(value);
	else
		assert_string_equal(value, row->want);
	arena_clear(&arena);
}

static const struct parameter_row {
	const char *label, *value, *name, *want;
} parameter_rows[] = {
	{ "plain", "a/b; x=1; y=2", "y", "2" },
	{ "case", "a/b; X=1", "x", "1" },
	{ "quoted", "a/b; x=\"1; y=3\"; y=2", "y", "2" },
	{ "escaped quote", "a/b; x=\"a\\\"b\"", "x", "a\"b" },
	{ "no end of the quotes", "a/b; x=\"a b", "x", "a b" },
	{ "blanks", "a/b ; x = 1 ; y=2", "x", "1" },
	{ "none", "a/b", "x", NULL },
	{ "no value", "a/b; x", "x", "" },
	{ "a longer name", "a/b; xy=1", "x", NULL },
	{ "first of two", "a/b; x=1; x=2", "x", "1" },
	{ "pieces", "a/b; x*1=b; x*0=a", "x", "ab" },
	{ "a missing piece", "a/b; x*0=a; x*2=c", "x", "a" },
	{ "no first piece", "a/b; x*1=b", "x", NULL },
	{ "charset", "a/b; x*=iso-8859-1'de'M%FCller", "x", "Müller" },
	{ "pieces with a charset", "a/b; x*0*=utf-8''%C3; x*1*=%BC; x*2=%41", "x", "ü%41" },
	{ "percent at the end", "a/b; x*=utf-8''a%4", "x", "a%4" },
	{ "a piece too far", "a/b; x*99=a", "x", NULL },
};

static void
reads_parameter(void **state)
{
	const struct parameter_row *row = *state;
	struct arena arena;
	const char *value;

	arena_init(&arena);
	value = header_parameter(&arena, row->value, row->name);
	if (row->want == NULL)
		assert_null(value);
	else
		assert_string_equal(value, row->want);
	arena_clear(&arena);
}

static void
limits_header_and_value(void **state)
{
	struct str message = { 0 };
	struct span header, body;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	str_adds(&message, "Subject: ");
	for (int i = 0; i < HEADER_VALUE_MAX; i++)
		str_adds(&message, "\xc3\xbc");
	str_addc(&message, '\n');
	/* Not cut within a character. */
	assert_int_equal(
	    strlen(header_field(&arena, span_make(message.data, message.len), "Subject")),
	    HEADER_VALUE_MAX);
	while (message.len < 2 * HEADER_MAX)
		str_adds(&message, "X-Filler: 0123456789 0123456789 0123456789\n");
	str_adds(&message, "\nbody");
	header_split(span_make(message.data, message.len), &header, &body);
	assert_int_equal(header.len, HEADER_MAX);
	assert_true(span_eq(body, SPAN("body")));
	arena_clear(&arena);
	str_free(&message);
}

static void
cuts_characters_whole(void **state)
{
	(void)state;
	assert_int_equal(charset_cut(span_of("aü"), 3).len, 3);
	assert_int_equal(charset_cut(span_of("aü"), 2).len, 1);
	assert_int_equal(charset_cut(span_of("ü"), 1).len, 0);
	assert_true(charset_is_utf8(span_of("aü宛𝄞")));
	assert_false(charset_is_utf8(span_of("\xed\xa0\x80"))); /* a surrogate */
	assert_false(charset_is_utf8(span_of("\xc0\x80")));
	assert_false(charset_is_utf8(span_of("\xf4\x90\x80\x80")));
	assert_false(charset_is_utf8(span_make("\xe5\xae\x9b", 2)));
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, reads_tree, tree_rows);
	CHECK(&list, reads_every_start);
	CHECK(&list, limits_depth_and_parts);
	CHECK_ROWS(&list, converts_charset, charset_rows);
	CHECK_ROWS(&list, reads_field, field_rows);
	CHECK_ROWS(&list, reads_parameter, parameter_rows);
	CHECK(&list, limits_header_and_value);
	CHECK(&list, cuts_characters_whole);
	return check_run(&list, "mime");
}
