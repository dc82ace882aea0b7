/* SPDX-License-Identifier: MIT */
#include "symbolizer/unwind.h"

#include <errno.h>
#include <libunwind.h>
#include <string.h>

#include "symbolizer/fallback.h"

enum { INTERRUPTIONS_LIMIT = 16 };

/* Tables of our own are shown to libunwind at addresses that no process has: for each module a
 * window with the table for .eh_frame, the one for .debug_frame, and .debug_frame rewritten. */
#define WINDOWS      UINT64_C(0xe000000000000000)
#define WINDOW_SHIFT 36
#define DEBUG_TABLE  (UINT64_C(1) << 33)
#define DEBUG_FRAMES (UINT64_C(1) << 34)

/* Exported by libunwind-x86_64.so.8, but not declared in its headers. */
extern int UNW_OBJ(dwarf_search_unwind_table)(unw_addr_space_t space, unw_word_t ip,
                                              unw_dyn_info_t *info, unw_proc_info_t *proc,
                                              int need_unwind_info, void *data);

struct unwinder {
    struct walk *walk;
    unw_addr_space_t space;
    const struct cpu *cpu; /* of the step that is being made */
    uint64_t pc;
    uint64_t missed; /* address of memory that it wanted and that is not there; 0: none */
    bool searching;  /* for call frame information, not in the stack */
};

static size_t read_part(const void *bytes, size_t size, uint64_t offset, void *buffer) {
    size_t wanted = sizeof(unw_word_t);
    if (!bytes || offset >= size)
        return 0;
    if (wanted > size - offset)
        wanted = (size_t)(size - offset);
    memcpy(buffer, (const uint8_t *)bytes + offset, wanted);
    return wanted;
}

static size_t read_window(struct walk *walk, uint64_t address, void *buffer) {
    uint64_t index = (address - WINDOWS) >> WINDOW_SHIFT;
    uint64_t offset = (address - WINDOWS) & ((UINT64_C(1) << WINDOW_SHIFT) - 1);
    if (index >= walk->snapshot->n_modules || !walk->entries[index].tables)
        return 0;
    const struct walk_entry *entry = &walk->entries[index];
    const struct unwind_synthetic *eh = &entry->tables->eh_frame;
    const struct unwind_synthetic *debug = &entry->tables->debug_frame;
    if (offset >= DEBUG_FRAMES)
        return read_part(entry->debug_frames, debug->frames_size, offset - DEBUG_FRAMES, buffer);
    if (offset >= DEBUG_TABLE)
        return read_part(debug->entries, debug->n * sizeof(*debug->entries), offset - DEBUG_TABLE,
                         buffer);
    return read_part(eh->entries, eh->n * sizeof(*eh->entries), offset, buffer);
}

static bool on_stack(const struct unwinder *unwinder, uint64_t address) {
    const struct snapshot *snapshot = unwinder->walk->snapshot;
    const struct snapshot_mapping *mapping = snapshot_mapping_at(snapshot, address);
    return mapping && mapping == snapshot_mapping_at(snapshot, unwinder->cpu->value[ARCH_SP]);
}

static int access_memory(unw_addr_space_t space, unw_word_t address, unw_word_t *value, int write,
                         void *data) {
    struct unwinder *unwinder = data;
    if (write)
        return -UNW_EREADONLYREG;
    *value = 0;
    /* A stack may be in a module's data, whose file does not know what became of it. */
    bool initial = unwinder->searching || !on_stack(unwinder, address);
    size_t n = address >= WINDOWS && address < WINDOWS + (UINT64_C(1) << 60)
                   ? read_window(unwinder->walk, address, value)
               : initial ? walk_read_initial(unwinder->walk, address, value, sizeof(*value))
                         : walk_read_memory(unwinder->walk, address, value, sizeof(*value));
    /* libunwind reads whole words, also around the last bytes of a section. */
    if (n > 0)
        return 0;
    /* A module without a file: its data is only looked at for a personality. */
    if (initial && walk_module_at(unwinder->walk, address) >= 0)
        return 0;
    unwinder->missed = address;
    return -UNW_EINVAL;
}

static int access_register(unw_addr_space_t space, unw_regnum_t number, unw_word_t *value,
                           int write, void *data) {
    const struct unwinder *unwinder = data;
    if (write)
        return -UNW_EREADONLYREG;
    if (number < 0 || number >= ARCH_REGISTERS || !cpu_knows(unwinder->cpu, (unsigned)number))
        return -UNW_EBADREG;
    *value = number == ARCH_PC ? unwinder->pc : unwinder->cpu->value[number];
    return 0;
}

static int search_synthetic(struct unwinder *unwinder, const struct unwind_synthetic *table,
                            uint64_t bias, uint64_t entries, uint64_t section, unw_word_t ip,
                            unw_proc_info_t *proc, int need_unwind_info) {
    unw_dyn_info_t info = {
        .format = UNW_INFO_FORMAT_IP_OFFSET,
        .start_ip = table->start + bias,
        .end_ip = table->end + bias,
        .u.rti = {.segbase = section, .table_data = entries, .table_len = table->n},
    };
    if (table->n == 0 || ip < info.start_ip || ip >= info.end_ip)
        return -UNW_ENOINFO;
    return UNW_OBJ(dwarf_search_unwind_table)(unwinder->space, ip, &info, proc, need_unwind_info,
                                              unwinder);
}

static int search_tables(struct unwinder *unwinder, unw_word_t ip, unw_proc_info_t *proc,
                         int need_unwind_info) {
    struct walk *walk = unwinder->walk;
    int index = walk_module_at(walk, ip);
    const struct unwind_tables *tables = index < 0 ? NULL : walk_tables(walk, (size_t)index);
    if (!tables)
        return -UNW_ENOINFO;
    const struct snapshot_module *module = &walk->snapshot->modules[index];
    uint64_t window = WINDOWS + ((uint64_t)index << WINDOW_SHIFT);
    int r = -UNW_ENOINFO;
    if (tables->has_header) {
        unw_dyn_info_t info = {
            .format = UNW_INFO_FORMAT_REMOTE_TABLE,
            .start_ip = module->base,
            .end_ip = module->end,
            .u.rti = {.segbase = tables->header + module->bias,
                      .table_data = tables->header + module->bias + 12,
                      .table_len = tables->header_count},
        };
        r = UNW_OBJ(dwarf_search_unwind_table)(unwinder->space, ip, &info, proc, need_unwind_info,
                                               unwinder);
    }
    if (r == -UNW_ENOINFO)
        r = search_synthetic(unwinder, &tables->eh_frame, module->bias, window,
                             tables->eh_frame.section + module->bias, ip, proc, need_unwind_info);
    for (; r == -UNW_ENOINFO && tables; tables = walk_debug_tables(walk, (size_t)index))
        r = search_synthetic(unwinder, &tables->debug_frame, module->bias, window + DEBUG_TABLE,
                             window + DEBUG_FRAMES, ip, proc, need_unwind_info);
    return r;
}

static int find_proc_info(unw_addr_space_t space, unw_word_t ip, unw_proc_info_t *proc,
                          int need_unwind_info, void *data) {
    struct unwinder *unwinder = data;
    unwinder->searching = true;
    int r = search_tables(unwinder, ip, proc, need_unwind_info);
    unwinder->searching = false;
    return r;
}

static void put_unwind_info(unw_addr_space_t space, unw_proc_info_t *proc, void *data) {
}

static int get_dyn_info_list(unw_addr_space_t space, unw_word_t *address, void *data) {
    return -UNW_ENOINFO;
}

static int access_fpreg(unw_addr_space_t space, unw_regnum_t number, unw_fpreg_t *value, int write,
                        void *data) {
    return -UNW_EBADREG;
}

static int resume(unw_addr_space_t space, unw_cursor_t *cursor, void *data) {
    return -UNW_EINVAL;
}

static int get_proc_name(unw_addr_space_t space, unw_word_t ip, char *text, size_t size,
                         unw_word_t *offset, void *data) {
    return -UNW_ENOINFO;
}

static unw_addr_space_t create_space(void) {
    unw_accessors_t accessors = {
        .find_proc_info = find_proc_info,
        .put_unwind_info = put_unwind_info,
        .get_dyn_info_list_addr = get_dyn_info_list,
        .access_mem = access_memory,
        .access_reg = access_register,
        .access_fpreg = access_fpreg,
        .resume = resume,
        .get_proc_name = get_proc_name,
    };
    return unw_create_addr_space(&accessors, 0);
}

void unwinder_prepare(void) {
    unw_addr_space_t space = create_space();
    if (space)
        unw_destroy_addr_space(space);
}

int unwinder_new(struct walk *walk, struct unwinder **ret) {
    struct unwinder *unwinder = calloc(1, sizeof(*unwinder));
    if (!unwinder)
        return -ENOMEM;
    unwinder->walk = walk;
    unwinder->space = create_space();
    if (!unwinder->space) {
        free(unwinder);
        return -ENOMEM;
    }
    /* The cache goes by address alone, so it lives as long as the walk. */
    unw_set_caching_policy(unwinder->space, UNW_CACHE_GLOBAL);
    *ret = unwinder;
    return 0;
}

void unwinder_free(struct unwinder *unwinder) {
    if (unwinder) {
        unw_destroy_addr_space(unwinder->space);
        free(unwinder);
    }
}

static bool read_cursor(unw_cursor_t *cursor, struct cpu *ret) {
    unw_word_t value;
    *ret = (struct cpu){0};
    for (unsigned i = 0; i < ARCH_REGISTERS; i++)
        if ((i == ARCH_SP || i == ARCH_PC || arch_survives_call(i)) &&
            unw_get_reg(cursor, (unw_regnum_t)i, &value) == 0)
            cpu_set(ret, i, value);
    return cpu_knows(ret, ARCH_SP) && cpu_knows(ret, ARCH_PC);
}

/* libunwind keeps it even if what is stored there cannot be read. */
static uint64_t read_cfa(unw_cursor_t *cursor, uint64_t sp) {
    unw_word_t value;
    return unw_get_reg(cursor, UNW_X86_64_CFA, &value) == 0 && value > sp ? value : 0;
}

enum step unwind_by_cfi(struct walk *walk, struct unwound *position, uint64_t *cfa) {
    struct unwinder *unwinder = walk->unwinder;
    unw_proc_info_t proc;
    unw_cursor_t cursor;
    *cfa = 0;
    unwinder->cpu = &position->cpu;
    unwinder->pc = position_lookup(position);
    unwinder->missed = 0;
    /* Where there is no information libunwind would guess, and not say so. */
    if (find_proc_info(unwinder->space, unwinder->pc, &proc, 0, unwinder) < 0)
        return STEP_UNKNOWN;
    unwinder->missed = 0;
    if (unw_init_remote(&cursor, unwinder->space, unwinder) < 0)
        return STEP_UNKNOWN;
    int r = unw_step(&cursor);
    uint64_t found = read_cfa(&cursor, position->cpu.value[ARCH_SP]);
    struct cpu caller;
    if (r <= 0 || !read_cursor(&cursor, &caller)) {
        /* A wild address is no part of the stack that is missing. */
        bool missing = unwinder->missed &&
                       (walk->snapshot->n_mappings == 0 || on_stack(unwinder, unwinder->missed));
        enum step step = r == 0 ? STEP_END : missing ? STEP_MISSING : STEP_UNKNOWN;
        *cfa = step == STEP_UNKNOWN ? 0 : found;
        return step;
    }
    if (caller.value[ARCH_SP] <= position->cpu.value[ARCH_SP])
        return STEP_UNKNOWN;
    /* Some runtimes end a stack so; after a guess it rather means a wrong one. */
    if (caller.value[ARCH_PC] == 0 && position->trust != FRAME_TRUST_SCAN)
        return STEP_NOTHING;
    if (!walk_executable(walk, caller.value[ARCH_PC]))
        return STEP_UNKNOWN;
    *cfa = found;
    *position = (struct unwound){.cpu = caller, .trust = FRAME_TRUST_CFI};
    return STEP_OK;
}

bool unwind_function(struct walk *walk, uint64_t address, uint64_t *start, uint64_t *end) {
    unw_proc_info_t proc;
    struct cpu none = {0};
    walk->unwinder->cpu = &none;
    if (find_proc_info(walk->unwinder->space, address, &proc, 0, walk->unwinder) < 0)
        return false;
    *start = proc.start_ip;
    *end = proc.end_ip;
    return true;
}

static int append(struct unwound_stack *stack, struct unwound *position) {
    if (stack->n == stack->allocated) {
        size_t n = stack->allocated ? stack->allocated * 2 : 64;
        struct unwound *grown = reallocarray(stack->frames, n, sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        stack->frames = grown;
        stack->allocated = n;
    }
    stack->frames[stack->n++] = *position;
    return 0;
}

/* The caller of a handler is the kernel's return code; its caller is what was interrupted, with all
 * registers, on any stack. */
static bool interrupted(struct walk *walk, struct unwound *position) {
    struct cpu cpu;
    if (!arch_interrupted(walk, position->cpu.value[ARCH_SP], &cpu))
        return false;
    *position = (struct unwound){.cpu = cpu, .trust = FRAME_TRUST_CONTEXT, .interrupted = true};
    return true;
}

static enum step next(struct walk *walk, struct unwound *position, uint64_t *cfa) {
    *cfa = 0;
    if (position->trampoline)
        return interrupted(walk, position) ? STEP_OK : STEP_MISSING;
    if (position->interrupted && fallback_bad_pc(walk, position))
        return STEP_OK;
    const struct unwound before = *position;
    enum step step = unwind_by_cfi(walk, position, cfa);
    if (step == STEP_OK)
        fallback_correct(walk, &before, position);
    if (step == STEP_OK || step == STEP_END || step == STEP_NOTHING)
        return step;
    if (position->entry)
        return STEP_END;
    if (step == STEP_MISSING && fallback_bridge(walk, position))
        return STEP_OK;
    if (fallback_is_start(walk, position))
        return STEP_END;
    if (step == STEP_UNKNOWN && fallback_step(walk, position))
        return STEP_OK;
    return fallback_bridge(walk, position) ? STEP_OK : step;
}

/* Is the frame at index one that begins a thread, and calls what it was given? Those are three at
 * most, of libc. */
static bool begins(const struct walk *walk, const struct unwound_stack *stack, size_t index) {
    enum { STARTS = 3 };
    if (index + STARTS < stack->n)
        return false;
    return index + 2 >= stack->n ||
           walk_module_at(walk, position_lookup(&stack->frames[index])) ==
               walk_module_at(walk, position_lookup(&stack->frames[index + 1]));
}

/* A frame that follows from a guess is one, too, unless the way back from where the thread began
 * leads to it by calls of just that function. A word that is left over from an earlier call may
 * lead there as well, but never is what such a call left. */
static void doubt(struct walk *walk, struct unwound_stack *stack) {
    size_t first = 0;
    while (first < stack->n && stack->frames[first].trust != FRAME_TRUST_SCAN)
        first++;
    bool sure = stack->complete;
    for (size_t i = stack->n; i > first + 1; i--) {
        struct unwound *frame = &stack->frames[i - 1];
        enum fallback_call call = i == stack->n ? CALLS_IT : fallback_call(walk, frame, frame + 1);
        sure = sure && frame->trust != FRAME_TRUST_SCAN &&
               (call == CALLS_IT || (call == CALLS_SOMETHING && begins(walk, stack, i)));
        if (!sure)
            frame->trust = FRAME_TRUST_SCAN;
    }
}

static bool has_guess(const struct unwound_stack *stack) {
    for (size_t i = 0; i < stack->n; i++)
        if (stack->frames[i].trust == FRAME_TRUST_SCAN)
            return true;
    return false;
}

static int walk_up(struct walk *walk, const struct cpu *start, struct unwound_stack *ret) {
    struct unwound position = {
        .cpu = *start,
        .trust = FRAME_TRUST_CONTEXT,
        .interrupted = true,
    };
    unsigned interruptions = 0;
    *ret = (struct unwound_stack){0};
    for (;;) {
        int r = append(ret, &position);
        if (r < 0)
            return r;
        if (!cpu_knows(&position.cpu, ARCH_SP)) {
            ret->ended = "no stack pointer";
            return 0;
        }
        if (ret->n >= UNWIND_FRAMES_LIMIT || walk->budget.unwound == 0) {
            ret->ended = "too many frames";
            return 0;
        }
        walk->budget.unwound--;
        enum step step = next(walk, &position, &ret->frames[ret->n - 1].cfa);
        switch (step) {
        case STEP_OK:
            break;
        case STEP_END:
            ret->complete = true;
            ret->ended = "the thread began here";
            return 0;
        case STEP_NOTHING:
            ret->complete = !has_guess(ret);
            ret->ended = ret->complete ? "the thread began here"
                                       : "a guess led to where nothing more is on the stack";
            return 0;
        case STEP_UNKNOWN:
            ret->ended = "nothing on the stack looks like a return address";
            return 0;
        case STEP_MISSING:
            ret->ended = "the rest of the stack was not captured";
            return 0;
        }
        if (position.interrupted && ++interruptions > INTERRUPTIONS_LIMIT) {
            ret->ended = "too many interrupted frames";
            return 0;
        }
        position.trampoline =
            !position.interrupted && arch_is_trampoline(walk, position.cpu.value[ARCH_PC]);
    }
}

int unwind_stack(struct walk *walk, const struct cpu *start, struct unwound_stack *ret) {
    int r = walk_up(walk, start, ret);
    doubt(walk, ret);
    return r;
}
