/* SPDX-License-Identifier: MIT */
#include "report/arch_x86_64.h"

#include <errno.h>
#include <Zydis/Zydis.h>
#include <stdio.h>
#include <string.h>

#include "report/instruction.h"

const char *const ARCH_REGISTER_NAMES[SNAPSHOT_REGISTER_COUNT] = {
    "rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp",    "r8",      "r9",
    "r10", "r11", "r12", "r13", "r14", "r15", "rip", "eflags", "fs_base", "gs_base",
};

/* Exception vectors and page fault error bits: Intel SDM vol. 3, 6.15. */
enum { TRAP_PROTECTION = 13, TRAP_PAGE_FAULT = 14, PAGE_WRITE = 1 << 1, PAGE_FETCH = 1 << 4 };

bool arch_is_protection_fault(const struct snapshot_signal *signal) {
    return signal->has_trap && signal->trapno == TRAP_PROTECTION;
}

bool arch_fault_is_write(const struct snapshot_signal *signal) {
    return signal->has_trap && signal->trapno == TRAP_PAGE_FAULT && (signal->err & PAGE_WRITE);
}

bool arch_fault_is_fetch(const struct snapshot_signal *signal) {
    return signal->has_trap && signal->trapno == TRAP_PAGE_FAULT && (signal->err & PAGE_FETCH);
}

bool arch_is_noncanonical(uint64_t address) {
    return address >= UINT64_C(0x0000800000000000) && address < UINT64_C(0xffff800000000000);
}

static ZydisRegister enclosing(ZydisRegister reg) {
    return ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
}

/* Value of a general register, by the snapshot's order; vector registers are not captured. */
static bool register_value(ZydisRegister reg, const uint64_t *registers, uint64_t next_pc,
                           uint64_t *value) {
    static const uint8_t order[] = {0, 2, 1, 3, 7, 6, 4, 5}; /* rax rcx rdx rbx rsp rbp rsi rdi */
    if (reg == ZYDIS_REGISTER_RIP) {
        *value = next_pc;
        return true;
    }
    ZydisRegister whole = enclosing(reg);
    if (whole < ZYDIS_REGISTER_RAX || whole > ZYDIS_REGISTER_R15)
        return false;
    unsigned number = whole - ZYDIS_REGISTER_RAX;
    *value = registers[number < sizeof order ? order[number] : number];
    if (ZydisRegisterGetWidth(ZYDIS_MACHINE_MODE_LONG_64, reg) == 32)
        *value &= UINT32_MAX;
    return true;
}

static bool take_access(const ZydisDecodedInstruction *decoded, const ZydisDecodedOperand *operand,
                        const uint64_t *registers, uint64_t pc, struct instruction *ret) {
    const ZydisDecodedOperandMem *mem = &operand->mem;
    uint64_t next_pc = pc + decoded->length, base = 0, index = 0, segment = 0;
    if (mem->type != ZYDIS_MEMOP_TYPE_MEM)
        return false;
    if (mem->base != ZYDIS_REGISTER_NONE && !register_value(mem->base, registers, next_pc, &base))
        return false;
    if (mem->index != ZYDIS_REGISTER_NONE &&
        !register_value(mem->index, registers, next_pc, &index))
        return false;
    if (mem->segment == ZYDIS_REGISTER_FS)
        segment = registers[SNAPSHOT_REGISTER_FS_BASE];
    else if (mem->segment == ZYDIS_REGISTER_GS)
        segment = registers[SNAPSHOT_REGISTER_GS_BASE];
    ret->has_access = true;
    ret->reads = operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ;
    ret->writes = operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
    ret->displacement = mem->disp.has_displacement ? mem->disp.value : 0;
    ret->address = segment + base + index * mem->scale + (uint64_t)ret->displacement;
    ret->size = operand->size / 8;
    ret->base_value = base;
    ret->has_index = mem->index != ZYDIS_REGISTER_NONE;
    if (mem->base != ZYDIS_REGISTER_NONE && mem->base != ZYDIS_REGISTER_RIP)
        snprintf(ret->base, sizeof ret->base, "%s", ZydisRegisterGetString(mem->base));
    return true;
}

static void take_divisor(const ZydisDecodedInstruction *decoded,
                         const ZydisDecodedOperand *operands, const uint64_t *registers,
                         uint64_t pc, struct instruction *ret) {
    const ZydisDecodedOperand *divisor = &operands[0];
    if (divisor->type != ZYDIS_OPERAND_TYPE_REGISTER)
        return;
    ret->has_divisor =
        register_value(divisor->reg.value, registers, pc + decoded->length, &ret->divisor);
    if (divisor->size < 64)
        ret->divisor &= (UINT64_C(1) << divisor->size) - 1;
}

static enum instruction_class classify(ZydisMnemonic mnemonic) {
    switch (mnemonic) {
    case ZYDIS_MNEMONIC_DIV:
    case ZYDIS_MNEMONIC_IDIV:
        return INSTRUCTION_DIVIDE;
    case ZYDIS_MNEMONIC_UD0:
    case ZYDIS_MNEMONIC_UD1:
    case ZYDIS_MNEMONIC_UD2:
        return INSTRUCTION_UNDEFINED;
    case ZYDIS_MNEMONIC_INT3:
        return INSTRUCTION_BREAKPOINT;
    case ZYDIS_MNEMONIC_HLT:
    case ZYDIS_MNEMONIC_IN:
    case ZYDIS_MNEMONIC_OUT:
    case ZYDIS_MNEMONIC_CLI:
    case ZYDIS_MNEMONIC_STI:
        return INSTRUCTION_PRIVILEGED;
    case ZYDIS_MNEMONIC_CALL:
    case ZYDIS_MNEMONIC_JMP:
    case ZYDIS_MNEMONIC_RET:
        return INSTRUCTION_JUMP;
    default:
        return INSTRUCTION_OTHER;
    }
}

int instruction_decode(const uint8_t *bytes, size_t size, uint64_t pc, const uint64_t *registers,
                       struct instruction *ret) {
    ZydisDecoder decoder;
    ZydisDecodedInstruction decoded;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisFormatter formatter;

    *ret = (struct instruction){0};
    if (ZYAN_FAILED(ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)) ||
        ZYAN_FAILED(ZydisDecoderDecodeFull(&decoder, bytes, size, &decoded, operands)))
        return -EBADMSG;
    ret->class = classify(decoded.mnemonic);
    if (ZYAN_SUCCESS(ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL)))
        ZydisFormatterFormatInstruction(&formatter, &decoded, operands,
                                        decoded.operand_count_visible, ret->text, sizeof ret->text,
                                        pc, NULL);
    for (unsigned i = 0; i < decoded.operand_count; i++)
        if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
            take_access(&decoded, &operands[i], registers, pc, ret))
            break;
    if (ret->class == INSTRUCTION_JUMP && decoded.operand_count_visible > 0 &&
        operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER)
        ret->has_target =
            register_value(operands[0].reg.value, registers, pc + decoded.length, &ret->target);
    if (ret->class == INSTRUCTION_DIVIDE)
        take_divisor(&decoded, operands, registers, pc, ret);
    return 0;
}
