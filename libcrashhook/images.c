/* SPDX-License-Identifier: MIT */
/* Async-signal-safe. */
#include "libcrashhook/images.h"

#include "libcrashhook/capture.h"
#include "libcrashhook/symbols.h"
#include "libcrashhook/text.h"

enum {
    SECTION_SIZE = 256,
    UNWIND_MAX = 2 * 1024 * 1024,
    SYMBOLS_MAX = 1024 * 1024,
    EH_FRAME_HDR_SIZE = 12,
    EH_PE_SDATA4_PCREL = 0x1b,
    EH_PE_UDATA4 = 0x03,
};

static void write_module(struct capture *capture, const struct module *module) {
    struct snapshot_writer *writer = &capture->writer;
    struct module_image image;

    image.package_note_length = 0;
    if (module->has_package_note)
        module_read_image(module, &capture->memory, &image);
    snapshot_writer_begin(writer, SNAPSHOT_SECTION_MODULE,
                          SECTION_SIZE + module->path_length + image.package_note_length);
    snapshot_writer_str(writer, SNAPSHOT_MODULE_PATH, module->path, module->path_length);
    snapshot_writer_uint(writer, SNAPSHOT_MODULE_BASE, module->base);
    snapshot_writer_uint(writer, SNAPSHOT_MODULE_END, module->end);
    if (module->build_id_size > 0)
        snapshot_writer_bin(writer, SNAPSHOT_MODULE_BUILD_ID, module->build_id,
                            module->build_id_size);
    snapshot_writer_uint(writer, SNAPSHOT_MODULE_BIAS, module->bias);
    if (!capture->maps.partial) {
        snapshot_writer_uint(writer, SNAPSHOT_MODULE_DEVICE, module->device);
        snapshot_writer_uint(writer, SNAPSHOT_MODULE_INODE, module->inode);
    }
    if (module->flags != 0)
        snapshot_writer_uint(writer, SNAPSHOT_MODULE_FLAGS, module->flags);
    if (image.package_note_length > 0)
        snapshot_writer_str(writer, SNAPSHOT_MODULE_PACKAGE_NOTE, image.package_note,
                            image.package_note_length);
    snapshot_writer_end(writer);
}

static void write_mapping(struct capture *capture, const struct mapping *mapping) {
    struct snapshot_writer *writer = &capture->writer;

    snapshot_writer_begin(writer, SNAPSHOT_SECTION_MAPPING, SECTION_SIZE + mapping->path_length);
    snapshot_writer_uint(writer, SNAPSHOT_MAPPING_START, mapping->start);
    snapshot_writer_uint(writer, SNAPSHOT_MAPPING_END, mapping->end);
    snapshot_writer_uint(writer, SNAPSHOT_MAPPING_PROT, mapping->prot);
    snapshot_writer_uint(writer, SNAPSHOT_MAPPING_OFFSET, mapping->offset);
    if (!capture->maps.partial)
        snapshot_writer_uint(writer, SNAPSHOT_MAPPING_INODE, mapping->inode);
    if (mapping->path != NULL)
        snapshot_writer_str(writer, SNAPSHOT_MAPPING_PATH, mapping->path, mapping->path_length);
    snapshot_writer_end(writer);
}

void images_write(struct capture *capture) {
    /* Modules first: without them there are no names, without mappings there are. */
    for (size_t i = 0; i < capture->modules.count; i++) {
        const struct module *module = &capture->modules.modules[i];
        write_module(capture, module);
        if (text_equal(module->path, "[vdso]") && !capture->secret)
            capture_memory(capture, SNAPSHOT_MEMORY_KIND_VDSO, 0, module->base,
                           module->end - module->base);
    }
    for (size_t i = 0; i < capture->maps.count; i++)
        write_mapping(capture, &capture->maps.mappings[i]);
}

static const Elf64_Phdr *segment_of_type(const struct module_image *image, unsigned type) {
    for (size_t i = 0; i < image->n_segments; i++) {
        if (image->segments[i].p_type == type)
            return &image->segments[i];
    }
    return NULL;
}

static uint64_t segment_end(const struct module *module, const struct module_image *image,
                            uint64_t address) {
    for (size_t i = 0; i < image->n_segments; i++) {
        const Elf64_Phdr *segment = &image->segments[i];
        uint64_t start = module->bias + segment->p_vaddr;
        if (segment->p_type == PT_LOAD && address >= start && address - start < segment->p_memsz)
            return start + segment->p_memsz;
    }
    return address;
}

static uint64_t at_most(uint64_t size, uint64_t most) {
    return size < most ? size : most;
}

static void write_unwind(struct capture *capture, const struct module *module,
                         const struct module_image *image) {
    const Elf64_Phdr *segment = segment_of_type(image, PT_GNU_EH_FRAME);
    uint8_t header[EH_FRAME_HDR_SIZE];
    uint64_t at, frames;
    int32_t offset;

    if (segment == NULL)
        return;
    at = module->bias + segment->p_vaddr;
    if (!memory_read_all(&capture->memory, at, header, sizeof header) ||
        header[1] != EH_PE_SDATA4_PCREL)
        return;
    capture_memory(capture, SNAPSHOT_MEMORY_KIND_UNWIND, 0, at,
                   at_most(segment->p_memsz, UNWIND_MAX));
    text_copy(&offset, header + 4, sizeof offset);
    frames = at + 4 + (uint64_t)(int64_t)offset;
    capture_memory(capture, SNAPSHOT_MEMORY_KIND_UNWIND, 0, frames,
                   at_most(segment_end(module, image, frames) - frames, UNWIND_MAX));
}

void images_write_contents(struct capture *capture) {
    struct module_image image;
    struct symbols symbols;

    for (size_t i = 0; i < capture->modules.count; i++) {
        const struct module *module = &capture->modules.modules[i];
        if ((module->flags & SNAPSHOT_MODULE_DELETED) == 0 || !module->executable ||
            !module_read_image(module, &capture->memory, &image))
            continue;
        write_unwind(capture, module, &image);
        if (!symbols_open(&symbols, module->bias, module_dynamic(module, &image), &capture->memory))
            continue;
        capture_memory(capture, SNAPSHOT_MEMORY_KIND_SYMBOLS, 0, symbols.table,
                       at_most(symbols.table_size, SYMBOLS_MAX));
        capture_memory(capture, SNAPSHOT_MEMORY_KIND_SYMBOLS, 0, symbols.strings,
                       at_most(symbols.strings_size, SYMBOLS_MAX));
    }
}
