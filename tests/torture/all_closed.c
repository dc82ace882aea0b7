// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: main @write
#define _GNU_SOURCE
#include <unistd.h>
int main(void) {
    close_range(0, ~0u, 0);
    *(volatile int *)0 = 1; // @write
}
