// build: -pthread
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: main @write
// threads: 3
// A thread waits for its vfork child and answers nobody.
#include <pthread.h>
#include <unistd.h>
static int ready[2];
static void *in_vfork(void *argument) {
    if (vfork() == 0) {
        write(ready[1], "x", 1);
        sleep(3);
        _exit(0);
    }
    return 0;
}
static void *wait(void *argument) {
    for (;;)
        pause();
}
int main(void) {
    pthread_t thread;
    char byte;
    if (pipe(ready))
        return 9;
    pthread_create(&thread, 0, wait, 0);
    pthread_create(&thread, 0, in_vfork, 0);
    read(ready[0], &byte, 1);
    *(volatile int *)0 = 1; // @write
}
