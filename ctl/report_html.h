/*
 * report_html - the parts of report_as_html() that are tables. For report_html.c alone.
 */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include "markup.h"
#include "report_model.h"

enum { REPORT_NAME_SHOWN = 120 }; /* characters of a name */

/* A foreign name, whatever direction it is written in. */
void report_html_name(struct markup *markup, const char *text);
void report_html_reasons(struct markup *markup, const struct report_model *model);
void report_html_providers(struct markup *markup, const struct report_model *model);
/* Nothing if there are none. */
void report_html_senders(struct markup *markup, const struct report_model *model,
    enum report_table_id id);
void report_html_texts(struct markup *markup, const struct report_model *model);

#endif
