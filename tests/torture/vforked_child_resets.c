// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain-has: child, main
// status: 42
// A child by vfork() puts back the default actions, as it does before it starts a program, and dies
// all the same. Its parent's dispositions are none of its business.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int *volatile null;

__attribute__((noinline)) static void child(void) {
    signal(SIGSEGV, SIG_DFL);
    *null = 1;
}

int main(void) {
    struct sigaction action;
    int status;
    pid_t pid = vfork();

    if (pid == 0) {
        child();
        _exit(1);
    }
    if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status) || WTERMSIG(status) != SIGSEGV)
        return 1;
    return sigaction(SIGSEGV, NULL, &action) == 0 && action.sa_handler == SIG_DFL ? 42 : 2;
}
