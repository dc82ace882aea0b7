/* SPDX-License-Identifier: MIT */
#include "report/threadgroups.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/sourcepath.h"

enum { CHAIN_MAX = 160, FUNCTIONS_SHOWN = 3, GROUPS_SHOWN = 20 };

struct group {
    char chain[CHAIN_MAX];
    char name[64]; /* common beginning of the threads' names, "*" behind it if they differ */
    size_t count;
};

static bool is_thread_base(const char *function) {
    static const char *const names[] = {
        "_start",   "__libc_start_main", "__libc_start_call_main", "clone", "clone3",
        "__clone3", "start_thread"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(function, names[i]) == 0)
            return true;
    return false;
}

/* "epoll_wait < EventLoop::run < main (src/main.cpp:33)": where it is, and whose work it does. */
static void describe(const struct crash_report *report, const struct report_thread *thread,
                     char *chain) {
    size_t used = 0, shown = 0;
    chain[0] = '\0';
    if (thread->missing || thread->stack.n_frames == 0) {
        snprintf(chain, CHAIN_MAX, "no stack: %s", thread->missing ? thread->missing : "empty");
        return;
    }
    bool placed = false;
    for (size_t i = 0; i < thread->stack.n_frames && shown < FUNCTIONS_SHOWN; i++) {
        const struct frame *frame = &thread->stack.frames[i];
        if (!frame->function || frame->trust == FRAME_TRUST_SCAN ||
            (i > 0 && (is_thread_base(frame->function) ||
                       (shown == FUNCTIONS_SHOWN - 1 && !placed && !thread->in_app[i]))))
            continue;
        int n =
            snprintf(chain + used, CHAIN_MAX - used, "%s%s", shown ? " < " : "", frame->function);
        const char *file = sourcepath_relative(report, frame);
        if (n > 0 && used + (size_t)n < CHAIN_MAX && thread->in_app[i] && !placed && file &&
            frame->line) {
            n += snprintf(chain + used + (size_t)n, CHAIN_MAX - used - (size_t)n, " (%s:%u)", file,
                          frame->line);
            placed = true;
        }
        if (n < 0 || used + (size_t)n >= CHAIN_MAX)
            return;
        used += (size_t)n;
        shown++;
    }
    if (shown == 0)
        snprintf(chain, CHAIN_MAX, "no names");
}

static void merge_name(struct group *group, const char *name) {
    size_t length = strlen(group->name), same = 0;
    if (strcmp(group->name, name) == 0)
        return;
    if (length && group->name[length - 1] == '*')
        length--;
    while (same < length && group->name[same] == name[same])
        same++;
    group->name[same] = '*';
    group->name[same + 1] = '\0';
}

static int by_count(const void *a, const void *b) {
    size_t m = ((const struct group *)a)->count, n = ((const struct group *)b)->count;
    return m < n ? 1 : m > n ? -1 : 0;
}

static size_t collect(const struct crash_report *report, struct group *groups) {
    size_t n = 0;
    char chain[CHAIN_MAX];
    for (size_t i = 1; i < report->n_threads; i++) {
        const struct report_thread *thread = &report->threads[i];
        size_t g = 0;
        describe(report, thread, chain);
        while (g < n && strcmp(groups[g].chain, chain) != 0)
            g++;
        if (g == n) {
            n++;
            memcpy(groups[g].chain, chain, sizeof chain);
            snprintf(groups[g].name, sizeof groups[g].name, "%.60s", thread->name);
        }
        groups[g].count++;
        merge_name(&groups[g], thread->name);
    }
    return n;
}

void threadgroups_print(FILE *out, const struct crash_report *report) {
    if (report->n_threads < 2)
        return;
    BASE_CLEANUP(free)
    struct group *groups = calloc(report->n_threads, sizeof *groups);
    if (!groups)
        return;
    size_t n = collect(report, groups);
    qsort(groups, n, sizeof *groups, by_count);
    fprintf(out, "\n  %zu other thread%s\n", report->n_threads - 1,
            report->n_threads == 2 ? "" : "s");
    for (size_t i = 0; i < n && i < GROUPS_SHOWN; i++)
        fprintf(out, "    %zux \"%s\"  %s\n", groups[i].count, groups[i].name, groups[i].chain);
    if (n > GROUPS_SHOWN)
        fprintf(out, "    and %zu other places\n", n - GROUPS_SHOWN);
}
