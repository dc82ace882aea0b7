/* SPDX-License-Identifier: MIT */
#include "symbolizer/fallback.h"

#include <string.h>

enum {
    SCAN_WORDS = 512,
    BRIDGE_FRAMES = 2048,
    BRIDGE_STEPS = 16 << 10,
    FRAME_SIZE_LIMIT = 1 << 20,
    FUNCTION_SIZE_LIMIT = 64 << 10,
};

static bool read_word(struct walk *walk, uint64_t address, uint64_t *value) {
    return walk_read_memory(walk, address, value, sizeof(*value)) == sizeof(*value);
}

/* May a function return to address, with sp then behind it? address stands behind a call, or it is
 * the kernel's return from a signal handler, which keeps what it interrupted at sp. */
static bool is_return_address(struct walk *walk, uint64_t address, uint64_t sp, uint64_t *target) {
    uint8_t bytes[ARCH_CALL_LONGEST];
    struct cpu cpu;
    *target = 0;
    if (address < sizeof(bytes) || !walk_executable(walk, address - 1))
        return false;
    /* Code of a JIT is in no file: it may be one, if nothing speaks against it. */
    size_t n = walk_read_memory(walk, address - sizeof(bytes), bytes, sizeof(bytes));
    if (n < sizeof(bytes))
        return walk_module_at(walk, address) < 0;
    return arch_ends_in_call(bytes, sizeof(bytes), address, target) ||
           (arch_is_trampoline(walk, address) && arch_interrupted(walk, sp, &cpu) &&
            walk_executable(walk, cpu.value[ARCH_PC]));
}

static void set_caller(struct unwound *position, uint64_t pc, uint64_t sp, enum frame_trust trust) {
    struct cpu caller = {0};
    cpu_set(&caller, ARCH_PC, pc);
    cpu_set(&caller, ARCH_SP, sp);
    *position = (struct unwound){.cpu = caller, .trust = trust};
}

bool fallback_bad_pc(struct walk *walk, struct unwound *position) {
    uint64_t pc, target;
    struct cpu before = position->cpu;
    if (walk_executable(walk, before.value[ARCH_PC]) ||
        !read_word(walk, before.value[ARCH_SP], &pc) ||
        !is_return_address(walk, pc, before.value[ARCH_SP] + ARCH_WORD, &target))
        return false;
    /* A return into nothing leaves something else at sp. */
    bool called = arch_call_leads_to(walk, &before, pc, before.value[ARCH_PC]);
    set_caller(position, pc, before.value[ARCH_SP] + ARCH_WORD,
               called ? FRAME_TRUST_FP : FRAME_TRUST_SCAN);
    /* The function that was not there changed nothing else. */
    for (unsigned i = 0; i < ARCH_REGISTERS; i++)
        if (arch_survives_call(i) && cpu_knows(&before, i))
            cpu_set(&position->cpu, i, before.value[i]);
    return true;
}

static bool same_stack(const struct walk *walk, uint64_t a, uint64_t b) {
    const struct snapshot_mapping *mapping = snapshot_mapping_at(walk->snapshot, a);
    return mapping ? b >= mapping->start && b < mapping->end
                   : b - a < FRAME_SIZE_LIMIT; /* b above a */
}

static bool step_by_frame_pointer(struct walk *walk, struct unwound *position) {
    uint64_t sp = position->cpu.value[ARCH_SP], fp = position->cpu.value[ARCH_FP];
    uint64_t pc, saved, target;
    if (!cpu_knows(&position->cpu, ARCH_FP) || fp % ARCH_WORD || fp < sp ||
        fp - sp > FRAME_SIZE_LIMIT || !read_word(walk, fp, &saved) ||
        !read_word(walk, fp + ARCH_WORD, &pc))
        return false;
    bool returns = is_return_address(walk, pc, fp + 2 * ARCH_WORD, &target);
    bool chained = saved > fp && saved % ARCH_WORD == 0 && same_stack(walk, fp, saved);
    /* An interpreter returns to where it has called nothing. */
    bool made = walk_module_at(walk, pc) < 0 && walk_executable(walk, pc);
    bool sure =
        returns && (chained || saved == 0) && walk_module_at(walk, position_lookup(position)) >= 0;
    if (!returns && !(made && chained))
        return false;
    set_caller(position, pc, fp + 2 * ARCH_WORD, sure ? FRAME_TRUST_FP : FRAME_TRUST_SCAN);
    cpu_set(&position->cpu, ARCH_FP, saved);
    return true;
}

/* Start of the function that holds address, by symbol; 0 if unknown. */
static uint64_t function_start(struct walk *walk, uint64_t address, struct symbol *symbol) {
    int index = walk_module_at(walk, address);
    const struct symbols *symbols = index < 0 ? NULL : walk_symbols(walk, (size_t)index);
    uint64_t bias = index < 0 ? 0 : walk->snapshot->modules[index].bias;
    if (!symbols || !symbols_lookup(symbols, address - bias, symbol) ||
        (symbol->size > 0 && address - bias - symbol->address >= symbol->size))
        return 0;
    return symbol->address + bias;
}

static void take_word(struct walk *walk, struct unwound *position, uint64_t at, uint64_t pc) {
    uint64_t sp = position->cpu.value[ARCH_SP], saved;
    bool has_saved = at > sp && read_word(walk, at - ARCH_WORD, &saved) && saved > at &&
                     saved % ARCH_WORD == 0 && same_stack(walk, at, saved);
    uint64_t fp = position->cpu.value[ARCH_FP];
    bool keeps_fp = cpu_knows(&position->cpu, ARCH_FP) && fp > at;
    set_caller(position, pc, at + ARCH_WORD, FRAME_TRUST_SCAN);
    /* A function with a frame pointer saves it just below its return address. */
    if (has_saved)
        cpu_set(&position->cpu, ARCH_FP, saved);
    else if (keeps_fp)
        cpu_set(&position->cpu, ARCH_FP, fp);
}

enum likeliness { UNLIKELY, LIKELY, CERTAIN };

/* Words left over from earlier calls look like return addresses, too. A call names its target: it
 * ought to be the current function. */
static enum likeliness judge(const struct walk *walk, uint64_t current, uint64_t start,
                             uint64_t candidate, uint64_t target) {
    if (start && target == start)
        return CERTAIN;
    /* Indirect, or into another module by its PLT. */
    if (target == 0 || walk_module_at(walk, candidate) != walk_module_at(walk, current))
        return LIKELY;
    return !start && target <= current && current - target < FUNCTION_SIZE_LIMIT ? LIKELY
                                                                                 : UNLIKELY;
}

static bool step_by_scan(struct walk *walk, struct unwound *position) {
    uint64_t sp = position->cpu.value[ARCH_SP];
    uint64_t current = position_lookup(position);
    struct symbol symbol;
    uint64_t start = function_start(walk, current, &symbol);
    uint64_t best_at = 0, best_pc = 0;
    enum likeliness best = UNLIKELY;
    for (uint64_t i = 0; i < SCAN_WORDS && best < CERTAIN && walk->budget.scanned > 0; i++) {
        uint64_t at = (sp + ARCH_WORD - 1) / ARCH_WORD * ARCH_WORD + i * ARCH_WORD, pc, target;
        walk->budget.scanned--;
        if (at < sp || !read_word(walk, at, &pc))
            break;
        if (!is_return_address(walk, pc, at + ARCH_WORD, &target))
            continue;
        enum likeliness likely = judge(walk, current, start, pc - 1, target);
        if (best_at == 0 || likely > best) {
            best_at = at;
            best_pc = pc;
            best = likely;
        }
    }
    if (best_at == 0)
        return false;
    take_word(walk, position, best_at, best_pc);
    return true;
}

/* The newest function may not have touched the stack yet, or never does. */
static bool step_by_leaf(struct walk *walk, struct unwound *position) {
    uint64_t sp = position->cpu.value[ARCH_SP], pc, target;
    if (!position->interrupted || !read_word(walk, sp, &pc) ||
        !is_return_address(walk, pc, sp + ARCH_WORD, &target))
        return false;
    struct cpu before = position->cpu;
    set_caller(position, pc, sp + ARCH_WORD, FRAME_TRUST_SCAN);
    for (unsigned i = 0; i < ARCH_REGISTERS; i++)
        if (arch_survives_call(i) && cpu_knows(&before, i))
            cpu_set(&position->cpu, i, before.value[i]);
    return true;
}

static bool find_code(struct walk *walk, uint64_t address, struct arch_code *ret) {
    struct symbol symbol;
    uint64_t start = function_start(walk, address, &symbol);
    *ret = (struct arch_code){.lookup = find_code};
    if (start == 0 || symbol.size == 0 || address - start >= symbol.size)
        return false;
    ret->start = start;
    ret->end = start + symbol.size;
    ret->part = strstr(symbol.name, ".cold") != NULL;
    return true;
}

static bool is_entry(struct walk *walk, uint64_t pc) {
    uint64_t start, end;
    return unwind_function(walk, pc, &start, &end) && start == pc;
}

struct followed {
    struct walk *walk;
    const struct unwound *position;
    struct unwound caller, unlikely;
    uint64_t start; /* of the function, or 0 */
    bool has_unlikely;
};

static bool accept_return(void *data, const struct arch_return *found) {
    struct followed *followed = data;
    struct walk *walk = followed->walk;
    uint64_t pc = found->cpu.value[ARCH_PC], sp = found->cpu.value[ARCH_SP], target;
    uint64_t current = position_lookup(followed->position);
    bool entry = found->certain && is_entry(walk, pc);
    if (!entry && !is_return_address(walk, pc, sp, &target))
        return false;
    /* Two ways to the same answer. */
    const struct cpu *cpu = &followed->position->cpu;
    bool certain =
        found->certain || (cpu_knows(cpu, ARCH_FP) && cpu->value[ARCH_FP] + 2 * ARCH_WORD == sp);
    followed->caller = (struct unwound){
        .cpu = found->cpu, .trust = certain ? FRAME_TRUST_FP : FRAME_TRUST_SCAN, .entry = entry};
    if (certain || judge(walk, current, followed->start, pc - 1, target) != UNLIKELY)
        return true;
    /* By a tail call, if nothing better is found. */
    if (!followed->has_unlikely)
        followed->unlikely = followed->caller;
    followed->has_unlikely = true;
    return false;
}

static bool step_by_code(struct walk *walk, struct unwound *position) {
    struct arch_code code;
    uint64_t lookup = position_lookup(position);
    if (!walk_executable(walk, lookup))
        return false;
    if (!find_code(walk, lookup, &code))
        unwind_function(walk, lookup, &code.start, &code.end);
    code.exact = position->interrupted;
    struct followed followed = {.walk = walk, .position = position, .start = code.start};
    const struct arch_accept accept = {accept_return, &followed};
    bool found = arch_follow_code(walk, &position->cpu, &code, &accept, &walk->budget.followed);
    if (found)
        *position = followed.caller;
    else if (followed.has_unlikely)
        *position = followed.unlikely;
    return found || followed.has_unlikely;
}

void fallback_correct(struct walk *walk, const struct unwound *before, struct unwound *caller) {
    uint64_t target;
    struct unwound corrected = *before;
    bool returns =
        is_return_address(walk, caller->cpu.value[ARCH_PC], caller->cpu.value[ARCH_SP], &target);
    enum fallback_call call = fallback_call(walk, before, caller);
    if (!returns && is_entry(walk, caller->cpu.value[ARCH_PC])) {
        caller->entry = true;
        return;
    }
    if ((returns && (call == CALLS_IT || (call == CALLS_SOMETHING && !before->interrupted))) ||
        !step_by_code(walk, &corrected) ||
        corrected.cpu.value[ARCH_SP] == caller->cpu.value[ARCH_SP] ||
        (returns && fallback_call(walk, before, &corrected) != CALLS_IT))
        return;
    *caller = corrected;
    caller->trust = FRAME_TRUST_SCAN;
}

enum fallback_call fallback_call(struct walk *walk, const struct unwound *callee,
                                 const struct unwound *caller) {
    uint64_t pc = caller->cpu.value[ARCH_PC], lookup = position_lookup(callee), target;
    uint8_t bytes[ARCH_CALL_LONGEST];
    struct symbol symbol;
    if (callee->trampoline || caller->trampoline)
        return CALLS_IT;
    if (walk_read_memory(walk, pc - sizeof(bytes), bytes, sizeof(bytes)) != sizeof(bytes) ||
        !arch_ends_in_call(bytes, sizeof(bytes), pc, &target) || target == 0)
        return CALLS_SOMETHING;
    uint64_t start = function_start(walk, lookup, &symbol), end;
    if (start == 0 && !unwind_function(walk, lookup, &start, &end))
        start = 0;
    if (start && start == target)
        return CALLS_IT;
    return function_start(walk, target, &symbol) == target && symbol.size > 0 &&
                   lookup - target >= symbol.size
               ? CALLS_ANOTHER
               : CALLS_SOMETHING;
}

bool fallback_step(struct walk *walk, struct unwound *position) {
    struct unwound by_code = *position, by_chain = *position;
    bool coded = step_by_code(walk, &by_code);
    /* Virtual machines chain the frames of what they made, and lay their code out as they like. But
     * not everything that was made keeps a frame pointer: the nearer caller is it. */
    bool made = walk_module_at(walk, position_lookup(position)) < 0;
    if (coded && by_code.trust == FRAME_TRUST_SCAN && made &&
        step_by_frame_pointer(walk, &by_chain) &&
        by_chain.cpu.value[ARCH_SP] < by_code.cpu.value[ARCH_SP])
        by_code = by_chain;
    if (coded)
        *position = by_code;
    return coded || step_by_leaf(walk, position) || step_by_frame_pointer(walk, position) ||
           step_by_scan(walk, position);
}

/* The oldest part of the stack that sp is in, if what lies between was not captured. Memory that
 * was captured for its own sake may have led beyond the newest part. */
static const struct snapshot_memory *oldest_part(const struct walk *walk, uint64_t sp) {
    const struct snapshot *snapshot = walk->snapshot;
    const struct snapshot_memory *newest = NULL;
    for (size_t i = 0; i < snapshot->n_memory; i++) {
        const struct snapshot_memory *memory = &snapshot->memory[i];
        if (memory->address > sp && memory->kind == SNAPSHOT_MEMORY_KIND_STACK_BASE && newest &&
            memory->tid == newest->tid)
            return memory;
        if ((memory->kind == SNAPSHOT_MEMORY_KIND_STACK ||
             memory->kind == SNAPSHOT_MEMORY_KIND_INTERRUPTED) &&
            (memory->address <= sp
                 ? sp - memory->address <= memory->size || same_stack(walk, memory->address, sp)
                 : memory->address - sp < FRAME_SIZE_LIMIT && !newest))
            newest = memory;
    }
    return NULL;
}

struct chain {
    size_t n;   /* 0 if it does not end where the thread began */
    bool begun; /* there, not where words that are left over end in a zero */
    bool consistent;
    uint64_t sp[BRIDGE_FRAMES];
};

static void follow(struct walk *walk, struct unwound position, struct chain *chain, size_t *steps) {
    chain->n = 0;
    chain->consistent = true;
    for (size_t n = 0; n<BRIDGE_FRAMES && * steps> 0; --*steps) {
        const struct unwound callee = position;
        uint64_t cfa;
        chain->sp[n++] = position.cpu.value[ARCH_SP];
        enum step step = unwind_by_cfi(walk, &position, &cfa);
        if (step == STEP_UNKNOWN)
            step = fallback_is_start(walk, &position) ? STEP_END
                   : step_by_code(walk, &position)    ? STEP_OK
                                                      : STEP_UNKNOWN;
        if (step == STEP_END || step == STEP_NOTHING)
            chain->n = n;
        chain->begun = step == STEP_END;
        if (step != STEP_OK)
            return;
        /* A tail call does that, too. */
        if (fallback_call(walk, &callee, &position) == CALLS_ANOTHER)
            chain->consistent = false;
    }
}

/* A part of a chain is not better than the whole, unless that holds a call that does not fit. */
static bool on_chain(const struct chain *chain, uint64_t sp) {
    for (size_t i = 0; i < chain->n && chain->consistent; i++)
        if (chain->sp[i] == sp)
            return true;
    return false;
}

static bool better(const struct chain *chain, const struct chain *best) {
    if (chain->n == 0 || best->n == 0)
        return chain->n > 0;
    if (chain->begun != best->begun)
        return chain->begun;
    return chain->consistent != best->consistent ? chain->consistent : chain->n > best->n;
}

/* Words left over from earlier calls lead to the start, too, but pass by frames on their way, or
 * end in a zero: of the chains whose calls fit the longest is right. */
bool fallback_bridge(struct walk *walk, struct unwound *position) {
    const struct snapshot_memory *part = oldest_part(walk, position->cpu.value[ARCH_SP]);
    struct chain best = {0}, chain;
    struct unwound bridged = *position;
    size_t steps = walk->budget.bridged < BRIDGE_STEPS ? walk->budget.bridged : BRIDGE_STEPS;
    walk->budget.bridged -= steps;
    if (!part)
        return false;
    uint64_t start = (part->address + ARCH_WORD - 1) / ARCH_WORD * ARCH_WORD, pc, target;
    for (uint64_t at = start; at - part->address < part->size && steps > 0; at += ARCH_WORD) {
        if (on_chain(&best, at + ARCH_WORD) || !read_word(walk, at, &pc) ||
            !is_return_address(walk, pc, at + ARCH_WORD, &target))
            continue;
        struct unwound tried = *position;
        tried.cpu.known = 1u << ARCH_SP;
        tried.cpu.value[ARCH_SP] = at > start ? at - ARCH_WORD : at;
        take_word(walk, &tried, at, pc);
        follow(walk, tried, &chain, &steps);
        if (!better(&chain, &best))
            continue;
        best = chain;
        bridged = tried;
    }
    walk->budget.bridged += steps;
    if (best.n == 0)
        return false;
    *position = bridged;
    position->after_gap = true;
    return true;
}

bool fallback_is_start(struct walk *walk, const struct unwound *position) {
    static const char *const STARTS[] = {"_start", "_start_c", "__clone",
                                         "clone",  "__clone3", "clone3"};
    struct symbol symbol;
    if (function_start(walk, position_lookup(position), &symbol) == 0)
        return false;
    for (size_t i = 0; i < sizeof(STARTS) / sizeof(*STARTS); i++)
        if (strcmp(symbol.name, STARTS[i]) == 0)
            return !position->interrupted;
    return false;
}
