// signal: SIGSEGV
// kind: null pointer
// title: SIGSEGV: Null pointer dereference: write of address 0x0
// chain: fault @FAULT, main @CALL
// threads: 1
// Dies with the CPU's alignment check on, which the kernel leaves on in handlers: one that accesses
// memory in the compiler's ways would die of it, by another signal.
#include <stddef.h>

static volatile int *volatile null;

__attribute__((noinline)) static void fault(void) {
    __builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() | 1 << 18);
    *null = 1; // @FAULT
}

int main(void) {
    fault(); // @CALL
    return 0;
}
