/* SPDX-License-Identifier: MIT */
#include "report/remedy.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "report/package.h"

enum { MODULES_MAX = 32, NAME_MAX_BYTES = 80 };

/* A package's name becomes a part of a command that people type. */
static bool is_name(const char *name) {
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-._";
    size_t length = name ? strlen(name) : 0;
    return length > 0 && length <= NAME_MAX_BYTES && *name != '-' &&
           strspn(name, allowed) == length;
}

/* Packages whose debug information was packed by hand, before the archive did it for all. */
static const char *hand_made(const char *package) {
    static const struct {
        const char *package, *debug;
    } known[] = {
        {"libc6", "libc6-dbg"},
        {"libpython3.11", "libpython3.11-dbg"},
        {"python3.11", "python3.11-dbg"},
        {"python3.11-minimal", "python3.11-dbg"},
        {"libpython3.11-minimal", "libpython3.11-dbg"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(package, known[i].package) == 0)
            return known[i].debug;
    return NULL;
}

/* debian-debug is where Debian keeps what ends in -dbgsym; Ubuntu's archive is another one. */
static int debian(const struct report_context *context, const char *package, char **ret) {
    const char *other = hand_made(package);
    const char *archive =
        context->os_name && strcmp(context->os_name, "debian") == 0   ? " (archive debian-debug)"
        : context->os_name && strcmp(context->os_name, "ubuntu") == 0 ? " (archive ddebs)"
                                                                      : "";
    int n = other ? asprintf(ret, "apt install %s", other)
                  : asprintf(ret, "apt install %s-dbgsym%s", package, archive);
    return n < 0 ? -ENOMEM : 0;
}

/* .note.package says of what system the file was made for. */
static int by_note(const struct report_context *context, const char *note, char **ret) {
    json_t *object = json_loads(note, 0, NULL);
    const char *type = json_string_value(json_object_get(object, "type"));
    const char *name = json_string_value(json_object_get(object, "name"));
    int r = 0;
    if (type && is_name(name) && strcmp(type, "rpm") == 0)
        r = asprintf(ret, "dnf debuginfo-install %s", name) < 0 ? -ENOMEM : 0;
    else if (type && is_name(name) && strcmp(type, "deb") == 0)
        r = debian(context, name, ret);
    json_decref(object);
    return r;
}

static bool is_missing(const struct report_module *module) {
    return module->symbols < MODULE_SYMBOLS_DWARF && !module->problem && module->path[0] == '/';
}

static int find(struct crash_report *report, struct report_module *module, const char *note) {
    const struct report_context *context = report->context;
    const char *package = NULL, *version;
    BASE_CLEANUP(free)
    char *install = NULL;
    int r = 0;
    if (note)
        r = by_note(context, note, &install);
    if (r == 0 && !install && context->packages) {
        package_find(context->packages, module->path, &package, &version);
        if (is_name(package))
            r = debian(context, package, &install);
    }
    if (r < 0)
        return r;
    /* A server finds it by its build-id, or not at all. */
    bool by_server = module->code_id[0] != '\0';
    const char *first = install ? install : module->in_app ? "build it with -g" : NULL;
    int n = 0;
    if (by_server && context->debuginfod && context->debuginfod_problem)
        n = asprintf(&module->remedy, "%s%sdebuginfod: %s", first ? first : "", first ? "; " : "",
                     context->debuginfod_problem);
    else if (by_server && !context->debuginfod && (install || !first))
        n = asprintf(&module->remedy, "%s%sset debuginfod-urls", first ? first : "",
                     first ? " or " : "");
    else if (first)
        n = asprintf(&module->remedy, "%s", first);
    if (n < 0) {
        module->remedy = NULL;
        return -ENOMEM;
    }
    return 0;
}

int remedies_find(struct crash_report *report, struct walk *walk) {
    size_t wanted[MODULES_MAX], n = 0;
    const char *paths[MODULES_MAX] = {NULL};
    for (size_t i = 0; report->n_threads && i < report->threads[0].stack.n_frames; i++) {
        int index = report->threads[0].stack.frames[i].module;
        bool known = index < 0 || (size_t)index >= report->n_modules;
        for (size_t j = 0; j < n && !known; j++)
            known = wanted[j] == (size_t)index;
        if (known || n == MODULES_MAX || !is_missing(&report->modules[index]))
            continue;
        paths[n] = report->modules[index].path;
        wanted[n++] = (size_t)index;
    }
    if (report->context->packages)
        package_prepare(report->context->packages, paths, n);
    int r = 0;
    for (size_t i = 0; i < n && r == 0; i++)
        r = find(report, &report->modules[wanted[i]], walk_module(walk, wanted[i]).package_note);
    return r;
}
