// SPDX-License-Identifier: MIT
// Many processes that die at one moment: COUNT [UID]. Prints how many died as they should.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
    int gate[2], status, died = 0;
    char byte;

    if (argc > 2 && (setgid(atoi(argv[2])) || setuid(atoi(argv[2])) || prctl(PR_SET_DUMPABLE, 1)))
        return 2;
    if (pipe(gate))
        return 2;
    for (int i = 0; i < atoi(argv[1]); i++) {
        if (fork() == 0) {
            close(gate[1]);
            if (read(gate[0], &byte, 1) == 0)
                *(volatile int *)0 = 1;
        }
    }
    close(gate[0]);
    close(gate[1]);
    while (wait(&status) > 0)
        died += WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
    printf("%d\n", died);
    return 0;
}
