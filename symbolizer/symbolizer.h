/* SPDX-License-Identifier: MIT */
/*
 * Snapshot in, frames out. A symbolizer keeps opened modules between snapshots; a walk is one
 * snapshot's view: its address space over those modules. Neither is safe to share between threads.
 * Hostile snapshots, ELF and DWARF cost at most the limits and give fewer frames, never an error.
 */
#ifndef SYMBOLIZER_SYMBOLIZER_H
#define SYMBOLIZER_SYMBOLIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snapshot/snapshot.h"
#include "symbolizer/frame.h"

struct symbolizer;
struct index_place;
struct walk;

struct symbolizer_options {
    const char *const *debug_directories; /* NULL-terminated; NULL: { "/usr/lib/debug", NULL } */
    size_t max_frames;                    /* per stack, physical and inlined; 0: 4096 */
    unsigned source_lines;                /* on either side; 0: none */
    struct index_place *indexes;          /* where modules' indexes are; NULL if nowhere */
    size_t max_cached_modules;            /* least recently used ones are closed beyond it; 0: 64 */
};

/* A descriptor for a module's file, opened by somebody who was allowed to; kept by the caller.
 * The symbolizer checks the build-id before it uses one, like any other file. */
struct walk_file {
    const char *path; /* as in snapshot.modules[].path */
    int fd;
};

/* 0 or -ENOMEM. */
int symbolizer_new(const struct symbolizer_options *options, struct symbolizer **ret);
struct symbolizer *symbolizer_free(struct symbolizer *symbolizer);
/* Debug files have come: what was missing is looked for again by the next walk. */
void symbolizer_look_again(struct symbolizer *symbolizer);

/* Writes the index of the file with that build-id (hexadecimal) to fd, an empty file. As
 * index_build (symbolizer/index/build.h), or why the file could not be opened. */
int symbolizer_build_index(struct symbolizer *symbolizer, const struct walk_file *files,
                           size_t n_files, const char *path, const char *build_id, int fd,
                           uint64_t limit);

/* The snapshot must outlive the walk. files may be NULL. 0 or -ENOMEM. */
int walk_new(struct symbolizer *symbolizer, const struct snapshot *snapshot,
             const struct walk_file *files, size_t n_files, struct walk **ret);
struct walk *walk_free(struct walk *walk);

/* Which variables walk_stack reads. */
struct variable_policy {
    bool (*wants)(const struct frame *frame, void *data); /* those of frame; NULL: of no frame */
    void *data;
    /* Variables and members of such a name are read, but not shown; NULL: there are none. */
    bool (*is_secret)(const char *name);
};

void walk_set_variables(struct walk *walk, const struct variable_policy *policy);

/* Sources that were compiled below from are below to. */
struct source_map {
    const char *from, *to;
};

struct source_places {
    bool elsewhere; /* the process had another root or other mounts: its paths mean nothing here */
    const struct source_map *maps;
    size_t n_maps;
    const char *work_directory; /* relative paths, and those of another checkout; NULL: none */
};

/* Texts must outlive the walk. */
void walk_set_sources(struct walk *walk, const struct source_places *places);

/* Unwinds and symbolizes snapshot.threads[thread]. 0, or -ENOMEM, or -ENODATA when the thread has
 * neither pc nor sp. */
int walk_stack(struct walk *walk, size_t thread, struct stack *ret);

/* Memory of the dead process: the snapshot's, then read-only pages of module files. Bytes copied.
 */
size_t walk_read_memory(struct walk *walk, uint64_t address, void *buffer, size_t size);

enum module_symbols {
    MODULE_SYMBOLS_UNUSED, /* no frame needed it: not opened */
    MODULE_SYMBOLS_NONE,   /* no symbol at all */
    MODULE_SYMBOLS_ELF,    /* names from symbol tables only */
    MODULE_SYMBOLS_DWARF,  /* functions, lines, inlines */
};

struct walk_module {
    enum module_symbols symbols;
    const char *debug_file; /* separate debug file that was used, or NULL */
    const char *problem;    /* one sentence: "changed on disk since the process started", or NULL */
    uint64_t vmaddr;        /* lowest p_vaddr of PT_LOAD */
    const char *package_note; /* JSON of .note.package, or NULL */
    const uint8_t *text_id; /* 16 bytes, SENTRY.md 2.5's id of a module without build-id, or NULL */
    bool indexed;           /* its index was looked into, not its debug information */
};

/* About snapshot.modules[index]; valid until the walk's end. */
struct walk_module walk_module(struct walk *walk, size_t index);

/* A file that was looked for in vain and would tell more about a module. */
struct walk_missing {
    const uint8_t *build_id;
    size_t build_id_size;
    bool executable; /* the module itself; else debug information */
};

enum { WALK_MISSING_MAX = 2 };

/* Of snapshot.modules[index], when a frame lies in it: returns how many; valid until the walk's
 * end. */
size_t walk_missing(struct walk *walk, size_t index, struct walk_missing ret[WALK_MISSING_MAX]);

/*
 * Addresses of a file on disk, as addr2line takes them (p_vaddr space).
 */
struct symbolizer_file;
/* indexes: where its index may be; NULL if nowhere. 0 or negative errno: -ENOENT, -EACCES, -ENOEXEC
 * (no ELF file) and so on. */
int symbolizer_file_open(const char *path, struct index_place *indexes,
                         struct symbolizer_file **ret);
struct symbolizer_file *symbolizer_file_close(struct symbolizer_file *file);
/* frames: innermost inlined one first; always at least one, with everything unknown if so. */
int symbolizer_file_lookup(struct symbolizer_file *file, uint64_t address, struct stack *ret);

#endif
