/* SPDX-License-Identifier: MIT */
/* Async-signal-safe. The program may have written anything into this memory, too. */
#include "libcrashhook/capture.h"
#include "libcrashhook/scope.h"
#include "libcrashhook/text.h"

enum { SECTION_SIZE = 32 * 1024, BREADCRUMB_SIZE = 768 };

/* What one map is made of, looked up once: a program that goes on may change it meanwhile. */
struct picked {
    const struct scope_entry *entry;
    const char *value;
};

static size_t pick(unsigned what, const char *context, struct picked *picked) {
    size_t n = 0;

    for (size_t i = 0; i < SCOPE_ENTRIES; i++) {
        const struct scope_entry *entry = &scope.entries[i];
        unsigned current = atomic_load(&entry->current);
        if (atomic_load(&entry->state) == SCOPE_READY && entry->what == what && current >= 1 &&
            current <= 2 && (context == NULL || text_equal(entry->context, context)))
            picked[n++] = (struct picked){entry, entry->values[current - 1]};
    }
    return n;
}

static void write_bounded(struct snapshot_writer *writer, const char *text, size_t size) {
    snapshot_writer_item(writer, text, text_length_max(text, size - 1));
}

static void write_map(struct snapshot_writer *writer, unsigned key, const struct picked *picked,
                      size_t n) {
    if (n == 0)
        return;
    snapshot_writer_map(writer, key, n);
    for (size_t i = 0; i < n; i++) {
        write_bounded(writer, picked[i].entry->name, SCOPE_NAME_SIZE);
        write_bounded(writer, picked[i].value, SCOPE_VALUE_SIZE);
    }
}

static void write_text(struct snapshot_writer *writer, unsigned key, const char *text,
                       size_t size) {
    snapshot_writer_str(writer, key, text, text_length_max(text, size - 1));
}

static void write_fingerprint(struct snapshot_writer *writer) {
    unsigned current = atomic_load(&scope.fingerprint.current), n = 0;

    if (current < 1 || current > 2)
        return;
    while (n < CRASHHOOK_FINGERPRINT_PARTS && scope.fingerprint.parts[current - 1][n][0] != '\0')
        n++;
    snapshot_writer_strs(writer, SNAPSHOT_SCOPE_FINGERPRINT, n);
    for (unsigned i = 0; i < n; i++)
        write_bounded(writer, scope.fingerprint.parts[current - 1][i], CRASHHOOK_PART_MAX + 1);
}

static void write_settings(struct capture *capture, struct picked *picked) {
    struct snapshot_writer *writer = &capture->writer;

    snapshot_writer_begin(writer, SNAPSHOT_SECTION_SCOPE, SECTION_SIZE);
    if (pick(CRASHHOOK_RELEASE, NULL, picked) > 0)
        write_text(writer, SNAPSHOT_SCOPE_RELEASE, picked[0].value, SCOPE_VALUE_SIZE);
    if (pick(CRASHHOOK_ENVIRONMENT, NULL, picked) > 0)
        write_text(writer, SNAPSHOT_SCOPE_ENVIRONMENT, picked[0].value, SCOPE_VALUE_SIZE);
    write_map(writer, SNAPSHOT_SCOPE_TAGS, picked, pick(CRASHHOOK_TAG, NULL, picked));
    write_map(writer, SNAPSHOT_SCOPE_USER, picked, pick(CRASHHOOK_USER, NULL, picked));
    write_fingerprint(writer);
    snapshot_writer_end(writer);
}

/* A context for each heading, at its first entry. */
static void write_contexts(struct capture *capture, struct picked *picked) {
    struct snapshot_writer *writer = &capture->writer;

    for (size_t i = 0; i < SCOPE_ENTRIES; i++) {
        const struct scope_entry *entry = &scope.entries[i];
        size_t n;
        if (atomic_load(&entry->state) != SCOPE_READY || entry->what != CRASHHOOK_CONTEXT)
            continue;
        n = pick(CRASHHOOK_CONTEXT, entry->context, picked);
        if (n == 0 || picked[0].entry != entry)
            continue;
        snapshot_writer_begin(writer, SNAPSHOT_SECTION_CONTEXT, SECTION_SIZE);
        write_text(writer, SNAPSHOT_CONTEXT_NAME, entry->context, SCOPE_NAME_SIZE);
        write_map(writer, SNAPSHOT_CONTEXT_VALUES, picked, n);
        snapshot_writer_end(writer);
    }
}

static void write_data(struct snapshot_writer *writer, const struct scope_breadcrumb *crumb) {
    const char *at = crumb->data, *end = crumb->data + sizeof crumb->data;

    if (crumb->pairs == 0 || crumb->pairs > sizeof crumb->data / 2)
        return;
    snapshot_writer_map(writer, SNAPSHOT_BREADCRUMB_DATA, crumb->pairs);
    for (unsigned i = 0; i < crumb->pairs * 2; i++) {
        size_t length = at < end ? text_length_max(at, (size_t)(end - at)) : 0;
        snapshot_writer_item(writer, at < end ? at : "", length);
        at += length + 1;
    }
}

static void write_breadcrumb(struct capture *capture, const struct scope_breadcrumb *crumb) {
    static const char levels[][8] = {"debug", "info", "warning", "error", "fatal"};
    struct snapshot_writer *writer = &capture->writer;
    unsigned level = (unsigned)crumb->level - CRASHHOOK_DEBUG;

    snapshot_writer_begin(writer, SNAPSHOT_SECTION_BREADCRUMB, BREADCRUMB_SIZE);
    snapshot_writer_uint(writer, SNAPSHOT_BREADCRUMB_TIME, crumb->time);
    capture_string(capture, SNAPSHOT_BREADCRUMB_LEVEL,
                   level < sizeof levels / sizeof *levels ? levels[level] : "info");
    write_text(writer, SNAPSHOT_BREADCRUMB_CATEGORY, crumb->category, sizeof crumb->category);
    write_text(writer, SNAPSHOT_BREADCRUMB_MESSAGE, crumb->message, sizeof crumb->message);
    write_data(writer, crumb);
    snapshot_writer_end(writer);
}

/* One that is being written now is left out, whole. */
static void write_breadcrumbs(struct capture *capture) {
    uint64_t last = atomic_load(&scope.breadcrumbs);
    uint64_t number = last > CRASHHOOK_BREADCRUMBS ? last - CRASHHOOK_BREADCRUMBS + 1 : 1;

    for (; number <= last; number++) {
        const struct scope_breadcrumb *crumb = &scope.ring[number % CRASHHOOK_BREADCRUMBS];
        struct scope_breadcrumb *copy = (struct scope_breadcrumb *)capture->scratch;
        if (atomic_load(&crumb->state) != number * 2)
            continue;
        text_copy(copy, crumb, sizeof *copy);
        if (atomic_load(&crumb->state) == number * 2)
            write_breadcrumb(capture, copy);
    }
}

void scope_write(struct capture *capture) {
    struct picked *picked = (struct picked *)capture->scratch;

    if (!atomic_load(&scope.used))
        return;
    _Static_assert(SCOPE_ENTRIES * sizeof *picked <= CAPTURE_SCRATCH_SIZE, "scratch");
    write_settings(capture, picked);
    write_contexts(capture, picked);
    write_breadcrumbs(capture);
}
