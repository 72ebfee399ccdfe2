/*
 * listing - notices that list addresses under a heading or behind a word, as table rows.
 *
 * Most of the systems that write no delivery status part differ in their words only: where the list
 * begins, what stands before an address, and where the reason is. A row says so; the reader is one.
 * A list that ends without a reason for its last addresses gives them what the notice says of all.
 */
#ifndef LISTING_H
#define LISTING_H

#include <stdbool.h>

#include "formats.h"

enum listing_said {
	LISTING_BEHIND, /* the reason stands behind the address, on its line or below */
	LISTING_BELOW,  /* below its line; what is behind it there is something else */
	LISTING_LINE,   /* on its line, around it, and below */
	LISTING_BEFORE, /* above it */
};

struct listing {
	const char *name;
	const char *begin;  /* words behind which the list begins, in one line */
	const char *label;  /* words before an address, `begin` maybe; NULL: it begins its line */
	const char *reason; /* words before what is said of all; NULL: there are none */
	enum listing_said said;
	/* Finds more in what was said, such as a host in words that are the system's own. */
	void (
	    *complete)(struct report *report, struct report_recipient *recipient, struct span said);
};

/* Reads by the first row, up to one without a name, that finds a recipient, and names it as the
 * report's format. */
void listing_read(const struct listing *rows, const struct format_input *in, struct report *report);

/* The paragraph at the beginning of text, or all of text where only the rest has a reply. */
struct span listing_said(struct span text);

/* The action that a notice is about: formats_action(), or "relayed" where it says that all is well. */
const char *listing_action(const struct format_input *in);

#endif
