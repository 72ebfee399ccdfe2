/*
 * settings_reputation - the keys reputation and account_from_sender of mxpace.conf. For settings
 * alone.
 */
#ifndef SETTINGS_REPUTATION_H
#define SETTINGS_REPUTATION_H

#include "settings.h"

/* What holds where the file says nothing. */
void settings_reputation_defaults(struct arena *arena, struct reputation *reputation);
/* CONF_CUSTOM; target is a struct settings. */
void settings_read_reputation(struct conf_reader *reader, struct config_setting_t *setting,
    void *target);
/* Compiles account_from_sender; a mistake where it is none, or has no group "account". */
void settings_compile_account(struct conf_reader *reader, struct config_setting_t *setting,
    struct settings *settings);

/* As settings_pack() and settings_unpack(). */
void settings_pack_reputation(const struct settings *settings, struct str *out);
void settings_unpack_reputation(struct settings *settings, struct unpack *in);

#endif
