/* SPDX-License-Identifier: MIT */
#include "symbolizer/activation.h"

#include <gelf.h>
#include <string.h>

static bool has_process_thread_locals(const struct snapshot *snapshot, size_t module) {
    const char *exe = snapshot->process.exe;
    return exe && strcmp(snapshot->modules[module].path, exe) == 0;
}

bool activation_of(struct walk *walk, const struct unwound_stack *stack, size_t index,
                   struct activation *ret) {
    const struct unwound *frame = &stack->frames[index];
    uint64_t lookup = position_lookup(frame);
    int module_index = walk_module_at(walk, lookup);
    struct module *module = module_index < 0 ? NULL : walk_open(walk, (size_t)module_index);
    struct functions *functions =
        module ? module_functions(walk->cache, &walk->source, module) : NULL;
    if (!functions)
        return false;
    *ret = (struct activation){
        .walk = walk,
        .stack = stack,
        .index = index,
        .cpu = &frame->cpu,
        .cfa = frame->cfa,
        .thread_pointer = stack->thread_pointer,
        .file = module->file,
        .is_program = has_process_thread_locals(walk->snapshot, (size_t)module_index),
        .bias = walk->snapshot->modules[module_index].bias,
    };
    ret->address = lookup - ret->bias;
    return functions_die(functions, ret->address, &ret->function);
}

bool activation_caller(const struct activation *activation, struct activation *ret) {
    size_t index = activation->index + 1;
    const struct unwound_stack *stack = activation->stack;
    if (index >= stack->n || stack->frames[index].trust != FRAME_TRUST_CFI ||
        stack->frames[index].after_gap || stack->frames[index].trampoline ||
        !activation_of(activation->walk, stack, index, ret))
        return false;
    ret->depth = activation->depth + 1;
    return true;
}

bool activation_register(const struct activation *activation, unsigned number, uint64_t *ret) {
    if (number >= ARCH_REGISTERS || !cpu_knows(activation->cpu, number))
        return false;
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
