/*
 * report_forms - a report written out, whole, into a str.
 */
#ifndef REPORT_FORMS_H
#define REPORT_FORMS_H

#include "report_model.h"
#include "str.h"

/* For a terminal of so many columns, at least 72 and at most 120; plain Unicode, no colours. */
void report_as_text(const struct report_model *model, size_t width, struct str *out);
/* One object, one line. */
void report_as_json(const struct report_model *model, struct str *out);
/* RFC 4180, a header line; one row for each figure's holder. Text that a spreadsheet would take for
 * a formula has ' before it. */
void report_as_csv(const struct report_model *model, struct str *out);
/* One file that needs nothing else: inline style and SVG, no script; well-formed XML too. */
void report_as_html(const struct report_model *model, struct str *out);

extern const char report_style[]; /* of the HTML */

#endif
