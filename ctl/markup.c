#include "markup.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "utf8.h"

static void
end_tag(struct markup *markup)
{
	if (markup->in_tag)
		str_addc(markup->out, '>');
	markup->in_tag = false;
}

static void
add_escaped(struct str *out, struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		switch (text.ptr[i]) {
		case '&':
			str_adds(out, "&amp;");
			break;
		case '<':
			str_adds(out, "&lt;");
			break;
		case '>':
			str_adds(out, "&gt;");
			break;
		case '"':
			str_adds(out, "&quot;");
			break;
		case '\'':
			str_adds(out, "&#39;");
			break;
		default:
			str_addc(out, text.ptr[i]);
		}
}

void
markup_open(struct markup *markup, const char *tag)
{
	end_tag(markup);
	if (markup->depth == MARKUP_DEPTH)
		abort(); /* a document of ours */
	markup->open[markup->depth++] = tag;
	str_addf(markup->out, "<%s", tag);
	markup->in_tag = true;
}

void
markup_open_class(struct markup *markup, const char *tag, const char *class)
{
	markup_open(markup, tag);
	markup_attr(markup, "class", class);
}

void
markup_close(struct markup *markup)
{
	const char *tag = markup->open[--markup->depth];

	if (markup->in_tag && strcmp(tag, "meta") == 0) {
		str_adds(markup->out, "/>");
		markup->in_tag = false;
		return;
	}
	end_tag(markup);
	str_addf(markup->out, "</%s>", tag);
}

void
markup_attr(struct markup *markup, const char *name, const char *value)
{
	struct str clean = { 0 };

	out_clean(&clean, span_of(value));
	str_addf(markup->out, " %s=\"", name);
	add_escaped(markup->out, span_make(str_text(&clean), clean.len));
	str_addc(markup->out, '"');
	str_free(&clean);
}

void
markup_attrf(struct markup *markup, const char *name, const char *fmt, ...)
{
	char *value = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&value, fmt, ap) < 0)
		value = NULL;
	va_end(ap);
	markup_attr(markup, name, value != NULL ? value : "");
	free(value);
}

void
markup_cut(struct str *out, const char *text, size_t most)
{
	struct str clean = { 0 };
	size_t len = 0, step, count = 0;

	out_clean(&clean, span_of(text));
	while (len < clean.len && count < most) {
		step = utf8_length((const unsigned char *)clean.data + len, clean.len - len);
		len += step > 0 ? step : 1;
		count++;
	}
	str_add(out, str_text(&clean), len);
	if (len < clean.len)
		str_adds(out, "\xe2\x80\xa6");
	str_free(&clean);
}

void
markup_text_cut(struct markup *markup, const char *text, size_t most)
{
	struct str cut = { 0 };

	end_tag(markup);
	markup_cut(&cut, text, most);
	add_escaped(markup->out, span_make(str_text(&cut), cut.len));
	str_free(&cut);
}

void
markup_text(struct markup *markup, const char *text)
{
	markup_text_cut(markup, text, SIZE_MAX);
}

void
markup_textf(struct markup *markup, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	markup_text(markup, text != NULL ? text : "");
	free(text);
}

void
markup_element(struct markup *markup, const char *tag, const char *class, const char *text)
{
	markup_open(markup, tag);
	if (class != NULL)
		markup_attr(markup, "class", class);
	markup_text(markup, text);
	markup_close(markup);
}

void
markup_raw(struct markup *markup, const char *ours)
{
	end_tag(markup);
	str_adds(markup->out, ours);
}
