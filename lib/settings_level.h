/*
 * settings_level - the keys level and levels of mxpace.conf. For settings alone.
 */
#ifndef SETTINGS_LEVEL_H
#define SETTINGS_LEVEL_H

#include "settings.h"

void settings_level_defaults(struct settings *settings);
/* CONF_CUSTOM; target is a struct settings. */
void settings_read_levels(struct conf_reader *reader, struct config_setting_t *setting,
    void *target);

/* As settings_pack() and settings_unpack(). */
void settings_pack_level(const struct settings *settings, struct str *out);
void settings_unpack_level(struct settings *settings, struct unpack *in);

#endif
