// build: -pthread
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain-has: run
// threads: 3
#include <pthread.h>
static pthread_barrier_t barrier;
static void *run(void *argument) {
    pthread_barrier_wait(&barrier);
    *(volatile int *)argument = 1;
    return 0;
}
int main(void) {
    pthread_t threads[2];
    pthread_barrier_init(&barrier, 0, 2);
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], 0, run, 0);
    pthread_join(threads[0], 0);
    pthread_join(threads[1], 0);
    return 0;
}
