/* SPDX-License-Identifier: MIT */
#include "config/config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "base/text.h"
#include "config/value.h"

enum { FILE_MAX = 1 << 20, ENTRIES_MAX = 20000 };

/* In the order of precedence. */
enum section_kind { SECTION_CRASHD, SECTION_USER, SECTION_EXE, SECTION_UNIT };

struct section {
    enum section_kind kind;
    char *pattern;
    uint32_t uid;
    bool no_such_user;
    size_t literal; /* length of the pattern before its first wildcard */
};

struct entry {
    size_t section;
    enum config_key key;
    char *value;
};

struct config {
    struct section *sections;
    size_t n_sections;
    struct entry *entries; /* in the order of the files */
    size_t n_entries;
    config_dsn_check dsn_check;
};

static const char *const section_names[] = {"crashd", "user", "exe", "unit", NULL};

struct config *config_free(struct config *config) {
    if (!config)
        return NULL;
    for (size_t i = 0; i < config->n_sections; i++)
        free(config->sections[i].pattern);
    for (size_t i = 0; i < config->n_entries; i++)
        free(config->entries[i].value);
    free(config->sections);
    free(config->entries);
    free(config);
    return NULL;
}

static inline void cleanup_config(struct config **config) {
    config_free(*config);
}

static void find_user(struct section *section) {
    uint64_t number;
    if (value_natural(section->pattern, &number) && number <= UINT32_MAX) {
        section->uid = (uint32_t)number;
        return;
    }
    struct passwd *user = getpwnam(section->pattern);
    if (user)
        section->uid = user->pw_uid;
    else
        section->no_such_user = true;
}

static int begin_section(struct config *config, const struct ini_item *item,
                         struct config_error *error) {
    char name[32];
    const char *pattern = item->section + strcspn(item->section, " \t");
    snprintf(name, sizeof name, "%.*s", (int)(pattern - item->section), item->section);
    pattern += strspn(pattern, " \t");

    size_t kind = 0;
    while (section_names[kind] && strcmp(section_names[kind], name) != 0)
        kind++;
    if (!section_names[kind]) {
        const char *nearest = value_nearest(name, section_names);
        config_error_set(error, item->file, item->line, item->key_column + 1,
                         "unknown section \"%s\"%s%s%s", name, nearest ? "; did you mean \"" : "",
                         nearest ? nearest : "", nearest ? "\"?" : "");
        return -EINVAL;
    }
    if ((kind == SECTION_CRASHD) != (*pattern == '\0')) {
        config_error_set(error, item->file, item->line,
                         item->key_column + 1 + (unsigned)(pattern - item->section),
                         kind == SECTION_CRASHD ? "[crashd] takes no name"
                                                : "[%s NAME]: the name is missing",
                         name);
        return -EINVAL;
    }
    struct section *sections =
        realloc(config->sections, (config->n_sections + 1) * sizeof *sections);
    if (!sections)
        return -ENOMEM;
    config->sections = sections;
    struct section *section = &sections[config->n_sections];
    *section = (struct section){.kind = (enum section_kind)kind,
                                .pattern = strdup(pattern),
                                .literal = strcspn(pattern, "*?[\\")};
    if (!section->pattern)
        return -ENOMEM;
    config->n_sections++;
    if (kind == SECTION_USER) {
        find_user(section);
        if (section->no_such_user)
            log_warning("%s:%u: user \"%s\" does not exist: the section is without effect",
                        item->file, item->line, section->pattern);
    }
    return 0;
}

static bool in_range(const struct config_key_info *key, uint64_t number) {
    return key->most == 0 || (number >= key->least && number <= key->most);
}

/* NULL if value is right, else what would be. */
static const char *check_value(const struct config *config, const struct config_key_info *key,
                               const char *value) {
    const char *problem = NULL;
    uint64_t number;
    bool boolean;
    switch (key->type) {
    case CONFIG_TYPE_TEXT:
        return NULL;
    case CONFIG_TYPE_DSN:
        if (*value && config->dsn_check && config->dsn_check(value, &problem) < 0)
            return problem ? problem : "https://KEY@HOST/PROJECT expected";
        return NULL;
    case CONFIG_TYPE_BOOLEAN:
        return value_boolean(value, &boolean) ? NULL : "yes or no expected";
    case CONFIG_TYPE_NUMBER:
        if (!value_natural(value, &number))
            return "a number expected";
        return in_range(key, number) ? NULL : "beyond its range, which crashd.conf(5) tells";
    case CONFIG_TYPE_SIZE:
        if (!value_size(value, &number))
            return "a size expected, like 512K, 16M or 1G";
        return in_range(key, number) ? NULL : "beyond its range, which crashd.conf(5) tells";
    case CONFIG_TYPE_DURATION:
        return value_duration(value, &number) ? NULL : "a time expected, like 30s, 5min or 2h";
    case CONFIG_TYPE_CHOICE:
        for (size_t i = 0; key->choices[i]; i++)
            if (strcmp(value, key->choices[i]) == 0)
                return NULL;
        return "not one of the known values";
    case CONFIG_TYPE_PATH:
        return *value == '/' || *value == '\0' ? NULL : "an absolute path expected";
    case CONFIG_TYPE_PATHS:
    case CONFIG_TYPE_URLS:
    case CONFIG_TYPE_TAGS:
    case CONFIG_TYPE_MAPS:
        for (const char *p = value + strspn(value, " \t"); *p; p += strspn(p, " \t")) {
            size_t length = strcspn(p, " \t");
            if (key->type == CONFIG_TYPE_PATHS && *p != '/')
                return "absolute paths expected, separated by blanks";
            if (key->type == CONFIG_TYPE_URLS && !value_http_url(p, length))
                return "URLs expected that begin with http:// or https://, separated by blanks";
            const char *equals = memchr(p, '=', length);
            if (key->type == CONFIG_TYPE_TAGS && (!equals || equals == p))
                return "NAME=VALUE expected, separated by blanks";
            if (key->type == CONFIG_TYPE_MAPS && (!equals || equals == p || equals[1] != '/'))
                return "FROM=TO expected, separated by blanks, TO an absolute path";
            p += length;
        }
        return NULL;
    }
    return NULL;
}

static int find_key(const struct ini_item *item, struct config_error *error) {
    const char *names[CONFIG_KEYS + 1] = {0};
    for (int i = 0; i < CONFIG_KEYS; i++) {
        names[i] = config_keys[i].name;
        if (strcmp(names[i], item->key) == 0)
            return i;
    }
    const char *nearest = value_nearest(item->key, names);
    config_error_set(error, item->file, item->line, item->key_column, "unknown key \"%.60s\"%s%s%s",
                     item->key, nearest ? "; did you mean \"" : "", nearest ? nearest : "",
                     nearest ? "\"?" : "");
    return -EINVAL;
}

static int on_item(void *context, const struct ini_item *item, struct config_error *error) {
    struct config *config = context;
    if (!item->key)
        return begin_section(config, item, error);
    int key = find_key(item, error);
    if (key < 0)
        return key;
    const struct config_key_info *info = &config_keys[key];
    if (info->only_crashd && config->sections[config->n_sections - 1].kind != SECTION_CRASHD) {
        config_error_set(error, item->file, item->line, item->key_column,
                         "\"%s\" belongs into [crashd]: it holds for all", info->name);
        return -EINVAL;
    }
    const char *problem = check_value(config, info, item->value);
    if (problem) {
        const char *nearest =
            info->type == CONFIG_TYPE_CHOICE ? value_nearest(item->value, info->choices) : NULL;
        /* A DSN holds a key: it is not repeated. */
        config_error_set(error, item->file, item->line, item->value_column, "%s: %s%s%s%s",
                         info->name, problem, nearest ? "; did you mean \"" : "",
                         nearest ? nearest : "", nearest ? "\"?" : "");
        return -EINVAL;
    }
    if (config->n_entries >= ENTRIES_MAX) {
        config_error_set(error, item->file, item->line, 1, "too many keys");
        return -E2BIG;
    }
    struct entry *entries = realloc(config->entries, (config->n_entries + 1) * sizeof *entries);
    if (!entries)
        return -ENOMEM;
    config->entries = entries;
    entries[config->n_entries] = (struct entry){.section = config->n_sections - 1,
                                                .key = (enum config_key)key,
                                                .value = strdup(item->value)};
    if (!entries[config->n_entries].value)
        return -ENOMEM;
    config->n_entries++;
    return 0;
}

static int load_file(struct config *config, const char *file, struct config_error *error) {
    BASE_CLEANUP(free)
    char *text = NULL;
    BASE_CLEANUP(close)
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    size_t size;
    if (fd < 0)
        return -errno;
    int r = io_read_all(fd, FILE_MAX, &text, &size);
    if (r < 0)
        return r;
    error->text[0] = '\0';
    return ini_parse(file, text, size, on_item, config, error);
}

static int is_conf(const struct dirent *entry) {
    return entry->d_name[0] != '.' && text_ends_with(entry->d_name, ".conf");
}

static int load_directory(struct config *config, const char *directory,
                          struct config_error *error) {
    struct dirent **names = NULL;
    int r = 0, n = scandir(directory, &names, is_conf, alphasort);
    for (int i = 0; i < n; i++) {
        BASE_CLEANUP(free)
        char *path = NULL;
        if (r == 0) {
            if (asprintf(&path, "%s/%s", directory, names[i]->d_name) < 0)
                path = NULL, r = -ENOMEM;
            else
                r = load_file(config, path, error);
            if (r < 0 && error->text[0] == '\0')
                snprintf(error->text, sizeof error->text, "%s: %s", path ? path : directory,
                         strerror(-r));
        }
        free(names[i]);
    }
    free(names);
    return r;
}

int config_load(const char *file, config_dsn_check check, struct config **ret,
                struct config_error *error) {
    BASE_CLEANUP(free)
    char *directory = NULL;
    BASE_CLEANUP(config)
    struct config *config = calloc(1, sizeof *config);
    bool required = file != NULL;
    error->text[0] = '\0';
    if (!file)
        file = CONFIG_FILE_DEFAULT;
    if (config)
        config->dsn_check = check;
    if (!config || asprintf(&directory, "%s.d", file) < 0) {
        directory = NULL;
        return -ENOMEM;
    }
    int r = load_file(config, file, error);
    if (!required && (r == -ENOENT || r == -ENOTDIR))
        r = 0;
    if (!required && r == -EACCES) {
        log_info("%s may not be read by this user: continuing without it", file);
        r = 0;
    }
    if (r == 0)
        r = load_directory(config, directory, error);
    if (r < 0) {
        if (error->text[0] == '\0')
            snprintf(error->text, sizeof error->text, "%s: %s", file, strerror(-r));
        return r;
    }
    *ret = TAKE_POINTER(config);
    return 0;
}

static bool matches(const struct section *section, const struct config_subject *subject) {
    switch (section->kind) {
    case SECTION_CRASHD:
        return true;
    case SECTION_USER:
        return subject && subject->has_uid && !section->no_such_user &&
               section->uid == subject->uid;
    case SECTION_EXE:
        return subject && subject->exe && fnmatch(section->pattern, subject->exe, 0) == 0;
    case SECTION_UNIT:
        return subject && subject->unit && fnmatch(section->pattern, subject->unit, 0) == 0;
    }
    return false;
}

static uint64_t rank(const struct section *section) {
    return (uint64_t)section->kind << 32 | section->literal;
}

const char *config_text(const struct config *config, enum config_key key,
                        const struct config_subject *subject, enum config_level *level) {
    const char *value = config_keys[key].standard;
    enum config_level found = CONFIG_LEVEL_DEFAULT;
    uint64_t best = 0;
    for (size_t i = 0; i < config->n_entries; i++) {
        const struct entry *entry = &config->entries[i];
        const struct section *section = &config->sections[entry->section];
        if (entry->key != key || rank(section) < best || !matches(section, subject))
            continue;
        best = rank(section);
        value = entry->value;
        found = section->kind == SECTION_CRASHD ? CONFIG_LEVEL_CRASHD : CONFIG_LEVEL_SPECIAL;
    }
    if (level)
        *level = found;
    return value;
}

bool config_boolean(const struct config *config, enum config_key key,
                    const struct config_subject *subject) {
    bool value = false;
    const char *text = config_text(config, key, subject, NULL);
    return text && value_boolean(text, &value) && value;
}

uint64_t config_quantity(const struct config *config, enum config_key key,
                         const struct config_subject *subject) {
    uint64_t value = 0;
    const char *text = config_text(config, key, subject, NULL);
    if (!text)
        return 0;
    switch (config_keys[key].type) {
    case CONFIG_TYPE_SIZE:
        return value_size(text, &value) ? value : 0;
    case CONFIG_TYPE_DURATION:
        return value_duration(text, &value) ? value : 0;
    default:
        return value_natural(text, &value) ? value : 0;
    }
}

static int split_pairs(const char *text, config_pair_callback callback, void *context) {
    BASE_CLEANUP(free)
    char *copy = strdup(text);
    char *rest = copy, *word;
    if (!copy)
        return -ENOMEM;
    while ((word = strsep(&rest, " \t"))) {
        char *equals = strchr(word, '=');
        if (!equals)
            continue;
        *equals = '\0';
        int r = callback(context, word, equals + 1);
        if (r < 0)
            return r;
    }
    return 0;
}

int config_pairs(const struct config *config, enum config_key key,
                 const struct config_subject *subject, config_pair_callback callback,
                 void *context) {
    for (uint64_t from = 0;;) {
        /* The next rank in ascending order: sections are few. */
        uint64_t next = UINT64_MAX;
        for (size_t i = 0; i < config->n_sections; i++)
            if (rank(&config->sections[i]) >= from && rank(&config->sections[i]) < next)
                next = rank(&config->sections[i]);
        if (next == UINT64_MAX)
            return 0;
        for (size_t i = 0; i < config->n_entries; i++) {
            const struct entry *entry = &config->entries[i];
            const struct section *section = &config->sections[entry->section];
            if (entry->key != key || rank(section) != next || !matches(section, subject))
                continue;
            int r = split_pairs(entry->value, callback, context);
            if (r < 0)
                return r;
        }
        from = next + 1;
    }
}
