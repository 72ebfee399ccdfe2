/*
 * mask - masks on host names beside each other. What a name matches is domain_matches's.
 */
#ifndef MASK_H
#define MASK_H

#include <stdbool.h>

/* Whether `wide` matches every name that `narrow` matches. '*' stands for one byte or more, '?' for
 * one; ASCII case and trailing dots are ignored. True is always right; false also where it is not
 * seen: either is over 253 bytes, or several wildcards side by side meet others ("?*" and "*b"). */
bool mask_covers(const char *wide, const char *narrow);

/* The first byte that no host name has, so that the mask matches nothing; '\0': none. */
char mask_strange(const char *mask);

#endif
