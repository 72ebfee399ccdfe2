/*
 * html - the text of an HTML part, as somebody who reads a notice sees it: lines where tags break
 * them, no tags, styles, scripts and comments, character references replaced. No renderer.
 */
#ifndef HTML_H
#define HTML_H

#include "arena.h"
#include "span.h"

/* html in UTF-8; so is what it gives, never longer. */
struct span html_text(struct arena *arena, struct span html);

#endif
