// build: -pthread
// kind: stack overflow
// title: SIGSEGV: Stack overflow
// chain-has: descend, run
// threads: 2
#include <threads.h>
static __attribute__((noinline)) int descend(int n) {
    volatile char page[512];
    page[0] = (char)n;
    return descend(n + 1) + page[0];
}
static int run(void *argument) {
    return descend(argument != 0);
}
int main(void) {
    thrd_t thread;
    thrd_create(&thread, run, 0);
    return thrd_join(thread, 0);
}
