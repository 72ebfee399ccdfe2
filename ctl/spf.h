/*
 * spf - whether an SPF record (RFC 7208) lets an address send, as far as it says so by itself. Pure.
 */
#ifndef SPF_H
#define SPF_H

#include <stdbool.h>

enum spf_verdict {
	SPF_PASS,
	SPF_FAIL,    /* no mechanism lets it */
	SPF_ANYBODY, /* "+all" lets everybody */
	SPF_UNKNOWN, /* only DNS could tell: a, mx, include, exists, redirect */
};

/* "v=spf1", alone or with more behind a blank. */
bool spf_is(const char *text);
/* ip: "198.51.100.7", "2001:db8::1". */
enum spf_verdict spf_judge(const char *text, const char *ip);

#endif
