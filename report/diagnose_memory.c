/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "report/arch_x86_64.h"
#include "report/diagnose.h"
#include "report/instruction.h"

/* mmap_min_addr and usual objects: nothing is mapped there, and a member of a null object is. */
static const uint64_t NULL_RANGE = 64u << 10;

struct fault {
    const struct snapshot *snapshot;
    const struct snapshot_thread *thread;
    uint64_t address;
    bool decoded;
    struct instruction instruction;
};

static const char *verb(const struct fault *fault) {
    const struct snapshot_signal *signal = &fault->snapshot->signal;
    if (arch_fault_is_fetch(signal))
        return "execute";
    if (arch_fault_is_write(signal))
        return "write";
    if (arch_is_protection_fault(signal) && fault->decoded && fault->instruction.writes &&
        !fault->instruction.reads)
        return "write";
    return "read";
}

/* Fill patterns of allocators and debug builds. */
static const char *poison_name(uint64_t value) {
    static const struct {
        uint32_t pattern;
        const char *name;
    } patterns[] = {
        {0xdeadbeef, "0xdeadbeef"},
        {0xfeeefeee, "0xfeeefeee, freed memory"},
        {0xdddddddd, "0xdd, freed memory"},
        {0xcdcdcdcd, "0xcd, memory never initialised"},
        {0xbaadf00d, "0xbaadf00d, memory never initialised"},
        {0xa5a5a5a5, "0xa5, memory never initialised (jemalloc)"},
        {0x5a5a5a5a, "0x5a, freed memory (jemalloc)"},
        {0x6b6b6b6b, "0x6b, freed memory"},
        {0xaaaaaaaa, "0xaa, memory never initialised"},
        {0xefefefef, "0xef, freed memory"},
        {0xbebebebe, "0xbe, memory never initialised (sanitizer)"},
    };
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        uint32_t pattern = patterns[i].pattern;
        if (((uint32_t)(value >> 32) == pattern ||
             value >> 16 == (pattern | (uint64_t)pattern << 32) >> 16) &&
            (((uint32_t)value ^ pattern) & 0xffff0000u) == 0)
            return patterns[i].name;
        /* A pointer member of a freed object, plus the offset of what was read through it. */
        if ((uint32_t)(value >> 32) == pattern && (uint32_t)value - pattern < 4096)
            return patterns[i].name;
    }
    return NULL;
}

static void say_where(const struct fault *fault, char *text, size_t size) {
    const struct snapshot_mapping *mapping = snapshot_mapping_at(fault->snapshot, fault->address);
    if (!mapping)
        snprintf(text, size, "nothing is mapped there");
    else
        snprintf(text, size, "in %s, which is %s%s%s%s",
                 text_empty(mapping->path) ? "anonymous memory" : mapping->path,
                 mapping->prot & SNAPSHOT_PROT_READ ? "readable" : "not accessible",
                 mapping->prot & SNAPSHOT_PROT_WRITE ? ", writable" : "",
                 mapping->prot & SNAPSHOT_PROT_EXEC ? ", executable" : "",
                 mapping->prot & SNAPSHOT_PROT_SHARED ? ", shared" : "");
}

static bool is_null_access(const struct fault *fault) {
    if (fault->address < NULL_RANGE)
        return true;
    /* array[-1] of a null array */
    return fault->address > UINT64_MAX - NULL_RANGE;
}

static void say_null(const struct fault *fault, struct report_diagnosis *ret) {
    const struct instruction *instruction = &fault->instruction;
    ret->kind = "null pointer";
    if (fault->decoded && instruction->has_access && instruction->address == fault->address &&
        instruction->base[0] && instruction->base_value == 0 && !instruction->has_index &&
        instruction->displacement != 0)
        diagnosis_say(&ret->value,
                      "Null pointer dereference: %s of address 0x%" PRIx64 " (offset %" PRId64
                      " from a null pointer in %s)",
                      ret->fault, fault->address, instruction->displacement, instruction->base);
    else if (fault->decoded && instruction->has_access && instruction->base[0] &&
             instruction->address == fault->address && fault->address == 0)
        diagnosis_say(&ret->value,
                      "Null pointer dereference: %s of address 0x0 (null pointer in %s)",
                      ret->fault, instruction->base);
    else
        diagnosis_say(&ret->value, "Null pointer dereference: %s of address 0x%" PRIx64, ret->fault,
                      fault->address);
}

/* A push, a call or a local of a stack pointer that leads nowhere. */
static bool is_wild_stack(const struct fault *fault) {
    uint64_t sp = fault->thread->registers[SNAPSHOT_REGISTER_RSP];
    return fault->snapshot->n_mappings > 0 && !snapshot_mapping_at(fault->snapshot, sp) &&
           fault->address - (sp - NULL_RANGE) < 2 * (uint64_t)NULL_RANGE;
}

static void say_wild_stack(const struct fault *fault, struct report_diagnosis *ret) {
    ret->kind = "wild pointer";
    diagnosis_say(&ret->value,
                  "Wild stack pointer: %s of address 0x%" PRIx64
                  ", and the stack pointer is 0x%" PRIx64 ", where nothing is mapped",
                  ret->fault, fault->address, fault->thread->registers[SNAPSHOT_REGISTER_RSP]);
}

static bool is_bad_jump(const struct fault *fault) {
    uint64_t pc = fault->thread->registers[SNAPSHOT_REGISTER_RIP];
    const struct snapshot_mapping *mapping = snapshot_mapping_at(fault->snapshot, pc);
    if (fault->snapshot->n_mappings == 0)
        return arch_fault_is_fetch(&fault->snapshot->signal);
    return !mapping || !(mapping->prot & SNAPSHOT_PROT_EXEC);
}

static void say_bad_jump(const struct fault *fault, struct report_diagnosis *ret) {
    uint64_t pc = fault->thread->registers[SNAPSHOT_REGISTER_RIP];
    const struct snapshot_mapping *mapping = snapshot_mapping_at(fault->snapshot, pc);
    ret->kind = "bad jump";
    ret->fault = "execute";
    ret->fault_address = pc;
    ret->has_fault_address = true;
    if (pc < NULL_RANGE)
        diagnosis_say(&ret->value,
                      "Call through a null function pointer: jump to address 0x%" PRIx64, pc);
    else if (mapping)
        diagnosis_say(&ret->value, "Jump to 0x%" PRIx64 ", which is no code: it lies in %s", pc,
                      text_empty(mapping->path) ? "memory that is not executable" : mapping->path);
    else
        diagnosis_say(&ret->value, "Jump to 0x%" PRIx64 ", where nothing is mapped", pc);
}

/* Such a jump faults before it is done: pc is still where it was. */
static bool say_wild_jump(const struct fault *fault, struct report_diagnosis *ret) {
    const struct instruction *instruction = &fault->instruction;
    uint64_t target = instruction->target;
    if (instruction->class != INSTRUCTION_JUMP)
        return false;
    if (!instruction->has_target && (!instruction->has_access || !instruction->reads ||
                                     snapshot_read_memory(fault->snapshot, instruction->address,
                                                          &target, sizeof target) != sizeof target))
        return false;
    if (!arch_is_noncanonical(target))
        return false;
    ret->fault = "execute";
    ret->fault_address = target;
    ret->has_fault_address = true;
    diagnosis_say(&ret->value, "Wild pointer: jump to the non-canonical address 0x%" PRIx64 " (%s)",
                  target, instruction->text);
    return true;
}

/* The CPU does not tell the address of a non-canonical access: it is the instruction's. */
static void say_protection(const struct fault *fault, struct report_diagnosis *ret) {
    const struct instruction *instruction = &fault->instruction;
    ret->kind = "wild pointer";
    if (!fault->decoded) {
        diagnosis_say(&ret->value, "Wild pointer: access to an address that no process can have");
    } else if (instruction->class == INSTRUCTION_PRIVILEGED) {
        ret->kind = "privileged instruction";
        diagnosis_say(&ret->value, "Privileged instruction %s", instruction->text);
    } else if (say_wild_jump(fault, ret)) {
        return;
    } else if (instruction->has_access && arch_is_noncanonical(instruction->address)) {
        const char *poison = poison_name(instruction->base_value);
        ret->has_fault_address = true;
        ret->fault_address = instruction->address;
        if (poison) {
            ret->kind = "freed memory";
            diagnosis_say(&ret->value,
                          "Use of freed or uninitialised memory: %s of 0x%" PRIx64
                          " (fill pattern %s)",
                          ret->fault, instruction->address, poison);
        } else {
            diagnosis_say(&ret->value,
                          "Wild pointer: %s of the non-canonical address 0x%" PRIx64
                          " (%s = 0x%" PRIx64 ")",
                          ret->fault, instruction->address,
                          instruction->base[0] ? instruction->base : "address",
                          instruction->base[0] ? instruction->base_value : instruction->address);
        }
    } else if (instruction->has_access && instruction->size >= 16 && instruction->address % 16) {
        ret->kind = "misaligned access";
        diagnosis_say(&ret->value,
                      "Misaligned access: %s needs its operand at 0x%" PRIx64 " aligned",
                      instruction->text, instruction->address);
    } else {
        diagnosis_say(&ret->value, "General protection fault in %s", instruction->text);
    }
}

static void say_mapped_fault(const struct fault *fault, struct report_diagnosis *ret) {
    const struct snapshot_mapping *mapping = snapshot_mapping_at(fault->snapshot, fault->address);
    const char *poison = poison_name(fault->address);
    char where[512];
    say_where(fault, where, sizeof where);
    if (poison) {
        ret->kind = "freed memory";
        diagnosis_say(&ret->value,
                      "Use of freed or uninitialised memory: %s of 0x%" PRIx64 " (fill pattern %s)",
                      ret->fault, fault->address, poison);
    } else if (mapping && strcmp(ret->fault, "write") == 0 &&
               !(mapping->prot & SNAPSHOT_PROT_WRITE) && (mapping->prot & SNAPSHOT_PROT_READ)) {
        ret->kind = "read-only memory";
        diagnosis_say(&ret->value, "Write to read-only memory at 0x%" PRIx64 ": %s", fault->address,
                      where);
    } else {
        ret->kind = mapping ? "protected memory" : "wild pointer";
        diagnosis_say(&ret->value, "%s: %s of address 0x%" PRIx64 ", %s",
                      mapping ? "Access to protected memory" : "Wild pointer", ret->fault,
                      fault->address, where);
    }
}

static void say_bus(const struct fault *fault, struct report_diagnosis *ret) {
    const struct snapshot_signal *signal = &fault->snapshot->signal;
    const struct snapshot_mapping *mapping = snapshot_mapping_at(fault->snapshot, fault->address);
    ret->kind = "bus error";
    if (signal->code == BUS_ADRALN) {
        /* The kernel does not know the address, the instruction may. */
        const struct instruction *instruction = &fault->instruction;
        ret->kind = "misaligned access";
        ret->has_fault_address = fault->decoded && instruction->has_access;
        ret->fault_address = ret->has_fault_address ? instruction->address : 0;
        if (ret->has_fault_address)
            diagnosis_say(&ret->value, "Misaligned %s of address 0x%" PRIx64, ret->fault,
                          instruction->address);
        else
            diagnosis_say(&ret->value, "Misaligned access to memory");
    } else if (signal->code == BUS_MCEERR_AR || signal->code == BUS_MCEERR_AO) {
        ret->kind = "hardware error";
        diagnosis_say(&ret->value, "Hardware memory error at address 0x%" PRIx64, fault->address);
    } else if (mapping && mapping->path[0] == '/') {
        ret->kind = "beyond end of file";
        diagnosis_say(&ret->value,
                      "%s of address 0x%" PRIx64 " beyond the end of the mapped file %s (it was "
                      "truncated, or its disk failed)",
                      strcmp(ret->fault, "write") == 0 ? "Write" : "Read", fault->address,
                      mapping->path);
    } else {
        diagnosis_say(&ret->value, "Bus error: %s of address 0x%" PRIx64, ret->fault,
                      fault->address);
    }
}

bool diagnose_memory(const struct diagnose_input *input, struct report_diagnosis *ret) {
    const struct snapshot *snapshot = input->snapshot;
    struct fault fault = {
        .snapshot = snapshot,
        .thread = snapshot_crashed_thread(snapshot),
        .address = snapshot->signal.address,
    };
    uint8_t bytes[16];

    if ((snapshot->signal.number != SIGSEGV && snapshot->signal.number != SIGBUS) || !fault.thread)
        return false;
    uint64_t pc = fault.thread->registers[SNAPSHOT_REGISTER_RIP];
    size_t n = input->walk ? walk_read_memory(input->walk, pc, bytes, sizeof bytes)
                           : snapshot_read_memory(snapshot, pc, bytes, sizeof bytes);
    fault.decoded =
        n > 0 && instruction_decode(bytes, n, pc, fault.thread->registers, &fault.instruction) == 0;
    ret->fault = verb(&fault);
    /* Another signal of the kernel than a page fault has no address. */
    ret->has_fault_address = !arch_is_protection_fault(&snapshot->signal);
    ret->fault_address = fault.address;
    if (snapshot->signal.number == SIGBUS)
        say_bus(&fault, ret);
    else if (is_bad_jump(&fault))
        say_bad_jump(&fault, ret);
    else if (arch_is_protection_fault(&snapshot->signal))
        say_protection(&fault, ret);
    else if (is_wild_stack(&fault))
        say_wild_stack(&fault, ret);
    else if (is_null_access(&fault))
        say_null(&fault, ret);
    else
        say_mapped_fault(&fault, ret);
    return true;
}
