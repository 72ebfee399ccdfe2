/*
 * auto_reply_words - how programs that answer for people begin their subjects and texts.
 *
 * For comparison with ASCII case ignored; other letters stand in both cases where they may begin a
 * phrase. Each table ends in NULL. Pure data.
 */
#ifndef AUTO_REPLY_WORDS_H
#define AUTO_REPLY_WORDS_H

/* Subjects of automatic replies, before what they answer. */
extern const char *const auto_reply_words_subject[];
/* The same where people begin subjects so, too: about absence. */
extern const char *const auto_reply_words_likely[];
/* Receipts of ticket systems and questions of challenge-response systems. */
extern const char *const auto_reply_words_receipt[];
/* Texts about absence, or about somebody who has left. */
extern const char *const auto_reply_words_text[];

#endif
