/*
 * dnsmsg - DNS messages from text, for tests.
 *
 * Statements, separated by ';':
 *	rcode 3					of the header
 *	flags 8180				the header's second word, hexadecimal
 *	? d.test MX				the question
 *	an d.test 300 MX 10 mx1.d.test		a record of the answer section
 *	ns test 600 SOA 60			... of the authority section; 60 is its MINIMUM
 *	hex 00ff				bytes as they are
 *	count an 5				claims so many records
 * Types: A, AAAA, MX, CNAME, SOA, TXT; "CH:MX" is of class CH. A or AAAA take "yes" for data, or
 * "hex 01..". Names: "." is the root, "\046" a byte in decimal, "@12" at the end a pointer.
 */
#ifndef DNSMSG_H
#define DNSMSG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "str.h"

enum { DNS_A = 1, DNS_CNAME = 5, DNS_SOA = 6, DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28 };
enum { DNS_IN = 1, DNS_CH = 3 };

static inline void
dns_wrong(const char *what)
{
	fprintf(stderr, "dnsmsg: cannot read \"%s\"\n", what);
	abort();
}

static inline void
dns_u16(struct str *out, unsigned value)
{
	str_addc(out, (char)(value >> 8));
	str_addc(out, (char)value);
}

static inline void
dns_u32(struct str *out, unsigned long value)
{
	dns_u16(out, (unsigned)(value >> 16 & 0xffff));
	dns_u16(out, (unsigned)(value & 0xffff));
}

static inline void
dns_set_u16(struct str *out, size_t at, unsigned value)
{
	out->data[at] = (char)(value >> 8);
	out->data[at + 1] = (char)value;
}

static inline unsigned
dns_get_u16(const struct str *in, size_t at)
{
	return (unsigned)(unsigned char)in->data[at] << 8 | (unsigned char)in->data[at + 1];
}

static inline void
dns_name(struct str *out, const char *text)
{
	const char *p = strcmp(text, ".") == 0 ? text + 1 : text;

	while (*p != '\0') {
		size_t length_at = out->len;
		unsigned len = 0;

		if (*p == '@') {
			dns_u16(out, 0xc000U | (unsigned)atoi(p + 1));
			return;
		}
		str_addc(out, 0);
		for (; *p != '\0' && *p != '.'; len++) {
			if (*p == '\\') {
				char digits[4] = { p[1], p[2], p[3], '\0' };

				str_addc(out, (char)atoi(digits));
				p += 4;
			} else {
				str_addc(out, *p++);
			}
		}
		out->data[length_at] = (char)len;
		if (*p == '.')
			p++;
	}
	str_addc(out, 0);
}

static inline void
dns_hex(struct str *out, const char *digits)
{
	unsigned byte;

	for (; sscanf(digits, "%2x", &byte) == 1; digits += 2)
		str_addc(out, (char)byte);
}

static inline unsigned
dns_type(const char *text, unsigned *class)
{
	static const struct {
		const char *name;
		unsigned type;
	} types[] = { { "A", DNS_A }, { "AAAA", DNS_AAAA }, { "MX", DNS_MX },
		{ "CNAME", DNS_CNAME }, { "SOA", DNS_SOA }, { "TXT", DNS_TXT } };

	*class = strncmp(text, "CH:", 3) == 0 ? DNS_CH : DNS_IN;
	text += *class == DNS_CH ? 3 : 0;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].name, text) == 0)
			return types[i].type;
	dns_wrong(text);
	return 0;
}

static inline void
dns_rdata(struct str *out, unsigned type, const char *data)
{
	unsigned preference = 0;
	unsigned long minimum;
	char name[1200] = "";

	if (strncmp(data, "hex", 3) == 0) {
		dns_hex(out, data + 3 + (data[3] == ' '));
	} else if (type == DNS_MX) {
		if (sscanf(data, "%u %1199s", &preference, name) != 2)
			dns_wrong(data);
		dns_u16(out, preference);
		dns_name(out, name);
	} else if (type == DNS_SOA) {
		if (sscanf(data, "%lu", &minimum) != 1)
			dns_wrong(data);
		dns_name(out, "ns.test");
		dns_name(out, "hostmaster.test");
		for (int i = 0; i < 4; i++)
			dns_u32(out, 1);
		dns_u32(out, minimum);
	} else if (type == DNS_CNAME) {
		dns_name(out, data);
	} else {
		str_add(out, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", type == DNS_A ? 4 : 16);
	}
}

static inline void
dns_record(struct str *out, const char *text)
{
	char owner[1200], type_name[16];
	unsigned long ttl;
	unsigned class, type;
	int data = 0;
	size_t length_at;

	if (sscanf(text, "%1199s %lu %15s %n", owner, &ttl, type_name, &data) != 3)
		dns_wrong(text);
	type = dns_type(type_name, &class);
	dns_name(out, owner);
	dns_u16(out, type);
	dns_u16(out, class);
	dns_u32(out, ttl);
	length_at = out->len;
	dns_u16(out, 0);
	dns_rdata(out, type, text + data);
	dns_set_u16(out, length_at, (unsigned)(out->len - length_at - 2));
}

static inline void
dns_question(struct str *out, const char *text)
{
	char name[1200], type_name[16];
	unsigned class, type;

	if (sscanf(text, "%1199s %15s", name, type_name) != 2)
		dns_wrong(text);
	type = dns_type(type_name, &class);
	dns_name(out, name);
	dns_u16(out, type);
	dns_u16(out, class);
}

static inline void
dns_count(struct str *out, size_t at)
{
	dns_set_u16(out, at, dns_get_u16(out, at) + 1);
}

static inline void
dns_statement(struct str *out, const char *text)
{
	char section[3];
	unsigned value;

	if (sscanf(text, "rcode %u", &value) == 1) {
		out->data[3] = (char)((out->data[3] & 0xf0) | (int)value);
	} else if (sscanf(text, "flags %4x", &value) == 1) {
		dns_set_u16(out, 2, value);
	} else if (sscanf(text, "count %2s %u", section, &value) == 2) {
		dns_set_u16(out, strcmp(section, "qd") == 0 ? 4 : section[0] == 'a' ? 6 : 8, value);
	} else if (strncmp(text, "? ", 2) == 0) {
		dns_count(out, 4);
		dns_question(out, text + 2);
	} else if (strncmp(text, "an ", 3) == 0) {
		dns_count(out, 6);
		dns_record(out, text + 3);
	} else if (strncmp(text, "ns ", 3) == 0) {
		dns_count(out, 8);
		dns_record(out, text + 3);
	} else if (strncmp(text, "hex ", 4) == 0) {
		dns_hex(out, text + 4);
	} else {
		dns_wrong(text);
	}
}

/* Adds statements to a message, which begins with the header of a response when it is empty. */
static inline void
dns_message(struct str *out, const char *text)
{
	if (out->len == 0)
		str_add(out, "\x12\x34\x81\x80\0\0\0\0\0\0\0\0", 12);
	while (*text != '\0') {
		size_t len = strcspn(text, ";");
		char statement[2000];

		while (*text == ' ' || *text == '\n') {
			text++;
			len--;
		}
		snprintf(statement, sizeof(statement), "%.*s", (int)len, text);
		if (len > 0)
			dns_statement(out, statement);
		text += len + (text[len] == ';');
	}
}

#endif
