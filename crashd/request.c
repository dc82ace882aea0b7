/* SPDX-License-Identifier: MIT */
#include "crashd/request.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "crashd/ipc.h"

static const char *or_null(const char *text) {
    return text_empty(text) ? NULL : text;
}

static void set(json_t *object, const char *name, const char *value) {
    if (!text_empty(value))
        json_object_set_new(object, name, json_string(value));
}

/* A section made for this crash, else the command line, else [crashd], else the daemon's
 * environment. */
static const char *setting(const struct daemon *daemon, enum config_key key,
                           const struct config_subject *subject, const char *option,
                           const char *variable, const char **special) {
    enum config_level level;
    const char *text = config_text(daemon->config, key, subject, &level);
    *special = level == CONFIG_LEVEL_SPECIAL ? text : NULL;
    if (option)
        return option;
    if (level == CONFIG_LEVEL_CRASHD)
        return text;
    return getenv(variable);
}

static const char *choose_dsn(const struct daemon *daemon, const json_t *facts,
                              const struct config_subject *subject) {
    const char *special, *client = or_null(ipc_text(facts, "sentry_dsn"));
    const char *general =
        setting(daemon, CONFIG_DSN, subject, daemon->options.dsn, "SENTRY_DSN", &special);
    if (special)
        return or_null(special);
    /* A crashing process chooses the destination only of what is its own. */
    bool allowed =
        config_boolean(daemon->config, CONFIG_ALLOW_CLIENT_DSN, subject) ||
        (ipc_flag(facts, "identified") && subject->uid == geteuid() && !daemon->options.dsn);
    return client && allowed ? client : or_null(general);
}

/* In a run of one's own everything is for one's own eyes. */
static const char *choose_vars(const struct daemon *daemon, const struct config_subject *subject) {
    const char *text = config_text(daemon->config, CONFIG_VARS, subject, NULL);
    if (strcmp(text, "auto") != 0)
        return text;
    bool allowed =
        daemon->options.run_id || config_boolean(daemon->config, CONFIG_SEND_DEFAULT_PII, subject);
    return allowed ? "in-app" : "off";
}

static int add_tag(void *tags, const char *name, const char *value) {
    json_t *text = json_string(value);
    return text ? json_object_set_new(tags, name, text) : 0;
}

static json_t *tags_for(const struct daemon *daemon, const struct config_subject *subject) {
    json_t *tags = json_object();
    config_pairs(daemon->config, CONFIG_TAGS, subject, add_tag, tags);
    for (size_t i = 0; tags && i < daemon->options.n_tags; i++) {
        const char *tag = daemon->options.tags[i], *equals = strchr(tag, '=');
        json_object_set_new(tags, strndupa(tag, (size_t)(equals - tag)), json_string(equals + 1));
    }
    return tags;
}

static int add_map(void *maps, const char *from, const char *to) {
    return json_array_append_new(maps, json_pack("[s s]", from, to));
}

static json_t *source_maps_for(const struct daemon *daemon, const struct config_subject *subject) {
    json_t *maps = json_array();
    config_pairs(daemon->config, CONFIG_SOURCE_MAP, subject, add_map, maps);
    for (size_t i = 0; maps && i < daemon->options.n_source_maps; i++) {
        const char *map = daemon->options.source_maps[i], *equals = strchr(map, '=');
        add_map(maps, strndupa(map, (size_t)(equals - map)), equals + 1);
    }
    return maps;
}

json_t *request_new(const struct daemon *daemon, json_t *facts, unsigned failures,
                    json_t **destination) {
    bool identified = ipc_flag(facts, "identified");
    struct config_subject subject = {
        .has_uid = true,
        .uid = (uint32_t)ipc_number(facts, "uid"),
        .exe = identified ? or_null(ipc_text(facts, "exe")) : NULL,
        .unit = identified ? or_null(ipc_text(facts, "unit")) : NULL,
    };
    const char *special, *general;
    char user_id[33];
    json_t *settings = json_deep_copy(daemon->host.description);
    if (!settings)
        return NULL;

    general = setting(daemon, CONFIG_RELEASE, &subject, daemon->options.release, "SENTRY_RELEASE",
                      &special);
    set(settings, "section_release", special);
    set(settings, "daemon_release", general);
    set(settings, "ci_release", daemon->options.ci_release);
    general = setting(daemon, CONFIG_ENVIRONMENT, &subject, daemon->options.environment,
                      "SENTRY_ENVIRONMENT", &special);
    set(settings, "section_environment", special);
    set(settings, "daemon_environment", general);
    set(settings, "default_environment", daemon->options.run_id ? "development" : "production");
    set(settings, "server_name", config_text(daemon->config, CONFIG_SERVER_NAME, &subject, NULL));
    set(settings, "server", config_text(daemon->config, CONFIG_SERVER, &subject, NULL));
    set(settings, "symbolication",
        config_text(daemon->config, CONFIG_SYMBOLICATION, &subject, NULL));
    set(settings, "vars", choose_vars(daemon, &subject));
    set(settings, "work_directory", daemon->options.work_directory);
    host_user_id(subject.uid, user_id);
    set(settings, "user_id", user_id);
    json_object_set_new(
        settings, "send_pii",
        json_boolean(config_boolean(daemon->config, CONFIG_SEND_DEFAULT_PII, &subject)));
    json_object_set_new(settings, "tags", tags_for(daemon, &subject));
    json_object_set_new(settings, "private_run", json_boolean(daemon->options.run_id != NULL));
    json_object_set_new(settings, "source_maps", source_maps_for(daemon, &subject));

    const char *dsn = choose_dsn(daemon, facts, &subject);
    *destination = dsn ? json_pack("{ss sb}", "dsn", dsn, "events_only",
                                   strcmp(ipc_text(settings, "server"), "events-only") == 0)
                       : NULL;
    /* It is no business of the worker's. */
    json_object_del(facts, "sentry_dsn");
    return json_pack("{ss sO so sb}", "type", "report", "facts", facts, "settings", settings,
                     "reduced", failures >= 2);
}
