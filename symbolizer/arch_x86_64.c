/* SPDX-License-Identifier: MIT */
#include "symbolizer/arch_x86_64.h"

#include <string.h>
#include <ucontext.h>

#include "symbolizer/symbolizer.h"

enum { RBX = 3, R12 = 12, R15 = 15 };

bool arch_survives_call(unsigned number) {
    return number == RBX || number == ARCH_FP || (number >= R12 && number <= R15);
}

/* call *operand: opcode ff, /2; its length follows from the addressing mode. */
static bool is_indirect_call(const uint8_t *p, size_t length) {
    uint8_t mod = p[1] >> 6, reg = p[1] >> 3 & 7, rm = p[1] & 7;
    if (p[0] != 0xff || reg != 2)
        return false;
    bool sib = mod != 3 && rm == 4;
    size_t displacement = mod == 1 ? 1 : mod == 2 || (mod == 0 && rm == 5) ? 4 : 0;
    if (sib && mod == 0 && length >= 3 && (p[2] & 7) == 5)
        displacement = 4;
    return length == 2 + sib + displacement;
}

bool arch_ends_in_call(const uint8_t *bytes, size_t size, uint64_t address, uint64_t *target) {
    const uint8_t *end = bytes + size;
    *target = 0;
    if (size >= 5 && end[-5] == 0xe8) {
        int32_t distance;
        memcpy(&distance, end - 4, sizeof(distance));
        *target = address + (uint64_t)(int64_t)distance;
        return true;
    }
    for (size_t length = 2; length <= ARCH_CALL_LONGEST && length <= size; length++)
        if (is_indirect_call(end - length, length))
            return true;
    return false;
}

bool arch_read_plt(const uint8_t *code, size_t size, uint64_t address, struct arch_plt_entry *ret) {
    static const uint8_t ENDBR[] = {0xf3, 0x0f, 0x1e, 0xfa};
    size_t at =
        size >= sizeof(ENDBR) && memcmp(code, ENDBR, sizeof(ENDBR)) == 0 ? sizeof(ENDBR) : 0;
    uint32_t operand;
    *ret = (struct arch_plt_entry){0};
    /* push $index, in front of the jump to the table's first entry */
    if (at + 5 <= size && code[at] == 0x68) {
        memcpy(&ret->index, code + at + 1, sizeof(ret->index));
        return true;
    }
    at += at < size && code[at] == 0xf2; /* bnd */
    if (at + 6 > size || code[at] != 0xff || code[at + 1] != 0x25)
        return false;
    memcpy(&operand, code + at + 2, sizeof(operand));
    ret->has_slot = true;
    ret->slot = address + at + 6 + (uint64_t)(int64_t)(int32_t)operand;
    return true;
}

bool arch_is_trampoline(struct walk *walk, uint64_t pc) {
    /* mov $SYS_rt_sigreturn, %rax (%eax in musl); syscall */
    static const uint8_t GLIBC[] = {0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05};
    static const uint8_t SHORT[] = {0xb8, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05};
    uint8_t code[sizeof(GLIBC)];
    size_t n = walk_read_memory(walk, pc, code, sizeof(code));
    return (n >= sizeof(GLIBC) && memcmp(code, GLIBC, sizeof(GLIBC)) == 0) ||
           (n >= sizeof(SHORT) && memcmp(code, SHORT, sizeof(SHORT)) == 0);
}

bool arch_interrupted(struct walk *walk, uint64_t sp, struct cpu *ret) {
    static const struct {
        uint8_t number, saved;
    } REGISTERS[] = {
        {0, REG_RAX},  {1, REG_RDX},  {2, REG_RCX},  {3, REG_RBX},  {4, REG_RSI},  {5, REG_RDI},
        {6, REG_RBP},  {7, REG_RSP},  {8, REG_R8},   {9, REG_R9},   {10, REG_R10}, {11, REG_R11},
        {12, REG_R12}, {13, REG_R13}, {14, REG_R14}, {15, REG_R15}, {16, REG_RIP},
    };
    greg_t saved[NGREG];
    uint64_t at = sp + offsetof(ucontext_t, uc_mcontext.gregs);
    if (walk_read_memory(walk, at, saved, sizeof(saved)) != sizeof(saved))
        return false;
    *ret = (struct cpu){0};
    for (size_t i = 0; i < sizeof(REGISTERS) / sizeof(*REGISTERS); i++)
        cpu_set(ret, REGISTERS[i].number, (uint64_t)saved[REGISTERS[i].saved]);
    return true;
}

uint64_t arch_thread_local(uint64_t thread_pointer, uint64_t block_size, uint64_t alignment,
                           uint64_t offset) {
    uint64_t unit = alignment ? alignment : 1;
    return thread_pointer - (block_size + unit - 1) / unit * unit + offset;
}
