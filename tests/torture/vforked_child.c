// build: -O0
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain-has: child, main
// status: 42
// The parent, whose memory the child used, goes on as if nothing had been.
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
static __attribute__((noinline)) void child(int *where) {
    *where = 1;
}
int main(void) {
    struct sigaction action;
    char *before = malloc(100);
    int status;
    strcpy(before, "untouched");
    pid_t pid = vfork();
    if (pid == 0) {
        child(0);
        _exit(1);
    }
    if (waitpid(pid, &status, 0) != pid || WTERMSIG(status) != SIGSEGV)
        return 1;
    sigaction(SIGSEGV, 0, &action);
    if (action.sa_handler != SIG_DFL || strcmp(before, "untouched") || waitpid(-1, 0, WNOHANG) != -1)
        return 2;
    free(before);
    return 42;
}
