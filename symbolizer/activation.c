/* SPDX-License-Identifier: MIT */
#include "symbolizer/activation.h"

#include <gelf.h>
#include <string.h>

#include "symbolizer/dwarf/ranges.h"
#include "symbolizer/jumps.h"

static bool has_process_thread_locals(const struct snapshot *snapshot, size_t module) {
    const char *exe = snapshot->process.exe;
    return exe && strcmp(snapshot->modules[module].path, exe) == 0;
}

/* Of the code before pc, or at it. */
static bool locate(struct walk *walk, uint64_t lookup, struct activation *ret) {
    int index = walk_module_at(walk, lookup);
    struct module *module = index < 0 ? NULL : walk_names(walk, (size_t)index);
    struct functions *functions =
        module ? module_functions(walk->cache, &walk->source, module) : NULL;
    if (!functions)
        return false;
    ret->file = module->file;
    ret->module = index;
    ret->is_program = has_process_thread_locals(walk->snapshot, (size_t)index);
    ret->bias = walk->snapshot->modules[index].bias;
    ret->address = lookup - ret->bias;
    return functions_die(functions, ret->address, &ret->function);
}

bool activation_of(struct walk *walk, const struct unwound_stack *stack, size_t index,
                   struct activation *ret) {
    const struct unwound *frame = &stack->frames[index];
    *ret = (struct activation){
        .walk = walk,
        .stack = stack,
        .index = index,
        .cpu = &frame->cpu,
        .cfa = frame->cfa,
        .thread_pointer = stack->thread_pointer,
        .pc = frame->cpu.value[ARCH_PC],
    };
    return locate(walk, position_lookup(frame), ret);
}

/* A function that jumps has given back its frame: the registers are what the caller had, as far as
 * a called function leaves them alone, and the return address stands where it stands for the
 * function that is jumped to. */
bool activation_of_jump(struct walk *walk, const struct unwound_stack *stack, size_t index,
                        const struct tailcalls *jumps, size_t jump, struct activation *ret) {
    *ret = (struct activation){
        .walk = walk,
        .stack = stack,
        .index = index,
        .cpu = &stack->frames[index + 1].cpu,
        .cfa = stack->frames[index].cfa,
        .thread_pointer = stack->thread_pointer,
        .pc = jumps->pc[jump],
        .jumps = *jumps,
        .jump = jump + 1,
    };
    return locate(walk, ret->pc - 1, ret);
}

bool activation_caller(const struct activation *activation, struct activation *ret) {
    struct walk *walk = activation->walk;
    const struct unwound_stack *stack = activation->stack;
    size_t index = activation->index + 1;
    struct tailcalls jumps = activation->jumps;
    uint64_t entry;
    if (index >= stack->n || stack->frames[index].trust != FRAME_TRUST_CFI ||
        stack->frames[index].after_gap || stack->frames[index].trampoline)
        return false;
    if (activation->jump == 0 && dw_die_entry(&activation->function, &entry))
        jumps_find(walk, stack, activation->index, activation->module, entry + activation->bias,
                   &jumps);
    bool found = activation->jump < jumps.n ? activation_of_jump(walk, stack, activation->index,
                                                                 &jumps, activation->jump, ret)
                                            : activation_of(walk, stack, index, ret);
    ret->depth = activation->depth + 1;
    return found;
}

const uint8_t *activation_vector(const struct activation *activation, unsigned number) {
    const struct unwound_stack *stack = activation->stack;
    unsigned index = number - ARCH_VECTOR_0;
    if (!stack || !stack->vectors || activation->jump > 0 || number < ARCH_VECTOR_0 ||
        index >= SNAPSHOT_VECTORS || !(stack->frames[activation->index].vectors >> index & 1))
        return NULL;
    return stack->vectors + (size_t)index * SNAPSHOT_VECTOR_SIZE;
}

/* As it was when the newest function was interrupted. */
static bool newest_register(const struct activation *activation, unsigned number, uint64_t *ret) {
    const struct unwound *frames = activation->stack->frames;
    for (size_t i = activation->index; i > 0; i--) {
        if (frames[i].trust != FRAME_TRUST_CFI || frames[i].after_gap || frames[i - 1].trampoline)
            return false;
        if (frames[i - 1].interrupted && cpu_knows(&frames[i - 1].cpu, number)) {
            *ret = frames[i - 1].cpu.value[number];
            return true;
        }
    }
    return false;
}

bool activation_register(const struct activation *activation, unsigned number, uint64_t *ret) {
    const uint8_t *vector = activation_vector(activation, number);
    if (vector) {
        memcpy(ret, vector, sizeof(*ret));
        return true;
    }
    /* The caller's stack pointer is that of its call. */
    if (number >= ARCH_REGISTERS || (activation->jump > 0 && number == ARCH_SP))
        return false;
    if (!cpu_knows(activation->cpu, number))
        return activation->unspoiled && activation->jump == 0 && !arch_survives_call(number) &&
               newest_register(activation, number, ret);
    *ret = activation->cpu->value[number];
    return true;
}

size_t activation_memory(const struct activation *activation, uint64_t address, void *buffer,
                         size_t size) {
    return walk_read_memory(activation->walk, address, buffer, size);
}

/* Only the program's own have a place that is known without the dynamic linker's tables. */
bool activation_thread_local(const struct activation *activation, uint64_t offset, uint64_t *ret) {
    GElf_Phdr header;
    size_t n;
    if (!activation->is_program || activation->thread_pointer == 0 ||
        elf_getphdrnum(activation->file->elf, &n) != 0)
        return false;
    for (size_t i = 0; i < n && i < 64; i++)
        if (gelf_getphdr(activation->file->elf, (int)i, &header) && header.p_type == PT_TLS &&
            offset < header.p_memsz) {
            *ret = arch_thread_local(activation->thread_pointer, header.p_memsz, header.p_align,
                                     offset);
            return true;
        }
    return false;
}

bool activation_spend(const struct activation *activation, size_t n) {
    size_t *left = &activation->walk->budget.evaluated;
    if (*left < n) {
        *left = 0;
        return false;
    }
    *left -= n;
    return true;
}
