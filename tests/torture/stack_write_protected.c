// signal: SIGSEGV
// kind: read-only memory
// title: SIGSEGV: Write to read-only memory
// chain: fault @FAULT, main @CALL
// threads: 1
// The part of the stack that is in use is made read-only, and so a mapping of its own.
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* The system call itself needs no stack. */
#define PROTECT_AND_WRITE "syscall\n\tmovb $1, (%4)"

__attribute__((noinline)) static void fault(volatile char *frame) {
    long result = SYS_mprotect, page = (long)((uintptr_t)frame & ~(uintptr_t)4095);
    long start = page - 4 * 4096, size = 5 * 4096, prot = PROT_READ;

    // clang-format off
    __asm__ volatile(PROTECT_AND_WRITE : "+a"(result) : "D"(start), "S"(size), "d"(prot), "r"(frame) : "rcx", "r11", "memory"); // @FAULT
    // clang-format on
}

int main(void) {
    volatile char frame[16];

    fault(frame); // @CALL
    return frame[0];
}
