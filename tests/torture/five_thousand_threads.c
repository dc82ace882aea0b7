// build: -pthread
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: main @write
// threads: 5001
// Half of them with all signals blocked; stacks as small as can be.
#define _GNU_SOURCE
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>
enum { THREADS = 5000 };
static atomic_int ready;
static void *run(void *argument) {
    sigset_t all;
    sigfillset(&all);
    if (argument)
        pthread_sigmask(SIG_BLOCK, &all, 0);
    ready++;
    for (;;)
        pause();
}
int main(void) {
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN);
    for (long i = 0; i < THREADS; i++)
        if (pthread_create(&thread, &attributes, run, (void *)(i % 2)))
            return 9;
    while (ready < THREADS)
        usleep(1000);
    *(volatile int *)0 = 1; // @write
}
