// build: -pthread
// kind: stack overflow
// title: SIGSEGV: Stack overflow
// chain-has: descend, run
// threads: 2
#include <pthread.h>
static __attribute__((noinline)) int descend(int n) {
    volatile char page[512];
    page[0] = (char)n;
    return descend(n + 1) + page[0];
}
static void *run(void *argument) {
    return (void *)(long)descend((int)(long)argument);
}
int main(void) {
    pthread_t thread;
    pthread_create(&thread, 0, run, 0);
    pthread_join(thread, 0);
    return 0;
}
