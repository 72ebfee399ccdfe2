/*
 * rules_settle - a moment's wait for files that were changed just now.
 *
 * The cache of mxbounce is not written for them (RULES_CACHE_SETTLED_MS); who edits a file and checks it in one
 * command line shall have it all the same.
 */
#ifndef RULES_SETTLE_H
#define RULES_SETTLE_H

/* file: the path of mxpace.conf. Returns once it and its bounce rules are older than that; mistakes in it are nothing here. */
void rules_settle(const char *file);

#endif
