/* SPDX-License-Identifier: MIT */
/*
 * The configuration: /etc/crashd/crashd.conf, then crashd.conf.d's files in the order of their
 * names. Sections: [crashd], [user NAME], [exe GLOB], [unit GLOB]; what is more special wins:
 * default < crashd < user < exe < unit, and within one kind the longer literal prefix.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "config/ini.h"
#include "config/keys.h"

#define CONFIG_FILE_DEFAULT "/etc/crashd/crashd.conf"

/* What settings are asked for; all members may be unknown. */
struct config_subject {
    bool has_uid;
    uint32_t uid;
    const char *exe, *unit;
};

/* Where a value came from. */
enum config_level { CONFIG_LEVEL_DEFAULT, CONFIG_LEVEL_CRASHD, CONFIG_LEVEL_SPECIAL };

struct config;

/* Negative when text is no DSN, with *problem set to a sentence: the grammar is known elsewhere. */
typedef int (*config_dsn_check)(const char *text, const char **problem);

/* file NULL: the default one, which may be missing or unreadable. check may be NULL. 0 or negative
 * errno with error set. */
int config_load(const char *file, config_dsn_check check, struct config **ret,
                struct config_error *error);
struct config *config_free(struct config *config);

/* The text that holds for subject (NULL: nobody in particular); NULL if there is none. level may
 * be NULL. */
const char *config_text(const struct config *config, enum config_key key,
                        const struct config_subject *subject, enum config_level *level);
bool config_boolean(const struct config *config, enum config_key key,
                    const struct config_subject *subject);
/* Number, bytes, or nanoseconds. */
uint64_t config_quantity(const struct config *config, enum config_key key,
                         const struct config_subject *subject);

/* Every NAME=VALUE of a key that adds up that holds for subject, the most special ones last. */
typedef int (*config_pair_callback)(void *context, const char *name, const char *value);
int config_pairs(const struct config *config, enum config_key key,
                 const struct config_subject *subject, config_pair_callback callback,
                 void *context);

#endif
