/* SPDX-License-Identifier: MIT */
#include "crashctl/crashes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/hex.h"
#include "base/io.h"
#include "control/control.h"
#include "crashctl/rows.h"

enum { ID_DIGITS = 32, SHOWN_DIGITS = 8, FILE_LIMIT = 64 << 20 };

enum state { CAPTURED, LOCAL, QUEUED, SENT, FAILED };

struct crash {
    char id[ID_DIGITS + 1];
    enum state state;
    char error[200];
};

struct crashes {
    struct crashes_options options;
    int output;
    struct crash *list;
    size_t n;
};

/* Those above it with the usual mode, as mkdir -p does; the last one is for its owner alone. */
static int make_directories(const char *path) {
    BASE_CLEANUP(free)
    char *copy = strdup(path);
    for (char *slash = copy ? strchr(copy + 1, '/') : NULL; slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, 0777) < 0 && errno != EEXIST)
            return -errno;
        *slash = '/';
    }
    return mkdir(path, 0700) < 0 ? -errno : 0;
}

int crashes_new(const struct crashes_options *options, struct crashes **ret) {
    int output = -1;
    if (options->output) {
        if ((make_directories(options->output) < 0 && errno != EEXIST) ||
            (output = open(options->output, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
            int r = -errno;
            fprintf(stderr, "crashctl: --output %s: %s\n", options->output, strerror(errno));
            return r;
        }
    }
    *ret = calloc(1, sizeof **ret);
    if (!*ret) {
        if (output >= 0)
            close(output);
        return -ENOMEM;
    }
    (*ret)->options = *options;
    (*ret)->output = output;
    return 0;
}

struct crashes *crashes_free(struct crashes *crashes) {
    if (crashes) {
        if (crashes->output >= 0)
            close(crashes->output);
        free(crashes->list);
    }
    free(crashes);
    return NULL;
}

static struct crash *find(const struct crashes *crashes, const char *id) {
    for (size_t i = 0; i < crashes->n; i++)
        if (strcmp(crashes->list[i].id, id) == 0)
            return &crashes->list[i];
    return NULL;
}

static struct crash *add(struct crashes *crashes, const char *id) {
    struct crash *longer = realloc(crashes->list, (crashes->n + 1) * sizeof *longer);
    if (!longer)
        return NULL;
    crashes->list = longer;
    struct crash *crash = &crashes->list[crashes->n++];
    *crash = (struct crash){.state = CAPTURED};
    memcpy(crash->id, id, ID_DIGITS);
    return crash;
}

static int keep_file(const struct crashes *crashes, int place, const char *id, const char *name,
                     const char *extension, char **text, size_t *size) {
    char target[ID_DIGITS + 16];
    int r = io_read_file(place, name, FILE_LIMIT, text, size);
    if (r == 0 && crashes->output >= 0) {
        snprintf(target, sizeof target, "%s%s", id, extension);
        r = io_write_file_atomic(crashes->output, target, *text, *size);
    }
    if (r < 0)
        fprintf(stderr, "crashctl: %s of crash %.*s: %s\n", name, SHOWN_DIGITS, id, strerror(-r));
    return r;
}

/* One write for a whole report: lines of the command do not get between. */
static void show(const struct crash *crash, const char *text, size_t size) {
    char *all = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&all, &length);
    if (!out)
        return;
    fwrite(text, 1, size, out);
    if (crash->state == QUEUED)
        fprintf(out, "  being sent to Sentry ");
    else
        fprintf(out, "  kept locally, not sent: no DSN (--dsn or SENTRY_DSN) ");
    fprintf(out, "        again: crashctl show %.*s\n\n", SHOWN_DIGITS, crash->id);
    fclose(out);
    io_write_all(STDERR_FILENO, all, length);
    free(all);
}

static void take_report(struct crashes *crashes, const struct crash *crash) {
    BASE_CLEANUP(free)
    char *text = NULL, *event = NULL, *snapshot = NULL;
    size_t text_size = 0, event_size = 0, snapshot_size = 0;
    BASE_CLEANUP(close)
    int place = rows_open_crash(crashes->options.state_dir, crash->id);
    if (place < 0) {
        fprintf(stderr, "crashctl: the report of crash %.*s is not below %s\n", SHOWN_DIGITS,
                crash->id, crashes->options.state_dir);
        return;
    }
    if (keep_file(crashes, place, crash->id, "report.txt", ".txt", &text, &text_size) == 0)
        show(crash, text, text_size);
    if (crashes->output >= 0)
        keep_file(crashes, place, crash->id, "event.json", ".json", &event, &event_size);
    if (crashes->output >= 0 && crashes->options.snapshots)
        keep_file(crashes, place, crash->id, "snapshot", ".snapshot", &snapshot, &snapshot_size);
}

static enum state state_named(const char *name) {
    if (strcmp(name, "sent") == 0)
        return SENT;
    if (strcmp(name, "failed") == 0)
        return FAILED;
    return strcmp(name, "queued") == 0 ? QUEUED : LOCAL;
}

void crashes_take(struct crashes *crashes, const json_t *message) {
    const char *type = json_string_value(json_object_get(message, "type"));
    const char *id = json_string_value(json_object_get(message, "id"));
    const char *state = json_string_value(json_object_get(message, "state"));
    const char *error = json_string_value(json_object_get(message, "error"));
    if (!type || !id || !hex_is(id, ID_DIGITS))
        return;
    struct crash *crash = find(crashes, id);
    if (!crash && strcmp(type, CONTROL_CAPTURED) == 0)
        crash = add(crashes, id);
    /* One that an earlier daemon left behind is reported and sent too, but not this run's. */
    if (!crash)
        return;
    snprintf(crash->error, sizeof crash->error, "%s", error ? error : "");
    if (strcmp(type, CONTROL_REPORTED) == 0) {
        crash->state = state_named(state ? state : "");
        if (crash->state == FAILED)
            fprintf(stderr, "crashctl: crash %.*s could not be reported%s%s\n", SHOWN_DIGITS, id,
                    error ? ": " : "", error ? error : "");
        else
            take_report(crashes, crash);
    } else if (strcmp(type, CONTROL_DELIVERY) == 0) {
        crash->state = state_named(state ? state : "");
    }
}

size_t crashes_total(const struct crashes *crashes) {
    return crashes->n;
}

size_t crashes_pending(const struct crashes *crashes) {
    size_t n = 0;
    for (size_t i = 0; i < crashes->n; i++)
        n += crashes->list[i].state == CAPTURED || crashes->list[i].state == QUEUED;
    return n;
}

static size_t count(const struct crashes *crashes, enum state state, const char **error) {
    size_t n = 0;
    for (size_t i = 0; i < crashes->n; i++)
        if (crashes->list[i].state == state) {
            n++;
            if (crashes->list[i].error[0])
                *error = crashes->list[i].error;
        }
    return n;
}

void crashes_summarize(const struct crashes *crashes, unsigned long long programs) {
    const char *error = NULL;
    size_t sent = count(crashes, SENT, &error), waiting = count(crashes, QUEUED, &error),
           failed = count(crashes, FAILED, &error), captured = count(crashes, CAPTURED, &error);
    const char *plural = programs == 1 ? "process" : "processes";

    if (crashes->n == 0) {
        fprintf(stderr, "crashd: no crashes in %llu %s\n", programs, plural);
        return;
    }
    fprintf(stderr, "crashd: %zu crash%s in %llu %s", crashes->n, crashes->n == 1 ? "" : "es",
            programs, plural);
    if (sent)
        fprintf(stderr, ", %zu sent", sent);
    if (waiting)
        fprintf(stderr, ", %zu waiting to be sent", waiting);
    if (failed)
        fprintf(stderr, ", %zu failed", failed);
    if (captured)
        fprintf(stderr, ", %zu not reported yet", captured);
    if ((waiting || failed) && error)
        fprintf(stderr, " (%s)", error);
    if (crashes->options.output)
        fprintf(stderr, "; reports in %s", crashes->options.output);
    fputc('\n', stderr);
}
