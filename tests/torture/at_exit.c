// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: finish @write
#include <stdlib.h>
static void finish(void) {
    *(volatile int *)0 = 1; // @write
}
int main(void) {
    atexit(finish);
    return 0;
}
