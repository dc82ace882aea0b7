// signal: SIGSEGV
// kind: null pointer
// title: SIGSEGV: Null pointer dereference: write of address 0x0
// chain: fault @FAULT, called_back @BACK, main @CALL
// threads: 1
// All mappings that the kernel grants are in use when it dies, as it may well do then. The hook
// gets no memory, and its list of mappings has no room for most: the stack and libc come behind
// them.
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

static volatile int *volatile null;

__attribute__((noinline)) static int fault(void) {
    *null = 1; // @FAULT
    return 0;
}

static int called_back(const void *a, const void *b) {
    return fault() + (a < b); // @BACK
}

int main(void) {
    int numbers[] = {2, 1};

    /* In turns, or the kernel makes one mapping of all. */
    for (int i = 0; mmap(NULL, 4096, i % 2 != 0 ? PROT_READ : PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
         i++)
        continue;
    qsort(numbers, 2, sizeof *numbers, called_back); // @CALL
    return 0;
}
