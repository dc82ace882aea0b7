// build: -pthread
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: run @write
#include <pthread.h>
static pthread_barrier_t barrier;
static void *run(void *argument) {
    pthread_barrier_wait(&barrier);
    *(volatile int *)argument = 1; // @write
    return 0;
}
int main(void) {
    pthread_t threads[50];
    pthread_barrier_init(&barrier, 0, 50);
    for (int i = 0; i < 50; i++)
        pthread_create(&threads[i], 0, run, 0);
    pthread_join(threads[0], 0);
    return 0;
}
