/*
 * notice - the text that people read in a returned message: its lines and the addresses in them.
 */
#ifndef NOTICE_H
#define NOTICE_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "mime.h"
#include "span.h"

/* The first text of a message that is not the message that came back; HTML without its tags. */
struct span notice_text(struct arena *arena, const struct mime_part *root);

/* Where a message that came back begins in a text, as an offset; text.len: nowhere. */
size_t notice_returned(struct span text);

/* The next address in *rest, from its first byte to its last; takes it and what is before it off
 * *rest. */
bool notice_address(struct span *rest, struct span *address);

/* A line that begins with an address, in < > or bare, behind blanks and bullets; *behind is what
 * follows it, without a colon. */
bool notice_line_address(struct span line, struct span *address, struct span *behind);

/* What a text says about an address: from behind it to the end of its paragraph, or the one that
 * follows. Empty: the text does not name it. */
struct span notice_about(struct span text, const char *address);

/* The paragraph in which an address stands. */
struct span notice_paragraph(struct span text, const char *address);

/* Any of these words, NULL at the end, in text, case ignored. */
bool notice_has(struct span text, const char *const *words);

/* Which pairs of bytes a text has, by five bits of each: the same for either case of a letter. One
 * look at the text then rules out most of a long list of words without searching for them. */
struct notice_pairs {
	uint64_t bits[16];
};
void notice_pairs_of(struct span text, struct notice_pairs *pairs);
/* False: the word is not in the text, nor in any part of it. */
bool notice_may_have(const struct notice_pairs *pairs, const char *word);
/* notice_has() of that text, or of a part of it. */
bool notice_has_by(const struct notice_pairs *pairs, struct span text, const char *const *words);

#endif
