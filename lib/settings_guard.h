/*
 * settings_guard - the key `guard` of mxpace.conf. For settings alone.
 */
#ifndef SETTINGS_GUARD_H
#define SETTINGS_GUARD_H

#include "settings.h"

void settings_guard_defaults(struct settings *settings);
/* CONF_CUSTOM; target is a struct settings. */
void settings_read_guard(struct conf_reader *reader, struct config_setting_t *setting,
    void *target);

/* As settings_pack() and settings_unpack(). */
void settings_pack_guard(const struct settings *settings, struct str *out);
void settings_unpack_guard(struct settings *settings, struct unpack *in);

#endif
