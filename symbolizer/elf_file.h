/* SPDX-License-Identifier: MIT */
/* An opened ELF file: image, segments, build-id. Nothing in it is trusted. */
#ifndef SYMBOLIZER_ELF_FILE_H
#define SYMBOLIZER_ELF_FILE_H

#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "symbolizer/symbolizer.h"

/* Where files may come from: descriptors of the caller first, then the file system. */
struct file_source {
    const struct walk_file *files;
    size_t n_files;
};

struct elf_segment {
    uint64_t address, offset, file_size, memory_size;
    bool writable, executable;
};

struct elf_file {
    char *path;
    int fd; /* -EBADF for an image in memory */
    void *memory;
    Elf *elf;
    const uint8_t *image;
    size_t size;
    struct stat status;
    struct elf_segment *segments;
    size_t n_segments;
    uint8_t build_id[64];
    size_t build_id_size;
};

/* Did the caller give a descriptor for path? */
bool file_source_has(const struct file_source *source, const char *path);
/* A regular file for reading that never blocks, or negative errno. */
int file_source_open(const struct file_source *source, const char *path, struct stat *status);

/* 0, -ENOEXEC, or what opening gave. source may be NULL. */
int elf_file_open(const struct file_source *source, const char *path, struct elf_file **ret);
/* Takes over memory (malloc'ed), also when it fails. */
int elf_file_from_memory(const char *path, void *memory, size_t size, struct elf_file **ret);
struct elf_file *elf_file_close(struct elf_file *file);
BASE_DEFINE_CLEANUP(elf_file_close, struct elf_file *, elf_file_close);

/* Bytes at a p_vaddr as the file holds them; returns how many were copied. */
size_t elf_file_read(const struct elf_file *file, uint64_t address, void *buffer, size_t size,
                     bool writable_too);
/* Contents as stored, NULL if the file has no such section or it has no bytes; shdr may be NULL. */
const uint8_t *elf_file_section(const struct elf_file *file, const char *name, size_t *size,
                                uint64_t *address);
bool elf_file_has_dwarf(const struct elf_file *file);
uint64_t elf_file_lowest_address(const struct elf_file *file);
/* SENTRY.md 2.5's stand-in for a build-id; false if there is no .text. */
bool elf_file_text_id(const struct elf_file *file, uint8_t id[16]);

#endif
