// build: -pthread
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: main @write
// Threads end and begin while they are being frozen.
#include <pthread.h>
#include <stdatomic.h>
static atomic_int begun;
static void *brief(void *argument) {
    return 0;
}
static void *make(void *argument) {
    for (;;) {
        pthread_t thread;
        if (pthread_create(&thread, 0, brief, 0) == 0)
            pthread_detach(thread);
        begun++;
    }
}
int main(void) {
    pthread_t thread;
    for (int i = 0; i < 8; i++)
        pthread_create(&thread, 0, make, 0);
    while (begun < 200)
        continue;
    *(volatile int *)0 = 1; // @write
}
