// build: -pthread
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain-has: cleanup
// While the thread is cancelled: unwinding, all cancellation signals off.
#include <pthread.h>
#include <unistd.h>
static void cleanup(void *value) {
    *(volatile int *)value = 1;
}
static void *run(void *argument) {
    pthread_cleanup_push(cleanup, 0);
    for (;;)
        pause();
    pthread_cleanup_pop(0);
    return 0;
}
int main(void) {
    pthread_t thread;
    pthread_create(&thread, 0, run, 0);
    pthread_cancel(thread);
    pthread_join(thread, 0);
    return 0;
}
