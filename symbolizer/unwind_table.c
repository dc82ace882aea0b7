/* SPDX-License-Identifier: MIT */
#include "symbolizer/unwind_table.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <gelf.h>
#include <string.h>

enum {
    HEADER_SIZE = 12,
    ENTRIES_LIMIT = 4 << 20,
    FDE_ADDRESS = 8, /* of 32-bit DWARF: behind length and CIE pointer */
};

struct unwind_tables *unwind_tables_free(struct unwind_tables *tables) {
    if (tables) {
        free(tables->eh_frame.entries);
        free(tables->debug_frame.entries);
        free(tables->debug_frame.frames);
        free(tables);
    }
    return NULL;
}

/* The one form that linkers write; libunwind's search takes no other. */
static bool header_is_known(const uint8_t *bytes, size_t size) {
    return size >= HEADER_SIZE && bytes[0] == 1 && bytes[1] == (DW_EH_PE_pcrel | DW_EH_PE_sdata4) &&
           bytes[2] == DW_EH_PE_udata4 && bytes[3] == (DW_EH_PE_datarel | DW_EH_PE_sdata4);
}

static void take_header(struct unwind_tables *tables, uint64_t address, const uint8_t *bytes,
                        size_t size) {
    uint32_t count;
    if (!header_is_known(bytes, size))
        return;
    memcpy(&count, bytes + 8, sizeof(count));
    if (count == 0 || count > (size - HEADER_SIZE) / 8)
        return;
    tables->has_header = true;
    tables->header = address;
    tables->header_count = count;
}

static void find_header(struct unwind_tables *tables, const struct elf_file *file) {
    size_t n = 0;
    if (elf_getphdrnum(file->elf, &n) != 0)
        return;
    for (size_t i = 0; i < n && i < 256; i++) {
        GElf_Phdr phdr;
        if (gelf_getphdr(file->elf, (int)i, &phdr) && phdr.p_type == PT_GNU_EH_FRAME &&
            phdr.p_offset <= file->size && phdr.p_filesz <= file->size - phdr.p_offset)
            take_header(tables, phdr.p_vaddr, file->image + phdr.p_offset, phdr.p_filesz);
    }
}

/* An address in the encoding of a CIE's 'R'; at is the field's own address. */
static bool read_encoded(const uint8_t *p, const uint8_t *end, uint8_t encoding, uint64_t at,
                         uint64_t *value) {
    size_t left = (size_t)(end - p);
    switch (encoding & 0x0f) {
    case DW_EH_PE_absptr:
    case DW_EH_PE_udata8:
    case DW_EH_PE_sdata8:
        if (left < 8)
            return false;
        memcpy(value, p, 8);
        break;
    case DW_EH_PE_udata4: {
        uint32_t word;
        if (left < 4)
            return false;
        memcpy(&word, p, 4);
        *value = word;
        break;
    }
    case DW_EH_PE_sdata4: {
        int32_t word;
        if (left < 4)
            return false;
        memcpy(&word, p, 4);
        *value = (uint64_t)(int64_t)word;
        break;
    }
    default:
        return false;
    }
    if ((encoding & 0x70) == DW_EH_PE_pcrel)
        *value += at;
    else if ((encoding & 0x70) != 0)
        return false;
    return true;
}

/* The encoding of FDE addresses that a CIE's augmentation names. */
static uint8_t fde_encoding(const Dwarf_CIE *cie) {
    const char *augmentation = cie->augmentation;
    const uint8_t *data = cie->augmentation_data;
    size_t left = cie->augmentation_data_size;
    if (!augmentation || *augmentation != 'z')
        return DW_EH_PE_absptr;
    for (augmentation++; *augmentation && data; augmentation++) {
        size_t size = 0;
        switch (*augmentation) {
        case 'R':
            return left ? *data : DW_EH_PE_absptr;
        case 'L':
            size = 1;
            break;
        case 'P':
            if (left == 0)
                return DW_EH_PE_omit;
            size = 1 + ((data[0] & 7) == DW_EH_PE_udata4   ? 4
                        : (data[0] & 7) == DW_EH_PE_udata2 ? 2
                                                           : 8);
            break;
        case 'S':
        case 'B':
            break;
        default:
            return DW_EH_PE_omit;
        }
        if (size > left)
            return DW_EH_PE_omit;
        data += size;
        left -= size;
    }
    return DW_EH_PE_absptr;
}

struct found {
    uint64_t ip;
    uint32_t fde;
};

static int compare_found(const void *a, const void *b) {
    const struct found *x = a, *y = b;
    return x->ip < y->ip ? -1 : x->ip > y->ip;
}

struct scan {
    const uint8_t *bytes;
    size_t size;
    uint64_t address;
    bool eh_frame;
    uint8_t *frames;
    struct found *found;
    size_t n, allocated;
    uint64_t end;
};

static int scan_fde(struct scan *scan, const unsigned char *ident, Elf_Data *data, Dwarf_Off offset,
                    const Dwarf_FDE *fde) {
    Dwarf_CFI_Entry cie;
    Dwarf_Off next;
    if (dwarf_next_cfi(ident, data, scan->eh_frame, fde->CIE_pointer, &next, &cie) != 0 ||
        !dwarf_cfi_cie_p(&cie))
        return 0;
    uint8_t encoding = scan->eh_frame ? fde_encoding(&cie.cie) : DW_EH_PE_absptr;
    uint64_t ip, length;
    uint64_t at = scan->address + (uint64_t)(fde->start - scan->bytes);
    if (encoding == DW_EH_PE_omit || !read_encoded(fde->start, fde->end, encoding, at, &ip))
        return 0;
    size_t width = (encoding & 0x07) == DW_EH_PE_udata4 ? 4 : 8;
    if (!read_encoded(fde->start + width, fde->end, encoding & 0x0f, 0, &length) || ip == 0 ||
        length == 0 || ip + length < ip)
        return 0;
    if (scan->frames) {
        if (offset + FDE_ADDRESS > scan->size)
            return 0;
        uint32_t back = (uint32_t)(offset + 4 - fde->CIE_pointer);
        memcpy(scan->frames + offset + 4, &back, sizeof(back));
    }
    if (scan->n == scan->allocated) {
        size_t n = scan->allocated ? scan->allocated * 2 : 256;
        struct found *grown = reallocarray(scan->found, n, sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        scan->found = grown;
        scan->allocated = n;
    }
    scan->found[scan->n++] = (struct found){ip, (uint32_t)offset};
    if (ip + length > scan->end)
        scan->end = ip + length;
    return 0;
}

static int build(struct scan *scan, struct unwind_synthetic *table) {
    if (scan->n == 0)
        return 0;
    qsort(scan->found, scan->n, sizeof(*scan->found), compare_found);
    table->entries = calloc(scan->n, sizeof(*table->entries));
    if (!table->entries)
        return -ENOMEM;
    table->start = scan->found[0].ip;
    table->section = scan->eh_frame ? scan->address : 0;
    for (size_t i = 0; i < scan->n; i++) {
        uint64_t ip = scan->found[i].ip - table->start;
        if (ip > INT32_MAX)
            break;
        table->entries[table->n++] =
            (struct unwind_entry){(int32_t)ip, (int32_t)scan->found[i].fde};
    }
    table->end = scan->end - table->start > INT32_MAX ? table->start + INT32_MAX : scan->end;
    return 0;
}

/* Makes a CIE of .debug_frame one of .eh_frame. Version 4, which LLVM writes, has two more bytes
 * that .eh_frame does not know; what follows moves up, and the end is filled with no-ops. */
static void rewrite_cie(uint8_t *frames, size_t offset, size_t next) {
    enum { ID = 4, VERSION = 8, AUGMENTATION = 9, DEBUG_FRAME_VERSION = 4, EH_FRAME_VERSION = 3 };
    if (next - offset < AUGMENTATION + 3)
        return;
    memset(frames + offset + ID, 0, 4);
    uint8_t *sizes = memchr(frames + offset + AUGMENTATION, '\0', next - offset - AUGMENTATION - 2);
    if (frames[offset + VERSION] != DEBUG_FRAME_VERSION || !sizes)
        return;
    sizes++;
    size_t rest = (size_t)(frames + next - sizes) - 2;
    frames[offset + VERSION] = EH_FRAME_VERSION;
    memmove(sizes, sizes + 2, rest);
    memset(sizes + rest, DW_CFA_nop, 2);
}

/* .eh_frame: addresses relative to the field stay right, so the section is used where it is.
 * .debug_frame: a copy whose CIE marks and pointers are those of .eh_frame. */
static int synthesize(const uint8_t *bytes, size_t size, uint64_t address, bool eh_frame,
                      struct unwind_synthetic *table) {
    static const unsigned char IDENT[EI_NIDENT] = {ELFMAG0,    ELFMAG1,     ELFMAG2,   ELFMAG3,
                                                   ELFCLASS64, ELFDATA2LSB, EV_CURRENT};
    struct scan scan = {.bytes = bytes, .size = size, .address = address, .eh_frame = eh_frame};
    Elf_Data data = {.d_buf = (void *)(uintptr_t)bytes,
                     .d_type = ELF_T_BYTE,
                     .d_size = size,
                     .d_version = EV_CURRENT};
    if (size > INT32_MAX)
        return 0;
    if (!eh_frame) {
        scan.frames = malloc(size + 8);
        if (!scan.frames)
            return -ENOMEM;
        memcpy(scan.frames, bytes, size);
        memset(scan.frames + size, 0, 8);
    }
    int r = 0;
    Dwarf_Off offset = 0, next;
    while (r == 0 && scan.n < ENTRIES_LIMIT && offset < size) {
        Dwarf_CFI_Entry entry;
        int state = dwarf_next_cfi(IDENT, &data, eh_frame, offset, &next, &entry);
        if (state > 0 || next <= offset)
            break;
        if (state == 0 && !dwarf_cfi_cie_p(&entry))
            r = scan_fde(&scan, IDENT, &data, offset, &entry.fde);
        else if (state == 0 && scan.frames && next <= size)
            rewrite_cie(scan.frames, offset, next);
        offset = next;
    }
    if (r == 0)
        r = build(&scan, table);
    if (r == 0 && table->n > 0 && scan.frames) {
        table->frames = TAKE_POINTER(scan.frames);
        table->frames_size = size + 8;
    }
    free(scan.frames);
    free(scan.found);
    return r;
}

/* The section's contents, unpacked if it is compressed. */
static const uint8_t *debug_frame(const struct elf_file *file, size_t *size) {
    size_t names;
    Elf_Scn *section = NULL;
    if (elf_getshdrstrndx(file->elf, &names) != 0)
        return NULL;
    while ((section = elf_nextscn(file->elf, section))) {
        GElf_Shdr shdr;
        if (!gelf_getshdr(section, &shdr) || shdr.sh_type == SHT_NOBITS)
            continue;
        const char *name = elf_strptr(file->elf, names, shdr.sh_name);
        if (!name || strcmp(name, ".debug_frame") != 0)
            continue;
        if ((shdr.sh_flags & SHF_COMPRESSED) && elf_compress(section, 0, 0) < 0)
            return NULL;
        Elf_Data *data = elf_rawdata(section, NULL);
        if (!data || !data->d_buf)
            return NULL;
        *size = data->d_size;
        return data->d_buf;
    }
    return NULL;
}

int unwind_tables_new(const struct elf_file *file, struct unwind_tables **ret) {
    BASE_CLEANUP(unwind_tables_free)
    struct unwind_tables *tables = calloc(1, sizeof(*tables));
    if (!tables)
        return -ENOMEM;
    find_header(tables, file);
    int r = 0;
    size_t size;
    uint64_t address = 0;
    const uint8_t *bytes;
    if (!tables->has_header && (bytes = elf_file_section(file, ".eh_frame", &size, &address)))
        r = synthesize(bytes, size, address, true, &tables->eh_frame);
    if (r == 0 && (bytes = debug_frame(file, &size)))
        r = synthesize(bytes, size, 0, false, &tables->debug_frame);
    if (r < 0)
        return r;
    *ret = TAKE_POINTER(tables);
    return 0;
}

int unwind_tables_add(struct unwind_tables *tables, const struct elf_file *debug) {
    size_t size;
    const uint8_t *bytes = tables->debug_frame.n == 0 ? debug_frame(debug, &size) : NULL;
    return bytes ? synthesize(bytes, size, 0, false, &tables->debug_frame) : 0;
}

int unwind_tables_from_memory(uint64_t address, const uint8_t *bytes, size_t size,
                              struct unwind_tables **ret) {
    BASE_CLEANUP(unwind_tables_free)
    struct unwind_tables *tables = calloc(1, sizeof(*tables));
    if (!tables)
        return -ENOMEM;
    take_header(tables, address, bytes, size);
    if (!tables->has_header) {
        int r = synthesize(bytes, size, address, true, &tables->eh_frame);
        if (r < 0)
            return r;
    }
    if (!tables->has_header && tables->eh_frame.n == 0)
        return -ENOENT;
    *ret = TAKE_POINTER(tables);
    return 0;
}

void unwind_synthetic_relocate(const struct unwind_synthetic *table, uint8_t *frames,
                               uint64_t bias) {
    for (size_t i = 0; i < table->n; i++) {
        size_t at = (size_t)table->entries[i].fde + FDE_ADDRESS;
        uint64_t address;
        if (at + sizeof(address) > table->frames_size)
            continue;
        memcpy(&address, frames + at, sizeof(address));
        address += bias;
        memcpy(frames + at, &address, sizeof(address));
    }
}
