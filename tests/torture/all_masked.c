// build: -pthread
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: run @write
// threads: 2
#include <pthread.h>
#include <signal.h>
static void *run(void *argument) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, 0);
    *(volatile int *)argument = 1; // @write
    return 0;
}
int main(void) {
    pthread_t thread;
    pthread_create(&thread, 0, run, 0);
    pthread_join(thread, 0);
    return 0;
}
