/* SPDX-License-Identifier: MIT */
#include "crashd/release.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hex.h"
#include "base/text.h"
#include "crashd/ipc.h"

enum { BUILD_ID_SHOWN = 6 /* bytes */ };

const struct snapshot_module *release_main_module(const struct snapshot *snapshot) {
    BASE_CLEANUP(free)
    char *exe = strdup(snapshot->process.exe);
    if (!exe)
        return NULL;
    if (text_ends_with(exe, " (deleted)"))
        exe[strlen(exe) - strlen(" (deleted)")] = '\0';
    for (size_t i = 0; i < snapshot->n_modules; i++)
        if (*exe && strcmp(snapshot->modules[i].path, exe) == 0)
            return &snapshot->modules[i];
    return NULL;
}

/* name@version of a .note.package, or NULL. */
static char *from_note(const char *note) {
    json_error_t error;
    BASE_CLEANUP(json)
    json_t *object = json_loads(note, 0, &error);
    const char *name = ipc_text(object, "name"), *version = ipc_text(object, "version");
    char *text = NULL;
    if (!*name || !*version || asprintf(&text, "%s@%s", name, version) < 0)
        return NULL;
    return text;
}

static char *from_build_id(const struct snapshot_module *module) {
    char digits[2 * BUILD_ID_SHOWN + 1], *text = NULL;
    if (!module || module->build_id_size < BUILD_ID_SHOWN || text_empty(module->path))
        return NULL;
    hex_encode(module->build_id, BUILD_ID_SHOWN, digits);
    return asprintf(&text, "%s@%s", text_basename(module->path), digits) < 0 ? NULL : text;
}

static struct release named(const char *name, const char *source) {
    return (struct release){strdup(name), source};
}

struct release release_find(const json_t *facts, const json_t *settings,
                            const struct snapshot *snapshot, const char *package,
                            const char *package_version) {
    const struct snapshot_module *module = release_main_module(snapshot);
    const char *exe = snapshot->process.exe, *text;
    char *made;
    if (*snapshot->scope.release)
        return named(snapshot->scope.release, "crashhook.h");
    if (*(text = ipc_text(facts, "sentry_release")))
        return named(text, "SENTRY_RELEASE");
    if (*(text = ipc_text(settings, "section_release")))
        return named(text, "configuration");
    if (*(text = ipc_text(settings, "daemon_release")))
        return named(text, "crashd's own setting");
    if (*(text = ipc_text(settings, "ci_release")) && !text_starts_with(exe, "/usr/") &&
        !text_starts_with(exe, "/bin/") && !text_starts_with(exe, "/sbin/"))
        return named(text, "commit");
    if (module && *module->package_note && (made = from_note(module->package_note)))
        return (struct release){made, ".note.package"};
    if (!text_empty(package) && !text_empty(package_version) &&
        asprintf(&made, "%s@%s", package, package_version) >= 0)
        return (struct release){made, "package"};
    if ((made = from_build_id(module)))
        return (struct release){made, "build-id"};
    return (struct release){0};
}

const char *release_environment(const json_t *facts, const json_t *settings,
                                const struct snapshot *snapshot) {
    const char *texts[] = {
        snapshot->scope.environment,
        ipc_text(facts, "sentry_environment"),
        ipc_text(settings, "section_environment"),
        ipc_text(settings, "daemon_environment"),
        ipc_text(settings, "default_environment"),
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (*texts[i])
            return texts[i];
    return NULL;
}
