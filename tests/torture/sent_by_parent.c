// status: 0
// kind: sent signal
// title: SIGSEGV: SIGSEGV sent by process [0-9]+ \(
// chain-has: main
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void) {
    int status, ready[2];
    char byte = 0;
    if (pipe(ready))
        return 1;
    pid_t child = fork();
    if (child == 0) {
        if (write(ready[1], &byte, 1) != 1)
            return 1;
        for (;;)
            pause();
    }
    if (read(ready[0], &byte, 1) != 1)
        return 1;
    kill(child, SIGSEGV);
    wait(&status);
    return !WIFSIGNALED(status);
}
