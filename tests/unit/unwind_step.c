/* SPDX-License-Identifier: MIT */
/*
 * unwind-step [-s SYSCALLS] [-n STEPS] [-e EVERY] [-k PRELOAD] PROGRAM [ARGUMENT...]
 *
 * Steps the program instruction by instruction and keeps the true chain of calls: a call leaves its
 * return address on the stack, which is true for as long as the stack pointer stays below it. Every
 * EVERY instructions the process is made a snapshot and its stack compared with the truth. It
 * begins where the program traps (int3), or where it comes out of its SYSCALLS-th system call; it
 * ends after STEPS instructions or at the next trap. What comes before the beginning is taken from
 * the first walk, which must reach the start.
 *
 * With -k it only steps, prints the process's number, leaves it stopped there and waits for its
 * end; PRELOAD is what the program is run with.
 *
 * Prints one line for each chain that is not the truth, at most LINES_LIMIT, and at the end counts:
 * samples, exact chains, those of them that say of no frame that it is a guess, chains with a frame
 * that is claimed and not true ("invented"), chains without a frame that is true and say of no
 * frame that it is a guess ("lost").
 */
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "symbolizer/unwind.h"

enum {
    DEPTH_LIMIT = 4096,
    MODULES_LIMIT = 512,
    MAPPINGS_LIMIT = 4096,
    STACK_LIMIT = 256 << 10,
    VDSO_SIZE = 8 << 10,
    LINES_LIMIT = 6,
};

/* A return address at slot, or what a signal interrupted. */
struct call {
    uint64_t slot, pc;
    bool interrupted;
};

static struct {
    pid_t pid;
    struct user_regs_struct registers;
    struct call calls[DEPTH_LIMIT]; /* oldest first */
    size_t depth;
    struct snapshot snapshot;
    struct snapshot_thread thread;
    struct snapshot_memory memory[3];
    struct snapshot_module modules[MODULES_LIMIT];
    struct snapshot_mapping mappings[MAPPINGS_LIMIT];
    uint8_t stacks[2][STACK_LIMIT], vdso[VDSO_SIZE];
    struct symbolizer *symbolizer;
    struct walk *walk;
    size_t samples, exact, plain, invented, lost, lines;
} self;

static void fail(const char *what) {
    fprintf(stderr, "unwind-step: %s: %s\n", what, strerror(errno));
    if (self.pid > 0)
        kill(self.pid, SIGKILL);
    exit(1);
}

static size_t read_remote(uint64_t address, void *buffer, size_t size) {
    struct iovec here = {buffer, size}, there = {(void *)(uintptr_t)address, size};
    ssize_t n = process_vm_readv(self.pid, &here, 1, &there, 1, 0);
    return n < 0 ? 0 : (size_t)n;
}

static uint64_t read_word(uint64_t address) {
    uint64_t value = 0;
    read_remote(address, &value, sizeof(value));
    return value;
}

/* Load address minus the file's addresses, from the headers at the module's beginning. */
static uint64_t find_bias(uint64_t base) {
    Elf64_Ehdr header;
    Elf64_Phdr segment;
    if (read_remote(base, &header, sizeof(header)) != sizeof(header) ||
        memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
        return base;
    for (unsigned i = 0; i < header.e_phnum; i++)
        if (read_remote(base + header.e_phoff + i * sizeof(segment), &segment, sizeof(segment)) ==
                sizeof(segment) &&
            segment.p_type == PT_LOAD)
            return base - segment.p_vaddr / 4096 * 4096;
    return base;
}

static void add_mapping(uint64_t start, uint64_t end, const char *prot, uint64_t offset,
                        const char *path) {
    struct snapshot *s = &self.snapshot;
    bool vdso = strcmp(path, "[vdso]") == 0;
    if (s->n_mappings == MAPPINGS_LIMIT)
        fail("too many mappings");
    self.mappings[s->n_mappings++] = (struct snapshot_mapping){
        .start = start, .end = end, .path = "", .prot = prot[2] == 'x' ? SNAPSHOT_PROT_EXEC : 0};
    if (*path != '/' && !vdso)
        return;
    struct snapshot_module *last = s->n_modules ? &self.modules[s->n_modules - 1] : NULL;
    /* Two segments may share the file's first page. */
    if (last && strcmp(last->path, path) == 0) {
        last->end = end;
        return;
    }
    if (offset > 0 || s->n_modules == MODULES_LIMIT)
        return;
    self.modules[s->n_modules++] = (struct snapshot_module){.path = strdup(path),
                                                            .base = start,
                                                            .end = end,
                                                            .bias = find_bias(start),
                                                            .package_note = ""};
    if (vdso)
        self.memory[2] = (struct snapshot_memory){.address = start,
                                                  .kind = SNAPSHOT_MEMORY_KIND_VDSO,
                                                  .bytes = self.vdso,
                                                  .size = read_remote(start, self.vdso, VDSO_SIZE)};
}

static void read_mappings(void) {
    char path[64], line[PATH_MAX + 128];
    snprintf(path, sizeof(path), "/proc/%d/maps", (int)self.pid);
    FILE *maps = fopen(path, "re");
    if (!maps)
        fail(path);
    for (size_t i = 0; i < self.snapshot.n_modules; i++)
        free((char *)(uintptr_t)self.modules[i].path);
    self.snapshot.n_modules = self.snapshot.n_mappings = 0;
    while (fgets(line, sizeof(line), maps)) {
        uint64_t start, end, offset;
        char prot[5];
        int at = 0;
        line[strcspn(line, "\n")] = '\0';
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %*s %n", &start, &end, prot,
                   &offset, &at) == 4)
            add_mapping(start, end, prot, offset, line + at);
    }
    fclose(maps);
    walk_free(self.walk);
    if (walk_new(self.symbolizer, &self.snapshot, NULL, 0, &self.walk) < 0)
        fail("walk_new");
}

static void take_stack(struct snapshot_memory *memory, uint8_t *buffer, uint64_t sp) {
    const struct snapshot_mapping *mapping = snapshot_mapping_at(&self.snapshot, sp);
    uint64_t start = sp - 128, size = STACK_LIMIT;
    if (mapping && start < mapping->start)
        start = mapping->start;
    if (mapping && size > mapping->end - start)
        size = mapping->end - start;
    *memory = (struct snapshot_memory){.address = start,
                                       .kind = SNAPSHOT_MEMORY_KIND_STACK,
                                       .tid = 1,
                                       .bytes = buffer,
                                       .size = read_remote(start, buffer, size)};
}

static int compare_memory(const void *a, const void *b) {
    const struct snapshot_memory *x = a, *y = b;
    return x->address < y->address ? -1 : x->address > y->address;
}

/* The newest frame that a signal interrupted; its stack may be another one. */
static const struct call *find_interrupted(void) {
    for (size_t i = self.depth; i > 0; i--)
        if (self.calls[i - 1].interrupted)
            return &self.calls[i - 1];
    return NULL;
}

static void take_snapshot(void) {
    const struct user_regs_struct *r = &self.registers;
    const uint64_t values[ARCH_REGISTERS] = {r->rax, r->rdx, r->rcx, r->rbx, r->rsi, r->rdi,
                                             r->rbp, r->rsp, r->r8,  r->r9,  r->r10, r->r11,
                                             r->r12, r->r13, r->r14, r->r15, r->rip};
    struct snapshot_memory *memory = self.snapshot.memory;
    /* A library may have been loaded, a stack may have grown. */
    if (!snapshot_mapping_at(&self.snapshot, r->rip) ||
        !snapshot_mapping_at(&self.snapshot, r->rsp))
        read_mappings();
    memcpy(self.thread.registers, values, sizeof(values));
    self.thread.known = (1u << ARCH_REGISTERS) - 1;
    self.snapshot.n_memory = 0;
    take_stack(&memory[self.snapshot.n_memory++], self.stacks[0], r->rsp);
    const struct call *interrupted = find_interrupted();
    if (interrupted && (interrupted->slot < memory->address ||
                        interrupted->slot >= memory->address + memory->size))
        take_stack(&memory[self.snapshot.n_memory++], self.stacks[1], interrupted->slot);
    if (self.memory[2].size > 0)
        memory[self.snapshot.n_memory++] = self.memory[2];
    qsort(memory, self.snapshot.n_memory, sizeof(*memory), compare_memory);
}

static int walk(struct unwound_stack *stack) {
    struct cpu start = {.known = (1u << ARCH_REGISTERS) - 1};
    memcpy(start.value, self.thread.registers, sizeof(start.value));
    take_snapshot();
    memcpy(start.value, self.thread.registers, sizeof(start.value));
    self.walk->budget.unwound = self.walk->budget.scanned = self.walk->budget.bridged =
        self.walk->budget.followed = 1 << 20;
    return unwind_stack(self.walk, &start, stack);
}

static void print_pc(uint64_t pc) {
    int index = walk_module_at(self.walk, pc);
    const char *path = index < 0 ? "?" : self.modules[index].path, *slash = strrchr(path, '/');
    struct symbol symbol = {.name = ""};
    const struct symbols *symbols = index < 0 ? NULL : walk_symbols(self.walk, (size_t)index);
    uint64_t offset = index < 0 ? pc : pc - self.modules[index].bias;
    if (symbols && symbols_lookup(symbols, offset, &symbol))
        offset -= symbol.address;
    printf(" %s%s%s+%" PRIx64, slash ? slash + 1 : path, *symbol.name ? ":" : "", symbol.name,
           offset);
}

static void print_difference(const char *kind, const struct unwound_stack *stack) {
    if (++self.lines > LINES_LIMIT)
        return;
    printf("%s at sample %zu\n  truth:", kind, self.samples);
    print_pc(self.registers.rip);
    for (size_t i = self.depth; i > 0; i--)
        print_pc(self.calls[i - 1].pc);
    printf("\n  found:");
    for (size_t i = 0; i < stack->n; i++) {
        static const char *const TRUST[] = {"", "", "(fp)", "?"};
        print_pc(stack->frames[i].cpu.value[ARCH_PC]);
        fputs(TRUST[stack->frames[i].trust], stdout);
    }
    printf("\n  ended: %s\n", stack->ended);
}

/* An exception on its way to its handler rewrites the return addresses that it has passed. */
static bool overwritten(void) {
    for (size_t i = 0; i < self.depth; i++)
        if (!self.calls[i].interrupted && read_word(self.calls[i].slot) != self.calls[i].pc)
            return true;
    return false;
}

static void compare(const struct unwound_stack *stack) {
    bool guessed = false, invented = false, lost = !stack->complete;
    size_t left = self.depth;
    if (overwritten())
        return;
    self.samples++;
    for (size_t i = 1; i < stack->n; i++) {
        uint64_t pc = stack->frames[i].cpu.value[ARCH_PC];
        size_t at = left;
        guessed |= stack->frames[i].trust == FRAME_TRUST_SCAN;
        while (at > 0 && self.calls[at - 1].pc != pc)
            at--;
        if (at == 0) {
            invented = true;
            if (stack->frames[i].trust != FRAME_TRUST_SCAN) {
                self.invented++;
                print_difference("invented", stack);
                return;
            }
        } else {
            lost |= at != left;
            left = at - 1;
        }
    }
    lost |= left > 0;
    self.exact += !lost && !invented;
    self.plain += !lost && !invented && !guessed;
    self.lost += lost && !guessed && stack->complete;
    if (lost || invented)
        print_difference(guessed ? "guessed" : stack->complete ? "lost" : "short", stack);
}

static int wait_stop(void) {
    int status;
    if (waitpid(self.pid, &status, 0) < 0)
        fail("waitpid");
    if (!WIFSTOPPED(status))
        return -1;
    if (ptrace(PTRACE_GETREGS, self.pid, NULL, &self.registers) < 0)
        fail("PTRACE_GETREGS");
    return WSTOPSIG(status);
}

static void resume(int request, int signal) {
    if (ptrace(request, self.pid, NULL, (void *)(intptr_t)signal) < 0)
        fail("ptrace");
}

static bool begin(char **argv, unsigned long syscalls, const char *preload) {
    self.pid = fork();
    if (self.pid == 0) {
        personality(ADDR_NO_RANDOMIZE);
        if (preload)
            setenv("LD_PRELOAD", preload, 1);
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        execvp(*argv, argv);
        _exit(127);
    }
    int signal = self.pid < 0 ? -1 : wait_stop();
    for (unsigned long i = 0; i < 2 * syscalls && signal == SIGTRAP; i++) {
        resume(PTRACE_SYSCALL, 0);
        signal = wait_stop();
    }
    if (syscalls == 0 && signal == SIGTRAP) {
        resume(PTRACE_CONT, 0);
        signal = wait_stop();
    }
    return signal == SIGTRAP;
}

/* The chain up to the place where the stepping begins. */
static bool take_base(void) {
    struct unwound_stack stack;
    read_mappings();
    bool complete = walk(&stack) == 0 && stack.complete;
    if (!complete)
        print_difference("base", &stack);
    for (size_t i = stack.n; i > 1 && complete; i--) {
        const struct cpu *cpu = &stack.frames[i - 1].cpu;
        self.calls[self.depth++] =
            (struct call){cpu->value[ARCH_SP] - ARCH_WORD, cpu->value[ARCH_PC], false};
    }
    free(stack.frames);
    return complete;
}

static void push(uint64_t slot, uint64_t pc, bool interrupted) {
    if (self.depth == DEPTH_LIMIT)
        fail("too deep");
    self.calls[self.depth++] = (struct call){slot, pc, interrupted};
}

/* What one instruction, at before, did to the chain. */
static void follow(const struct user_regs_struct *before, const uint8_t *code) {
    const struct user_regs_struct *now = &self.registers;
    bool syscall = code[0] == 0x0f && code[1] == 0x05;
    const struct call *interrupted = find_interrupted();
    if (syscall && interrupted && now->rip == interrupted->pc && now->rsp == interrupted->slot) {
        self.depth = (size_t)(interrupted - self.calls);
        return;
    }
    while (self.depth > 0 && !self.calls[self.depth - 1].interrupted &&
           self.calls[self.depth - 1].slot < now->rsp)
        self.depth--;
    size_t rex = code[0] >> 4 == 4;
    bool call = code[0] == 0xe8 || (code[rex] == 0xff && (code[rex + 1] >> 3 & 7) == 2);
    if (!call || now->rsp != before->rsp - ARCH_WORD)
        return;
    uint64_t pc = read_word(now->rsp);
    if (pc > before->rip && pc - before->rip <= 8)
        push(now->rsp, pc, false);
}

static void step(unsigned long steps, unsigned long every) {
    for (unsigned long i = 0; i < steps; i++) {
        struct unwound_stack stack;
        uint8_t code[4] = {0};
        if (i % every == 0) {
            if (walk(&stack) == 0)
                compare(&stack);
            free(stack.frames);
        }
        const struct user_regs_struct before = self.registers;
        read_remote(before.rip, code, sizeof(code));
        if (code[0] == 0xcc)
            return;
        resume(PTRACE_SINGLESTEP, 0);
        int signal = wait_stop();
        if (signal < 0)
            return;
        follow(&before, code);
        if (signal == SIGTRAP)
            continue;
        uint64_t pc = self.registers.rip, sp = self.registers.rsp;
        resume(PTRACE_SINGLESTEP, signal);
        if (wait_stop() != SIGTRAP)
            return;
        if (self.registers.rip != pc) {
            push(sp, pc, true);
            push(self.registers.rsp, read_word(self.registers.rsp), false);
        }
    }
}

static int leave_stopped(unsigned long steps) {
    for (unsigned long i = 0; i < steps; i++) {
        resume(PTRACE_SINGLESTEP, 0);
        int signal = wait_stop();
        while (signal > 0 && signal != SIGTRAP) {
            resume(PTRACE_SINGLESTEP, signal);
            signal = wait_stop();
        }
        if (signal < 0)
            fail("the program ended");
    }
    resume(PTRACE_DETACH, SIGSTOP);
    printf("%d\n", (int)self.pid);
    fflush(stdout);
    waitpid(self.pid, NULL, 0);
    return 0;
}

int main(int argc, char **argv) {
    const char *preload = NULL;
    unsigned long syscalls = 0, steps = ULONG_MAX, every = 1;
    for (int option; (option = getopt(argc, argv, "+s:n:e:k:")) != -1;) {
        unsigned long value = option == '?' ? 0 : strtoul(optarg, NULL, 10);
        if (option == 'k')
            preload = optarg;
        else if (option == 's')
            syscalls = value;
        else if (option == 'n')
            steps = value;
        else
            every = value;
    }
    if (optind >= argc || every == 0)
        return 2;
    self.snapshot.threads = &self.thread;
    self.snapshot.n_threads = 1;
    self.snapshot.modules = self.modules;
    self.snapshot.mappings = self.mappings;
    struct snapshot_memory memory[3];
    self.snapshot.memory = memory;
    bool begun =
        symbolizer_new(NULL, &self.symbolizer) == 0 && begin(argv + optind, syscalls, preload);
    if (begun && preload)
        return leave_stopped(steps);
    if (!begun || !take_base())
        fail("the program did not come to its beginning");
    step(steps, every);
    kill(self.pid, SIGKILL);
    printf("samples %zu, exact %zu, plain %zu, invented %zu, lost %zu\n", self.samples, self.exact,
           self.plain, self.invented, self.lost);
    walk_free(self.walk);
    symbolizer_free(self.symbolizer);
    return 0;
}
