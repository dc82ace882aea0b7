// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: run @write
// A thread that no pthread_create() made: the C library does not know it.
#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>
static int run(void *argument) {
    *(volatile int *)argument = 1; // @write
    return 0;
}
int main(void) {
    char *stack = malloc(65536);
    clone(run, stack + 65536,
          CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, 0);
    for (;;)
        pause();
}
