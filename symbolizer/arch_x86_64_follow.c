/* SPDX-License-Identifier: MIT */
/* Where there is no call frame information, the code itself says where its return address is: what
 * every way from its entry and to its return does with the stack pointer is in its instructions. */
#include <string.h>

#include "base/cleanup.h"
#include "symbolizer/arch_x86_64_code.h"

/* Of each search, in instructions: a hostile stack may ask for many that end at once. */
enum { SEARCH_COST = 64 };

static bool visit(struct search *search, uint64_t pc) {
    size_t slot = (size_t)(pc * UINT64_C(0x9e3779b97f4a7c15) >> 40) % VISITED;
    while (search->visited[slot] && search->visited[slot] != pc)
        slot = (slot + 1) % VISITED;
    bool new = search->visited[slot] == 0;
    search->visited[slot] = pc;
    return new;
}

static enum outcome follow(struct search *search, struct way *way) {
    enum outcome outcome = GOES_ON;
    while (outcome == GOES_ON && search->left > 0) {
        ZydisDecodedInstruction instruction;
        ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
        uint8_t bytes[LONGEST];
        uint64_t pc = way->cpu.value[ARCH_PC];
        if (search->wanted && pc == search->wanted)
            return GOES_ON;
        search->left--;
        if (search->code->end && pc == search->code->end)
            return IS_LOST;
        size_t n = visit(search, pc) ? walk_read_memory(search->walk, pc, bytes, LONGEST) : 0;
        if (n == 0 || !ZYAN_SUCCESS(ZydisDecoderDecodeFull(&search->decoder, bytes, n, &instruction,
                                                           operands)))
            return IS_LOST;
        outcome = code_execute(search, way, &instruction, operands);
    }
    return outcome == RETURNS && cpu_knows(&way->cpu, ARCH_SP) ? RETURNS : IS_LOST;
}

static struct search *search_new(struct walk *walk, const struct arch_code *code, size_t *budget) {
    if (*budget < SEARCH_COST)
        return NULL;
    *budget -= SEARCH_COST;
    struct search *search = calloc(1, sizeof(*search));
    if (!search || !ZYAN_SUCCESS(ZydisDecoderInit(&search->decoder, ZYDIS_MACHINE_MODE_LONG_64,
                                                  ZYDIS_STACK_WIDTH_64))) {
        free(search);
        return NULL;
    }
    search->walk = walk;
    search->code = code;
    search->left = *budget < INSTRUCTIONS ? *budget : INSTRUCTIONS;
    *budget -= search->left;
    return search;
}

static bool read_return(struct walk *walk, uint64_t slot, struct arch_return *ret) {
    ret->cpu.value[ARCH_SP] = slot + ARCH_WORD;
    ret->cpu.known |= 1u << ARCH_SP | 1u << ARCH_PC;
    return walk_read_memory(walk, slot, &ret->cpu.value[ARCH_PC], ARCH_WORD) == ARCH_WORD;
}

/* At a function's entry the stack pointer and what survives calls are given values that only stand
 * for themselves; those that are seen again at pc say where the real ones are. */
#define STAND_IN(number) (UINT64_C(0x5a5a000000000000) + ((uint64_t)(number) << 40))

static bool from_entry(const struct search *search, const struct way *at, const struct cpu *real,
                       struct arch_return *ret) {
    uint64_t slot = 0;
    const uint64_t entry = STAND_IN(ARCH_SP);
    static const uint8_t BASES[] = {ARCH_SP, ARCH_FP};
    *ret = (struct arch_return){.certain = at->certain};
    for (size_t i = 0; i < sizeof(BASES) && slot == 0; i++) {
        unsigned number = BASES[i];
        uint64_t distance = entry - at->cpu.value[number];
        if (cpu_knows(&at->cpu, number) && cpu_knows(real, number) && distance <= INT32_MAX)
            slot = real->value[number] + distance;
    }
    if (slot == 0 || slot < real->value[ARCH_SP] || !read_return(search->walk, slot, ret))
        return false;
    for (unsigned i = 0; i < ARCH_REGISTERS; i++) {
        uint64_t value;
        if (!arch_survives_call(i))
            continue;
        if (cpu_knows(&at->cpu, i) && at->cpu.value[i] == STAND_IN(i)) {
            if (cpu_knows(real, i))
                cpu_set(&ret->cpu, i, real->value[i]);
            continue;
        }
        for (size_t k = 0; k < at->n_stores; k++) {
            const struct store *store = &at->stores[k];
            if (store->known && store->value == STAND_IN(i) &&
                walk_read_memory(search->walk, slot - (entry - store->address), &value,
                                 sizeof(value)) == sizeof(value))
                cpu_set(&ret->cpu, i, value);
        }
    }
    return true;
}

/* How deep is the stack at pc? */
static bool follow_from_entry(struct walk *walk, const struct cpu *cpu,
                              const struct arch_code *code, struct arch_return *ret,
                              size_t *budget) {
    BASE_CLEANUP(free)
    struct search *search = search_new(walk, code, budget);
    bool found = false;
    if (!search)
        return false;
    struct cpu entry = {0};
    for (unsigned i = 0; i < ARCH_REGISTERS; i++)
        if (i == ARCH_SP || arch_survives_call(i))
            cpu_set(&entry, i, STAND_IN(i));
    cpu_set(&entry, ARCH_PC, code->start);
    search->wanted = cpu->value[ARCH_PC];
    search->ways[search->n_ways++] = (struct way){.cpu = entry, .certain = true};
    while (search->n_ways > 0 && !found) {
        struct way way = search->ways[--search->n_ways];
        found = follow(search, &way) == GOES_ON && from_entry(search, &way, cpu, ret);
    }
    *budget += search->left;
    return found;
}

/* What comes off the stack between pc and the return? */
static bool follow_to_return(struct walk *walk, const struct cpu *start,
                             const struct arch_code *code, const struct arch_accept *accept,
                             size_t *budget) {
    BASE_CLEANUP(free)
    struct search *search = search_new(walk, code, budget);
    bool found = false;
    if (!search)
        return false;
    search->ways[search->n_ways++] =
        (struct way){.cpu = *start, .certain = code->end != 0 || code->exact};
    while (search->n_ways > 0 && !found) {
        struct way way = search->ways[--search->n_ways];
        if (follow(search, &way) != RETURNS)
            continue;
        code_after_call(&way);
        struct arch_return ret = {.cpu = way.cpu, .certain = way.certain};
        if (!read_return(walk, way.cpu.value[ARCH_SP], &ret))
            continue;
        ret.cpu.value[ARCH_SP] += way.popped;
        found = accept->call(accept->data, &ret);
    }
    *budget += search->left;
    return found;
}

bool arch_follow_code(struct walk *walk, const struct cpu *start, const struct arch_code *code,
                      const struct arch_accept *accept, size_t *budget) {
    struct arch_return ret;
    return (code->end && !code->part && follow_from_entry(walk, start, code, &ret, budget) &&
            accept->call(accept->data, &ret)) ||
           follow_to_return(walk, start, code, accept, budget);
}

/* .plt has nothing but jumps through words that are not captured. */
static bool is_stub(struct walk *walk, uint64_t address) {
    static const uint8_t ENDBR[] = {0xf3, 0x0f, 0x1e, 0xfa};
    uint8_t bytes[8] = {0};
    size_t n = walk_read_memory(walk, address, bytes, sizeof(bytes));
    const uint8_t *p = bytes;
    if (n < sizeof(bytes))
        return false;
    if (memcmp(p, ENDBR, sizeof(ENDBR)) == 0)
        p += sizeof(ENDBR);
    p += *p == 0xf2; /* bnd */
    return p[0] == 0xff && p[1] == 0x25;
}

bool arch_call_leads_to(struct walk *walk, const struct cpu *cpu, uint64_t address,
                        uint64_t target) {
    ZydisDecoder decoder;
    struct way way = {.cpu = *cpu};
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    /* The return address was pushed since. */
    way.cpu.value[ARCH_SP] += ARCH_WORD;
    for (uint64_t length = 2; length <= LONGEST; length++) {
        ZydisDecodedInstruction instruction;
        ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
        uint8_t bytes[LONGEST];
        uint64_t value;
        if (walk_read_memory(walk, address - length, bytes, length) != length ||
            !ZYAN_SUCCESS(
                ZydisDecoderDecodeFull(&decoder, bytes, length, &instruction, operands)) ||
            instruction.length != length || instruction.mnemonic != ZYDIS_MNEMONIC_CALL)
            continue;
        if (operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
            value = address + operands[0].imm.value.u;
        else if (!code_operand(walk, &way, &operands[0], address, &value))
            continue;
        if (value == target ||
            (operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && is_stub(walk, value)))
            return true;
    }
    return false;
}
