// build: -pthread
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: main @write
// Four kinds of signals rain on the process from before its fault to its end.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void) {
    static const int SIGNALS[] = {SIGTERM, SIGPIPE, SIGALRM, SIGCHLD, SIGUSR1};
    int ready[2];
    char byte;
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < 5; i++)
        sigaddset(&set, SIGNALS[i]);
    sigprocmask(SIG_BLOCK, &set, 0);
    if (pipe(ready))
        return 9;
    if (fork() == 0) {
        pid_t parent = getppid();
        for (long i = 0; getppid() == parent; i++) {
            kill(parent, SIGNALS[i % 5]);
            if (i == 10)
                write(ready[1], "x", 1);
        }
        _exit(0);
    }
    read(ready[0], &byte, 1);
    *(volatile int *)0 = 1; // @write
}
