// build: -pthread
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: in_child @write, main @fork
// status: 5
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
static void in_child(void) {
    *(volatile int *)0 = 1; // @write
}
int main(void) {
    int status;
    pthread_atfork(0, 0, in_child);
    if (fork() == 0) // @fork
        _exit(1);
    wait(&status);
    return WTERMSIG(status) == SIGSEGV ? 5 : 6;
}
