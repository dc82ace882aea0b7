// build: -O0
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain-has: run
// status: 5
// A process that shares memory with another: the other lives on.
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
static int run(void *argument) {
    *(volatile int *)argument = 1;
    return 0;
}
int main(void) {
    char *stack = malloc(1 << 18);
    int status;
    clone(run, stack + (1 << 18), CLONE_VM | SIGCHLD, 0);
    wait(&status);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV ? 5 : 6;
}
