/*
 * settings_sending - the keys sending_ips and pools of mxpace.conf. For settings alone.
 */
#ifndef SETTINGS_SENDING_H
#define SETTINGS_SENDING_H

#include "settings.h"

/* CONF_CUSTOM; target is a struct settings. */
void settings_read_sending_ips(struct conf_reader *reader, struct config_setting_t *setting,
    void *target);
void settings_read_pools(struct conf_reader *reader, struct config_setting_t *setting,
    void *target);
/* What can be told of the pools once the sending IPs are known, wherever they stand in the file.
 * list: where the pools stand. */
void settings_check_pools(struct conf_reader *reader, struct config_setting_t *list,
    struct settings *settings);

/* As settings_pack() and settings_unpack(). */
void settings_pack_sending(const struct settings *settings, struct str *out);
void settings_unpack_sending(struct settings *settings, struct unpack *in);

#endif
