/* SPDX-License-Identifier: MIT */
#include "symbolizer/arch_x86_64_code.h"

#include <string.h>

static int number_of(ZydisRegister reg) {
    static const uint8_t ORDER[] = {0, 2, 1, 3, 7, 6, 4, 5}; /* rax rcx rdx rbx rsp rbp rsi rdi */
    if (reg < ZYDIS_REGISTER_RAX || reg > ZYDIS_REGISTER_R15)
        return -1;
    unsigned number = reg - ZYDIS_REGISTER_RAX;
    return number < sizeof(ORDER) ? ORDER[number] : (int)number;
}

static void forget(struct way *way, ZydisRegister reg) {
    int number = number_of(ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg));
    if (number >= 0)
        way->cpu.known &= ~(1u << number);
}

static void assign(struct way *way, int number, bool known, uint64_t value) {
    if (known)
        cpu_set(&way->cpu, (unsigned)number, value);
    else
        way->cpu.known &= ~(1u << number);
}

static bool load(struct walk *walk, const struct way *way, uint64_t address, uint64_t *value) {
    for (size_t i = way->n_stores; i > 0; i--) {
        const struct store *store = &way->stores[i - 1];
        if (store->address == address) {
            *value = store->value;
            return store->known;
        }
        if (address < store->address + store->size && store->address < address + ARCH_WORD)
            return false;
    }
    return walk_read_memory(walk, address, value, sizeof(*value)) == sizeof(*value);
}

static bool store(struct way *way, uint64_t address, uint64_t size, bool known, uint64_t value) {
    size_t at = 0;
    while (at < way->n_stores && way->stores[at].address != address)
        at++;
    if (at == STORES)
        return false;
    way->n_stores += at == way->n_stores;
    way->stores[at] = (struct store){address, size, value, known};
    return true;
}

static bool address_of(const struct way *way, const ZydisDecodedOperandMem *mem, uint64_t next,
                       uint64_t *address) {
    int base = number_of(mem->base), index = number_of(mem->index);
    *address = mem->disp.has_displacement ? (uint64_t)mem->disp.value : 0;
    if (mem->segment == ZYDIS_REGISTER_FS || mem->segment == ZYDIS_REGISTER_GS)
        return false;
    if (mem->base == ZYDIS_REGISTER_RIP)
        *address += next;
    else if (base >= 0 && cpu_knows(&way->cpu, (unsigned)base))
        *address += way->cpu.value[base];
    else if (mem->base != ZYDIS_REGISTER_NONE)
        return false;
    if (index >= 0 && cpu_knows(&way->cpu, (unsigned)index))
        *address += way->cpu.value[index] * mem->scale;
    else if (mem->index != ZYDIS_REGISTER_NONE)
        return false;
    return true;
}

bool code_operand(struct walk *walk, const struct way *way, const ZydisDecodedOperand *operand,
                  uint64_t next, uint64_t *value) {
    uint64_t address;
    switch (operand->type) {
    case ZYDIS_OPERAND_TYPE_IMMEDIATE:
        *value = operand->imm.value.u;
        return true;
    case ZYDIS_OPERAND_TYPE_REGISTER: {
        int number = number_of(operand->reg.value);
        if (number < 0 || !cpu_knows(&way->cpu, (unsigned)number))
            return false;
        *value = way->cpu.value[number];
        return true;
    }
    case ZYDIS_OPERAND_TYPE_MEMORY:
        return operand->size == 64 && address_of(way, &operand->mem, next, &address) &&
               load(walk, way, address, value);
    default:
        return false;
    }
}

/* Where the stack pointer is not known (alloca) it comes back from another register. */
static bool pop(struct search *search, struct way *way, uint64_t *value) {
    uint64_t sp = way->cpu.value[ARCH_SP];
    way->cpu.value[ARCH_SP] += ARCH_WORD;
    return cpu_knows(&way->cpu, ARCH_SP) && load(search->walk, way, sp, value);
}

static bool push(struct way *way, bool known, uint64_t value) {
    way->cpu.value[ARCH_SP] -= ARCH_WORD;
    return !cpu_knows(&way->cpu, ARCH_SP) ||
           store(way, way->cpu.value[ARCH_SP], ARCH_WORD, known, value);
}

void code_after_call(struct way *way) {
    for (unsigned i = 0; i < ARCH_PC; i++)
        if (i != ARCH_SP && !arch_survives_call(i))
            way->cpu.known &= ~(1u << i);
}

static bool add_way(struct search *search, const struct way *from, uint64_t pc, bool last) {
    if (search->n_ways == WAYS)
        return false;
    size_t at = last ? 0 : search->n_ways;
    memmove(&search->ways[at + 1], &search->ways[at],
            (search->n_ways - at) * sizeof(*search->ways));
    search->ways[at] = *from;
    search->ways[at].cpu.value[ARCH_PC] = pc;
    search->n_ways++;
    return true;
}

static bool in_function(const struct search *search, uint64_t pc) {
    return pc >= search->code->start && pc < search->code->end;
}

/* A jump to another function is a call whose return is that of this one, too. */
static enum outcome jump(struct search *search, struct way *way, uint64_t target) {
    struct arch_code other;
    if (search->code->end && !in_function(search, target)) {
        if (search->code->lookup(search->walk, target, &other) && other.start == target &&
            !other.part)
            return RETURNS;
        way->certain = false;
    }
    way->cpu.value[ARCH_PC] = target;
    return GOES_ON;
}

/* The first entry of .plt, to which the others jump with a word pushed, pushes one more. */
static bool is_resolver(struct search *search, uint64_t pc) {
    uint8_t bytes[6];
    return walk_read_memory(search->walk, pc - sizeof(bytes), bytes, sizeof(bytes)) ==
               sizeof(bytes) &&
           bytes[0] == 0xff && bytes[1] == 0x35;
}

static enum outcome indirect_jump(struct search *search, struct way *way, uint64_t pc,
                                  const ZydisDecodedOperand *operand) {
    /* A switch goes by a table: where, nobody knows. Through one word: another function. */
    if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY || operand->mem.base != ZYDIS_REGISTER_RIP)
        return IS_LOST;
    if (is_resolver(search, pc))
        way->cpu.value[ARCH_SP] += 2 * ARCH_WORD;
    return RETURNS;
}

static enum outcome call(struct search *search, struct way *way, const ZydisDecodedOperand *operand,
                         uint64_t next) {
    uint8_t bytes[2];
    if (operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && operand->imm.value.s == 0)
        return push(way, true, next) ? GOES_ON : IS_LOST;
    code_after_call(way);
    if (search->code->end)
        return GOES_ON;
    /* One that does not return may be the last instruction of its function: what looks like the
     * beginning of the next one is tried last. */
    way->certain = false;
    bool padding = walk_read_memory(search->walk, next, bytes, 2) == 2 &&
                   (bytes[0] == 0x90 || bytes[0] == 0x66 || (bytes[0] == 0x0f && bytes[1] == 0x1f));
    if (!padding && next % PADDING != 0)
        return GOES_ON;
    add_way(search, way, next, true);
    return IS_LOST;
}

static bool arithmetic(struct search *search, struct way *way,
                       const ZydisDecodedInstruction *instruction,
                       const ZydisDecodedOperand *operands, uint64_t next) {
    int to =
        operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER ? number_of(operands[0].reg.value) : -1;
    uint64_t a = 0, b = 0;
    if (to < 0)
        return false;
    bool known = code_operand(search->walk, way, &operands[1], next, &b);
    switch (instruction->mnemonic) {
    case ZYDIS_MNEMONIC_MOV:
        break;
    case ZYDIS_MNEMONIC_LEA:
        known = address_of(way, &operands[1].mem, next, &b);
        break;
    case ZYDIS_MNEMONIC_ADD:
    case ZYDIS_MNEMONIC_SUB:
    case ZYDIS_MNEMONIC_AND:
        known = known && code_operand(search->walk, way, &operands[0], next, &a);
        b = instruction->mnemonic == ZYDIS_MNEMONIC_ADD   ? a + b
            : instruction->mnemonic == ZYDIS_MNEMONIC_SUB ? a - b
                                                          : (a & b);
        break;
    default:
        return false;
    }
    assign(way, to, known, b);
    return true;
}

static void write_memory(struct search *search, struct way *way,
                         const ZydisDecodedInstruction *instruction,
                         const ZydisDecodedOperand *operand, const ZydisDecodedOperand *from,
                         uint64_t next) {
    uint64_t address, value = 0;
    if (!address_of(way, &operand->mem, next, &address) ||
        operand->mem.type != ZYDIS_MEMOP_TYPE_MEM)
        return;
    bool known = instruction->mnemonic == ZYDIS_MNEMONIC_MOV && operand->size == 64 &&
                 code_operand(search->walk, way, from, next, &value);
    /* Where there is no place left it is a local variable, not a saved register. */
    store(way, address, operand->size / 8, known, value);
}

static void other(struct search *search, struct way *way,
                  const ZydisDecodedInstruction *instruction, const ZydisDecodedOperand *operands,
                  uint64_t next) {
    if (arithmetic(search, way, instruction, operands, next))
        return;
    for (unsigned i = 0; i < instruction->operand_count; i++) {
        if (!(operands[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
            continue;
        if (operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER)
            forget(way, operands[i].reg.value);
        else if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY)
            write_memory(search, way, instruction, &operands[i], &operands[1], next);
    }
}

enum outcome code_execute(struct search *search, struct way *way,
                          const ZydisDecodedInstruction *instruction,
                          const ZydisDecodedOperand *operands) {
    uint64_t pc = way->cpu.value[ARCH_PC], next = pc + instruction->length, value = 0;
    bool known;
    way->cpu.value[ARCH_PC] = next;
    switch (instruction->mnemonic) {
    case ZYDIS_MNEMONIC_RET:
        if (instruction->operand_count_visible > 0)
            way->popped = operands[0].imm.value.u;
        return RETURNS;
    case ZYDIS_MNEMONIC_PUSH:
        known = code_operand(search->walk, way, &operands[0], next, &value);
        return push(way, known, value) ? GOES_ON : IS_LOST;
    case ZYDIS_MNEMONIC_POP:
        known = pop(search, way, &value);
        if (operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
            number_of(operands[0].reg.value) >= 0)
            assign(way, number_of(operands[0].reg.value), known, value);
        return GOES_ON;
    case ZYDIS_MNEMONIC_PUSHFQ:
        return push(way, false, 0) ? GOES_ON : IS_LOST;
    case ZYDIS_MNEMONIC_POPFQ:
        pop(search, way, &value);
        return GOES_ON;
    case ZYDIS_MNEMONIC_LEAVE:
        if (!cpu_knows(&way->cpu, ARCH_FP))
            return IS_LOST;
        assign(way, ARCH_SP, true, way->cpu.value[ARCH_FP]);
        known = pop(search, way, &value);
        assign(way, ARCH_FP, known, value);
        return GOES_ON;
    case ZYDIS_MNEMONIC_CALL:
        return call(search, way, &operands[0], next);
    case ZYDIS_MNEMONIC_JMP:
        if (operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
            return jump(search, way, next + operands[0].imm.value.u);
        return indirect_jump(search, way, pc, &operands[0]);
    case ZYDIS_MNEMONIC_INT3:
        /* Also what lies between functions. */
        return search->code->end ? GOES_ON : IS_LOST;
    case ZYDIS_MNEMONIC_SYSCALL:
        forget(way, ZYDIS_REGISTER_RAX);
        break;
    case ZYDIS_MNEMONIC_ENTER:
    case ZYDIS_MNEMONIC_HLT:
    case ZYDIS_MNEMONIC_UD0:
    case ZYDIS_MNEMONIC_UD1:
    case ZYDIS_MNEMONIC_UD2:
    case ZYDIS_MNEMONIC_IRETQ:
        return IS_LOST;
    default:
        break;
    }
    if (instruction->meta.category != ZYDIS_CATEGORY_COND_BR) {
        other(search, way, instruction, operands, next);
        return GOES_ON;
    }
    /* Either way leads to a return; the nearer one is tried first. */
    struct way taken = *way;
    if (operands[0].type != ZYDIS_OPERAND_TYPE_IMMEDIATE)
        return IS_LOST;
    if (jump(search, &taken, next + operands[0].imm.value.u) == RETURNS) {
        *way = taken;
        return RETURNS;
    }
    add_way(search, &taken, taken.cpu.value[ARCH_PC], false);
    return GOES_ON;
}
