/* SPDX-License-Identifier: MIT */
/* One snapshot's view of memory and modules. */
#ifndef SYMBOLIZER_WALK_H
#define SYMBOLIZER_WALK_H

#include "symbolizer/modules.h"
#include "symbolizer/objects.h"
#include "symbolizer/sourceplace.h"
#include "symbolizer/symbolizer.h"

struct walk_entry {
    bool used;             /* a frame lies in it */
    bool tried;            /* to open its file */
    struct module *module; /* NULL if there is no file that fits */
    bool names_tried;
    struct module *names; /* its debug file, where there is nothing else */
    const char *problem;
    char *package_note;
    uint8_t text_id[16];
    bool tables_tried, debug_tables_tried;
    const struct unwind_tables *tables;
    struct unwind_tables *memory_tables; /* from the snapshot's memory, where there is no file */
    bool symbols_tried;
    struct symbols *memory_symbols;
    bool objects_tried;
    struct objects *objects;
    uint8_t *debug_frames; /* tables->debug_frame.frames at this load address */
};

/* What all stacks of one snapshot may cost together. A thousand honest threads need a part of it; a
 * hostile snapshot runs out of it within a second and gets addresses without names. */
struct walk_budget {
    size_t unwound;    /* frames */
    size_t scanned;    /* words of stacks */
    size_t followed;   /* instructions where there is no call frame information */
    size_t bridged;    /* steps of tried chains */
    size_t symbolized; /* addresses */
    size_t sourced;    /* addresses that are shown with source lines */
    size_t jumped;     /* entries read for tail calls */
    size_t described;  /* frames whose variables are read */
    size_t evaluated;  /* entries, operations and elements for variables */
};

struct walk {
    struct module_cache *cache;
    const struct snapshot *snapshot;
    struct file_source source;
    size_t max_frames;
    unsigned source_lines;
    struct walk_entry *entries; /* one for each module of the snapshot */
    struct unwinder *unwinder;
    struct walk_budget budget;
    struct variable_policy variables;
    struct source_finder sources;
};

/* Options and cache of the symbolizer, for walk_new. */
void symbolizer_configure(struct symbolizer *symbolizer, struct walk *walk);

/* Index of the module that covers address, or -1. */
int walk_module_at(const struct walk *walk, uint64_t address);
/* Its file; NULL if there is none that fits. */
struct module *walk_open(struct walk *walk, size_t index);
/* What knows the names of its functions: its file, else its debug file alone, which holds no code
 * and no data. */
struct module *walk_names(struct walk *walk, size_t index);
const struct unwind_tables *walk_tables(struct walk *walk, size_t index);
/* With those of its separate debug file; NULL if they were looked at before. */
const struct unwind_tables *walk_debug_tables(struct walk *walk, size_t index);
/* Its symbol tables, from its file or the snapshot's memory; NULL if there are none. */
const struct symbols *walk_symbols(struct walk *walk, size_t index);
/* The same for variables, from its file only. */
const struct objects *walk_objects(struct walk *walk, size_t index);
/* May code run at address? */
bool walk_executable(const struct walk *walk, uint64_t address);
/* As walk_read_memory, but writable segments are given as the file holds them, too: good enough for
 * the unwinder, which only looks whether a personality is there. */
size_t walk_read_initial(struct walk *walk, uint64_t address, void *buffer, size_t size);

#endif
