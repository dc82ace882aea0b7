/* SPDX-License-Identifier: MIT */
#include "symbolizer/elf_file.h"

#include <elfutils/libdwelf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <string.h>

enum { SEGMENTS_LIMIT = 256, TEXT_ID_BYTES = 4096 };

static int check_regular(const struct stat *status) {
    if (S_ISDIR(status->st_mode))
        return -EISDIR;
    return S_ISREG(status->st_mode) ? 0 : -EINVAL;
}

bool file_source_has(const struct file_source *source, const char *path) {
    for (size_t i = 0; i < source->n_files; i++)
        if (strcmp(source->files[i].path, path) == 0)
            return true;
    return false;
}

int file_source_open(const struct file_source *source, const char *path, struct stat *status) {
    for (size_t i = 0; source && i < source->n_files; i++) {
        if (strcmp(source->files[i].path, path) != 0)
            continue;
        int fd = fcntl(source->files[i].fd, F_DUPFD_CLOEXEC, 3);
        if (fd < 0)
            continue;
        if (fstat(fd, status) == 0 && check_regular(status) == 0)
            return fd;
        close(fd);
    }
    if (*path == '\0')
        return -ENOENT;
    /* Opening a device may do something; that it has become one since is seen, too. */
    int r = stat(path, status) < 0 ? -errno : check_regular(status);
    if (r < 0)
        return r;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -errno;
    r = fstat(fd, status) < 0 ? -errno : check_regular(status);
    if (r < 0) {
        close(fd);
        return r;
    }
    return fd;
}

struct elf_file *elf_file_close(struct elf_file *file) {
    if (!file)
        return NULL;
    if (file->elf)
        elf_end(file->elf);
    cleanup_close(&file->fd);
    free(file->memory);
    free(file->segments);
    free(file->path);
    free(file);
    return NULL;
}

static int read_segments(struct elf_file *file) {
    size_t n = 0;
    if (elf_getphdrnum(file->elf, &n) != 0)
        return -ENOEXEC;
    if (n > SEGMENTS_LIMIT)
        n = SEGMENTS_LIMIT;
    file->segments = calloc(n + 1, sizeof(*file->segments));
    if (!file->segments)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        GElf_Phdr phdr;
        if (!gelf_getphdr(file->elf, (int)i, &phdr) || phdr.p_type != PT_LOAD)
            continue;
        file->segments[file->n_segments++] = (struct elf_segment){
            .address = phdr.p_vaddr,
            .offset = phdr.p_offset,
            .file_size = phdr.p_filesz,
            .memory_size = phdr.p_memsz,
            .writable = phdr.p_flags & PF_W,
            .executable = phdr.p_flags & PF_X,
        };
    }
    return 0;
}

static int examine(struct elf_file *file) {
    GElf_Ehdr ehdr;
    if (elf_kind(file->elf) != ELF_K_ELF || !gelf_getehdr(file->elf, &ehdr))
        return -ENOEXEC;
    file->image = (const uint8_t *)elf_rawfile(file->elf, &file->size);
    if (!file->image)
        return -ENOEXEC;
    int r = read_segments(file);
    if (r < 0)
        return r;
    const void *id = NULL;
    ssize_t size = dwelf_elf_gnu_build_id(file->elf, &id);
    if (size > 0 && (size_t)size <= sizeof(file->build_id)) {
        memcpy(file->build_id, id, (size_t)size);
        file->build_id_size = (size_t)size;
    }
    return 0;
}

int elf_file_open(const struct file_source *source, const char *path, struct elf_file **ret) {
    BASE_CLEANUP(elf_file_close)
    struct elf_file *file = calloc(1, sizeof(*file));
    if (!file)
        return -ENOMEM;
    file->fd = file_source_open(source, path, &file->status);
    if (file->fd < 0)
        return file->fd;
    /* Files of /proc and /sys call themselves regular, and empty. */
    if (file->status.st_size < EI_NIDENT)
        return -ENOEXEC;
    file->path = strdup(path);
    if (!file->path)
        return -ENOMEM;
    elf_version(EV_CURRENT);
    file->elf = elf_begin(file->fd, ELF_C_READ_MMAP, NULL);
    if (!file->elf)
        return -ENOEXEC;
    int r = examine(file);
    if (r < 0)
        return r;
    *ret = TAKE_POINTER(file);
    return 0;
}

int elf_file_from_memory(const char *path, void *memory, size_t size, struct elf_file **ret) {
    BASE_CLEANUP(elf_file_close)
    struct elf_file *file = calloc(1, sizeof(*file));
    if (!file) {
        free(memory);
        return -ENOMEM;
    }
    file->fd = -EBADF;
    file->memory = memory;
    file->path = strdup(path);
    if (!file->path)
        return -ENOMEM;
    elf_version(EV_CURRENT);
    file->elf = elf_memory(memory, size);
    if (!file->elf)
        return -ENOEXEC;
    int r = examine(file);
    if (r < 0)
        return r;
    *ret = TAKE_POINTER(file);
    return 0;
}

size_t elf_file_read(const struct elf_file *file, uint64_t address, void *buffer, size_t size,
                     bool writable_too) {
    size_t done = 0;
    while (done < size) {
        uint64_t at = address + done;
        size_t step = 0;
        for (size_t i = 0; i < file->n_segments && step == 0; i++) {
            const struct elf_segment *s = &file->segments[i];
            if ((s->writable && !writable_too) || at < s->address)
                continue;
            uint64_t skip = at - s->address;
            if (skip >= s->file_size || s->offset > file->size || skip >= file->size - s->offset)
                continue;
            uint64_t left = s->file_size - skip;
            if (left > file->size - s->offset - skip)
                left = file->size - s->offset - skip;
            step = left < size - done ? (size_t)left : size - done;
            memcpy((uint8_t *)buffer + done, file->image + s->offset + skip, step);
        }
        if (step == 0)
            break;
        done += step;
    }
    return done;
}

static Elf_Scn *find_section(const struct elf_file *file, const char *name, GElf_Shdr *shdr) {
    size_t names;
    if (elf_getshdrstrndx(file->elf, &names) != 0)
        return NULL;
    Elf_Scn *section = NULL;
    while ((section = elf_nextscn(file->elf, section))) {
        if (!gelf_getshdr(section, shdr))
            continue;
        const char *found = elf_strptr(file->elf, names, shdr->sh_name);
        if (found && strcmp(found, name) == 0)
            return section;
    }
    return NULL;
}

const uint8_t *elf_file_section(const struct elf_file *file, const char *name, size_t *size,
                                uint64_t *address) {
    GElf_Shdr shdr;
    if (!find_section(file, name, &shdr) || shdr.sh_type == SHT_NOBITS || shdr.sh_size == 0)
        return NULL;
    if (shdr.sh_offset > file->size || shdr.sh_size > file->size - shdr.sh_offset)
        return NULL;
    *size = (size_t)shdr.sh_size;
    if (address)
        *address = shdr.sh_addr;
    return file->image + shdr.sh_offset;
}

bool elf_file_has_dwarf(const struct elf_file *file) {
    size_t size;
    return elf_file_section(file, ".debug_info", &size, NULL) ||
           elf_file_section(file, ".zdebug_info", &size, NULL);
}

uint64_t elf_file_lowest_address(const struct elf_file *file) {
    uint64_t lowest = UINT64_MAX;
    for (size_t i = 0; i < file->n_segments; i++)
        if (file->segments[i].address < lowest)
            lowest = file->segments[i].address;
    return lowest == UINT64_MAX ? 0 : lowest;
}

bool elf_file_text_id(const struct elf_file *file, uint8_t id[16]) {
    size_t size;
    const uint8_t *text = elf_file_section(file, ".text", &size, NULL);
    if (!text)
        return false;
    if (size > TEXT_ID_BYTES)
        size = TEXT_ID_BYTES;
    memset(id, 0, 16);
    for (size_t i = 0; i < size; i++)
        id[i % 16] ^= text[i];
    return true;
}
