/* SPDX-License-Identifier: MIT */
/* Which registers a function has left alone so far, by its instructions. */
#include <Zydis/Zydis.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "symbolizer/arch_x86_64.h"
#include "symbolizer/symbolizer.h"

enum { CODE_LIMIT = 16 << 10 };

/* What instructions of one part of the function may do. */
struct effects {
    uint64_t written; /* bit n: the register with DWARF's number n */
    bool calls;
};

struct scan {
    uint64_t address; /* of the instruction */
    uint64_t pc;
    struct effects before, after; /* of pc */
    bool comes_back;              /* from behind it */
};

static uint64_t bit_of(ZydisRegister reg) {
    static const uint8_t ORDER[] = {0, 2, 1, 3, 7, 6, 4, 5}; /* rax rcx rdx rbx rsp rbp rsi rdi */
    ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
    int vector =
        ZydisRegisterGetClass(whole) == ZYDIS_REGCLASS_ZMM ? ZydisRegisterGetId(whole) : -1;
    if (vector >= 0 && vector < SNAPSHOT_VECTORS)
        return UINT64_C(1) << (ARCH_VECTOR_0 + vector);
    if (whole < ZYDIS_REGISTER_RAX || whole > ZYDIS_REGISTER_R15)
        return 0;
    unsigned number = whole - ZYDIS_REGISTER_RAX;
    return UINT64_C(1) << (number < sizeof(ORDER) ? ORDER[number] : number);
}

static bool is_jump(const ZydisDecodedInstruction *instruction) {
    return instruction->meta.category == ZYDIS_CATEGORY_UNCOND_BR ||
           instruction->meta.category == ZYDIS_CATEGORY_COND_BR;
}

static void look_at(struct scan *scan, const ZydisDecodedInstruction *instruction,
                    const ZydisDecodedOperand *operands) {
    uint64_t next = scan->address + instruction->length;
    struct effects *effects = scan->address < scan->pc ? &scan->before : &scan->after;
    bool current = next == scan->pc && instruction->meta.category == ZYDIS_CATEGORY_CALL;
    /* The call that it is in has not come back yet. */
    if (instruction->meta.category == ZYDIS_CATEGORY_CALL)
        effects = current ? &scan->after : effects;
    effects->calls |= instruction->meta.category == ZYDIS_CATEGORY_CALL ||
                      instruction->meta.category == ZYDIS_CATEGORY_SYSCALL;
    for (unsigned i = 0; i < instruction->operand_count; i++)
        if (operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
            (operands[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
            effects->written |= bit_of(operands[i].reg.value);
    if (is_jump(instruction) && scan->address >= scan->pc) {
        ZyanU64 target;
        bool known = operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
                     ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(instruction, &operands[0], scan->address,
                                                           &target));
        scan->comes_back |= !known || target <= scan->pc;
    }
}

uint64_t arch_untouched(struct walk *walk, uint64_t start, uint64_t end, uint64_t pc) {
    ZydisDecoder decoder;
    ZydisDecodedInstruction instruction;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    struct scan scan = {.pc = pc};
    if (start > pc || pc >= end || end - start > CODE_LIMIT)
        return 0;
    size_t size = (size_t)(end - start);
    BASE_CLEANUP(free)
    uint8_t *code = malloc(size);
    if (!code || walk_read_memory(walk, start, code, size) != size ||
        !ZYAN_SUCCESS(ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)))
        return 0;
    for (size_t at = 0; at < size; at += instruction.length) {
        if (!ZYAN_SUCCESS(
                ZydisDecoderDecodeFull(&decoder, code + at, size - at, &instruction, operands)))
            return 0;
        scan.address = start + at;
        look_at(&scan, &instruction, operands);
    }
    if (scan.before.calls || (scan.comes_back && scan.after.calls))
        return 0;
    return ~(scan.before.written | (scan.comes_back ? scan.after.written : 0));
}
