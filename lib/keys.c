#include "keys.h"

#include <string.h>

#include "blake2b.h"

/* Without the hash's library the text is cut; it then shares its key with others of the same first
 * bytes, which INSTALL's dependencies rule out. */
static void
add_digest(struct str *out, struct span text)
{
	unsigned char hash[20];

	if (blake2b(hash, sizeof(hash), text, SPAN("")) != 0) {
		str_add(out, text.ptr, KEYS_MAX_TEXT);
		return;
	}
	str_adds(out, "blake2b-");
	for (size_t i = 0; i < sizeof(hash); i++)
		str_addf(out, "%02x", hash[i]);
}

void
keys_encode(struct str *out, struct span text)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t start = out->len;

	for (size_t i = 0, run = 0;; i++) {
		unsigned char c = i < text.len ? (unsigned char)text.ptr[i] : 0;

		if (c >= '!' && c <= '~' && c != '{' && c != '}' && c != '%')
			continue;
		str_add(out, text.ptr + run, i - run);
		if (i == text.len)
			break;
		str_add(out, (char[3]){ '%', hex[c >> 4], hex[c & 15] }, 3);
		run = i + 1;
	}
	if (out->len - start > KEYS_MAX_TEXT) {
		struct str long_text = { 0 };

		str_add(&long_text, out->data + start, out->len - start);
		out->len = start;
		add_digest(out, span_make(long_text.data, long_text.len));
		str_free(&long_text);
	}
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
keys_decode(struct str *out, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		int high, low;

		if (text.ptr[i] != '%') {
			str_addc(out, text.ptr[i]);
			continue;
		}
		high = i + 2 < text.len ? hex_value(text.ptr[i + 1]) : -1;
		low = i + 2 < text.len ? hex_value(text.ptr[i + 2]) : -1;
		if (high < 0 || low < 0)
			return -1;
		str_addc(out, (char)(high * 16 + low));
		i += 2;
	}
	return 0;
}

static void
add_tagged(struct str *out, const char *tag, const char *text)
{
	str_adds(out, "mxpace:{");
	str_adds(out, tag);
	keys_encode(out, span_of(text));
	str_addc(out, '}');
}

static void
add_group(struct str *out, const char *group, const char *part, const char *ip)
{
	add_tagged(out, "g:", group);
	str_adds(out, part);
	keys_encode(out, span_of(ip));
}

void
keys_group_connections(struct str *out, const char *group, const char *ip)
{
	add_group(out, group, ":conn:", ip);
}

void
keys_group_wait(struct str *out, const char *group, const char *ip)
{
	add_group(out, group, ":wait:", ip);
}

void
keys_group_told(struct str *out, const char *group, const char *ip)
{
	add_group(out, group, ":told:", ip);
}

void
keys_group_backoff(struct str *out, const char *group, const char *ip)
{
	add_group(out, group, ":backoff:", ip);
}

void
keys_group_hits(struct str *out, const char *group, const char *ip)
{
	add_group(out, group, ":hits:", ip);
}

void
keys_group_pace(struct str *out, const char *group, const char *ip)
{
	add_group(out, group, ":pace:", ip);
}

void
keys_group_queue(struct str *out, const char *group, const char *ip)
{
	add_group(out, group, ":queue:", ip);
}

void
keys_group_pause(struct str *out, const char *group)
{
	add_group(out, group, ":pause", "");
}

void
keys_group_stats(struct str *out, const char *group, const char *hour)
{
	add_group(out, group, *hour != '\0' ? ":stats:" : ":stats", hour);
}

void
keys_group_seen(struct str *out, const char *group)
{
	add_group(out, group, ":seen", "");
}

void
keys_group_sent(struct str *out, const char *group, const char *ip, const char *period)
{
	add_group(out, group, ":sent:", ip);
	str_addc(out, ':');
	str_adds(out, period);
}

void
keys_group_addresses(struct str *out, const char *group)
{
	add_group(out, group, ":addr", "");
}

void
keys_group_answers(struct str *out, const char *group)
{
	add_group(out, group, ":answers", "");
}

void
keys_group_guard(struct str *out, const char *group, const char *reason)
{
	add_group(out, group, ":guard:", reason);
}

void
keys_group_guarded(struct str *out, const char *group, const char *reason)
{
	add_group(out, group, ":guarded:", reason);
}

void
keys_group_lately(struct str *out, const char *group, const char *reason)
{
	add_group(out, group, ":lately:", reason);
}

void
keys_guards_field(struct str *out, const char *group, const char *reason)
{
	keys_encode(out, span_of(group));
	str_addc(out, ' ');
	str_adds(out, reason);
}

void
keys_domain_group(struct str *out, const char *domain)
{
	str_adds(out, "mxpace:group:");
	keys_encode(out, span_of(domain));
}

void
keys_quarantine(struct str *out, const char *addr)
{
	add_tagged(out, "q:", addr);
}

static void
add_sender(struct str *out, char kind, const char *name, const char *part, const char *period)
{
	const char tag[] = { kind, ':', '\0' };

	add_tagged(out, tag, name);
	str_adds(out, part);
	str_adds(out, period);
}

void
keys_sender(struct str *out, char kind, const char *name)
{
	add_sender(out, kind, name, "", "");
}

void
keys_sender_stats(struct str *out, char kind, const char *name, const char *period)
{
	add_sender(out, kind, name, *period != '\0' ? ":stats:" : ":stats", period);
}

void
keys_sender_seen(struct str *out, char kind, const char *name)
{
	add_sender(out, kind, name, ":seen", "");
}

void
keys_sender_log(struct str *out, char kind, const char *name)
{
	add_sender(out, kind, name, ":log", "");
}

void
keys_sender_users(struct str *out, const char *sender)
{
	add_sender(out, 'a', sender, ":users", "");
}

void
keys_mail(struct str *out, const char *recipient, const char *part)
{
	str_adds(out, "mxpace:{m:");
	keys_encode(out, span_of(recipient));
	str_adds(out, "}:");
	str_adds(out, part);
}

void
keys_texts(struct str *out, const char *day)
{
	str_adds(out, "mxpace:texts:");
	str_adds(out, day);
}

void
keys_mx(struct str *out, const char *domain)
{
	str_adds(out, KEYS_MX);
	keys_encode(out, span_of(domain));
}

struct span
keys_mx_domain(struct span key)
{
	return span_starts(key, SPAN(KEYS_MX)) ? span_from(key, sizeof(KEYS_MX) - 1) : SPAN("");
}

void
keys_warmup(struct str *out, const char *ip)
{
	add_tagged(out, "w:", ip);
}

void
keys_warmup_history(struct str *out, const char *ip)
{
	add_tagged(out, "w:", ip);
	str_adds(out, ":history");
}

void
keys_node(struct str *out, const char *node)
{
	str_adds(out, "mxpace:node:");
	keys_encode(out, span_of(node));
}

void
keys_undo(struct str *out, const char *id)
{
	str_adds(out, "mxpace:undo:");
	keys_encode(out, span_of(id));
}

void
keys_undo_chunk(struct str *out, const char *id, int64_t number)
{
	keys_undo(out, id);
	str_addf(out, ":%lld", (long long)number);
}
