/* SPDX-License-Identifier: MIT */
/* One address of a module -> the frames that stand for it. */
#ifndef SYMBOLIZER_FRAMES_H
#define SYMBOLIZER_FRAMES_H

#include "symbolizer/frame.h"
#include "symbolizer/modules.h"
#include "symbolizer/sourceplace.h"

struct frame_list {
    struct frame *frames;
    size_t n, allocated;
};

struct frame_context {
    struct module_cache *cache;
    const struct file_source *source;
    struct source_finder *sources; /* NULL where source_lines is 0 */
    unsigned source_lines;
};

/* Appends the frames of address, innermost first, all with a copy of base (which has no texts).
 * module may be NULL: one frame. symbols says where to look for names that debug information does
 * not have. 0 or -ENOMEM. */
int frames_append(const struct frame_context *context, struct module *module,
                  const struct symbols *(*symbols)(void *data), void *data, uint64_t address,
                  const struct frame *base, struct frame_list *list);
/* Keeps the first n. */
void frame_list_cut(struct frame_list *list, size_t n);
void frame_list_free(struct frame_list *list);

#endif
