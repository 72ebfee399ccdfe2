/*
 * verp_keys - the keys of signed return paths, read from the files that return_path_keys names.
 */
#ifndef VERP_KEYS_H
#define VERP_KEYS_H

#include "settings.h"
#include "verp_sign.h"

/* All keys, in their order; none without return_path_keys. A relative path stands beside the
 * configuration file. -1 and words: a file that cannot be read, that everybody may read or write,
 * or that is no key; then there is none. */
int verp_keys_load(const struct settings *settings, struct verp_keys *keys, struct err *err);

/* For how many days a signature is good (return_path_validity). */
int64_t verp_keys_valid_days(const struct settings *settings);

#endif
