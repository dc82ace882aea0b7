// build: -pthread
// kind: null pointer
// title: SIGSEGV: Null pointer dereference: write of address 0x0
// chain: work @write, run @run
// threads: 51
// thread: picker
#define _GNU_SOURCE
#include <pthread.h>
#include <unistd.h>
static pthread_barrier_t barrier;
static __attribute__((noinline)) void work(int *where) {
    *where = 1; // @write
}
static void *run(void *argument) {
    long number = (long)argument;
    if (number == 17)
        pthread_setname_np(pthread_self(), "picker");
    pthread_barrier_wait(&barrier);
    if (number != 17)
        for (;;)
            pause();
    work(0); // @run
    return 0;
}
int main(void) {
    pthread_t threads[50];
    pthread_barrier_init(&barrier, 0, 51);
    for (long i = 0; i < 50; i++)
        pthread_create(&threads[i], 0, run, (void *)i);
    pthread_barrier_wait(&barrier);
    pthread_join(threads[0], 0);
    return 0;
}
