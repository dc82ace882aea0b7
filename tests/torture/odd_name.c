// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: main @write
// threads: 2
// build: -pthread
// A name with what separates fields and lines in /proc.
#include <pthread.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
static void *wait(void *argument) {
    prctl(PR_SET_NAME, "\n) R (x) 1");
    pthread_barrier_wait(argument);
    for (;;)
        pause();
}
int main(int argc, char **argv) {
    pthread_barrier_t barrier;
    pthread_t thread;
    pthread_barrier_init(&barrier, 0, 2);
    pthread_create(&thread, 0, wait, &barrier);
    pthread_barrier_wait(&barrier);
    prctl(PR_SET_NAME, "a) S\n(b");
    memset(argv[0], 'x', strlen(argv[0]));
    *(volatile int *)0 = 1; // @write
}
