/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static struct {
    const char *name;
    int level;
    int to_journal;
} log_state = {.name = "crashd", .level = LOG_INFO};

static int stderr_is_journal(void) {
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat st;
    char *end;
    if (!stream)
        return 0;
    unsigned long long device = strtoull(stream, &end, 10);
    if (*end != ':')
        return 0;
    unsigned long long inode = strtoull(end + 1, NULL, 10);
    return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

void log_open(const char *name) {
    log_state.name = name;
    log_state.to_journal = stderr_is_journal();
}

void log_set_level(int priority) {
    log_state.level = priority;
}

void log_line(int priority, const char *format, ...) {
    char text[2048], prefix[128];
    va_list arguments;

    if (priority > log_state.level)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    /* A line break in logged data must not fake a second line. */
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    if (log_state.to_journal)
        snprintf(prefix, sizeof prefix, "<%d>", priority);
    else
        snprintf(prefix, sizeof prefix, "%s: ", log_state.name);
    struct iovec parts[] = {
        {prefix, strlen(prefix)},
        {text, strlen(text)},
        {(char *)"\n", 1},
    };
    if (writev(STDERR_FILENO, parts, 3) < 0)
        return;
}
