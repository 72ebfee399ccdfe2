/*
 * notice_words - what mail systems say in the languages they speak: tables of phrases.
 *
 * For notice_has(): a phrase matches anywhere, ASCII case ignored. Other letters are compared as
 * they stand, so a phrase leaves out an accented or Cyrillic capital that may begin it ("chec de
 * remise"). Each table ends in NULL. Pure data: what a match is worth is decided elsewhere.
 */
#ifndef NOTICE_WORDS_H
#define NOTICE_WORDS_H

/* Names and addresses of programs that handle mail. */
extern const char *const notice_words_daemon[];
/* A message did not reach somebody: in subjects and in texts. */
extern const char *const notice_words_failure[];
/* Why it did not; people say these of other things, too. */
extern const char *const notice_words_refusal[];
/* Words that stand in subjects of such notices, and in others. */
extern const char *const notice_words_trouble[];
/* It has not reached them yet. */
extern const char *const notice_words_delay[];
/* Above an address, or before it on its line: who did not get it. */
extern const char *const notice_words_recipient[];

#endif
