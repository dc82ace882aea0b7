// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// leaf: main
// Registers only, nothing of the memory.
#include <sys/prctl.h>
int main(void) {
    prctl(PR_SET_DUMPABLE, 0);
    *(volatile int *)0 = 1;
}
