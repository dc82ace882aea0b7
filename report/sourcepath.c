/* SPDX-License-Identifier: MIT */
#include "report/sourcepath.h"

#include <string.h>

#include "base/text.h"

static const char *below(const char *path, const char *directory) {
    if (text_empty(directory) || strcmp(directory, "/") == 0)
        return NULL;
    size_t length = strlen(directory);
    while (length > 1 && directory[length - 1] == '/')
        length--;
    if (strncmp(path, directory, length) != 0 || path[length] != '/')
        return NULL;
    return path + length + 1;
}

const char *sourcepath_relative(const struct crash_report *report, const struct frame *frame) {
    const char *relative;
    if (!frame->path)
        return NULL;
    if ((frame->found && (relative = below(frame->found, report->context->work_directory))) ||
        (relative = below(frame->path, report->context->work_directory)) ||
        (relative = below(frame->path, frame->comp_dir)))
        return relative;
    return frame->path;
}
