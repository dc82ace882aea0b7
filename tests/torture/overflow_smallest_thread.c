// build: -pthread
// kind: stack overflow
// title: SIGSEGV: Stack overflow
// chain-has: descend, run
#include <limits.h>
#include <pthread.h>
static __attribute__((noinline)) int descend(int n) {
    volatile char page[128];
    page[0] = (char)n;
    return descend(n + 1) + page[0];
}
static void *run(void *argument) {
    return (void *)(long)descend(argument != 0);
}
int main(void) {
    pthread_attr_t small;
    pthread_t thread;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, (size_t)PTHREAD_STACK_MIN);
    pthread_create(&thread, &small, run, 0);
    pthread_join(thread, 0);
    return 0;
}
