// signal: SIGBUS
// kind: misaligned access
// title: SIGBUS: Misaligned read of address 0x[0-9a-f]*1$
// chain: load @load, main @main
#include <stdint.h>

static char bytes[16] __attribute__((aligned(16)));

static __attribute__((noinline)) int load(const char *from) {
    int value;
    /* The CPU's alignment check, which a program may ask for. */
    __asm__ volatile("pushfq; orq $0x40000, (%%rsp); popfq; movl (%1), %0" // @load
                     : "=r"(value)
                     : "r"(from)
                     : "cc", "memory");
    return value;
}

int main(void) {
    return load(bytes + 1); // @main
}
