/*
 * settings_warmup - the keys warmup_plans and warmup of mxpace.conf. For settings alone.
 */
#ifndef SETTINGS_WARMUP_H
#define SETTINGS_WARMUP_H

#include "settings.h"

void settings_warmup_defaults(struct settings *settings);
/* CONF_CUSTOM; target is a struct settings. */
void settings_read_warmup_plans(struct conf_reader *reader, struct config_setting_t *setting,
    void *target);
void settings_read_warmup(struct conf_reader *reader, struct config_setting_t *setting,
    void *target);

/* As settings_pack() and settings_unpack(). */
void settings_pack_warmup(const struct settings *settings, struct str *out);
void settings_unpack_warmup(struct settings *settings, struct unpack *in);

#endif
