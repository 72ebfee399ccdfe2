/*
 * settings_address - the key address_rules of mxpace.conf. For settings alone.
 */
#ifndef SETTINGS_ADDRESS_H
#define SETTINGS_ADDRESS_H

#include "settings.h"

/* CONF_CUSTOM; target is a struct settings. */
void settings_read_address_rules(struct conf_reader *reader, struct config_setting_t *setting,
    void *target);

/* As settings_pack() and settings_unpack(). */
void settings_pack_address_rules(const struct settings *settings, struct str *out);
void settings_unpack_address_rules(struct settings *settings, struct unpack *in);

#endif
