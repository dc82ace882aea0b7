/* SPDX-License-Identifier: MIT */
/*
 * The facts about x86_64. Async-signal-safe: registers and memory that the caller vouches for,
 * raw system calls.
 */
#include "libcrashhook/arch.h"

#include <sys/mman.h>

#include "libcrashhook/syscalls.h"
#include "libcrashhook/text.h"

long arch_syscall(long number, long a, long b, long c, long d, long e, long f) {
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

/* Where there is no CFI, gdb and libgcc know a signal frame by exactly these bytes. The nop keeps
 * the function before it from being taken for the caller. */
__asm__(".text\n"
        "    nop\n"
        ".align 16\n"
        ".hidden arch_signal_return\n"
        ".globl arch_signal_return\n"
        ".type arch_signal_return, @function\n"
        "arch_signal_return:\n"
        "    movq $15, %rax\n"
        "    syscall\n"
        ".size arch_signal_return, . - arch_signal_return\n");

/* In assembly, because the child comes back from the system call on a stack without frames. */
__asm__(".text\n"
        ".hidden arch_clone\n"
        ".globl arch_clone\n"
        ".type arch_clone, @function\n"
        "arch_clone:\n"
        ".cfi_startproc\n"
        "    andq $-16, %rsi\n"
        "    leaq -16(%rsi), %rsi\n"
        "    movq %rdx, (%rsi)\n"
        "    movq %rcx, 8(%rsi)\n"
        "    xorl %edx, %edx\n"
        "    xorl %r10d, %r10d\n"
        "    xorl %r8d, %r8d\n"
        "    movl $56, %eax\n"
        "    syscall\n"
        "    testq %rax, %rax\n"
        "    jnz 1f\n"
        ".cfi_undefined rip\n"
        "    xorl %ebp, %ebp\n"
        "    popq %rax\n"
        "    popq %rdi\n"
        "    call *%rax\n"
        "    movl %eax, %edi\n"
        "    movl $60, %eax\n"
        "    syscall\n"
        "    hlt\n"
        "1:  ret\n"
        ".cfi_endproc\n"
        ".size arch_clone, . - arch_clone\n");

__asm__(".text\n"
        ".hidden arch_call_on\n"
        ".globl arch_call_on\n"
        ".type arch_call_on, @function\n"
        "arch_call_on:\n"
        ".cfi_startproc\n"
        "    pushq %rbp\n"
        ".cfi_def_cfa_offset 16\n"
        ".cfi_offset rbp, -16\n"
        "    movq %rsp, %rbp\n"
        ".cfi_def_cfa_register rbp\n"
        "    movq %rdi, %rsp\n"
        "    andq $-16, %rsp\n"
        "    movq %rdx, %rdi\n"
        "    call *%rsi\n"
        "    leave\n"
        ".cfi_def_cfa rsp, 8\n"
        "    ret\n"
        ".cfi_endproc\n"
        ".size arch_call_on, . - arch_call_on\n");

__asm__(".text\n"
        ".hidden arch_run_handler\n"
        ".globl arch_run_handler\n"
        ".type arch_run_handler, @function\n"
        "arch_run_handler:\n"
        ".cfi_startproc\n"
        ".cfi_personality 0x1b, records_personality\n" /* relative to pc, signed, 4 bytes */
        "    subq $8, %rsp\n"
        ".cfi_adjust_cfa_offset 8\n"
        "    movq %rdi, %rax\n"
        "    movl %esi, %edi\n"
        "    movq %rdx, %rsi\n"
        "    movq %rcx, %rdx\n"
        "    call *%rax\n"
        "    addq $8, %rsp\n"
        ".cfi_adjust_cfa_offset -8\n"
        "    ret\n"
        ".cfi_endproc\n"
        ".size arch_run_handler, . - arch_run_handler\n");

/* The kernel's frame: the return address, the ucontext (shorter than libc's), the siginfo; above it
 * the extended state, to which the ucontext points. */
enum {
    SIGNAL_FRAME_HEAD = 8,
    SIGINFO_SIZE = 128,
    LEGACY_STATE_SIZE = 512,
    STATE_SIZE_AT = 464, /* struct _fpx_sw_bytes in the legacy part: a magic number, the size */
    STATE_MAGIC = 0x46505853,
    STATE_ALIGN = 64,
};

static size_t state_size(const ucontext_t *context) {
    const uint8_t *state = (const uint8_t *)context->uc_mcontext.fpregs;
    uint32_t words[2];

    if (state == NULL)
        return 0;
    text_copy(words, state + STATE_SIZE_AT, sizeof words);
    return words[0] == STATE_MAGIC ? words[1] : LEGACY_STATE_SIZE;
}

static uint64_t place_state(const ucontext_t *context, uint64_t sp) {
    return (sp - ARCH_RED_ZONE - state_size(context)) & ~(uint64_t)(STATE_ALIGN - 1);
}

static size_t frame_size(const siginfo_t *info, const ucontext_t *context) {
    return SIGNAL_FRAME_HEAD + ((size_t)info - (size_t)context) + SIGINFO_SIZE;
}

uint64_t arch_place_frame(const siginfo_t *info, const ucontext_t *context, uint64_t sp,
                          uint64_t *end) {
    *end = sp - ARCH_RED_ZONE;
    return ((place_state(context, sp) - frame_size(info, context)) & ~(uint64_t)15) - 8;
}

__asm__(".text\n"
        ".hidden arch_go_on_at\n"
        ".globl arch_go_on_at\n"
        ".type arch_go_on_at, @function\n"
        "arch_go_on_at:\n"
        ".cfi_startproc\n"
        "    movq %rcx, %rsp\n"
        "    jmp *%r8\n"
        ".cfi_endproc\n"
        ".size arch_go_on_at, . - arch_go_on_at\n");
void arch_go_on_at(int signal, siginfo_t *info, void *context, uint64_t sp,
                   void (*function)(int, siginfo_t *, void *)) __attribute__((noreturn));

void arch_move_frame(int signal, const siginfo_t *info, const ucontext_t *context, uint64_t place,
                     void (*function)(int, siginfo_t *, void *)) {
    ucontext_t *moved = (ucontext_t *)(place + SIGNAL_FRAME_HEAD);
    siginfo_t *moved_info = (siginfo_t *)((uint64_t)moved + ((size_t)info - (size_t)context));

    text_copy((void *)place, (const uint8_t *)context - SIGNAL_FRAME_HEAD,
              frame_size(info, context));
    if (context->uc_mcontext.fpregs != NULL) {
        uint64_t state = place_state(context, arch_stack_pointer(context));
        text_copy((void *)state, context->uc_mcontext.fpregs, state_size(context));
        moved->uc_mcontext.fpregs = (fpregset_t)state;
    }
    arch_go_on_at(signal, moved_info, moved, place, function);
}

/* The kernel asks no more than whether sp points into the stack in use. */
__asm__(".text\n"
        ".hidden arch_sigaltstack_elsewhere\n"
        ".globl arch_sigaltstack_elsewhere\n"
        ".type arch_sigaltstack_elsewhere, @function\n"
        "arch_sigaltstack_elsewhere:\n"
        ".cfi_startproc\n"
        "    movq %rsp, %r8\n"
        ".cfi_def_cfa_register r8\n"
        "    xorl %esp, %esp\n"
        "    movl $131, %eax\n"
        "    syscall\n"
        "    movq %r8, %rsp\n"
        ".cfi_def_cfa_register rsp\n"
        "    ret\n"
        ".cfi_endproc\n"
        ".size arch_sigaltstack_elsewhere, . - arch_sigaltstack_elsewhere\n");

enum { JUMP_BUFFER_SP = 6, JUMP_BUFFER_MASK_SAVED = 8 };

uint64_t arch_jump_sp(const void *jump_buffer, bool mangled) {
    uint64_t sp = ((const uint64_t *)jump_buffer)[JUMP_BUFFER_SP], guard;

    if (!mangled)
        return sp;
    __asm__("movq %%fs:0x30, %0" : "=r"(guard));
    return (sp >> 17 | sp << 47) ^ guard;
}

bool arch_jump_restores_mask(const void *jump_buffer) {
    int saved;

    text_copy(&saved, (const uint64_t *)jump_buffer + JUMP_BUFFER_MASK_SAVED, sizeof saved);
    return saved != 0;
}

uint64_t arch_find_raise(const uint8_t *code, size_t size, uint64_t address, uint64_t raise) {
    static const uint8_t load_sigabrt[] = {0xbf, SIGABRT, 0, 0, 0}; /* mov $6, %edi */
    enum { CALL_SIZE = 5 };

    for (size_t i = 0; i + CALL_SIZE <= size; i++) {
        uint64_t after = address + i + CALL_SIZE;
        int32_t displacement;
        bool loaded = i >= sizeof load_sigabrt;

        if (code[i] != 0xe8)
            continue;
        for (size_t j = 0; j < sizeof load_sigabrt && loaded; j++)
            loaded = code[i - sizeof load_sigabrt + j] == load_sigabrt[j];
        text_copy(&displacement, code + i + 1, sizeof displacement);
        if (loaded || after + (uint64_t)(int64_t)displacement == raise)
            return after;
    }
    return 0;
}

size_t arch_signal_frame_max(void) {
    enum { WITHOUT_EXTENDED_STATE = 1024 };
    uint32_t a = 0xd, b, c = 0, d;

    /* The size of the extended state that the system has enabled. */
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return WITHOUT_EXTENDED_STATE + b;
}

/* target(first argument, struct arch_caller *) */
#define WITH_CALLER(name, target)                                                                  \
    __asm__(".text\n"                                                                              \
            ".hidden " name "\n"                                                                   \
            ".globl " name "\n"                                                                    \
            ".type " name ", @function\n" name ":\n"                                               \
            ".cfi_startproc\n"                                                                     \
            "    pushq %r15\n"                                                                     \
            "    pushq %r14\n"                                                                     \
            "    pushq %r13\n"                                                                     \
            "    pushq %r12\n"                                                                     \
            "    pushq %rbx\n"                                                                     \
            "    pushq %rbp\n"                                                                     \
            "    movq %rsp, %rsi\n"                                                                \
            "    subq $8, %rsp\n"                                                                  \
            ".cfi_adjust_cfa_offset 56\n"                                                          \
            "    call " target "\n"                                                                \
            "    addq $56, %rsp\n"                                                                 \
            ".cfi_adjust_cfa_offset -56\n"                                                         \
            "    ret\n"                                                                            \
            ".cfi_endproc\n"                                                                       \
            ".size " name ", . - " name "\n")

WITH_CALLER("arch_sanitizer_dies", "sanitizer_dies");
WITH_CALLER("arch_sanitizer_printed", "sanitizer_printed");
__asm__(".globl __sanitizer_on_print\n"
        ".type __sanitizer_on_print, @function\n"
        ".set __sanitizer_on_print, arch_sanitizer_printed\n");

void arch_caller_registers(const struct arch_caller *caller,
                           uint64_t registers[SNAPSHOT_REGISTER_COUNT], uint64_t *known) {
    const uint64_t values[] = {caller->rbp, caller->rbx, caller->r12, caller->r13,
                               caller->r14, caller->r15, caller->pc};
    static const uint8_t saved[] = {SNAPSHOT_REGISTER_RBP, SNAPSHOT_REGISTER_RBX, 12, 13, 14, 15,
                                    SNAPSHOT_REGISTER_RIP};

    *known = 0;
    for (size_t i = 0; i < SNAPSHOT_REGISTER_COUNT; i++)
        registers[i] = 0;
    for (size_t i = 0; i < sizeof saved; i++) {
        registers[saved[i]] = values[i];
        *known |= (uint64_t)1 << saved[i];
    }
    /* It is called with its return address on top of its stack. */
    registers[SNAPSHOT_REGISTER_RSP] = (uint64_t)(caller + 1);
    registers[SNAPSHOT_REGISTER_FS_BASE] = arch_thread_pointer();
    *known |= (uint64_t)1 << SNAPSHOT_REGISTER_RSP | (uint64_t)1 << SNAPSHOT_REGISTER_FS_BASE;
}

/* endbr64 may come before the ret. */
bool arch_is_empty_function(const void *function) {
    static const uint8_t branch_target[] = {0xf3, 0x0f, 0x1e, 0xfa};
    const uint8_t *code = function;

    if (text_same_bytes(code, branch_target, sizeof branch_target))
        code += sizeof branch_target;
    return *code == 0xc3;
}

void arch_divert_empty_function(void *function, void *target) {
    /* ret, and the padding up to the next function. */
    static const uint8_t empty[] = {0xc3, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0,
                                    0,    0,    0,    0x0f, 0x1f, 0x44, 0, 0};
    /* jmp *(%rip), and the address. */
    uint8_t jump[14] = {0xff, 0x25}, *code = function;
    const uint64_t page = (uint64_t)function & ~(uint64_t)4095;

    text_copy(jump + 6, &target, sizeof target);
    if (((uint64_t)function & 15) != 0 || !text_same_bytes(code, empty, sizeof empty) ||
        sys(SYS_mprotect, page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) < 0)
        return;
    /* Nobody executes the padding; the byte that is executed changes last, and at once. */
    text_copy(code + 1, jump + 1, sizeof jump - 1);
    __atomic_store_n(code, jump[0], __ATOMIC_SEQ_CST);
    sys(SYS_mprotect, page, 4096, PROT_READ | PROT_EXEC);
}

uint64_t arch_thread_pointer(void) {
    uint64_t pointer;

    /* The ABI keeps the thread pointer in the first word of the thread's own block. */
    __asm__("movq %%fs:0, %0" : "=r"(pointer));
    return pointer;
}

static const uint8_t REGISTER_ORDER[] = {
    REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
    REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP, REG_EFL,
};

void arch_registers(const ucontext_t *context, uint64_t thread_pointer,
                    uint64_t registers[SNAPSHOT_REGISTER_COUNT], uint64_t *known) {
    for (size_t i = 0; i < sizeof REGISTER_ORDER; i++)
        registers[i] = (uint64_t)context->uc_mcontext.gregs[REGISTER_ORDER[i]];
    registers[SNAPSHOT_REGISTER_FS_BASE] = thread_pointer;
    registers[SNAPSHOT_REGISTER_GS_BASE] = 0;
    *known = ((uint64_t)1 << SNAPSHOT_REGISTER_GS_BASE) - 1;
}

uint64_t arch_vectors(const ucontext_t *context) {
    const struct _libc_fpstate *state = context->uc_mcontext.fpregs;

    return state == NULL ? 0 : (uint64_t)state->_xmm;
}

void arch_trap(const ucontext_t *context, struct arch_trap *trap) {
    trap->number = (uint64_t)context->uc_mcontext.gregs[REG_TRAPNO];
    trap->error = (uint64_t)context->uc_mcontext.gregs[REG_ERR];
    trap->address = (uint64_t)context->uc_mcontext.gregs[REG_CR2];
}

void arch_set_result(ucontext_t *context, long result) {
    context->uc_mcontext.gregs[REG_RAX] = result;
}

uint64_t arch_stack_pointer(const ucontext_t *context) {
    return (uint64_t)context->uc_mcontext.gregs[REG_RSP];
}

size_t arch_signal_frame_size(void) {
    return sizeof(uint64_t) + offsetof(ucontext_t, uc_mcontext.gregs) + sizeof(gregset_t);
}

uint64_t arch_signal_frame_sp(const void *frame) {
    uint64_t sp;

    text_copy(&sp,
              (const uint8_t *)frame + sizeof(uint64_t) + offsetof(ucontext_t, uc_mcontext.gregs) +
                  REG_RSP * sizeof(uint64_t),
              sizeof sp);
    return sp;
}

bool arch_repeat_trap(ucontext_t *context, const siginfo_t *info) {
    greg_t *registers = context->uc_mcontext.gregs;

    if (info->si_signo == SIGTRAP && registers[REG_TRAPNO] == 3) {
        registers[REG_RIP] -= 1; /* int3 */
        return true;
    }
    if (info->si_signo == SIGSYS) {
        registers[REG_RIP] -= 2; /* syscall */
        registers[REG_RAX] = info->si_syscall;
        return true;
    }
    return false;
}

bool arch_tls_reference(const uint8_t *code, size_t size, uint64_t address, uint64_t *index,
                        int64_t *addend) {
    int32_t displacement;

    for (size_t i = 0; i + 12 <= size; i++) {
        /* lea displacement(%rip), %rdi; (prefixes) call __tls_get_addr */
        if (code[i] != 0x48 || code[i + 1] != 0x8d || code[i + 2] != 0x3d)
            continue;
        text_copy(&displacement, code + i + 3, sizeof displacement);
        *index = address + i + 7 + (uint64_t)(int64_t)displacement;
        *addend = 0;
        for (size_t j = i + 7; j + 6 <= size && code[j] != 0xc3; j++) {
            if (code[j] == 0x48 && code[j + 1] == 0x05) { /* add $addend, %rax */
                text_copy(&displacement, code + j + 2, sizeof displacement);
                *addend = displacement;
                break;
            }
        }
        return true;
    }
    return false;
}
